// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What holds for every stream: a poll that is dropped loses nothing, wherever; an end is for good, and so is
// an exception; and nothing holds a waker then.

#include <rouse/combine/join.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/stream/stream.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "stream/each_stream.hpp"
#include "support/drop_anywhere.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Context;
using rouse::Task;
using rouse::testing::CountingWaker;
using rouse_test::AnyStream;
using rouse_test::each_stream;
using rouse_test::run_paused;
using rouse_test::Script;
using rouse_test::StreamCase;

/// What is done to a stream in a point where it waits.
enum class Blow { none, drop_poll, drop_poll_after_wake, drop, drop_after_wake };

/// A stream, polled by hand; the script goes on whenever it waits. In a runtime with a paused clock.
class Trial {
public:
    explicit Trial(const StreamCase& kind) : name_(kind.name), stream_(std::in_place, kind.make(script)) {}

    /// To the end. In the wait number `at` comes the blow.
    Task<> go(Blow blow, int at) {
        for (;;) {
            std::optional<rouse::stream::Next<AnyStream>> next(std::in_place, *stream_);
            if (std::exchange(dropped_poll_, false)) kept = waker.clones_alive();
            auto poll = poll_once(*next);
            while (poll.is_pending()) {
                const bool hit = waits == at && blow != Blow::none;
                ++waits;
                const bool by_itself = waker.take_wakes() != 0;
                EXPECT_TRUE(by_itself || waker.clones_alive() != 0)
                    << name_ << " waits, and nobody can wake it";
                if (hit && (blow == Blow::drop || blow == Blow::drop_poll)) break;
                if (!by_itself && !script.fire()) co_await rouse::sleep(1ms);
                if (hit) break;
                EXPECT_TRUE(by_itself || waker.take_wakes() != 0) << name_ << " was not woken";
                poll = poll_once(*next);
            }
            if (poll.is_pending()) { // the blow
                if (blow == Blow::drop || blow == Blow::drop_after_wake) {
                    next.reset();
                    stream_.reset();
                    co_return;
                }
                dropped_poll_ = true;
                continue;
            }
            if (!poll.value()) break;
            items.push_back(*poll.value());
        }
        over();
    }
    /// It has ended, or thrown.
    void over() {
        EXPECT_EQ(waker.clones_alive(), 0u) << name_ << " keeps a waker after its end";
        EXPECT_EQ(script.alive(), 0) << name_ << " keeps what it owned after its end";
        Context cx(waker.waker());
        for (int i = 0; i < 3; ++i) EXPECT_EQ(stream_->poll_next(cx).value(), std::nullopt) << name_;
        EXPECT_EQ(script.polls_after_end(), 0) << name_;
    }

    Script script;
    CountingWaker waker;
    std::vector<int> items;
    int waits = 0;
    std::size_t kept = 0; // wakers, by the stream when a poll of it had been dropped

private:
    rouse::Poll<std::optional<int>> poll_once(rouse::stream::Next<AnyStream>& next) {
        Context cx(waker.waker());
        return next.poll(cx);
    }
    std::string_view name_;
    std::optional<AnyStream> stream_;
    bool dropped_poll_ = false;
};

TEST(EachStream, ends_for_good_and_holds_nothing_then) {
    run_paused([]() -> Task<> {
        for (const StreamCase& kind : each_stream()) {
            Trial run(kind);
            co_await run.go(Blow::none, 0);
            EXPECT_FALSE(run.items.empty()) << kind.name;
            EXPECT_EQ(rouse_test::timers_set(), 0u) << kind.name;
        }
    });
}

TEST(EachStream, loses_nothing_when_a_poll_is_dropped) {
    run_paused([]() -> Task<> {
        for (const StreamCase& kind : each_stream()) {
            Trial whole(kind);
            co_await whole.go(Blow::none, 0);
            for (Blow blow : {Blow::drop_poll, Blow::drop_poll_after_wake}) {
                for (int at = 0; at < whole.waits; ++at) {
                    Trial run(kind);
                    co_await run.go(blow, at);
                    EXPECT_EQ(run.items, whole.items) << kind.name << ", wait " << at;
                }
            }
        }
    });
}

