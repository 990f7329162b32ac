// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/batch_semaphore.hpp"
#include "rouse/sync/permit_holders.hpp"

#include <algorithm>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

namespace rouse {

class Semaphore;

/// Why there is no permit.
enum class AcquireError : std::uint8_t {
    closed, ///< The semaphore was closed, or destroyed.
};
/// Why there is no permit now.
enum class TryAcquireError : std::uint8_t { closed, no_permits };

namespace detail {

/// Permits that somebody has; given back when it is destroyed. `Owner` points to the semaphore.
template <class Owner>
class [[nodiscard]] Permit {
public:
    /// Taken by the task of this poll.
    Permit(Owner owner, std::uint32_t count) noexcept
        : owner_(std::move(owner)), holder_(count ? owner_->holders_.take() : 0), count_(count) {}
    Permit(Permit&& other) noexcept
        : owner_(std::move(other.owner_)), holder_(other.holder_), count_(std::exchange(other.count_, 0)) {}
    Permit& operator=(Permit&& other) noexcept {
        Permit old(std::move(*this));
        owner_ = std::move(other.owner_);
        holder_ = other.holder_;
        count_ = std::exchange(other.count_, 0);
        return *this;
    }
    ~Permit() {
        if (count_) owner_->give_back(std::exchange(count_, 0), holder_);
    }

    [[nodiscard]] std::size_t num_permits() const noexcept { return count_; }
    /// They are never given back: the semaphore has fewer from now on.
    void forget() && noexcept {
        if (std::exchange(count_, 0)) owner_->holders_.leave(holder_);
    }
    /// Takes those of `other`, of the same semaphore, over.
    void merge(Permit other) noexcept {
        if (std::to_address(owner_) != std::to_address(other.owner_))
            stop("a permit was merged with one of another semaphore");
        if (other.count_ == 0) return;
        if (count_ == 0) holder_ = other.holder_;
        else owner_->holders_.leave(other.holder_);
        count_ += std::exchange(other.count_, 0);
    }
    /// Takes `count` out of this one; nothing, if it has fewer.
    [[nodiscard]] std::optional<Permit> split(std::size_t count) {
        if (count > count_) return std::nullopt;
        count_ -= static_cast<std::uint32_t>(count);
        return Permit(owner_, static_cast<std::uint32_t>(count), holder_, count_ == 0);
    }

private:
    /// Split off one of `holder`; `all` of it.
    Permit(Owner owner, std::uint32_t count, std::uint64_t holder, bool all) noexcept
        : owner_(std::move(owner)), holder_(holder), count_(count) {
        if (holder && count && !all) owner_->holders_.add(holder);
    }
    Owner owner_;
    std::uint64_t holder_; // the task that took it, for `holders_`
    std::uint32_t count_;
};

} // namespace detail

using SemaphorePermit = detail::Permit<Semaphore*>;
using OwnedSemaphorePermit = detail::Permit<std::shared_ptr<Semaphore>>;

/// A future of permits.
/// Wake:   when all that it wants are there, or the semaphore is closed.
/// Cancel: destroy it; what it had collected, or was granted, goes to the next. It has lost its place.
/// Thread: any, one at a time.
template <class Owner>
class [[nodiscard]] SemaphoreAcquire {
public:
    using Output = std::expected<detail::Permit<Owner>, AcquireError>;

    SemaphoreAcquire(Owner owner, std::size_t count);
    SemaphoreAcquire(SemaphoreAcquire&&) noexcept = default;
    SemaphoreAcquire& operator=(SemaphoreAcquire&&) = delete;
    ~SemaphoreAcquire();

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    Output take_ready();
    void inspect(Inspector& to) const;

private:
    Owner owner_;
    detail::PermitWait wait_;
};

/// So many permits: `acquire` takes one and waits until there is one.
///
/// Fairness: first come, first served. A request for many is not overtaken by small ones behind it; no
/// request overtakes a waiter, `try_acquire` neither. Memory: what was done before a permit was given back
/// happens before what its next owner does. Destroyed with waiters it wakes them, with
/// `AcquireError::closed`; permits must not outlive it. Thread: any.
/// Its destruction must not run beside a poll or a drop of one of its futures on another thread.
///
/// ```cpp
/// rouse::Semaphore connections(10);
/// auto permit = co_await connections.acquire(); // given back at the end of the block
/// ```
class Semaphore {
public:
    static constexpr std::size_t max_permits = detail::BatchSemaphore::most_permits;

