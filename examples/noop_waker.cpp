// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// An executor from the bare contract: a waker is a pointer and a table of four functions, and to execute is
// to poll.

#include <rouse/rouse.hpp>

#include "support/console.hpp"

rouse::Task<int> answer() { co_return 42; }

// The four functions of a waker that does nothing. `data` is whatever the executor wants to find again; this
// one has nothing to find.
extern const rouse::RawWakerVTable noop_vtable;

rouse::RawWaker noop_clone(void* data) { return rouse::RawWaker(data, &noop_vtable); }
void noop_wake(void*) {}
void noop_wake_by_ref(void*) {}
void noop_drop(void*) {}

constexpr rouse::RawWakerVTable noop_vtable(noop_clone, noop_wake, noop_wake_by_ref, noop_drop);

/// Drives any future to its end: a waker, a context, a loop.
template <rouse::Future F>
rouse::OutputOf<F> my_block_on(F future) {
    const rouse::Waker waker = rouse::Waker::from_raw(rouse::RawWaker(nullptr, &noop_vtable));
    rouse::Context cx(waker);
    for (int polls = 1;; ++polls) {
        if (rouse::Poll<rouse::OutputOf<F>> poll = future.poll(cx); poll.is_ready()) {
            say("ready at poll {}", polls);
            return std::move(poll).value();
        }
    }
}

int main() {
    say("Result: {}", my_block_on(answer()));

    note(
        "That is all there is to an executor. Its waker wakes nobody, so it has to poll without rest. Nor does it "
        "count its wakers, so it can find no hang; the executors of rouse do.");
}