TEST(EachStream, keeps_no_waker_when_a_poll_is_dropped) {
    run_paused([]() -> Task<> {
        for (const StreamCase& kind : each_stream()) {
            // What they wait for besides keeps its own: a coroutine, a future, a timer.
            const std::string name(kind.name);
            if (kind.needs_runtime || name == "Generator" || name == "unfold" || name == "take_until")
                continue;
            Trial whole(kind);
            co_await whole.go(Blow::none, 0);
            for (int at = 0; at < whole.waits; ++at) {
                Trial run(kind);
                co_await run.go(Blow::drop_poll, at);
                EXPECT_EQ(run.kept, 0u) << kind.name << ", wait " << at;
            }
        }
    });
}

TEST(EachStream, dropped_wherever_it_waits_leaves_nothing_behind) {
    run_paused([]() -> Task<> {
        for (const StreamCase& kind : each_stream()) {
            Trial whole(kind);
            co_await whole.go(Blow::none, 0);
            for (Blow blow : {Blow::drop, Blow::drop_after_wake}) {
                for (int at = 0; at < whole.waits; ++at) {
                    Trial run(kind);
                    co_await run.go(blow, at);
                    EXPECT_EQ(run.waker.clones_alive(), 0u) << kind.name << ", wait " << at;
                    EXPECT_EQ(run.script.alive(), 0) << kind.name << ", wait " << at;
                    EXPECT_EQ(rouse_test::timers_set(), 0u) << kind.name << ", wait " << at;
                    run.waker.take_wakes();
                    co_await rouse::sleep(5ms);
                    EXPECT_EQ(run.waker.take_wakes(), 0u) << kind.name << " woke after its end";
                }
            }
        }
    });
}

TEST(EachStream, is_over_when_it_has_thrown) {
    run_paused([]() -> Task<> {
        for (const StreamCase& kind : each_stream()) {
            for (int at : {1, 2}) {
                Trial run(kind);
                run.script.throw_at = at;
                bool thrown = false;
                try {
                    co_await run.go(Blow::none, 0);
                } catch (const std::runtime_error& error) {
                    EXPECT_STREQ(error.what(), "as the script says") << kind.name;
                    thrown = true;
                }
                EXPECT_TRUE(thrown) << kind.name;
                run.over();
            }
        }
    });
}

// ---- futures that use a stream up ----

/// A future that uses a stream up, and is there once.
class UseOnce {
public:
    explicit UseOnce(const rouse_test::UseCase& kind) : kind_(kind) {}
    std::optional<rouse_test::AnyFuture> make() {
        if (std::exchange(begun_, true)) return std::nullopt;
        return kind_.make(script_);
    }
    void take() { done_ = true; }
    void go() {
        ++waits_;
        script_.fire();
    }
    void check(std::size_t drops) {
        EXPECT_EQ(done_, drops == 0);
        EXPECT_TRUE(drops == 1 || waits_ >= 4);
        EXPECT_EQ(script_.alive(), 0) << "its stream is left";
        EXPECT_EQ(script_.polls_after_end(), 0);
        EXPECT_FALSE(script_.fire());
    }

private:
    const rouse_test::UseCase& kind_;
    Script script_;
    bool begun_ = false;
    bool done_ = false;
    int waits_ = 0;
};

