// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Dumps at awkward moments: they only read, and what they say adds up.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/task_local.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/interval.hpp>
#include <rouse/time/timeout.hpp>

#include "support/captured_stderr.hpp"
#include "support/quiet_runtime.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <latch>
#include <optional>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::RuntimeDump;
using rouse::spawn;
using rouse::Task;
using rouse::TaskBuilder;
using rouse::TaskDump;
using rouse::TaskPhase;
using rouse_test::Place;
using rouse_test::quiet_options;
using rouse_test::Registers;
using rouse_test::run_quietly;
using rouse_test::Waiting;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

const TaskDump& task_named(const RuntimeDump& dump, const std::string& name) {
    const auto found = std::ranges::find(dump.tasks, name, &TaskDump::name);
    if (found != dump.tasks.end()) return *found;
    ADD_FAILURE() << "no task " << name << "\n" << dump.to_string();
    static const TaskDump none;
    return none;
}

TEST(dump, phases) {
    run_quietly([]() -> Task<> {
        Place place;
        auto waits = [&]() -> Task<> { (void)co_await Waiting(place, Registers::once); };
        auto idle = TaskBuilder("idle one").spawn(waits);
        auto aborting = TaskBuilder("aborting one").spawn(waits);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        aborting.abort();
        auto queued = TaskBuilder("queued one").spawn(waits);
        const RuntimeDump dump = rouse::Handle::current().dump();
        EXPECT_EQ(task_named(dump, "idle one").phase, TaskPhase::idle);
        EXPECT_EQ(task_named(dump, "aborting one").phase, TaskPhase::aborting);
        EXPECT_EQ(task_named(dump, "queued one").phase, TaskPhase::queued);
        EXPECT_EQ(task_named(dump, "queued one").polls, 0u);
        EXPECT_EQ(task_named(dump, "idle one").polls, 1u);
        const auto root = std::ranges::find(dump.tasks, 0u, &TaskDump::id);
        EXPECT_TRUE(root != dump.tasks.end() && root->phase == TaskPhase::running);
        const std::string text = dump.to_string();
        for (const char* phase : {"idle", "aborting", "queued", "running"})
            EXPECT_TRUE(contains(text, phase)) << text;
        idle.abort();
        queued.abort();
    });
}

TEST(dump, counts_the_wakers_of_each_task) {
    run_quietly([]() -> Task<> {
        Place place;
        auto many = [&](rouse::Context& cx) -> rouse::Poll<> {
            for (int i = 0; i < 3; ++i) EXPECT_TRUE(Waiting(place, Registers::once).poll(cx).is_pending());
            return rouse::Pending;
        };
        auto handle = TaskBuilder("holds three").spawn(rouse::poll_fn(many));
        co_await rouse::yield_now(); // it is the task before this one: its counts may not have been added up
        EXPECT_EQ(task_named(rouse::Handle::current().dump(), "holds three").wakers, 3u);
        co_await rouse::yield_now();
        EXPECT_EQ(task_named(rouse::Handle::current().dump(), "holds three").wakers, 3u);
        auto wakers = place.take();
        wakers.pop_back();
        EXPECT_EQ(task_named(rouse::Handle::current().dump(), "holds three").wakers, 2u);
        handle.abort();
    });
}

// Between two polls the task before may not be settled: a visitor must not see half of its counts.
TEST(dump, from_another_thread_never_sees_half_of_the_counts) {
    auto runtime = rouse::Runtime::current_thread(quiet_options());
    bool stop = false;
    std::size_t dumps = 0;
    std::latch begun(1);
    std::thread asks([&, handle = runtime.handle()] {
        begun.wait();
        for (; dumps < 300; ++dumps) {
            const RuntimeDump dump = handle.dump();
            EXPECT_TRUE(dump.complete);
            for (const TaskDump& task : dump.tasks) {
                EXPECT_LE(task.wakers, 3u) << dump.to_string();
                EXPECT_NE(task.phase, TaskPhase::running);
            }
        }
        auto ends = [&]() -> Task<> {
            stop = true;
            co_return;
        };
        handle.spawn(ends).detach();
    });
    runtime.block_on([&]() -> Task<> {
        Place places[2];
        auto plays = [&](int mine) -> Task<> {
            while (!stop) {
                (void)co_await rouse::select(Waiting(places[mine]), rouse::yield_now());
                for (rouse::Waker& waker : places[1 - mine].take()) std::move(waker).wake();
            }
        };
        auto one = spawn(plays, 0);
        auto two = spawn(plays, 1);
        begun.count_down();
        co_await one;
        co_await two;
    });
    asks.join();
    EXPECT_EQ(dumps, 300u);
}

