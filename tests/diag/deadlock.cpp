// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Deadlocks that are proven. Each program runs in a process of its own, without other threads: only there it
// can be. It ends with 0 when all was as it should be.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "runtime/watchdog.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <sys/time.h>

namespace {

using namespace std::chrono_literals;
using rouse::Deadlock;
using rouse::HangPolicy;
using rouse::spawn;
using rouse::Task;
using rouse::TaskBuilder;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Waiting;

rouse::RuntimeOptions short_grace(HangPolicy policy = HangPolicy::throw_error) {
    rouse::RuntimeOptions options;
    options.deadlock_grace = 10ms;
    options.hang_policy = policy;
    options.on_hang = [](const rouse::HangReport& report) {
        std::fputs(rouse::format_report(report).c_str(), stderr);
        std::_Exit(90); // nothing here is a lost waker
    };
    return options;
}

/// Leaves the process when it does not hold.
void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::_Exit(91);
}

class deadlock_death : public testing::Test {
protected:
    void SetUp() override {
        if (ROUSE_TSAN) GTEST_SKIP() << "the thread sanitizer has a thread of its own: nothing can be proven";
        testing::FLAGS_gtest_death_test_style = "threadsafe";
    }
};

bool has_task(const rouse::QuiescenceReport& report, const std::string& name) {
    return std::ranges::any_of(report.tasks, [&](const rouse::TaskDump& task) { return task.name == name; });
}

void two_tasks_await_each_other() {
    auto runtime = rouse::Runtime::current_thread(short_grace());
    std::optional<rouse::JoinHandle<>> handles[2];
    auto waits = [&](int other) -> Task<> {
        co_await rouse::yield_now();
        // Beside something else: an await of the handle alone is found at once, as a cycle.
        (void)co_await rouse::select(*handles[other], rouse::never<>());
    };
    auto main = [&]() -> Task<> {
        handles[0] = TaskBuilder("a").spawn(waits, 1);
        handles[1] = TaskBuilder("b").spawn(waits, 0);
        co_await rouse::never<>();
    };
    try {
        runtime.block_on(main);
        std::_Exit(1);
    } catch (const rouse::RuntimeDeadlock& deadlock) {
        require(deadlock.report().proven, "proven");
        require(deadlock.report().tasks.size() == 2, "the two, and not the root, which is in never");
        require(has_task(deadlock.report(), "a") && has_task(deadlock.report(), "b"), "both are named");
        const std::string text = deadlock.what();
        require(text.find("deadlock: 2 tasks are pending") != std::string::npos, text.c_str());
        require(text.find("waits for task") != std::string::npos, text.c_str());
        require(text.find("deadlock.cpp:") != std::string::npos, text.c_str());
    }
    require(runtime.alive_tasks() == 2, "the tasks are left as they are");
    std::_Exit(0);
}
TEST_F(deadlock_death, two_tasks_that_await_each_other) {
    EXPECT_EXIT(two_tasks_await_each_other(), testing::ExitedWithCode(0), "");
}

void a_sender_in_the_frame_that_awaits_its_receiver() {
    auto main = []() -> Task<int> {
        auto [tx, rx] = rouse::oneshot::channel<int>();
        co_return (co_await rx).value_or(0);
    };
    try {
        (void)rouse::run(main, short_grace());
    } catch (const rouse::RuntimeDeadlock& deadlock) {
        require(deadlock.report().tasks.size() == 1 && deadlock.report().tasks[0].id == 0, "the root");
        require(deadlock.report().tasks[0].await.frames.size() == 1, "its await");
        std::_Exit(0);
    }
    std::_Exit(1);
}
TEST_F(deadlock_death, a_sender_kept_in_the_frame_that_awaits_its_receiver) {
    EXPECT_EXIT(a_sender_in_the_frame_that_awaits_its_receiver(), testing::ExitedWithCode(0), "");
}

void never_and_children_of_never_do_not_count() {
    auto runtime = rouse::Runtime::current_thread(short_grace());
    Place place;
    auto waits = [&]() -> Task<int> { co_return co_await Waiting(place, Registers::once); };
    runtime.spawn(rouse::never<>()).detach();
    auto many = []() -> Task<> { (void)co_await rouse::select(rouse::never<>(), rouse::never<int>()); };
    runtime.spawn(many).detach();
    auto half = [&]() -> Task<> {
        (void)co_await rouse::join(rouse::never<>(), Waiting(place, Registers::once));
    };
    runtime.spawn(half).detach();
    try {
        (void)runtime.block_on(waits());
        std::_Exit(1);
    } catch (const rouse::RuntimeDeadlock& deadlock) {
        require(deadlock.report().tasks.size() == 2, deadlock.what());
    }
    place.complete();
    require(runtime.block_on(waits()) == 1, "the runtime can be used on");
    std::_Exit(0);
}
TEST_F(deadlock_death, never_and_children_of_never_do_not_count) {
    EXPECT_EXIT(never_and_children_of_never_do_not_count(), testing::ExitedWithCode(0), "");
}

