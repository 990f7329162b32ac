// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/core/waker.hpp"

namespace rouse {

/// A place for one registered waker that any number of threads may wake: what a future shares with the
/// producer of its result.
///
/// The order that loses nothing: the consumer registers, *then* looks for the result; the producer stores the
/// result, *then* wakes.
///
/// Thread: `register_by_ref` from one thread at a time; `wake`, `take` from any.
class AtomicWaker {
public:
    AtomicWaker() noexcept = default;
    AtomicWaker(const AtomicWaker&) = delete;
    AtomicWaker& operator=(const AtomicWaker&) = delete;

    /// Registers a clone of `waker` in place of the one before. If a `wake` runs at the same time, `waker` is
    /// woken.
    void register_by_ref(const Waker& waker);
    /// Wakes and forgets the registered waker; does nothing when there is none.
    void wake() {
        if (Waker waker = take()) std::move(waker).wake();
    }
    /// Takes the registered waker out, to be woken later (outside a lock, say), or dropped.
    [[nodiscard]] Waker take();

private:
    // `registering` and `waking` are rights to `waker_`; see atomic_waker.cpp.
    static constexpr unsigned waiting = 0;
    static constexpr unsigned registering = 1;
    static constexpr unsigned waking = 2;
    Atomic<unsigned> state_{waiting};
    Waker waker_;
};

} // namespace rouse
