// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/source.hpp"

#include <array>
#include <mutex>
#include <utility>

namespace rouse::detail {

bool IoSource::wait(IoWaiter& waiter, std::uint32_t generation, io::Interest interest, const Waker& waker) {
    const std::uint32_t wanted = io::Readiness::wanted(interest);
    Waker fresh = waker.clone(); // and what it replaces is dropped here, when the lock is free again
    const std::lock_guard lock(lock_);
    std::uint64_t word = load();
    do { // [R1]
        if (IoSource::generation(word) != generation || (word & (wanted | over))) return false;
    } while (!word_.compare_exchange_weak(word, word | waits_for(wanted), memory_order_acq_rel,
                                          memory_order_acquire));
    waiter.wanted = wanted;
    if (waiter.linked()) {
        if (!waiter.waker.will_wake(fresh)) std::swap(waiter.waker, fresh);
    } else {
        std::swap(waiter.waker, fresh);
        waiter.queued.store(true, memory_order_relaxed);
        waiters_.push_back(waiter);
    }
    return true;
}

void IoSource::forget_queued(IoWaiter& waiter) noexcept {
    Waker waker;
    const std::lock_guard lock(lock_);
    if (!waiter.linked()) return;
    waiter.unlink();
    std::swap(waker, waiter.waker);
    waiter.queued.store(false, memory_order_release); // [R4]
    // A WAITS that stays for another direction is a lock for nothing at its next event, which mends it.
    if (waiters_.empty()) word_.fetch_and(~waits_mask, memory_order_acq_rel);
}

void IoSource::clear(std::uint64_t seen, std::uint32_t bits) noexcept {
    std::uint64_t word = load();
    do { // [R3]
        if ((word ^ seen) & ~(waits_mask | io::Readiness::mask)) return;
    } while (!word_.compare_exchange_weak(word, word & ~std::uint64_t{bits}, memory_order_acq_rel,
                                          memory_order_acquire));
}

std::size_t IoSource::set_ready(std::uint32_t generation, std::uint32_t bits) noexcept {
    const std::uint64_t urgency = bits & io::Readiness::priority ? urgent : 0;
    std::uint64_t word = load();
    std::uint64_t next = 0;
    do { // [R2]
        if (IoSource::generation(word) != generation) return 0;
        next = (word & ~tick_mask) | ((word + one_tick) & tick_mask) | bits | urgency;
    } while (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_acquire));
    return word & waits_for(bits) ? wake(bits) : 0;
}

bool IoSource::finish(std::uint32_t generation, std::uint64_t bit) noexcept {
    std::uint64_t word = load();
    do { // [R2]
        if (IoSource::generation(word) != generation || (word & bit)) return false;
    } while (!word_.compare_exchange_weak(word, word | bit, memory_order_acq_rel, memory_order_acquire));
    if (word & waits_mask) wake(io::Readiness::mask);
    return true;
}

/// Takes the wakers of those out who wait for one of `bits`.
IoSource::Taken IoSource::take(std::uint32_t bits, std::span<Waker> out) noexcept {
    Taken taken{0, false};
    std::uint64_t left = 0;
    const std::lock_guard lock(lock_);
    waiters_.for_each([&](IoWaiter& waiter) {
        const bool is_meant = waiter.wanted & bits;
        if (!is_meant || taken.count == out.size()) {
            taken.more = taken.more || is_meant;
            left |= waits_for(waiter.wanted);
            return;
        }
        waiter.unlink();
        out[taken.count++] = std::move(waiter.waker);
        waiter.queued.store(false, memory_order_release); // [R4]
    });
    if (const std::uint64_t gone = waits_mask & ~left) word_.fetch_and(~gone, memory_order_acq_rel);
    return taken;
}

std::size_t IoSource::wake(std::uint32_t bits) noexcept {
    Waker one; // nearly always all there are
    const Taken taken = take(bits, {&one, 1});
    std::move(one).wake();
    return taken.more ? taken.count + wake_many(bits) : taken.count;
}

std::size_t IoSource::wake_many(std::uint32_t bits) noexcept {
    std::array<Waker, 16> wakers;
    std::size_t woken = 0;
    for (Taken taken{0, true}; taken.more;) {
        taken = take(bits, wakers);
        for (std::size_t i = 0; i < taken.count; ++i) std::move(wakers[i]).wake();
        woken += taken.count;
    }
    return woken;
}

std::uint32_t IoSource::open(std::uint32_t ready) noexcept {
    const std::uint64_t generation = load() >> 32;
    word_.store((generation << 32) | ready, memory_order_release);
    return static_cast<std::uint32_t>(generation);
}

void IoSource::retire() noexcept {
    const std::uint64_t next = (load() >> 32) + 1;
    word_.store((next << 32) | closed, memory_order_release); // closed, until it is opened again
}

} // namespace rouse::detail
