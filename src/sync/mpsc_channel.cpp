// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/mpsc_channel.hpp"

namespace rouse::detail {

bool MpscCore::add_sender_again() noexcept {
    std::size_t senders = senders_.load(memory_order_relaxed);
    do {
        if (senders == 0) return false;
    } while (
        !senders_.compare_exchange_weak(senders, senders + 1, memory_order_acq_rel, memory_order_relaxed));
    add_reference();
    return true;
}

MpscCore::Look MpscCore::fall_asleep(std::uint32_t head, const Waker& waker) {
    if (slept_ && !regain()) return Look::claimed;
    std::uint64_t word = slots_.load();
    for (;;) {
        const bool claimed = static_cast<std::uint32_t>(word >> 32) != head;
        if (claimed || is_end(word)) {
            waker_ = Waker();
            return claimed ? Look::claimed : Look::end;
        }
        waker_.clone_from(waker);
        slept_by_ = waker_.as_raw(); // of the clone, which is there while the receiver sleeps
        taken_.store(false, memory_order_relaxed);
        slept_ = slots_.word().compare_exchange_strong(word, word | Slots::asleep, memory_order_acq_rel,
                                                       memory_order_acquire); // [M1]
        if (slept_) return Look::asleep;
    }
}

/// [M5] True: the waker's place is the receiver's.
bool MpscCore::regain() noexcept {
    std::uint64_t word = slots_.load();
    bool back = false;
    while (!back && (word & Slots::asleep))
        back = slots_.word().compare_exchange_weak(word, word & ~Slots::asleep, memory_order_acq_rel,
                                                   memory_order_acquire);
    if (!back && !taken_.load(memory_order_acquire)) return false;
    slept_ = false;
    return true;
}

/// [M4]
void MpscCore::end_sleep(std::uint64_t bit) noexcept {
    std::uint64_t word = slots_.load();
    while (!slots_.word().compare_exchange_weak(word, (word | bit) & ~Slots::asleep, memory_order_acq_rel,
                                                memory_order_acquire)) {}
    wake(word);
}

/// By whoever took ASLEEP off.
void MpscCore::wake_taken() noexcept {
    Waker waker = std::move(waker_);
    taken_.store(true, memory_order_release); // [M2]
    std::move(waker).wake();
}

} // namespace rouse::detail
