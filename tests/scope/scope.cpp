// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>
#include <rouse/testing/harness.hpp>

#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using rouse::CancellationToken;
using rouse::Scope;
using rouse::ScopeCancelled;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::run_paused;

/// Notes what happens, in its order.
class Scopes : public testing::Test {
protected:
    Task<> note_after(rouse::Duration time, std::string what) {
        const Gone gone(*this, what);
        co_await rouse::sleep(time);
        add(what);
    }
    Task<> fail_after(rouse::Duration time) {
        co_await rouse::sleep(time);
        throw std::runtime_error("failed");
    }
    void add(const std::string& what) { log += log.empty() ? what : " " + what; }

    /// Notes when a frame is destroyed.
    class Gone {
    public:
        Gone(Scopes& test, std::string name) : test_(test), name_(std::move(name)) {}
        ~Gone() { test_.add("~" + name_); }

    private:
        Scopes& test_;
        std::string name_;
    };

    std::string log;
};

TEST_F(Scopes, completes_with_the_value_of_its_body_when_all_is_done) {
    run_paused([&]() -> Task<> {
        const auto start = rouse::now();
        std::string around = "x";
        auto body = [&](Scope& scope) -> Task<int> {
            scope.spawn(note_after(2s, "two"));
            auto later = [&]() -> Task<> {
                co_await rouse::sleep(1s);
                around += "y";
                scope.spawn(note_after(3s, "four"));
            };
            scope.spawn(later);
            EXPECT_EQ(scope.len(), 3u);
            co_return 42;
        };
        EXPECT_EQ(co_await rouse::scope(body), 42);
        EXPECT_EQ(around, "xy");
        EXPECT_EQ(rouse::now() - start, 4s);
    });
    EXPECT_EQ(log, "two ~two four ~four");
}

TEST_F(Scopes, the_first_error_ends_the_others_and_is_thrown_when_they_are_gone) {
    run_paused([&]() -> Task<> {
        const auto start = rouse::now();
        auto body = [&](Scope& scope) -> Task<> {
            scope.defer(note_after(1s, "first"));
            scope.defer(note_after(1s, "second"));
            scope.spawn(note_after(5s, "slow"));
            scope.spawn(fail_after(2s));
            scope.spawn(fail_after(3s));
            co_await rouse::never<>();
        };
        try {
            co_await rouse::scope(body);
            ADD_FAILURE();
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "failed");
        }
        EXPECT_EQ(rouse::now() - start, 4s);
    });
    EXPECT_EQ(log, "~slow second ~second first ~first");
}

TEST_F(Scopes, an_error_of_the_body_and_one_of_the_cleanup) {
    run_paused([&]() -> Task<> {
        auto body = [&](Scope& scope) -> Task<> {
            scope.spawn(note_after(5s, "child"));
            auto fails = []() -> Task<> {
                throw std::logic_error("cleanup");
                co_return;
            };
            scope.defer(fails);
            co_await rouse::sleep(1s);
            throw std::runtime_error("body");
        };
        EXPECT_THROW(co_await rouse::scope(body), std::runtime_error);
        auto only_cleanup = [&](Scope& scope) -> Task<> {
            auto fails = []() -> Task<> {
                throw std::logic_error("cleanup");
                co_return;
            };
            scope.defer(fails);
            co_return;
        };
        EXPECT_THROW(co_await rouse::scope(only_cleanup), std::logic_error);
    });
    EXPECT_EQ(log, "~child");
}

TEST_F(Scopes, cancelled_from_outside_waits_for_what_inner_ones_deferred) {
    run_paused([&]() -> Task<> {
        const CancellationToken stop;
        const auto start = rouse::now();
        auto body = [&](Scope& scope) -> Task<> {
            scope.defer(note_after(1s, "outer"));
            scope.spawn(note_after(1h, "child"));
            auto inner = [&](Scope& within) -> Task<> {
                within.defer(note_after(2s, "inner"));
                within.spawn(note_after(1h, "grandchild"));
                co_await rouse::never<>();
            };
            scope.spawn(inner);
            co_await rouse::never<>();
        };
        auto cancels = [&]() -> Task<> {
            co_await rouse::sleep(10s);
            stop.cancel();
        };
        auto canceller = rouse::spawn(cancels);
        EXPECT_THROW(co_await rouse::scope(stop, body), ScopeCancelled);
        EXPECT_EQ(rouse::now() - start, 13s);
        co_await canceller;
        EXPECT_THROW(co_await rouse::scope(stop, body), ScopeCancelled) << "one that begins cancelled";
    });
    EXPECT_EQ(log, "~child ~grandchild inner ~inner outer ~outer");
}

