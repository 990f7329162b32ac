// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/combine/shared.hpp"

#include "rouse/task/strand.hpp"

#include <mutex>

namespace rouse::detail {
namespace {
constexpr std::string_view role = "shared future";
} // namespace

constinit const TaskOps SharedTask::shared_ops{SharedTask::schedule, SharedTask::schedule_lost,
                                               SharedTask::free};

void SharedTask::schedule(TaskState* state) noexcept { static_cast<SharedTask*>(state)->deliver(); }
void SharedTask::schedule_lost(TaskState* state) noexcept {
    auto& task = static_cast<SharedTask&>(*state);
    task.note_drop();
    task.deliver();
}
void SharedTask::free(TaskState* state) noexcept { delete static_cast<SharedTask*>(state); }

/// [H2] By whoever turned ACTIVE on.
void SharedTask::deliver() noexcept {
    Waiters waiters;
    bool ended = false;
    {
        const std::lock_guard lock(lock_);
        ended = closed_;
        if (!ended) {
            add_reference(); // once it is due, others may end it
            due_ = true;
            waiters.splice(waiters_);
        }
    }
    if (!ended) {
        wake_all(waiters);
        drop_reference();
    } else if (give_up(1)) {
        delete this;
    }
}

/// Of waiters that were taken out of the list. A handle that goes meanwhile unlinks its own, under the lock.
void SharedTask::wake_all(Waiters& waiters) noexcept {
    for (;;) {
        Waker waker;
        {
            const std::lock_guard lock(lock_);
            SharedWaiter* const waiter = waiters.pop_front();
            if (!waiter) return;
            waker = std::move(waiter->waker_);
        }
        std::move(waker).wake();
    }
}

void SharedTask::leave(SharedWaiter& waiter) noexcept {
    Waker dropped; // outside of the lock: it may run anything
    const std::lock_guard lock(lock_);
    if (waiter.linked()) waiter.unlink();
    dropped = std::move(waiter.waker_);
}

bool SharedTask::poll(Context& cx, SharedWaiter& waiter) {
    if (is_done()) return true;
    Waker waker = cx.waker().clone(); // and the old one is dropped: both outside of the lock
    {
        const std::lock_guard lock(lock_); // [H1]
        if (is_done()) return true;
        std::swap(waiter.waker_, waker);
        if (!waiter.linked()) waiters_.push_back(waiter);
        if (!due_ || polling_) return false;
        due_ = false;
        polling_ = true;
        poller_ = &waiter;
    }
    bool yielded = false;
    switch (take_turn(nullptr, role, yielded)) {
    case Turned::over:
        return true;
    case Turned::again:
        if (yielded) request_yield(cx);
        stop_polling(true);
        return false;
    case Turned::idle:
        stop_polling(false);
        return false;
    }
    return false;
}

/// [H3]
void SharedTask::stop_polling(bool again) noexcept {
    Waiters waiters;
    {
        const std::lock_guard lock(lock_);
        polling_ = false;
        due_ = due_ || again;
        if (due_) waiters.splice(waiters_);
    }
    wake_all(waiters);
}

/// [H4]
void SharedTask::over() noexcept {
    end();
    Waiters waiters;
    Waker own;
    {
        const std::lock_guard lock(lock_);
        polling_ = false;
        if (poller_->linked()) poller_->unlink();
        own = std::move(poller_->waker_);
        waiters.splice(waiters_);
        std::uint64_t word = load();
        // The handles' reference is left.
        while (!this->word().compare_exchange_weak(word,
                                                   ((word + turn.delta - one_reference) | done) & ~active,
                                                   memory_order_acq_rel, memory_order_acquire)) {}
    }
    wake_all(waiters);
}

/// [H5]
void SharedTask::close() noexcept {
    bool due = false;
    {
        const std::lock_guard lock(lock_);
        closed_ = true;
        due = due_;
    }
    const std::uint64_t word = this->word().fetch_or(done, memory_order_acq_rel);
    end();
    end_value();
    const bool active_elsewhere = (word & active) && !due;
    if (give_up((word & done) || active_elsewhere ? 1 : 2)) delete this;
}

void SharedTask::inspect_shared(Inspector& to) {
    {
        const std::lock_guard lock(lock_);
        if (is_done() || polling_) return;
        polling_ = true; // the future is ours, to be looked at
    }
    to.begin_child(role);
    to.leaf(type());
    inspect(to);
    to.end_child();
    stop_polling(false);
}

} // namespace rouse::detail