TEST(dump, shows_the_children_of_combinators_and_what_each_waits_for) {
    run_quietly([]() -> Task<> {
        auto [tx, rx] = rouse::oneshot::channel<int>();
        auto reads = [](rouse::oneshot::Receiver<int> from) -> Task<int> {
            co_return (co_await from).value_or(0);
        };
        auto body = [&]() -> Task<> {
            auto pair = rouse::join(reads(std::move(rx)), rouse::never<int>());
            (void)co_await rouse::select(rouse::timeout(1h, std::move(pair)), rouse::sleep(2h));
        };
        auto handle = TaskBuilder("tree").spawn(body);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        const RuntimeDump dump = rouse::Handle::current().dump();
        EXPECT_EQ(dump.timers, 2u);
        const rouse::AwaitDump& select = task_named(dump, "tree").await;
        EXPECT_EQ(select.children.size(), 2u);
        if (select.children.size() != 2) co_return;
        EXPECT_EQ(select.children[0].role, "arm 1 of select");
        EXPECT_EQ(select.children[1].role, "arm 2 of select");
        EXPECT_EQ(select.children[1].waits.at(0).kind, rouse::WaitKind::timer);
        const auto& timeout = select.children[0].children;
        EXPECT_EQ(timeout.size(), 2u);
        if (timeout.size() != 2) co_return;
        EXPECT_EQ(timeout[0].role, "future in timeout");
        EXPECT_EQ(timeout[1].role, "timer of timeout");
        const auto& join = timeout[0].children;
        EXPECT_EQ(join.size(), 2u);
        if (join.size() != 2) co_return;
        EXPECT_EQ(join[0].role, "child 1 of join");
        EXPECT_EQ(join[0].frames.size(), 1u);
        EXPECT_EQ(join[0].waits.at(0).kind, rouse::WaitKind::channel);
        EXPECT_TRUE(join[1].only_never());
        EXPECT_FALSE(select.only_never());
        const std::string text = dump.to_string();
        for (const char* part :
             {"arm 1 of select", "child 1 of join", "oneshot", "only can be cancelled", "2 timers"})
            EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
        handle.abort();
    });
}

ROUSE_TASK_LOCAL(int, number);

TEST(dump, sees_through_everything_that_holds_a_future) {
    run_quietly([]() -> Task<> {
        auto leaf = []() -> Task<> { co_await rouse::never<>(); };
        auto numbers = [&]() -> rouse::Generator<int> {
            co_await leaf();
            co_yield 1;
        };
        auto boxed = TaskBuilder("boxed").spawn(rouse::boxed(leaf()));
        auto local = TaskBuilder("local").spawn(number.scope(1, leaf()));
        auto generates = [&]() -> Task<> {
            auto generator = numbers();
            (void)co_await generator.next();
        };
        auto generator = TaskBuilder("generator").spawn(generates);
        auto ticks = []() -> Task<> {
            auto interval = rouse::interval(1h);
            for (;;) co_await interval.tick();
        };
        auto interval = TaskBuilder("interval").spawn(ticks);
        auto results = [&]() -> Task<> { (void)co_await std::move(boxed).into_result(); };
        auto result = TaskBuilder("result").spawn(results);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        const RuntimeDump dump = rouse::Handle::current().dump();
        for (const char* name : {"boxed", "local", "generator"}) {
            const rouse::AwaitDump& await = task_named(dump, name).await;
            EXPECT_GE(await.frames.size(), 1u) << name;
            EXPECT_TRUE(await.only_never()) << name << "\n" << dump.to_string();
        }
        EXPECT_EQ(task_named(dump, "interval").await.waits.at(0).kind, rouse::WaitKind::timer);
        EXPECT_EQ(task_named(dump, "result").await.waits.at(0).kind, rouse::WaitKind::task);
        EXPECT_TRUE(contains(task_named(dump, "result").await.waits.at(0).text, "`boxed`"));
    });
}

