// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/promise.hpp"

namespace rouse::web::detail {

const RawWakerVTable Settler::vtable(clone, wake, wake_by_ref, drop);

void Settler::start() noexcept {
    const rouse::detail::LentWaker waker(RawWaker(this, &vtable));
    Context cx(waker.get());
    settled_ = settle(cx);
    drop(this); // our own reference: from here on the task's waker has it
}

RawWaker Settler::clone(void* self) {
    ++static_cast<Settler*>(self)->references_;
    return RawWaker(self, &vtable);
}
void Settler::wake(void* self) {
    wake_by_ref(self);
    drop(self);
}
void Settler::wake_by_ref(void* self) {
    auto* const settler = static_cast<Settler*>(self);
    if (settler->settled_) return;
    settler->settled_ = true;
    const rouse::detail::LentWaker waker(RawWaker(self, &vtable));
    Context cx(waker.get());
    settler->settle(cx);
}
void Settler::drop(void* self) {
    auto* const settler = static_cast<Settler*>(self);
    if (--settler->references_ == 0) delete settler;
}

void Settler::reject(const JoinError& error) noexcept {
    js::Value failure = Scheduler::here().take_failure();
    if (!failure.is_undefined()) owed_.reject(std::move(failure));
    else if (error.error()) owed_.reject(error_of(error.error()));
    else owed_.reject(cancelled_error());
}

} // namespace rouse::web::detail
