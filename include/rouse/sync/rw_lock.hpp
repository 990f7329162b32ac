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
class RwLock;

/// The right to read what an RwLock protects; given back when it is destroyed.
template <class T, class Owner = RwLock<T>*>
class [[nodiscard]] RwLockReadGuard {
public:
    RwLockReadGuard(RwLockReadGuard&& other) noexcept
        : lock_(std::exchange(other.lock_, nullptr)), task_(other.task_) {
        moved();
    }
    RwLockReadGuard& operator=(RwLockReadGuard&& other) noexcept {
        RwLockReadGuard old(std::move(*this));
        lock_ = std::exchange(other.lock_, nullptr);
        task_ = other.task_;
        moved();
        return *this;
    }
    /// For `RwLock`.
    RwLockReadGuard(detail::LockKey, Owner lock, SourceLocation where) noexcept
        : lock_(std::move(lock)), task_(lock_->owners_.take_shared(where)) {}
    ~RwLockReadGuard() {
        if (!lock_) return;
        lock_->owners_.leave_shared(task_);
        lock_->core_.release(1);
    }
    [[nodiscard]] const T& operator*() const noexcept { return lock_->value_; }
    [[nodiscard]] const T* operator->() const noexcept { return std::addressof(lock_->value_); }

private:
    template <class>
    friend class RwLock;
    template <class, class, bool>
    friend class RwLockAcquire;
    template <class, class>
    friend class RwLockWriteGuard;
    explicit RwLockReadGuard(Owner lock) noexcept
        : lock_(std::move(lock)), task_(lock_->owners_.take_shared()) {}
    void moved() noexcept {
        if (lock_) lock_->owners_.moved_shared(task_);
    }
    Owner lock_;
    const detail::TaskState* task_; // what `owners_` counts
};

/// The right to change what an RwLock protects; given back when it is destroyed.
template <class T, class Owner = RwLock<T>*>
class [[nodiscard]] RwLockWriteGuard {
public:
    RwLockWriteGuard(RwLockWriteGuard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {
        moved();
    }
    RwLockWriteGuard& operator=(RwLockWriteGuard&& other) noexcept {
        RwLockWriteGuard old(std::move(*this));
        lock_ = std::exchange(other.lock_, nullptr);
        moved();
        return *this;
    }
    /// For `RwLock`.
    RwLockWriteGuard(detail::LockKey, Owner lock, SourceLocation where) noexcept : lock_(std::move(lock)) {
        lock_->owners_.take(where);
    }
    ~RwLockWriteGuard() {
        if (lock_) lock_->end_write(RwLock<T>::max_readers);
    }
    [[nodiscard]] T& operator*() const noexcept { return lock_->value_; }
    [[nodiscard]] T* operator->() const noexcept { return std::addressof(lock_->value_); }
    /// Goes on as a reader: no writer comes in between; readers that wait at the head of the queue do.
    [[nodiscard]] RwLockReadGuard<T, Owner> downgrade() && noexcept {
        Owner lock = std::exchange(lock_, nullptr);
        lock->end_write(RwLock<T>::max_readers - 1);
        return RwLockReadGuard<T, Owner>(std::move(lock));
    }

private:
    template <class>
    friend class RwLock;
    template <class, class, bool>
    friend class RwLockAcquire;
    explicit RwLockWriteGuard(Owner lock) noexcept : lock_(std::move(lock)) { lock_->owners_.take(); }
    void moved() noexcept {
        if (lock_) lock_->owners_.moved();
    }
    Owner lock_;
};

template <class T>
using OwnedRwLockReadGuard = RwLockReadGuard<T, std::shared_ptr<RwLock<T>>>;
template <class T>
using OwnedRwLockWriteGuard = RwLockWriteGuard<T, std::shared_ptr<RwLock<T>>>;

/// A future of a guard.
/// Wake:   when it has the lock.
/// Cancel: destroy it; if the lock was its own already, it goes to the next. It has lost its place.
/// Errors: throws `Abandoned` when the lock is destroyed meanwhile, and `LockDeadlock`.
/// Thread: any, one at a time.
template <class T, class Owner, bool Writes>
class [[nodiscard]] RwLockAcquire {
public:
    using Output = std::conditional_t<Writes, RwLockWriteGuard<T, Owner>, RwLockReadGuard<T, Owner>>;
    explicit RwLockAcquire(Owner lock) noexcept
        : lock_(std::move(lock)), wait_(Writes ? RwLock<T>::max_readers : 1), lock_wait_(!Writes) {}
    RwLockAcquire(RwLockAcquire&&) noexcept = default;
    RwLockAcquire& operator=(RwLockAcquire&&) = delete;
    ~RwLockAcquire() {
        if (lock_) wait_.end(lock_->core_);
    }

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return poll_in(cx, false); }
    /// By the coroutine that awaits it.
    bool poll_awaited(Context& cx) { return poll_in(cx, true); }
    Output take_ready() {
        if (wait_.take() != detail::PermitWait::Result::acquired)
            detail::throw_abandoned("an RwLock was destroyed while a task waited for it");
        return Output(std::exchange(lock_, nullptr));
    }
    void inspect(Inspector& to) const {
        if (!lock_ || wait_.is_over()) return;
        const std::uint64_t holder = lock_->writer();
        to.waits_for(
            WaitKind::lock, std::to_address(lock_),
            lock_->owners_.describe(Writes ? "to write under an RwLock" : "to read under an RwLock"));
        if (holder) to.held_by(holder);
    }

private:
    bool poll_in(Context& cx, bool awaited) {
        if (!lock_) [[unlikely]]
            detail::stop_polled_after_ready("RwLockAcquire");
        lock_wait_.begin_poll(lock_->owners_, awaited);
        wait_.wait_for_lock(lock_wait_);
        if (wait_.poll(lock_->core_, cx.waker(), "RwLockAcquire")) return true;
        if (auto deadlock = lock_wait_.look()) {
            wait_.end(lock_->core_); // it may be polled anew
            std::rethrow_exception(std::move(deadlock));
        }
        return false;
    }