TEST(EachUse, dropped_anywhere_it_leaves_nothing_behind) {
    for (const auto& kind : rouse_test::each_use()) {
        SCOPED_TRACE(kind.name);
        const auto make = [&] { return UseOnce(kind); };
        drop_anywhere(rouse_test::DropPoint::while_it_waits, make);
        drop_anywhere(rouse_test::DropPoint::after_the_wake, make);
    }
}
TEST(EachUse, is_over_when_the_stream_has_thrown) {
    for (const auto& kind : rouse_test::each_use()) {
        for (int at : {0, 2}) {
            Script script;
            script.throw_at = at;
            rouse::testing::Harness test(kind.make(script));
            const auto to_the_end = [&] {
                while (test.poll_while_woken().is_pending()) ASSERT_TRUE(script.fire()) << kind.name;
            };
            EXPECT_THROW(to_the_end(), std::runtime_error) << kind.name;
            EXPECT_EQ(test.clones_alive(), 0u) << kind.name << " keeps a waker after its end";
            EXPECT_EQ(script.alive(), 0) << kind.name << " keeps its stream after its end";
            EXPECT_EQ(script.polls_after_end(), 0) << kind.name;
        }
    }
}

/// What a stream tells of itself.
class Told : public rouse::Inspector {
public:
    void frame(const rouse::SourceLocation&) override {}
    void leaf(std::string_view) override {}
    void waits_for(rouse::WaitKind, const void*, std::string_view text) override { texts += text; }
    void begin_child(std::string_view) override { ++depth; }
    void end_child() override { --depth; }
    std::string texts;
    int depth = 0;
};

TEST(EachStream, says_what_it_waits_for) {
    run_paused([]() -> Task<> {
        for (const StreamCase& kind : each_stream()) {
            Script script;
            const CountingWaker waker;
            Context cx(waker.waker());
            auto of = kind.make(script);
            EXPECT_TRUE(of.poll_next(cx).is_pending()) << kind.name;
            Told told;
            rouse::stream::next(of).inspect(told);
            EXPECT_NE(told.texts.find("the script"), std::string::npos) << kind.name;
            EXPECT_EQ(told.depth, 0) << kind.name;
        }
        co_return;
    });
}

// ---- on every executor ----

/// As a user would write it.
class Bell {
public:
    void wake() { rung_.release(); }
    void wait() { rung_.acquire(); }

private:
    std::counting_semaphore<> rung_{0};
};
class TenLines {
public:
    static void run(Task<> future) {
        const auto bell = std::make_shared<Bell>();
        const rouse::Waker waker = rouse::waker_from(bell);
        Context cx(waker);
        while (future.poll(cx).is_pending()) bell->wait();
    }
};
class BlockOn {
public:
    static void run(Task<> future) { rouse::block_on(std::move(future)); }
};
class CurrentThread {
public:
    static void run(Task<> future) { rouse::run(std::move(future)); }
};
class MultiThread {
public:
    static void run(Task<> future) {
        rouse::RuntimeOptions options;
        options.worker_threads = 2;
        auto runtime = rouse::Runtime::multi_thread(std::move(options));
        // In a task, which any worker polls.
        const auto root = [&future]() -> Task<> { co_await rouse::spawn(std::move(future)); };
        runtime.block_on(root());
    }
};

Task<> consume(AnyStream numbers, std::size_t& count, bool& done) {
    while (auto number = co_await rouse::stream::next(numbers)) count += number.has_value();
    done = true;
}
Task<> fire(Script& script, const bool& done) {
    while (!done) {
        script.fire();
        co_await rouse::yield_now();
    }
}
Task<> all_streams() {
    for (const StreamCase& kind : each_stream()) {
        if (kind.needs_runtime) continue;
        Script script;
        std::size_t count = 0;
        bool done = false;
        co_await rouse::join(consume(kind.make(script), count, done), fire(script, done));
        EXPECT_GT(count, 0u) << kind.name;
        EXPECT_EQ(script.alive(), 0) << kind.name;
        EXPECT_EQ(script.polls_after_end(), 0) << kind.name;
    }
}

template <class Driver>
class Everywhere : public ::testing::Test {};
using Drivers = ::testing::Types<TenLines, BlockOn, CurrentThread, MultiThread>;
TYPED_TEST_SUITE(Everywhere, Drivers);

TYPED_TEST(Everywhere, each_stream_waits_and_is_woken) { TypeParam::run(all_streams()); }

} // namespace
