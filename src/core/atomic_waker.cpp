// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/atomic_waker.hpp"

namespace rouse {

// `waker_` belongs to whoever moved `state_` away from `waiting`. Two kinds of party contend:
//
// [A1] register: waiting -> registering, store the waker, registering -> waiting. If [A2] came in between,
// the last step finds
//      registering|waking: the registrar then takes the waker out again, and wakes it itself.
// [A2] take: fetch_or waking. From `waiting` it owns the waker: takes it, then clears `waking`. From
// `registering` it leaves the wake to the
//      registrar, who will see the bit at its last step. From `waking` another taker is at it, and one wake
//      is enough.
//
// A registrar that finds `waking` at its first step wakes the new waker at once: the result is there or about
// to be, and the task looks again. acq_rel on every RMW: what the producer stored before A2 is seen by the
// consumer that is woken by A2, or by the A1 that met it.
void AtomicWaker::register_by_ref(const Waker& waker) {
    unsigned expected = waiting;
    if (!state_.compare_exchange_strong(expected, registering, memory_order_acq_rel, memory_order_acquire)) {
        waker.wake_by_ref();
        return;
    }
    Waker old;
    if (!waker_.will_wake(waker)) old = std::exchange(waker_, waker.clone());
    expected = registering;
    if (state_.compare_exchange_strong(expected, waiting, memory_order_acq_rel, memory_order_acquire)) return;
    Waker taken = std::move(waker_);
    // An exchange: the next registration must see what every taker wrote that left its wake to us.
    state_.exchange(waiting, memory_order_acq_rel);
    std::move(taken).wake();
}

Waker AtomicWaker::take() {
    if (state_.fetch_or(waking, memory_order_acq_rel) != waiting) return Waker();
    Waker taken = std::move(waker_);
    state_.fetch_and(~waking, memory_order_release);
    return taken;
}

} // namespace rouse
