// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/task_state.hpp"

#include <utility>

namespace rouse {

class RawWakerVTable;

/// A waker in two pointers: what a `Waker` is made of, and what a vtable's `clone` returns.
class RawWaker {
public:
    constexpr RawWaker(void* data, const RawWakerVTable* vtable) noexcept : data_(data), vtable_(vtable) {}
    [[nodiscard]] constexpr void* data() const noexcept { return data_; }
    [[nodiscard]] constexpr const RawWakerVTable* vtable() const noexcept { return vtable_; }

private:
    void* data_;
    const RawWakerVTable* vtable_;
};

/// The four functions of a waker of one's own. Each is called with the waker's `data`, from any thread, also
/// after the task has completed: `clone` makes a further waker; `wake` schedules the task and consumes the
/// waker; `wake_by_ref` schedules only; `drop` consumes only. None may throw. One vtable for the life of the
/// program: wakers are compared by its address.
class RawWakerVTable {
public:
    using Clone = RawWaker (*)(void* data);
    using Act = void (*)(void* data);
    constexpr RawWakerVTable(Clone clone, Act wake, Act wake_by_ref, Act drop) noexcept
        : clone(clone), wake(wake), wake_by_ref(wake_by_ref), drop(drop) {}

    Clone clone;
    Act wake;
    Act wake_by_ref;
    Act drop;
};

namespace detail {
/// The vtable of every waker whose data is a `TaskState`: the counted ones.
extern const RawWakerVTable task_waker_vtable;
} // namespace detail

/// The right, and the duty, to have a task polled again. Move-only; copies are made in the open, by `clone`.
///
/// A future that returns Pending keeps a clone of `cx.waker()` where its result will arrive, and whoever
/// brings the result wakes it there. A waker that is dropped unwoken gives up the right; when the last one of
/// a waiting task goes, the task is lost, and rouse says so.
///
/// Thread: all members from any thread (one object from one thread at a time, as everywhere). Waking a
/// completed task does nothing. A default-made or moved-from waker wakes nobody.
class Waker {
public:
    constexpr Waker() noexcept = default;
    Waker(Waker&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), vtable_(std::exchange(other.vtable_, nullptr)) {}
    Waker& operator=(Waker&& other) noexcept {
        Waker old(std::move(*this));
        data_ = std::exchange(other.data_, nullptr);
        vtable_ = std::exchange(other.vtable_, nullptr);
        return *this;
    }
    ~Waker() { drop(); }

    /// A second waker of the same task.
    [[nodiscard]] Waker clone() const {
        if (vtable_ == &detail::task_waker_vtable) {
            task()->clone_waker();
            return Waker(RawWaker(data_, vtable_));
        }
        return vtable_ ? Waker(vtable_->clone(data_)) : Waker();
    }
    /// Becomes a clone of `other`; costs nothing when it already wakes the same task.
    void clone_from(const Waker& other) {
        if (!will_wake(other)) *this = other.clone();
    }

    /// Schedules the task and consumes the waker.
    void wake() && {
        void* const data = std::exchange(data_, nullptr);
        const RawWakerVTable* const vtable = std::exchange(vtable_, nullptr);
        if (vtable == &detail::task_waker_vtable) static_cast<detail::TaskState*>(data)->wake();
        else if (vtable) vtable->wake(data);
    }
    /// Schedules the task and keeps the waker.
    void wake_by_ref() const {
        if (vtable_ == &detail::task_waker_vtable) task()->wake_by_ref();
        else if (vtable_) vtable_->wake_by_ref(data_);
    }

    /// Both surely wake the same task. May be false for two that do.
    [[nodiscard]] bool will_wake(const Waker& other) const noexcept {
        return data_ == other.data_ && vtable_ == other.vtable_;
    }
    /// False for a default-made or moved-from waker.
    [[nodiscard]] explicit operator bool() const noexcept { return vtable_ != nullptr; }

    /// A waker that does nothing.
    [[nodiscard]] static Waker noop() noexcept;
    /// Takes over what `raw` stands for.
    [[nodiscard]] static Waker from_raw(RawWaker raw) noexcept { return Waker(raw); }
    [[nodiscard]] RawWaker as_raw() const noexcept { return RawWaker(data_, vtable_); }
    /// Gives the right away: the caller now owes a `drop` or a `wake`.
    [[nodiscard]] RawWaker into_raw() && noexcept {
        return RawWaker(std::exchange(data_, nullptr), std::exchange(vtable_, nullptr));
    }

private:
    explicit Waker(RawWaker raw) noexcept : data_(raw.data()), vtable_(raw.vtable()) {}
    [[nodiscard]] detail::TaskState* task() const noexcept { return static_cast<detail::TaskState*>(data_); }
    void drop() noexcept {
        if (vtable_ == &detail::task_waker_vtable) task()->drop_waker();
        else if (vtable_) vtable_->drop(data_);
    }

    void* data_ = nullptr;
    const RawWakerVTable* vtable_ = nullptr;
};

namespace detail {

/// A waker that an executor lends to a poll: it is not counted, and not dropped.
class LentWaker {
public:
    explicit LentWaker(RawWaker raw) noexcept : waker_(Waker::from_raw(raw)) {}
    explicit LentWaker(TaskState* task) noexcept : LentWaker(RawWaker(task, &task_waker_vtable)) {}
    LentWaker(const LentWaker&) = delete;
    LentWaker& operator=(const LentWaker&) = delete;
    ~LentWaker() {} // waker_ lives in a union: nobody drops it
    [[nodiscard]] const Waker& get() const noexcept { return waker_; }

private:
    union {
        Waker waker_;
    };
};

/// The task behind a counted waker, or null.
inline TaskState* task_of(const Waker& waker) noexcept {
    const RawWaker raw = waker.as_raw();
    return raw.vtable() == &task_waker_vtable ? static_cast<TaskState*>(raw.data()) : nullptr;
}

} // namespace detail
} // namespace rouse