    /// `name` is for the reader of a dump; it is not copied.
    explicit Semaphore(std::size_t permits, std::string_view name = {}) : core_(permits), name_(name) {}

    [[nodiscard]] SemaphoreAcquire<Semaphore*> acquire() { return {this, 1}; }
    /// All of `count` at once: it collects them, at the head of the queue.
    [[nodiscard]] SemaphoreAcquire<Semaphore*> acquire_many(std::size_t count) { return {this, count}; }
    /// The permit keeps the semaphore alive, and may go anywhere.
    [[nodiscard]] static SemaphoreAcquire<std::shared_ptr<Semaphore>>
    acquire_owned(std::shared_ptr<Semaphore> semaphore, std::size_t count = 1) {
        return {std::move(semaphore), count};
    }
    [[nodiscard]] std::expected<SemaphorePermit, TryAcquireError> try_acquire(std::size_t count = 1) {
        return try_for<Semaphore*>(this, count);
    }
    [[nodiscard]] static std::expected<OwnedSemaphorePermit, TryAcquireError>
    try_acquire_owned(const std::shared_ptr<Semaphore>& semaphore, std::size_t count = 1) {
        return semaphore->try_for<std::shared_ptr<Semaphore>>(semaphore, count);
    }

    /// Permits that nobody has, nor collects.
    [[nodiscard]] std::size_t available_permits() const noexcept { return core_.available(); }
    void add_permits(std::size_t count) noexcept { core_.release(checked(count)); }
    /// Takes up to `count` of those that nobody has out for good. How many.
    std::size_t forget_permits(std::size_t count) noexcept {
        return core_.forget(static_cast<std::uint32_t>(std::min(count, max_permits)));
    }
    /// Nobody gets a permit any more; those who wait are told.
    void close() noexcept { core_.close(); }
    [[nodiscard]] bool is_closed() const noexcept { return core_.is_closed(); }

    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// The ids of the tasks that took permits which are not given back, of eight of them at most: for a look
    /// at a program that hangs. A permit that was handed to another task counts as its taker's.
    [[nodiscard]] std::vector<std::uint64_t> holders() const { return holders_.ids(); }

private:
    template <class>
    friend class SemaphoreAcquire;
    template <class>
    friend class detail::Permit;
    void give_back(std::uint32_t count, std::uint64_t holder) noexcept {
        holders_.leave(holder);
        core_.release(count);
    }
    static std::uint32_t checked(std::size_t count) noexcept {
        if (count > max_permits) detail::stop("more permits than a semaphore can have");
        return static_cast<std::uint32_t>(count);
    }
    template <class Owner>
    std::expected<detail::Permit<Owner>, TryAcquireError> try_for(Owner owner, std::size_t count) {
        using Result = detail::BatchSemaphore::Result;
        const Result result = core_.try_acquire(checked(count));
        if (result == Result::acquired)
            return detail::Permit<Owner>(std::move(owner), static_cast<std::uint32_t>(count));
        return std::unexpected(result == Result::closed ? TryAcquireError::closed
                                                        : TryAcquireError::no_permits);
    }

    detail::BatchSemaphore core_;
    detail::PermitHolders holders_;
    std::string_view name_;
};

template <class Owner>
SemaphoreAcquire<Owner>::SemaphoreAcquire(Owner owner, std::size_t count)
    : owner_(std::move(owner)), wait_(Semaphore::checked(count)) {}

template <class Owner>
SemaphoreAcquire<Owner>::~SemaphoreAcquire() {
    if (owner_) wait_.end(owner_->core_);
}

template <class Owner>
bool SemaphoreAcquire<Owner>::poll_ready(Context& cx) {
    if (!owner_) [[unlikely]]
        detail::stop_polled_after_ready("Semaphore::acquire");
    return wait_.poll(owner_->core_, cx.waker(), "Semaphore::acquire");
}

template <class Owner>
auto SemaphoreAcquire<Owner>::take_ready() -> Output {
    if (wait_.take() != detail::PermitWait::Result::acquired) return std::unexpected(AcquireError::closed);
    return detail::Permit<Owner>(std::exchange(owner_, nullptr), wait_.count());
}

template <class Owner>
void SemaphoreAcquire<Owner>::inspect(Inspector& to) const {
    if (!owner_ || wait_.is_over()) return;
    owner_->holders_.describe(std::to_string(wait_.count())
                                  .append(wait_.count() == 1 ? " permit of " : " permits of ")
                                  .append(detail::describe_wait("a semaphore", owner_->name())),
                              WaitKind::semaphore, std::to_address(owner_), to);
}

} // namespace rouse
