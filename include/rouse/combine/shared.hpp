// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/intrusive_list.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/combine/nested_task.hpp"

#include <optional>
#include <utility>

namespace rouse {

namespace detail {

/// Who awaits a shared future: lies in its handle.
class SharedWaiter : public ListLink<> {
private:
    friend class SharedTask;
    Waker waker_;
};

/// A future that many await, each by a handle of his own, on any thread.
///
/// It has wakers of its own (see NestedTask). ACTIVE, delivered, is `due_`: whoever of those who await is
/// polled next polls the future. All of the state is under the lock, but the future itself: that belongs to
/// whoever set `polling_`.
///
/// [H1] poll of a handle: under the lock, looks for DONE, and leaves its waker; then takes `polling_`, if it
///      is due and nobody has it.
/// [H2] wake of the future: under the lock sets `due_`, and takes all waiters out; then wakes them. All, not
///      one: the one might never be polled again.
/// [H3] the end of that poll: under the lock gives `polling_` up. If it is due again, those who came in vain
///      at H1 are woken, as at H2.
/// [H4] ready: the value is in its place; then, under the lock, DONE, and all waiters are taken out, and
/// woken.
///      The value is read after DONE was (acquire).
/// [H5] the last handle goes: sets `closed_` under the lock, then DONE, and destroys the future. A wake that
/// is
///      on its way to H2 finds `closed_`, and gives up the reference that ACTIVE stands for.
class SharedTask : public NestedTask {
public:
    /// True: done.
    bool poll(Context& cx, SharedWaiter& waiter);
    void inspect_shared(Inspector& to);
    void leave(SharedWaiter& waiter) noexcept;

    void add_handle() noexcept { handles_.fetch_add(1, memory_order_relaxed); }
    void drop_handle() noexcept {
        if (handles_.fetch_sub(1, memory_order_acq_rel) == 1) close();
    }

protected:
    SharedTask() noexcept : NestedTask(&shared_ops) {}
    /// Destroys the future.
    virtual void end() noexcept = 0;
    /// Destroys the value.
    virtual void end_value() noexcept = 0;

private:
    using Waiters = IntrusiveList<SharedWaiter>;
    void over() noexcept override;
    void close() noexcept;
    void stop_polling(bool again) noexcept;
    void deliver() noexcept;
    void wake_all(Waiters& waiters) noexcept;
    static void schedule(TaskState* state) noexcept;
    static void schedule_lost(TaskState* state) noexcept;
    static void free(TaskState* state) noexcept;
    static const TaskOps shared_ops;

    ShortLock lock_;
    bool due_ = true;
    bool polling_ = false;
    bool closed_ = false;
    Waiters waiters_;
    SharedWaiter* poller_ = nullptr; // with `polling_`
    Atomic<std::size_t> handles_{1};
};

template <Future F>
class SharedTaskOf final : public SharedTask {
public:
    using T = OutputOf<F>;
    explicit SharedTaskOf(F future) : future_(std::in_place, std::move(future)) {}

