// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A future written by hand, which is ready at its fourth poll, and asks for each of them.

#include <rouse/rouse.hpp>

#include "support/console.hpp"

#include <string>

class Countdown {
public:
    using Output = std::string;
    explicit Countdown(int from) : left_(from) {}

    rouse::Poll<std::string> poll(rouse::Context& cx) {
        say("Poll #{}", left_);
        if (left_ == 0) return rouse::Ready("Lift-off!");
        --left_;
        // Whoever returns Pending sees to it that the task is polled again. This future has nobody to wait
        // for, so it wakes its task itself, now: the poll that is running is followed by another.
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    int left_;
};

int main() {
    say("Result: {}", rouse::block_on(Countdown(3)));

    note(
        "Four polls, three wakes. Without the wakes there would have been one poll, and then nothing, for ever.");
}