void again_and_again() {
    auto runtime = rouse::Runtime::current_thread(short_grace());
    for (int i = 0; i < 3; ++i) {
        Place place;
        auto waits = [&]() -> Task<int> {
            co_await rouse::sleep(1ms); // with a timer there is no deadlock yet
            co_return co_await Waiting(place, Registers::once);
        };
        bool caught = false;
        try {
            (void)runtime.block_on(waits());
        } catch (const Deadlock&) {
            caught = true;
        }
        require(caught, "thrown each time");
        require(runtime.alive_tasks() == 0, "the root was ended");
        place.complete();
    }
    std::_Exit(0);
}
TEST_F(deadlock_death, again_and_again) { EXPECT_EXIT(again_and_again(), testing::ExitedWithCode(0), ""); }

void roots_destructors_run_before_it_is_thrown() {
    bool destroyed = false;
    class Sets {
    public:
        explicit Sets(bool& flag) noexcept : flag_(flag) {}
        ~Sets() { flag_ = true; }

    private:
        bool& flag_;
    };
    Place place;
    auto main = [&]() -> Task<> {
        const Sets sets(destroyed);
        (void)co_await Waiting(place, Registers::once);
    };
    try {
        rouse::run(main, short_grace());
    } catch (const Deadlock&) {
        std::_Exit(destroyed ? 0 : 1);
    }
    std::_Exit(2);
}
TEST_F(deadlock_death, the_roots_destructors_run_before_it_is_thrown) {
    EXPECT_EXIT(roots_destructors_run_before_it_is_thrown(), testing::ExitedWithCode(0), "");
}

// The first runtime of a process starts the watchdog, which was a stranger that might wake somebody until it
// came to run.
void the_watchdog_is_known() {
    auto main = []() -> Task<> {
        require(rouse::detail::watchdog_thread_id() != 0, "it has said who it is");
        co_return;
    };
    rouse::run(main, short_grace());
    std::_Exit(0);
}
TEST_F(deadlock_death, the_watchdog_is_known_before_the_first_poll) {
    EXPECT_EXIT(the_watchdog_is_known(), testing::ExitedWithCode(0), "");
}

// Told once, and then left alone; the process ends by the signal, whose handling is the default.
void by_policy_report() {
    auto options = short_grace(HangPolicy::report);
    int told = 0;
    options.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        require(report.proven, "proven");
        require(++told == 1, "told once");
        std::fprintf(stderr, "told\n");
        itimerval soon{};
        soon.it_value.tv_usec = 150'000;
        setitimer(ITIMER_REAL, &soon, nullptr);
    };
    Place place;
    auto main = [&]() -> Task<> { (void)co_await Waiting(place, Registers::once); };
    rouse::run(main, std::move(options));
    std::_Exit(1);
}
TEST_F(deadlock_death, by_policy_report_it_is_told_once_and_left) {
    EXPECT_EXIT(by_policy_report(), testing::KilledBySignal(SIGALRM), "told");
}

void by_policy_abort() {
    Place place;
    auto main = [&]() -> Task<> { (void)co_await Waiting(place, Registers::once); };
    rouse::run(main, short_grace(HangPolicy::abort));
}
TEST_F(deadlock_death, by_policy_abort_the_program_stops) {
    EXPECT_DEATH(by_policy_abort(), "deadlock: 1 task is pending(.|\n)*hang policy is abort");
}

// A quiet time that was broken begins anew, with its first, short look.
void after_a_disturbance() {
    auto options = short_grace();
    options.deadlock_grace = 20ms;
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr); // somebody outside might wake one: not proven
    int suspicions = 0;
    Place first;
    Place second;
    options.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        require(!report.proven && report.why_not_proven.find("signal") != std::string::npos, "the signal");
        if (++suspicions == 1) {
            first.complete();
            return;
        }
        second.complete();
    };
    auto main = [&]() -> Task<> {
        (void)co_await Waiting(first, Registers::once);
        (void)co_await Waiting(second, Registers::once);
    };
    rouse::run(main, std::move(options));
    require(suspicions == 2, "one for each quiet time");
    std::_Exit(0);
}
TEST_F(deadlock_death, each_quiet_time_is_suspected_once_while_a_handler_might_wake) {
    EXPECT_EXIT(after_a_disturbance(), testing::ExitedWithCode(0), "");
}

} // namespace
