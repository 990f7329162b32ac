// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The smallest async program: a coroutine, and somebody who drives it.

#include <rouse/rouse.hpp>

#include "support/console.hpp"

// Calling it runs nothing yet. It makes a Task: a future, which moves only when it is polled.
rouse::Task<int> answer() { co_return 42; }

int main() {
    // Polls again and again until the future is ready, with a waker that does nothing.
    say("spin_on");
    say("Result: {}", rouse::spin_on(answer()));

    // Polls, sleeps until somebody wakes it, and polls again.
    say("block_on");
    say("Result: {}", rouse::block_on(answer()));

    note(
        "The same value from both. They differ in what they do while the value is not there yet: spin_on "
        "burns a core; block_on sleeps, and relies on the future to have it woken. What becomes of that reliance "
        "when a future breaks it is what this tour is about.");
}