/// Asks for a dump in its destructor, when it is half gone.
class AsksAtItsEnd {
public:
    using Output = int;
    explicit AsksAtItsEnd(rouse::Handle handle, std::size_t& tasks)
        : handle_(std::move(handle)), tasks_(&tasks), owned_(std::make_unique<std::string>("alive")) {}
    AsksAtItsEnd(AsksAtItsEnd&&) = default;
    ~AsksAtItsEnd() {
        if (!owned_) return;
        owned_.reset();
        *tasks_ = handle_.dump().tasks.size();
    }
    rouse::Poll<int> poll(rouse::Context& cx) {
        waker_.clone_from(cx.waker());
        return rouse::Pending;
    }
    void inspect(rouse::Inspector& to) const { to.waits_for(rouse::WaitKind::future, this, *owned_); }

private:
    rouse::Handle handle_;
    std::size_t* tasks_;
    rouse::Waker waker_;
    std::unique_ptr<std::string> owned_;
};

TEST(dump, from_the_destructor_of_what_is_being_cancelled) {
    run_quietly([]() -> Task<> {
        std::size_t seen[3] = {};
        auto alone = spawn(AsksAtItsEnd(rouse::Handle::current(), seen[0]));
        auto awaits = [&]() -> Task<> { (void)co_await AsksAtItsEnd(rouse::Handle::current(), seen[1]); };
        auto awaited = spawn(awaits);
        auto as_child =
            spawn(rouse::join(AsksAtItsEnd(rouse::Handle::current(), seen[2]), rouse::never<int>()));
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        alone.abort();
        awaited.abort();
        as_child.abort();
        (void)co_await std::move(alone).into_result();
        (void)co_await std::move(awaited).into_result();
        (void)co_await std::move(as_child).into_result();
        for (const std::size_t tasks : seen) EXPECT_GE(tasks, 1u);
    });
}

TEST(dump, of_a_runtime_that_nobody_drives_and_of_one_that_ended) {
    std::optional<rouse::Handle> left;
    {
        auto runtime = rouse::Runtime::current_thread(quiet_options());
        left = runtime.handle();
        auto handle = runtime.spawn(rouse::never<>());
        runtime.block_on([]() -> Task<> { co_await rouse::yield_now(); });
        EXPECT_EQ(runtime.dump().tasks.size(), 1u);
        EXPECT_EQ(left->alive_tasks(), 1u);
    }
    EXPECT_EQ(left->dump().tasks.size(), 0u);
}

TEST(dump_signal, reaches_every_runtime_that_asked_for_it_and_also_a_sleeping_one) {
    rouse_test::CapturedStderr printed;
    {
        auto options = quiet_options();
        options.paused_clock = false;
        options.dump_signal = SIGUSR1;
        auto one = rouse::Runtime::current_thread(options);
        auto two = rouse::Runtime::current_thread(options);
        auto waits = [](std::string) -> Task<> { co_await rouse::never<>(); };
        auto in_one = one.spawn(waits, "one");
        auto [tx, rx] = rouse::oneshot::channel<int>();
        std::thread signals([&, to = std::move(tx)]() mutable {
            std::raise(SIGUSR1); // on this thread: the runtime of the other must wake up for it
            (void)std::move(to).send(1);
        });
        auto receives = [&]() -> Task<int> {
            auto value = co_await rx;
            co_await rouse::sleep(1ms); // the dump comes at the next turn
            co_return value.value_or(0);
        };
        EXPECT_EQ(one.block_on(receives), 1);
        signals.join();
        two.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
    }
    std::raise(SIGURG); // not ours: ignored, as by default
    const std::string text = printed.take();
    const std::size_t first = text.find("rouse: ");
    ASSERT_NE(first, std::string::npos);
    EXPECT_NE(text.find("rouse: ", first + 1), std::string::npos) << text;
}

TEST(dump_signal, a_signal_with_a_handler_of_the_programs_own_is_left_alone) {
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = [](int) {};
    sigemptyset(&action.sa_mask);
    ASSERT_EQ(sigaction(SIGUSR2, &action, &before), 0);
    rouse_test::CapturedStderr printed;
    auto options = quiet_options();
    options.dump_signal = SIGUSR2;
    rouse::run(
        []() -> Task<> {
            std::raise(SIGUSR2);
            co_await rouse::sleep(1ms);
        },
        std::move(options));
    EXPECT_TRUE(contains(printed.take(), "has a handler already"));
    struct sigaction now{};
    ASSERT_EQ(sigaction(SIGUSR2, &before, &now), 0);
    EXPECT_EQ(now.sa_handler, action.sa_handler);
}

TEST(dump_signal, what_is_no_signal_is_said_and_left_out) {
    rouse_test::CapturedStderr printed;
    auto options = quiet_options();
    options.dump_signal = 12345;
    rouse::run([]() -> Task<> { co_return; }, std::move(options));
    EXPECT_TRUE(contains(printed.take(), "12345"));
}

} // namespace
