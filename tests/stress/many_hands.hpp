// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/future.hpp>
#include <rouse/core/hang.hpp>
#include <rouse/task/task.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

namespace rouse_test {

using Random = std::minstd_rand;

/// Where a `Handed` future leaves its wakers for several threads, and what is true about them. A waker is
/// uncounted here before it is dropped or consumed, and a wake counted before it is made: when the future is
/// told that it is lost, `wakers` must be 0, and each wake must have been answered by a poll.
class ManyHands {
public:
    ManyHands() = default;
    ManyHands(const ManyHands&) = delete;
    ManyHands& operator=(const ManyHands&) = delete;

    /// A waker somebody left here, or a clone of the keeper's, if there is one.
    [[nodiscard]] rouse::Waker take() {
        const std::lock_guard lock(mutex_);
        if (wakers_.empty()) return keeper_ ? clone(keeper_) : rouse::Waker();
        rouse::Waker waker = std::move(wakers_.back());
        wakers_.pop_back();
        return waker;
    }
    void put(rouse::Waker waker) {
        {
            const std::lock_guard lock(mutex_);
            if (!closed_) return wakers_.push_back(std::move(waker));
        }
        drop(std::move(waker));
    }
    /// From here on nobody leaves a waker here; those that are left.
    [[nodiscard]] std::vector<rouse::Waker> close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        return std::move(wakers_);
    }
    [[nodiscard]] rouse::Waker clone(const rouse::Waker& waker) {
        outstanding_.fetch_add(1);
        return waker.clone();
    }
    void drop(rouse::Waker waker) {
        outstanding_.fetch_sub(1);
        waker = rouse::Waker();
    }
    void wake(rouse::Waker waker) {
        wakes_.fetch_add(1);
        outstanding_.fetch_sub(1);
        std::move(waker).wake();
    }
    void wake_by_ref(const rouse::Waker& waker) {
        wakes_.fetch_add(1);
        waker.wake_by_ref();
    }
    /// One of the above, by chance. `waker` is one that was taken.
    void step(rouse::Waker waker, Random& random) {
        switch (random() % 8) {
        case 0:
            return drop(std::move(waker));
        case 1:
            return wake(std::move(waker));
        case 2:
            wake_by_ref(waker);
            return drop(std::move(waker));
        case 3:
            wake_by_ref(waker);
            return put(std::move(waker));
        default:
            put(clone(waker));
            return put(std::move(waker));
        }
    }
    /// The future is to be ready at its next poll; a waker that was taken makes that happen.
    void finish(rouse::Waker waker) {
        finished_.store(true);
        wake(std::move(waker));
    }

    /// Made in the first poll if it `keeps`; nobody finds it but who ends the task.
    void keep() noexcept { keeps_ = true; }
    [[nodiscard]] rouse::Waker take_keeper() {
        const std::lock_guard lock(mutex_);
        return std::move(keeper_);
    }
    [[nodiscard]] bool was_polled() const noexcept { return polls_.load() != 0; }
    [[nodiscard]] int told() const noexcept { return told_.load(); }

    /// The future was told that it is lost.
    void lost() {
        told_.fetch_add(1);
        EXPECT_EQ(outstanding_.load(), 0) << "a false LostWaker";
        EXPECT_EQ(answered_.load(), wakes_.load()) << "a wake was not answered";
    }

private:
    friend class Handed;
    std::mutex mutex_;
    std::vector<rouse::Waker> wakers_;
    rouse::Waker keeper_;
    bool closed_ = false;
    bool keeps_ = false;
    std::atomic<long> outstanding_{0};
    std::atomic<std::uint64_t> wakes_{0};
    std::atomic<std::uint64_t> answered_{0}; // wakes that were made before the last poll
    std::atomic<int> polls_{0};
    std::atomic<bool> finished_{false};
    std::atomic<int> told_{0};
};

/// Registers, re-registers, or forgets to, by chance; ready when it is finished.
class Handed {
public:
    using Output = int;
    explicit Handed(ManyHands& hands, unsigned seed) noexcept : hands_(&hands), random_(seed) {}

    rouse::Poll<int> poll(rouse::Context& cx) {
        hands_->answered_.store(hands_->wakes_.load());
        if (hands_->finished_.load()) return rouse::Ready(1);
        const bool first = hands_->polls_.load() == 0;
        if (first && hands_->keeps_) {
            rouse::Waker keeper = hands_->clone(cx.waker());
            const std::lock_guard lock(hands_->mutex_);
            hands_->keeper_ = std::move(keeper);
        }
        if (first || random_() % 4 != 0) hands_->put(hands_->clone(cx.waker()));
        if (!first && random_() % 4 == 0) // in its own turn, too
            if (rouse::Waker waker = hands_->take()) hands_->step(std::move(waker), random_);
        hands_->polls_.fetch_add(1);
        return rouse::Pending;
    }

private:
    ManyHands* hands_;
    Random random_;
};

/// Counts its live objects, on any thread.
class Counted {
public:
    explicit Counted(std::atomic<long>& alive) noexcept : alive_(&alive) { ++*alive_; }
    Counted(Counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
    Counted& operator=(Counted&&) = delete;
    ~Counted() { --*alive_; }

private:
    std::atomic<long>* alive_;
};

/// A task that awaits `hands`, and tells it when it is lost.
inline rouse::Task<int> await_hands(ManyHands& hands, unsigned seed, Counted) {
    try {
        co_return co_await Handed(hands, seed);
    } catch (const rouse::LostWaker&) {
        hands.lost();
        throw;
    }
}

} // namespace rouse_test
