// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Two delays that are both right, and how much each costs: who wakes the task makes the difference.

#include <rouse/rouse.hpp>

#include "support/console.hpp"

using namespace std::chrono_literals;

/// Looks at the clock, and wakes itself at once to look again. Correct, and a core at full load.
class SpinningDelay {
public:
    using Output = int;
    SpinningDelay(rouse::Duration delay, long& polls) : until_(rouse::now() + delay), polls_(&polls) {}

    rouse::Poll<int> poll(rouse::Context& cx) {
        ++*polls_;
        if (rouse::now() >= until_) return rouse::Ready(42);
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    rouse::Instant until_;
    long* polls_;
};

/// Gives its waker to the runtime's timer, and is left alone until the time has come.
class TimerDelay {
public:
    using Output = int;
    TimerDelay(rouse::Duration delay, long& polls) : sleep_(rouse::sleep(delay)), polls_(&polls) {}

    rouse::Poll<int> poll(rouse::Context& cx) {
        ++*polls_;
        // Polling another future with the same context hands the waker on: the sleep keeps a clone of it.
        if (sleep_.poll(cx).is_pending()) return rouse::Pending;
        return rouse::Ready(42);
    }

private:
    rouse::Sleep sleep_;
    long* polls_;
};

template <class Delay>
void measure(const char* name) {
    long polls = 0;
    const Stopwatch watch;
    const int result = rouse::run(Delay(100ms, polls));
    say("{:<14} Result: {}   {:5.1f} ms, {:5.1f} ms of CPU, {} polls", name, result, watch.wall_ms(),
        watch.cpu_ms(), polls);
}

int main() {
    measure<SpinningDelay>("SpinningDelay");
    measure<TimerDelay>("TimerDelay");

    note(
        "The first is polled as fast as the core can; the second twice: to register, and because the time was up. "
        "A task that burns a whole second by waking itself is reported as busy; this one is through before that.");
}
