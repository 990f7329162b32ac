// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Signals. Each test takes one of its own: a handler stays for the life of the process.

#include <rouse/rouse.hpp>
#include <rouse/signal/signal.hpp>

#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include <pthread.h>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;

rouse::RuntimeOptions options() {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    options.long_poll_threshold = 0ms;
    return options;
}
template <class F>
auto run(F main) {
    return rouse::run(std::move(main), options());
}
template <class F>
Task<bool> poll_once(F& future) {
    auto once = [&](rouse::Context& cx) -> rouse::Poll<bool> {
        return rouse::Ready(future.poll(cx).is_ready());
    };
    co_return co_await rouse::poll_fn(std::move(once));
}

TEST(Signal, a_signal_that_came_is_received) {
    run([]() -> Task<> {
        auto signal = or_throw(rouse::signal::listen(SIGHUP));
        EXPECT_EQ(signal.number(), SIGHUP);
        std::raise(SIGHUP);
        or_throw(co_await signal.recv());
    });
}

TEST(Signal, one_that_comes_later_wakes) {
    run([]() -> Task<> {
        auto signal = or_throw(rouse::signal::listen(SIGUSR1));
        auto waits = [&]() -> Task<rouse::Result<>> { co_return co_await signal.recv(); };
        auto waiting = rouse::spawn(waits);
        co_await rouse::yield_now();
        EXPECT_FALSE(waiting.is_finished());
        std::jthread([] { ::kill(::getpid(), SIGUSR1); });
        or_throw(co_await waiting);
    });
}

TEST(Signal, several_listeners_are_each_told_and_signals_in_a_row_are_one) {
    run([]() -> Task<> {
        auto a = or_throw(rouse::signal::listen(SIGUSR2));
        auto b = or_throw(rouse::signal::listen(SIGUSR2));
        auto other = or_throw(rouse::signal::listen(SIGWINCH));
        std::raise(SIGUSR2);
        std::raise(SIGUSR2);
        or_throw(co_await a.recv());
        or_throw(co_await b.recv());
        auto again = a.recv();
        EXPECT_FALSE(co_await poll_once(again));
        auto not_this = other.recv();
        EXPECT_FALSE(co_await poll_once(not_this));
    });
}

TEST(Signal, a_dropped_recv_loses_nothing) {
    run([]() -> Task<> {
        auto signal = or_throw(rouse::signal::listen(SIGALRM));
        {
            auto dropped = signal.recv();
            EXPECT_FALSE(co_await poll_once(dropped));
            std::raise(SIGALRM);
        }
        or_throw(co_await signal.recv());
    });
}

TEST(Signal, nothing_happens_by_default_any_more) {
    run([]() -> Task<> {
        { auto signal = or_throw(rouse::signal::listen(SIGVTALRM)); }
        std::raise(SIGVTALRM); // would have ended the program
        co_return;
    });
}

TEST(Signal, ctrl_c_listens_from_the_call_on) {
    run([]() -> Task<> {
        auto pressed = rouse::signal::ctrl_c();
        std::raise(SIGINT);
        or_throw(co_await pressed);
    });
}

TEST(Signal, what_cannot_be_listened_to_is_an_error_value) {
    run([]() -> Task<> {
        for (const int number : {0, -1, 1000, SIGKILL, SIGSTOP, SIGSEGV})
            EXPECT_EQ(rouse::signal::listen(number).error(), std::errc::invalid_argument) << number;
        co_return;
    });
}

TEST(Signal, listeners_come_and_go_while_signals_come) {
    auto runtime = rouse::Runtime::current_thread(options());
    std::atomic<bool> stop{false};
    runtime.block_on([]() -> Task<> { // from here on it does not end the program
        (void)or_throw(rouse::signal::listen(SIGTERM));
        co_return;
    });
    std::jthread sends([&] {
        while (!stop.load()) {
            ::kill(::getpid(), SIGTERM);
            std::this_thread::yield();
        }
    });
    const auto main = [&]() -> Task<> {
        for (int round = 0; round < 300; ++round) {
            auto a = or_throw(rouse::signal::listen(SIGTERM));
            auto b = or_throw(rouse::signal::listen(SIGTERM));
            or_throw(co_await a.recv());
            if (round % 2) or_throw(co_await b.recv());
        }
    };
    runtime.block_on(main);
    stop.store(true);
}