    Owner lock_;
    detail::PermitWait wait_;
    detail::LockWait lock_wait_;
};

/// A value that many tasks read at a time, or one writes, across their awaits too.
///
/// Fairness: first come, first served. So writers are preferred: behind a writer that waits new readers wait,
/// and a task that reads must not read again meanwhile: like tasks that wait for each other's locks it throws
/// `LockDeadlock`, where that is proven (of several readers, who has the lock is not known). Memory: what a
/// writer did happens before what the next ones read, and what readers did before what the next writer does.
/// Destroyed with waiters it wakes them, and they throw `Abandoned`; guards must not outlive it. Thread: any.
/// Its destruction must not run beside a poll or a drop of one of its futures on another thread.
///
/// ```cpp
/// rouse::RwLock<Config> config(load());
/// // readers: auto now = co_await config.read();
/// auto write = co_await config.write();
/// write->reload();
/// auto still_here = std::move(write).downgrade();
/// ```
template <class T = Unit>
class RwLock {
public:
    static constexpr std::uint32_t max_readers = detail::BatchSemaphore::most_permits;

    RwLock()
        requires std::is_default_constructible_v<T>
        : core_(max_readers), owners_("an RwLock", {}), value_() {}
    /// `name` is for the reader of a dump; it is not copied.
    explicit RwLock(T value, std::string_view name = {})
        : core_(max_readers), owners_("an RwLock", name), value_(std::move(value)) {}

    [[nodiscard]] RwLockAcquire<T, RwLock*, false> read() noexcept {
        return RwLockAcquire<T, RwLock*, false>(this);
    }
    [[nodiscard]] RwLockAcquire<T, RwLock*, true> write() noexcept {
        return RwLockAcquire<T, RwLock*, true>(this);
    }
    /// These guards keep the lock alive, and may go anywhere.
    [[nodiscard]] static auto read_owned(std::shared_ptr<RwLock> lock) noexcept {
        return RwLockAcquire<T, std::shared_ptr<RwLock>, false>(std::move(lock));
    }
    [[nodiscard]] static auto write_owned(std::shared_ptr<RwLock> lock) noexcept {
        return RwLockAcquire<T, std::shared_ptr<RwLock>, true>(std::move(lock));
    }
    /// Nothing when somebody writes, or waits.
    [[nodiscard]] std::optional<RwLockReadGuard<T>>
    try_read(SourceLocation where = std::source_location::current()) noexcept {
        if (core_.try_acquire(1) != detail::PermitWait::Result::acquired) return std::nullopt;
        return std::optional<RwLockReadGuard<T>>(std::in_place, detail::LockKey(), this, where);
    }
    /// Nothing when somebody reads, writes, or waits.
    [[nodiscard]] std::optional<RwLockWriteGuard<T>>
    try_write(SourceLocation where = std::source_location::current()) noexcept {
        if (core_.try_acquire(max_readers) != detail::PermitWait::Result::acquired) return std::nullopt;
        return std::optional<RwLockWriteGuard<T>>(std::in_place, detail::LockKey(), this, where);
    }

    /// The value, of a lock that one has for oneself alone.
    [[nodiscard]] T& get_mut() noexcept { return value_; }
    [[nodiscard]] T into_inner() && { return std::move(value_); }
    /// The id of the task that writes, or was given the lock for that and has not looked yet; 0: none, or
    /// none of a runtime of ours.
    [[nodiscard]] std::uint64_t writer() const noexcept { return owners_.id(); }
    [[nodiscard]] std::string_view name() const noexcept { return owners_.name(); }

private:
    template <class, class>
    friend class RwLockReadGuard;
    template <class, class>
    friend class RwLockWriteGuard;
    template <class, class, bool>
    friend class RwLockAcquire;
    void end_write(std::uint32_t permits) noexcept {
        owners_.leave();
        core_.release(permits);
    }

    detail::BatchSemaphore core_;
    detail::LockOwners owners_;
    T value_;
};

} // namespace rouse
