// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/oneshot.hpp"

namespace rouse::oneshot::detail {

bool Core::poll(const Waker& wake) {
    unsigned now = state.load(memory_order_acquire);
    for (;;) {
        if (now & answered) return true;
        if (now & taking) { // [O2] is at work; the answer is there in an instant
            wake.wake_by_ref();
            return false;
        }
        if (!(now & waiting)) break;
        if (state.compare_exchange_weak(now, now & ~waiting, memory_order_acq_rel, memory_order_acquire))
            break; // [O4]
    }
    waker.clone_from(wake);
    now = 0;
    if (state.compare_exchange_strong(now, waiting, memory_order_acq_rel, memory_order_acquire))
        return false; // [O1]
    waker = Waker();  // an answer came: the place still is ours, for the sender did not find `waiting`
    return true;
}

unsigned Core::answer(unsigned bit) noexcept {
    unsigned now = state.load(memory_order_acquire);
    for (;;) {
        if (!(now & waiting)) { // [O3]
            if (state.compare_exchange_weak(now, now | bit, memory_order_acq_rel, memory_order_acquire))
                return now;
            continue;
        }
        if (!state.compare_exchange_weak(now, (now & ~waiting) | taking, memory_order_acq_rel,
                                         memory_order_acquire))
            continue; // [O2]
        Waker wake = std::move(waker);
        const unsigned before =
            state.fetch_xor(taking | bit, memory_order_acq_rel); // [O3], and `taking` ends
        std::move(wake).wake();                                  // the channel may be gone already
        return before;
    }
}

unsigned Core::leave() noexcept {
    unsigned now = state.load(memory_order_acquire);
    for (;;) {
        if (now & answered) return now;
        if (now & waiting) { // [O4]
            if (!state.compare_exchange_weak(now, now & ~waiting, memory_order_acq_rel, memory_order_acquire))
                continue;
            now &= ~waiting;
            waker = Waker();
        }
        if (state.compare_exchange_weak(now, now | receiver_gone, memory_order_acq_rel, memory_order_acquire))
            return now; // [O5]
    }
}

} // namespace rouse::oneshot::detail
