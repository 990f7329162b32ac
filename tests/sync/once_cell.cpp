// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/waker_from.hpp>
#include <rouse/sync/once_cell.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include "support/by_hand.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using rouse::Abandoned;
using rouse::Lazy;
using rouse::OnceCell;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

TEST(OnceCell, the_first_makes_the_value_and_the_others_wait) {
    OnceCell<int> cell;
    ByHandSource<int> source;
    int made = 0;
    const auto make = [&] {
        ++made;
        return ByHand<int>(source);
    };
    Harness first(cell.get_or_init(make)), second(cell.get_or_init(make));
    EXPECT_EQ(cell.get(), nullptr);
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_EQ(made, 1);
    EXPECT_FALSE(cell.set(9)) << "somebody makes one";
    source.complete(7);
    EXPECT_EQ(first.take_wakes(), 1u);
    EXPECT_EQ(second.wakes(), 0u);
    EXPECT_EQ(first.poll().value(), 7);
    EXPECT_EQ(second.take_wakes(), 1u);
    int& value = second.poll().value();
    EXPECT_EQ(&value, cell.get());
    Harness late(cell.get_or_init(make));
    EXPECT_EQ(late.poll().value(), 7);
    EXPECT_EQ(made, 1);
    EXPECT_EQ(first.clones_alive() + second.clones_alive(), 0u);
}

TEST(OnceCell, the_right_to_make_it_goes_on_when_the_one_who_has_it_gives_up) {
    for (const bool told : {false, true}) {
        OnceCell<int> cell;
        ByHandSource<int> source;
        const auto make = [&] { return ByHand<int>(source); };
        Harness first(cell.get_or_init(make)), second(cell.get_or_init(make)), third(cell.get_or_init(make));
        EXPECT_TRUE(first.poll().is_pending());
        EXPECT_TRUE(second.poll().is_pending());
        EXPECT_TRUE(third.poll().is_pending());
        first.drop();
        EXPECT_EQ(second.take_wakes(), 1u);
        if (told) {
            EXPECT_TRUE(second.poll().is_pending());
        }
        second.drop();
        EXPECT_EQ(third.take_wakes(), 1u);
        EXPECT_TRUE(third.poll().is_pending());
        third.drop();
        EXPECT_TRUE(cell.set(3));
        EXPECT_EQ(*cell.get(), 3);
    }
}

Task<int> fails() {
    throw std::runtime_error("no");
    co_return 0;
}

TEST(OnceCell, when_the_making_throws_the_next_one_tries) {
    OnceCell<int> cell;
    {
        Harness test(cell.get_or_init(fails));
        EXPECT_THROW((void)test.poll(), std::runtime_error);
    }
    EXPECT_FALSE(cell.is_initialized());
    EXPECT_TRUE(cell.set(1));
    EXPECT_FALSE(cell.set(2));
}

/// Runs code while it is made.
class CallsHook {
public:
    explicit CallsHook(const std::function<void()>& hook) { hook(); }
};

TEST(OnceCell, may_be_destroyed_by_one_who_is_woken_by_its_set) {
    auto cell = std::make_unique<OnceCell<CallsHook>>();
    auto waiter = cell->get_or_init([] { return rouse::never<CallsHook>(); });
    const rouse::Waker waker = rouse::waker_from([&] { cell.reset(); });
    rouse::Context cx(waker);
    const std::function<void()> wait = [&] { EXPECT_TRUE(waiter.poll(cx).is_pending()); };
    EXPECT_TRUE(cell->set(wait));
    EXPECT_EQ(cell, nullptr);
    EXPECT_THROW((void)waiter.poll(cx), Abandoned);
}

TEST(OnceCell, a_making_that_throws_gives_the_right_on_at_once) {
    OnceCell<int> cell;
    ByHandSource<int> source;
    const auto wrong = [&]() -> Task<int> {
        if (co_await ByHand<int>(source) == 1) throw std::runtime_error("no");
        co_return 7;
    };
    Harness first(cell.get_or_init(wrong)), second(cell.get_or_init(wrong));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    source.complete(1);
    EXPECT_THROW((void)first.poll(), std::runtime_error);
    EXPECT_EQ(second.take_wakes(), 1u) << "though the first one is still there";
    EXPECT_TRUE(second.poll().is_pending());
    EXPECT_TRUE(first.poll().is_pending()) << "it waits again";
    source.complete(2);
    EXPECT_EQ(second.poll().value(), 7);
    EXPECT_EQ(first.take_wakes(), 2u);
    EXPECT_EQ(first.poll().value(), 7);
}

TEST(Lazy, makes_its_value_when_it_is_asked_for) {
    int made = 0;
    Lazy lazy([&made]() -> Task<std::string> {
        ++made;
        co_return "value";
    });
    EXPECT_FALSE(lazy.is_initialized());
    EXPECT_EQ(made, 0);
    Harness first(lazy.get());
    EXPECT_EQ(first.poll().value(), "value");
    Harness second(lazy.get());
    EXPECT_EQ(second.poll().value(), "value");
    EXPECT_EQ(made, 1);
    EXPECT_EQ(*lazy.get_if(), "value");
}

} // namespace
