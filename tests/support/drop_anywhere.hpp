// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse_test {

/// Where a future is dropped: as Pending, or when it was woken and is to be polled.
enum class DropPoint { while_it_waits, after_the_wake };

/// Runs a case again and again, and drops its future at the first, the second, ... Pending. A case has
///   make()         a future of what is left to do, or nothing when that is all
///   take(output)   what a future gave; take() for nothing
///   go()           lets what it waits for come
///   check(drops)   at the end; `drops` futures were dropped
/// `make_case()` gives a new one each time.
template <class MakeCase>
void drop_anywhere(DropPoint where, MakeCase make_case) {
    for (std::size_t target = 1;; ++target) {
        SCOPED_TRACE("dropped at Pending number " + std::to_string(target));
        auto one = make_case();
        using Test = rouse::testing::Harness<std::remove_cvref_t<decltype(*one.make())>>;
        std::deque<Test> tests; // those that were dropped must not be woken
        std::size_t pending = 0, drops = 0;
        while (auto future = one.make()) {
            Test& test = tests.emplace_back(std::move(*future));
            for (;;) {
                auto poll = test.poll();
                if (poll.is_ready()) {
                    ASSERT_EQ(test.clones_alive(), 0u) << "kept after Ready";
                    if constexpr (std::is_void_v<typename Test::Output>) one.take();
                    else one.take(std::move(poll).value());
                    test.drop();
                    test.take_wakes();
                    break;
                }
                const bool yields = test.take_wakes() != 0;
                ASSERT_TRUE(yields || test.clones_alive() != 0) << "nobody will wake it";
                const bool drop = ++pending == target;
                if (!drop || where == DropPoint::after_the_wake) one.go();
                if (!drop) continue;
                ++drops;
                test.drop();
                ASSERT_EQ(test.clones_alive(), 0u) << "kept by one that is gone";
                test.take_wakes();
                break;
            }
            ASSERT_EQ(test.clones_alive(), 0u);
            ASSERT_LT(pending, 10'000u) << "it comes to no end";
        }
        one.check(drops);
        for (Test& test : tests) EXPECT_EQ(test.take_wakes(), 0u) << "woken after its end";
        if (drops == 0 || testing::Test::HasFailure()) return;
    }
}

/// The same of a case that is made without arguments.
template <class Case>
void drop_anywhere(DropPoint where) {
    drop_anywhere(where, [] { return Case(); });
}

} // namespace rouse_test