    /// When it is done.
    [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
    [[nodiscard]] const NonVoid<T>& value() const noexcept { return *value_; }

    void inspect(Inspector& to) const override {
        if (future_) inspect_future(*future_, to);
    }
    [[nodiscard]] std::string_view type() const noexcept override { return type_name<F>(); }

private:
    bool poll_future(Context& cx, void*) override {
        if (error_) return true;
#if ROUSE_EXCEPTIONS
        try {
            return poll_value(cx);
        } catch (...) {
            error_ = std::current_exception();
            return true;
        }
#else
        return poll_value(cx);
#endif
    }
    bool poll_value(Context& cx) {
        auto poll = future_->poll(cx);
        if (poll.is_pending()) return false;
        if constexpr (std::is_void_v<T>) value_.emplace();
        else value_.emplace(std::move(poll).value());
        return true;
    }
    bool fail(std::exception_ptr error) override {
        if constexpr (Failable<F>)
            if (future_->fail_await(error)) return true;
        error_ = std::move(error);
        return true;
    }
    void end() noexcept override { future_.reset(); }
    void end_value() noexcept override {
        value_.reset();
        error_ = nullptr;
    }

    std::optional<F> future_;
    std::optional<NonVoid<T>> value_;
    std::exception_ptr error_;
};

} // namespace detail

/// A handle of a future that many await: see `shared`. Copies are cheap, and each may be awaited, once. One
/// that was polled must not be moved before it is ready; a copy of it may be made at any time, and awaits
/// from the beginning.
template <Future F>
class [[nodiscard]] Shared {
    using T = OutputOf<F>;
    static_assert(std::is_void_v<T> || std::copy_constructible<T>,
                  "shared() gives each who awaits a copy of the value: let the future return something that "
                  "can be copied, a std::shared_ptr, say");

public:
    using Output = T;

    explicit Shared(F future) : task_(new detail::SharedTaskOf<F>(std::move(future))) {}
    Shared(const Shared& other) noexcept : task_(other.task_) {
        if (task_) task_->add_handle();
    }
    Shared(Shared&& other) noexcept : task_(std::exchange(other.task_, nullptr)), taken_(other.taken_) {
        if (other.polled_) detail::stop("a handle of a shared future was moved after its first poll");
    }
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
        if (!task_) return;
        leave();
        task_->drop_handle();
    }

    Poll<T> poll(Context& cx) {
        if (!task_ || taken_) [[unlikely]]
            detail::stop_polled_after_ready("Shared");
        if (!task_->poll(cx, waiter_)) {
            polled_ = true;
            return Pending;
        }
        leave(); // the one who wakes may still have our waiter in his hands
        taken_ = true;
        if (task_->error()) std::rethrow_exception(task_->error());
        if constexpr (std::is_void_v<T>) return Ready();
        else return Poll<T>(std::in_place, task_->value());
    }
    /// The value where it lies, if it is there: valid as long as any handle is. Null before, and if the
    /// future has thrown.
    [[nodiscard]] const NonVoid<T>* peek() const noexcept {
        return task_ && task_->is_done() && !task_->error() ? &task_->value() : nullptr;
    }
    void inspect(Inspector& to) const {
        if (task_) task_->inspect_shared(to);
    }

private:
    void leave() noexcept {
        if (std::exchange(polled_, false)) task_->leave(waiter_);
    }

    detail::SharedTaskOf<F>* task_;
    detail::SharedWaiter waiter_;
    bool polled_ = false;
    bool taken_ = false;
};

/// A future that any number of tasks may await, on any threads and runtimes: each by a copy of the handle.
/// Each gets a copy of the value, made from a const reference; `peek` gives that.
///
/// The future is polled by whichever of those who await is polled first after its wake, and moves between
/// threads so. It starts with the first poll of a handle. Wake:   all who await, at each wake of the future;
/// none is chosen, so none that is dropped, or not polled, holds up the others. Cancel: dropping a handle
/// leaves the others as they are; the last one destroys the future.
/// Errors: what the future throws is thrown to each. If it can never be woken again it throws `LostWaker` at
///         its own await, and what comes of it reaches all.
/// Thread: any; one handle from one thread at a time. What the future wrote is seen by all who get its value
///         (release, acquire).
///
/// ```cpp
/// auto config = rouse::shared(load_config());
/// for (int i = 0; i < 4; ++i) rouse::spawn(worker, config).detach(); // each: co_await config
/// ```
template <Future F>
[[nodiscard]] Shared<F> shared(F future) {
    static_assert(
        !std::is_reference_v<OutputOf<F>>,
        "shared() keeps what its future returns: a future of a reference is not one of them; let it "
        "return a pointer");
    return Shared<F>(std::move(future));
}

} // namespace rouse
