// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/batch_semaphore.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rouse {

template <class T>
class Mutex;

/// The right to use what a Mutex protects; given back when it is destroyed. `Owner` points to the mutex.
template <class T, class Owner = Mutex<T>*>
class [[nodiscard]] MutexGuard {
public:
    MutexGuard(MutexGuard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) { moved(); }
    MutexGuard& operator=(MutexGuard&& other) noexcept {
        MutexGuard old(std::move(*this));
        mutex_ = std::exchange(other.mutex_, nullptr);
        moved();
        return *this;
    }
    /// For `Mutex`.
    MutexGuard(detail::LockKey, Owner mutex, SourceLocation where) noexcept : mutex_(std::move(mutex)) {
        mutex_->owners_.take(where);
    }
    ~MutexGuard() {
        if (mutex_) mutex_->unlock();
    }
    [[nodiscard]] T& operator*() const noexcept { return mutex_->value_; }
    [[nodiscard]] T* operator->() const noexcept { return std::addressof(mutex_->value_); }
    /// Unlocks now.
    void unlock() && noexcept { const MutexGuard gone(std::move(*this)); }

private:
    template <class>
    friend class Mutex;
    template <class, class>
    friend class MutexLock;
    explicit MutexGuard(Owner mutex) noexcept : mutex_(std::move(mutex)) { mutex_->owners_.take(); }
    void moved() noexcept {
        if (mutex_) mutex_->owners_.moved();
    }
    Owner mutex_;
};

template <class T>
using OwnedMutexGuard = MutexGuard<T, std::shared_ptr<Mutex<T>>>;

/// A future of a guard.
/// Wake:   when the mutex is its own.
/// Cancel: destroy it; if the mutex was its own already, it goes to the next. It has lost its place.
/// Errors: throws `Abandoned` when the mutex is destroyed meanwhile, and `LockDeadlock`.
/// Thread: any, one at a time.
template <class T, class Owner>
class [[nodiscard]] MutexLock {
public:
    using Output = MutexGuard<T, Owner>;
    explicit MutexLock(Owner mutex) noexcept : mutex_(std::move(mutex)), wait_(1), lock_wait_(false) {}
    MutexLock(MutexLock&&) noexcept = default;
    MutexLock& operator=(MutexLock&&) = delete;
    ~MutexLock() {
        if (mutex_) wait_.end(mutex_->core_);
    }

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return poll_in(cx, false); }
    /// By the coroutine that awaits it.
    bool poll_awaited(Context& cx) { return poll_in(cx, true); }
    Output take_ready() {
        if (wait_.take() != detail::PermitWait::Result::acquired)
            detail::throw_abandoned("a Mutex was destroyed while a task waited for it");
        return Output(std::exchange(mutex_, nullptr));
    }
    void inspect(Inspector& to) const {
        if (!mutex_ || wait_.is_over()) return;
        const std::uint64_t holder = mutex_->holder();
        to.waits_for(WaitKind::lock, std::to_address(mutex_), mutex_->owners_.describe("a mutex"));
        if (holder) to.held_by(holder);
    }

private:
    bool poll_in(Context& cx, bool awaited) {
        if (!mutex_) [[unlikely]]
            detail::stop_polled_after_ready("MutexLock");
        lock_wait_.begin_poll(mutex_->owners_, awaited);
        wait_.wait_for_lock(lock_wait_);
        if (wait_.poll(mutex_->core_, cx.waker(), "MutexLock")) return true;
        if (auto deadlock = lock_wait_.look()) {
            wait_.end(mutex_->core_); // it may be polled anew
            std::rethrow_exception(std::move(deadlock));
        }
        return false;
    }

    Owner mutex_;
    detail::PermitWait wait_;
    detail::LockWait lock_wait_;
};

/// A value that one task at a time uses, across its awaits too. (For a section without an await a
/// `std::mutex` is the better one.)
///
/// Fairness: first come, first served; an unlocked mutex belongs to the one that has waited longest, and
/// nobody, `try_lock` neither, overtakes it. Memory: what was done under the lock happens before what the
/// next one does under it. Not recursive: a task that locks what it holds, or tasks that wait for each
/// other's locks, throw `LockDeadlock` where that is proven. An exception that passes a guard unlocks: there
/// is no poison. Destroyed with waiters it wakes them, and they throw `Abandoned`; guards must not outlive
/// it. Thread: any. Its destruction must not run beside a poll or a drop of one of its futures on another
/// thread.
///
/// ```cpp
/// rouse::Mutex<std::vector<int>> numbers;
/// {
///     auto guard = co_await numbers.lock();
///     guard->push_back(co_await next_number());
/// } // unlocked
/// ```
template <class T = Unit>
class Mutex {
public:
    Mutex()
        requires std::is_default_constructible_v<T>
        : core_(1), owners_("a mutex", {}), value_() {}
    /// `name` is for the reader of a dump; it is not copied.
    explicit Mutex(T value, std::string_view name = {})
        : core_(1), owners_("a mutex", name), value_(std::move(value)) {}

    [[nodiscard]] MutexLock<T, Mutex*> lock() noexcept { return MutexLock<T, Mutex*>(this); }
    /// The guard keeps the mutex alive, and may go anywhere.
    [[nodiscard]] static MutexLock<T, std::shared_ptr<Mutex>>
    lock_owned(std::shared_ptr<Mutex> mutex) noexcept {
        return MutexLock<T, std::shared_ptr<Mutex>>(std::move(mutex));
    }
    /// Nothing when it is locked.
    [[nodiscard]] std::optional<MutexGuard<T>>
    try_lock(SourceLocation where = std::source_location::current()) noexcept {
        return try_for<Mutex*>(this, where);
    }
    [[nodiscard]] static std::optional<OwnedMutexGuard<T>>
    try_lock_owned(const std::shared_ptr<Mutex>& mutex,
                   SourceLocation where = std::source_location::current()) noexcept {
        return mutex->template try_for<std::shared_ptr<Mutex>>(mutex, where);
    }

    /// The value, of a mutex that one has for oneself alone.
    [[nodiscard]] T& get_mut() noexcept { return value_; }
    [[nodiscard]] T into_inner() && { return std::move(value_); }
    /// The id of the task that locked it, or was given it and has not looked yet; 0: nobody, or nobody of a
    /// runtime of ours.
    [[nodiscard]] std::uint64_t holder() const noexcept { return owners_.id(); }
    [[nodiscard]] std::string_view name() const noexcept { return owners_.name(); }

private:
    template <class, class>
    friend class MutexGuard;
    template <class, class>
    friend class MutexLock;
    void unlock() noexcept {
        owners_.leave();
        core_.release(1);
    }
    template <class Owner>
    std::optional<MutexGuard<T, Owner>> try_for(Owner owner, SourceLocation where) noexcept {
        if (core_.try_acquire(1) != detail::PermitWait::Result::acquired) return std::nullopt;
        return std::optional<MutexGuard<T, Owner>>(std::in_place, detail::LockKey(), std::move(owner), where);
    }

    detail::BatchSemaphore core_;
    detail::LockOwners owners_;
    T value_;
};

} // namespace rouse