/// Waits for a wake that can never come, though its waker is kept.
class Forever {
public:
    using Output = void;
    rouse::Poll<> poll(rouse::Context& cx) {
        waker_ = cx.waker().clone();
        return rouse::Pending;
    }

private:
    rouse::Waker waker_;
};

/// Ready when it is woken.
class Waits {
public:
    using Output = void;
    rouse::Poll<> poll(rouse::Context& cx) {
        if (waker) return rouse::Ready();
        waker = cx.waker().clone();
        return rouse::Pending;
    }
    rouse::Waker waker;
};

TEST(Signal, a_handler_of_ours_hides_no_deadlock_unless_somebody_listens) {
    if (ROUSE_TSAN) GTEST_SKIP() << "nothing is proven under TSan";
    auto hasty = options();
    hasty.deadlock_grace = 20ms;
    {
        auto runtime = rouse::Runtime::current_thread(hasty);
        const auto main = []() -> Task<> {
            { auto gone = or_throw(rouse::signal::listen(SIGIO)); }
            co_await Forever();
        };
        EXPECT_THROW(runtime.block_on(main), rouse::Deadlock);
    }
    std::string why;
    Waits waits;
    hasty.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        why = report.why_not_proven;
        waits.waker.wake_by_ref();
    };
    auto runtime = rouse::Runtime::current_thread(hasty);
    const auto main = [&]() -> Task<> {
        // Nobody awaits it now, but who handles the signal might yet wake somebody.
        auto listener = or_throw(rouse::signal::listen(SIGIO));
        co_await waits;
    };
    runtime.block_on(main);
    EXPECT_NE(why.find("signal " + std::to_string(SIGIO)), std::string::npos) << why;
}

// The last one: from here on the handler hides deadlocks.
std::atomic<int> called_before{0};
void on_before(int) { called_before.fetch_add(1); }

TEST(Signal, a_handler_that_was_there_is_called_as_well) {
    struct sigaction action{};
    action.sa_handler = on_before;
    ASSERT_EQ(sigaction(SIGPROF, &action, nullptr), 0);
    run([]() -> Task<> {
        auto signal = or_throw(rouse::signal::listen(SIGPROF));
        std::raise(SIGPROF);
        or_throw(co_await signal.recv());
    });
    EXPECT_EQ(called_before.load(), 1);
}

TEST(Signal, one_that_was_ignored_with_the_flag_of_a_handler_is_received) {
    struct sigaction action{};
    action.sa_handler = SIG_IGN;
    action.sa_flags = SA_SIGINFO;
    ASSERT_EQ(sigaction(SIGTTOU, &action, nullptr), 0);
    run([]() -> Task<> {
        auto signal = or_throw(rouse::signal::listen(SIGTTOU));
        std::raise(SIGTTOU);
        or_throw(co_await signal.recv());
    });
}

TEST(Signal, one_that_is_assigned_to_is_left_and_the_other_one_goes_on) {
    run([]() -> Task<> {
        auto signal = or_throw(rouse::signal::listen(SIGURG));
        signal = or_throw(rouse::signal::listen(SIGXCPU));
        EXPECT_EQ(signal.number(), SIGXCPU);
        std::raise(SIGURG); // nobody listens, and nothing happens
        std::raise(SIGXCPU);
        or_throw(co_await signal.recv());
        auto& same = signal;
        signal = std::move(same);
        std::raise(SIGXCPU);
        or_throw(co_await signal.recv());
    });
}

} // namespace
