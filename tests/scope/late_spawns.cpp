// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is spawned in a scope when its own children are done, or it has ended, or its cleanups run.

#include <rouse/core/future.hpp>
#include <rouse/scope/scope.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include "support/drop_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

class LateSpawns : public testing::Test {
protected:
    using Scope = rouse::Scope;
    template <class T = void>
    using Task = rouse::Task<T>;
    using Alive = rouse_test::Alive;

    /// Polls a scope as long as it is woken: how it ended, or "waits", or "is still busy".
    template <class T>
    static std::string outcome(rouse::testing::Harness<Task<T>>& test) {
        for (int polls = 0; polls < 200; ++polls) {
            try {
                if (test.poll().is_ready()) return "done";
            } catch (const rouse::ScopeCancelled&) {
                return "cancelled";
            } catch (const std::exception& error) {
                return error.what();
            }
            if (test.take_wakes() == 0) return "waits";
        }
        return "is still busy";
    }
    template <class Body>
    static std::string outcome_of(Body body) {
        rouse::testing::Harness test(rouse::scope(std::move(body)));
        return outcome(test);
    }

    /// A child that notes that it ran, and one that never ends by itself.
    Task<> runs(std::string what) {
        add(what);
        co_return;
    }
    static Task<> spins(Alive) {
        for (;;) co_await rouse::yield_now();
    }
    void add(const std::string& what) { log += log.empty() ? what : " " + what; }

    std::string log;
    int alive = 0;
};

TEST_F(LateSpawns, an_inner_scope_spawns_into_the_outer_one_that_has_no_child_left) {
    const auto body = [&](Scope& outer) -> Task<> {
        outer.spawn([&](Scope&) -> Task<> {
            co_await rouse::yield_now(); // the body is done by now
            auto [sender, receiver] = rouse::oneshot::channel<int>();
            auto sends = [](rouse::oneshot::Sender<int> to) -> Task<> {
                co_await rouse::yield_now();
                (void)std::move(to).send(7);
            };
            outer.spawn(sends(std::move(sender)));
            auto got = co_await receiver;
            add(got ? std::to_string(*got) : "dropped");
            outer.spawn(runs("child"));
        });
        co_return;
    };
    EXPECT_EQ(outcome_of(body), "done");
    EXPECT_EQ(log, "7 child");
}

TEST_F(LateSpawns, each_kind_from_the_last_of_the_other) {
    const auto body = [&](Scope& scope) -> Task<> {
        scope.spawn([&](Scope&) -> Task<> { // the first poll of a scope that has children only
            scope.spawn([&]() -> Task<> {
                add("child");
                scope.spawn([&](Scope&) -> Task<> {
                    add("inner");
                    scope.spawn(runs("last"));
                    co_return;
                });
                co_return;
            });
            co_return;
        });
        co_return;
    };
    EXPECT_EQ(outcome_of(body), "done");
    EXPECT_EQ(log, "child inner last");
}

TEST_F(LateSpawns, it_gives_way_to_others_although_a_child_comes_at_each_turn) {
    rouse::testing::Harness test(rouse::scope([&](Scope& outer) -> Task<> {
        outer.spawn([&](Scope&) -> Task<> {
            for (int i = 0; i < 50; ++i) {
                outer.spawn(runs("."));
                co_await rouse::yield_now();
            }
        });
        co_return;
    }));
    EXPECT_EQ(outcome(test), "done");
    EXPECT_EQ(log.size(), 99u);
    EXPECT_GE(test.polls(), 50u);
}

TEST_F(LateSpawns, a_cleanup_of_an_inner_scope_spawns_into_the_outer_one_that_was_cancelled) {
    const auto body = [&](Scope& outer) -> Task<> {
        outer.defer(runs("outer"));
        outer.spawn([&](Scope& inner) -> Task<> {
            auto cleanup = [&]() -> Task<> {
                co_await rouse::yield_now();
                co_await rouse::yield_now();
                outer.spawn(runs("child"));
                outer.spawn([&](Scope&) -> Task<> { return runs("scope"); });
                outer.defer(runs("late"));
                add("inner");
            };
            inner.defer(cleanup);
            co_await rouse::never<>();
        });
        co_await rouse::yield_now();
        outer.cancel();
        co_await rouse::never<>();
    };
    EXPECT_EQ(outcome_of(body), "cancelled");
    EXPECT_EQ(log, "inner late outer") << "nothing begins in a scope that has ended, but what it defers";
}

TEST_F(LateSpawns, a_child_that_comes_after_the_end_is_destroyed_at_once) {
    const auto body = [&](Scope& outer) -> Task<> {
        outer.spawn([&](Scope& inner) -> Task<> {
            auto cleanup = [&]() -> Task<> {
                co_await rouse::yield_now();
                co_await rouse::yield_now();
                outer.spawn(spins(Alive(alive)));
                EXPECT_EQ(alive, 0);
                EXPECT_EQ(outer.len(), 1u);
                co_await rouse::yield_now();
                co_await rouse::yield_now();
                add("cleaned");
            };
            inner.defer(cleanup);
            co_await rouse::never<>();
        });
        co_await rouse::yield_now();
        outer.cancel();
        co_await rouse::never<>();
    };
    EXPECT_EQ(outcome_of(body), "cancelled");
    EXPECT_EQ(log, "cleaned");
    EXPECT_EQ(alive, 0);
}