TEST_F(Scopes, cancelled_from_inside) {
    run_paused([&]() -> Task<> {
        auto body = [&](Scope& scope) -> Task<> {
            scope.spawn(note_after(1h, "child"));
            auto ends = [&]() -> Task<> {
                co_await rouse::sleep(1s);
                scope.cancel();
                EXPECT_TRUE(scope.token().is_cancelled());
            };
            scope.spawn(ends);
            co_await rouse::never<>();
        };
        EXPECT_THROW(co_await rouse::scope(body), ScopeCancelled);
        auto inner_alone = [&](Scope& scope) -> Task<int> {
            auto inner = [](Scope& within) -> Task<> {
                within.cancel();
                co_await rouse::never<>();
            };
            try {
                co_await rouse::scope(scope.token(), inner);
            } catch (const ScopeCancelled&) {
                co_return 7;
            }
            co_return 0;
        };
        EXPECT_EQ(co_await rouse::scope(inner_alone), 7);
    });
    EXPECT_EQ(log, "~child");
}

TEST_F(Scopes, an_error_while_it_is_cancelled_is_what_is_thrown) {
    run_paused([&]() -> Task<> {
        auto body = [&](Scope& scope) -> Task<> {
            auto inner = [&](Scope& within) -> Task<> {
                within.defer(fail_after(1s));
                co_await rouse::never<>();
            };
            scope.spawn(inner);
            co_await rouse::yield_now();
            scope.cancel();
        };
        EXPECT_THROW(co_await rouse::scope(body), std::runtime_error);
        auto as_its_last = [](Scope& scope) -> Task<> {
            scope.cancel();
            co_return;
        };
        EXPECT_THROW(co_await rouse::scope(as_its_last), ScopeCancelled);
    });
}

TEST_F(Scopes, destroyed_destroys_all_in_it_and_awaits_nothing) {
    run_paused([&]() -> Task<> {
        auto body = [&](Scope& scope) -> Task<> {
            scope.defer(note_after(1s, "deferred"));
            scope.spawn(note_after(1h, "child"));
            co_await rouse::never<>();
        };
        (void)co_await rouse::timeout(1s, rouse::scope(body));
        EXPECT_EQ(log, "~child");
        co_await rouse::sleep(1h);
    });
    EXPECT_EQ(log, "~child");
}

TEST_F(Scopes, a_child_that_nobody_can_wake_throws_at_its_await) {
    rouse::RuntimeOptions options;
    options.on_hang = [](const rouse::HangReport&) {};
    auto main = [&]() -> Task<> {
        auto body = [&](Scope& scope) -> Task<> {
            scope.spawn(note_after(1h, "child"));
            auto forgets = [](rouse::Context&) -> rouse::Poll<> { return rouse::Pending; };
            scope.spawn(rouse::poll_fn(forgets));
            co_await rouse::never<>();
        };
        EXPECT_THROW(co_await rouse::scope(body), rouse::LostWaker);
    };
    rouse::run(main, std::move(options));
    EXPECT_EQ(log, "~child");
}

TEST_F(Scopes, on_any_executor) {
    auto make = [] {
        return rouse::scope([](Scope& scope) -> Task<int> {
            auto yields = []() -> Task<> { co_await rouse::yield_now(); };
            for (int i = 0; i < 100; ++i) scope.spawn(yields);
            co_return 1;
        });
    };
    EXPECT_EQ(rouse::block_on(make()), 1);
    EXPECT_EQ(rouse::spin_on(make()), 1);
    auto several = rouse::Runtime::multi_thread();
    EXPECT_EQ(several.block_on(make()), 1);
    Harness test(make());
    int polls = 0;
    for (;; ++polls) {
        auto poll = test.poll();
        if (poll.is_ready()) break;
        ASSERT_GE(test.take_wakes(), 1u);
    }
    EXPECT_GE(polls, 1);
    EXPECT_EQ(test.clones_alive(), 0u);
}

} // namespace
