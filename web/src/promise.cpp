// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/promise.hpp"

namespace rouse::web::detail {

using rouse::detail::Cell;
using rouse::detail::Outcome;

void start_task(std::string_view name, Cell& cell) {
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    if (!name.empty()) cell.set_name(std::string(name));
    Scheduler::here().adopt_new(cell);
}

const RawWakerVTable Settler::vtable(clone, wake, wake_by_ref, drop);

js::Value Settler::start(std::string_view name, Cell& cell, Take take) {
    auto* const settler = new Settler(name, cell, take); // from here on the waker that the task keeps owns it
    js::Value promise = settler->owed_.promise();
    start_task(name, cell);
    const rouse::detail::LentWaker waker(RawWaker(settler, &vtable));
    Context cx(waker.get());
    // True: the module is torn down, and tasks end as they begin.
    if (cell.poll_join(cx)) settler->settle();
    drop(settler);
    return promise;
}

RawWaker Settler::clone(void* self) {
    ++static_cast<Settler*>(self)->references_;
    return RawWaker(self, &vtable);
}
void Settler::wake(void* self) {
    wake_by_ref(self);
    drop(self);
}
void Settler::wake_by_ref(void* self) { static_cast<Settler*>(self)->settle(); }
void Settler::drop(void* self) {
    auto* const settler = static_cast<Settler*>(self);
    if (--settler->references_ == 0) delete settler;
}

/// The task has ended.
void Settler::settle() noexcept {
    Cell* const cell = std::exchange(cell_, nullptr);
    if (!cell) return;
    if (cell->outcome() == Outcome::value) {
        js::Result result = take_(*cell);
        if (result) owed_.resolve(*std::move(result));
        else owed_.reject(std::move(result).error());
    } else if (js::Value failure = Scheduler::here().take_failure(); !failure.is_undefined()) {
        owed_.reject(std::move(failure));
    } else if (cell->outcome() == Outcome::error) {
        owed_.reject(error_of(cell->error()));
    } else {
        owed_.reject(cancelled_error());
    }
    cell->drop_handle();
}

} // namespace rouse::web::detail