TEST_F(LateSpawns, a_cleanup_spawns_and_waits_for_what_it_spawned) {
    const auto body = [&](Scope& scope) -> Task<int> {
        scope.defer(runs("first"));
        auto cleanup = [&]() -> Task<> {
            auto [sender, receiver] = rouse::oneshot::channel<int>();
            auto sends = [](rouse::oneshot::Sender<int> to) -> Task<> {
                co_await rouse::yield_now();
                (void)std::move(to).send(7);
            };
            scope.spawn(sends(std::move(sender)));
            auto got = co_await receiver;
            add(got ? std::to_string(*got) : "dropped");
            auto lasts = [&]() -> Task<> {
                co_await rouse::yield_now();
                add("left over");
            };
            scope.spawn(lasts);
        };
        scope.defer(cleanup);
        co_return 1;
    };
    EXPECT_EQ(outcome_of(body), "done");
    EXPECT_EQ(log, "7 left over first") << "one cleanup after the other, each with what it spawned";
}

TEST_F(LateSpawns, what_a_cleanup_spawned_ends_the_scope_when_it_throws) {
    const auto body = [&](Scope& scope) -> Task<> {
        scope.defer(runs("first"));
        auto cleanup = [&]() -> Task<> {
            scope.spawn(spins(Alive(alive)));
            scope.spawn([]() -> Task<> {
                co_await rouse::yield_now();
                throw std::runtime_error("failed");
            });
            co_await rouse::yield_now();
            co_await rouse::yield_now();
            add("not destroyed");
        };
        scope.defer(cleanup);
        co_return;
    };
    EXPECT_EQ(outcome_of(body), "failed");
    EXPECT_EQ(log, "not destroyed first");
    EXPECT_EQ(alive, 0);
}

TEST_F(LateSpawns, what_a_cleanup_spawned_ends_when_the_scope_is_cancelled) {
    const rouse::CancellationToken stop;
    rouse::testing::Harness test(rouse::scope(stop, [&](Scope& scope) -> Task<> {
        auto cleanup = [&]() -> Task<> {
            scope.spawn(spins(Alive(alive)));
            co_return;
        };
        scope.defer(cleanup);
        co_return;
    }));
    EXPECT_EQ(outcome(test), "is still busy");
    EXPECT_EQ(alive, 1);
    stop.cancel();
    EXPECT_EQ(outcome(test), "cancelled");
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST_F(LateSpawns, what_is_thrown_at_its_own_await_ends_it_like_an_error) {
    rouse::testing::Harness test(rouse::scope([&](Scope& outer) -> Task<> {
        outer.defer(runs("outer"));
        outer.spawn(spins(Alive(alive)));
        outer.spawn([&](Scope& inner) -> Task<> {
            inner.defer(runs("inner"));
            co_await rouse::never<>();
        });
        co_await rouse::never<>();
    }));
    (void)test.poll();
    EXPECT_EQ(alive, 1);
    ASSERT_TRUE(test.future().fail_await(std::make_exception_ptr(std::runtime_error("from outside"))));
    EXPECT_EQ(outcome(test), "from outside");
    EXPECT_EQ(log, "inner outer");
    EXPECT_EQ(alive, 0);
}

TEST_F(LateSpawns, what_is_thrown_at_its_await_again_destroys_what_does_not_end) {
    rouse::testing::Harness test(rouse::scope([&](Scope& outer) -> Task<> {
        outer.defer(runs("first"));
        auto stuck = [this](Alive) -> Task<> {
            add("stuck");
            co_await rouse::never<>();
        };
        outer.defer(stuck(Alive(alive)));
        outer.spawn([&, stuck](Scope& inner) -> Task<> {
            inner.defer(stuck(Alive(alive)));
            co_await rouse::never<>();
        });
        co_await rouse::never<>();
    }));
    (void)test.poll();
    EXPECT_EQ(alive, 2);
    const auto fail = [&] {
        return test.future().fail_await(std::make_exception_ptr(std::runtime_error("from outside")));
    };
    ASSERT_TRUE(fail());
    EXPECT_EQ(outcome(test), "waits");
    EXPECT_EQ(log, "stuck");
    ASSERT_TRUE(fail());
    EXPECT_EQ(outcome(test), "waits");
    EXPECT_EQ(log, "stuck stuck");
    EXPECT_EQ(alive, 1);
    ASSERT_TRUE(fail());
    EXPECT_EQ(outcome(test), "from outside");
    EXPECT_EQ(log, "stuck stuck first");
    EXPECT_EQ(alive, 0);
}

TEST_F(LateSpawns, what_is_spawned_or_deferred_while_it_is_destroyed_is_destroyed_with_it) {
    class Spawns {
    public:
        Spawns(Scope& scope, int& alive) : scope_(scope), alive_(alive), counted_(alive) {}
        ~Spawns() {
            scope_.spawn(spins(Alive(alive_)));
            scope_.spawn([counted = Alive(alive_)](Scope&) -> Task<> { co_return; });
            scope_.defer(spins(Alive(alive_)));
        }

    private:
        Scope& scope_;
        int& alive_;
        Alive counted_;
    };
    rouse::testing::Harness test(rouse::scope([&](Scope& scope) -> Task<> {
        scope.spawn([&](Scope& inner) -> Task<> {
            const Spawns outside(scope, alive);
            const Spawns inside(inner, alive);
            co_await rouse::never<>();
        });
        auto deferred = [](std::unique_ptr<Spawns>) -> Task<> { co_return; };
        scope.defer(deferred(std::make_unique<Spawns>(scope, alive)));
        const Spawns here(scope, alive);
        co_await rouse::never<>();
    }));
    EXPECT_EQ(outcome(test), "waits");
    EXPECT_EQ(alive, 4);
    test.drop();
    EXPECT_EQ(alive, 0);
}

} // namespace
