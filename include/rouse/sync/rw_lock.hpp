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
    RwLockReadGuard(RwLockReadGuard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
    RwLockReadGuard& operator=(RwLockReadGuard&& other) noexcept {
        RwLockReadGuard old(std::move(*this));
        lock_ = std::exchange(other.lock_, nullptr);
        return *this;
    }
    ~RwLockReadGuard() {
        if (lock_) lock_->core_.release(1);
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
    explicit RwLockReadGuard(Owner lock) noexcept : lock_(std::move(lock)) {}
    Owner lock_;
};

/// The right to change what an RwLock protects; given back when it is destroyed.
template <class T, class Owner = RwLock<T>*>
class [[nodiscard]] RwLockWriteGuard {
public:
    RwLockWriteGuard(RwLockWriteGuard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
    RwLockWriteGuard& operator=(RwLockWriteGuard&& other) noexcept {
        RwLockWriteGuard old(std::move(*this));
        lock_ = std::exchange(other.lock_, nullptr);
        return *this;
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
    explicit RwLockWriteGuard(Owner lock) noexcept : lock_(std::move(lock)) { lock_->begin_write(); }
    Owner lock_;
};

template <class T>
using OwnedRwLockReadGuard = RwLockReadGuard<T, std::shared_ptr<RwLock<T>>>;
template <class T>
using OwnedRwLockWriteGuard = RwLockWriteGuard<T, std::shared_ptr<RwLock<T>>>;

/// A future of a guard.
/// Wake:   when it has the lock.
/// Cancel: destroy it; if the lock was its own already, it goes to the next. It has lost its place.
/// Errors: throws `Abandoned` when the lock is destroyed meanwhile.
/// Thread: any, one at a time.
template <class T, class Owner, bool Writes>
class [[nodiscard]] RwLockAcquire {
public:
    using Output = std::conditional_t<Writes, RwLockWriteGuard<T, Owner>, RwLockReadGuard<T, Owner>>;
    explicit RwLockAcquire(Owner lock) noexcept
        : lock_(std::move(lock)), wait_(Writes ? RwLock<T>::max_readers : 1) {}
    RwLockAcquire(RwLockAcquire&&) noexcept = default;
    RwLockAcquire& operator=(RwLockAcquire&&) = delete;
    ~RwLockAcquire() {
        if (lock_) wait_.end(lock_->core_);
    }

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!lock_) [[unlikely]]
            detail::stop_polled_after_ready("RwLockAcquire");
        return wait_.poll(lock_->core_, cx.waker(), "RwLockAcquire");
    }
    Output take_ready() {
        if (wait_.take() != detail::PermitWait::Result::acquired)
            throw Abandoned("an RwLock was destroyed while a task waited for it");
        return Output(std::exchange(lock_, nullptr));
    }
    void inspect(Inspector& to) const {
        if (!lock_ || wait_.is_over()) return;
        const std::uint64_t holder = lock_->writer();
        to.waits_for(WaitKind::lock, std::to_address(lock_),
                     detail::describe_wait(Writes ? "to write under an RwLock" : "to read under an RwLock",
                                           lock_->name(), holder));
        if (holder) to.held_by(holder);
    }

private:
    Owner lock_;
    detail::PermitWait wait_;
};

/// A value that many tasks read at a time, or one writes, across their awaits too.
///
/// Fairness: first come, first served. So writers are preferred: behind a writer that waits new readers wait,
/// and a task that reads must not read again meanwhile. Memory: what a writer did happens before what the
/// next ones read, and what readers did before what the next writer does. Destroyed with waiters it wakes
/// them, and they throw `Abandoned`; guards must not outlive it. Thread: any.
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
        : core_(max_readers), value_() {}
    /// `name` is for the reader of a dump; it is not copied.
    explicit RwLock(T value, std::string_view name = {})
        : core_(max_readers), name_(name), value_(std::move(value)) {}

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
    [[nodiscard]] std::optional<RwLockReadGuard<T>> try_read() noexcept {
        if (core_.try_acquire(1) != detail::PermitWait::Result::acquired) return std::nullopt;
        return RwLockReadGuard<T>(this);
    }
    /// Nothing when somebody reads, writes, or waits.
    [[nodiscard]] std::optional<RwLockWriteGuard<T>> try_write() noexcept {
        if (core_.try_acquire(max_readers) != detail::PermitWait::Result::acquired) return std::nullopt;
        return RwLockWriteGuard<T>(this);
    }

    /// The value, of a lock that one has for oneself alone.
    [[nodiscard]] T& get_mut() noexcept { return value_; }
    [[nodiscard]] T into_inner() && { return std::move(value_); }
    /// The id of the task that writes; 0: none, or none of a runtime of ours, or one that has not looked yet.
    [[nodiscard]] std::uint64_t writer() const noexcept { return writer_.load(memory_order_relaxed); }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

private:
    template <class, class>
    friend class RwLockReadGuard;
    template <class, class>
    friend class RwLockWriteGuard;
    template <class, class, bool>
    friend class RwLockAcquire;
    void begin_write() noexcept { writer_.store(detail::current_task_id(), memory_order_relaxed); }
    void end_write(std::uint32_t permits) noexcept {
        writer_.store(0, memory_order_relaxed);
        core_.release(permits);
    }

    detail::BatchSemaphore core_;
    Atomic<std::uint64_t> writer_{0};
    std::string_view name_;
    T value_;
};

} // namespace rouse
