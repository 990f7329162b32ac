// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Scopes of every kind, dropped wherever they wait: nothing in them is left.

#include <rouse/rouse.hpp>

#include "support/drop_anywhere.hpp"
#include "support/scripted.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace rouse_test::scripted;
using rouse::CancellationToken;
using rouse::Scope;
using rouse::Task;
using rouse_test::DropPoint;

Task<> waits(Scene& scene) { (void)co_await scene.waits(); }
Task<> waits_twice(Scene& scene) {
    (void)co_await scene.waits();
    (void)co_await scene.waits();
}
Task<> fails(Scene& scene) {
    (void)co_await scene.waits();
    throw 1;
}

/// A scope with this body, as a future of int; what it throws is not looked at.
template <class Body>
Future scope_of(CancellationToken outside, Body body) {
    auto run = [](CancellationToken token, Body made) -> Task<int> {
        auto inside = rouse::capture(rouse::scope(std::move(token), std::move(made)));
        (void)co_await inside;
        co_return 1;
    };
    return rouse::boxed(run(std::move(outside), std::move(body)));
}
template <class Body>
Future scope_of(Body body) {
    return scope_of(CancellationToken(), std::move(body));
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    cases.emplace_back("children", [](Scene& s) {
        return scope_of([&s](Scope& scope) -> Task<> {
            scope.spawn(waits(s));
            scope.spawn(waits_twice(s));
            (void)co_await s.waits();
        });
    });
    cases.emplace_back("a scope within, and what is deferred", [](Scene& s) {
        return scope_of([&s](Scope& scope) -> Task<> {
            scope.defer(waits(s));
            scope.spawn([&s](Scope& inner) -> Task<> {
                inner.defer(waits_twice(s));
                inner.spawn(waits(s));
                co_return;
            });
            co_return;
        });
    });
    cases.emplace_back("an error, siblings, and what is deferred", [](Scene& s) {
        return scope_of([&s](Scope& scope) -> Task<> {
            scope.spawn(fails(s));
            scope.spawn(waits_twice(s));
            scope.spawn([&s](Scope& inner) -> Task<> {
                inner.defer(waits(s));
                (void)co_await s.waits();
                (void)co_await s.waits();
            });
            scope.defer(waits(s));
            co_return;
        });
    });
    cases.emplace_back("cancelled from within", [](Scene& s) {
        return scope_of([&s](Scope& scope) -> Task<> {
            scope.defer(waits_twice(s));
            scope.spawn(waits_twice(s));
            (void)co_await s.waits();
            scope.cancel();
            (void)co_await s.waits();
        });
    });
    cases.emplace_back("cancelled from outside", [](Scene& s) {
        const auto& stop = s.keep(CancellationToken());
        return scope_of(stop, [&s, &stop](Scope& scope) -> Task<> {
            scope.defer(waits(s));
            scope.spawn(waits_twice(s));
            (void)co_await s.waits();
            stop.cancel();
            (void)co_await s.waits();
        });
    });
    return cases;
}

TEST(EachScope, completes_and_holds_nothing_then) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        Scene scene;
        rouse::testing::Harness test(one.make(scene));
        int steps = 0;
        while (test.poll_while_woken().is_pending()) {
            ASSERT_TRUE(scene.step());
            ASSERT_LT(++steps, 20);
        }
        EXPECT_GE(steps, 2);
        EXPECT_EQ(test.clones_alive(), 0u);
        EXPECT_FALSE(scene.any_waker());
    }
}

TEST(EachScope, dropped_anywhere_it_leaves_nothing_behind) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.name);
        const auto make = [&] { return DropCase(one); };
        drop_anywhere(DropPoint::while_it_waits, make);
        drop_anywhere(DropPoint::after_the_wake, make);
    }
}

} // namespace
