// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The forms of spawn, and how long what it is given lives.

#include <rouse/combine/join.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/drop_log.hpp"
#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace {

using rouse::spawn;
using rouse::Task;
using rouse_test::Alive;
using rouse_test::DropLog;
using rouse_test::Dropped;
using rouse_test::run_quietly;

Task<int> plus_one(int value) { co_return value + 1; }
Task<int> sum_of(int a, int b, int c, int d) { co_return a + b + c + d; }
Task<std::string> join_text(const std::string& a, std::string&& b, std::unique_ptr<int> c) {
    co_await rouse::yield_now();
    co_return a + b + std::to_string(*c);
}
Task<> noop() { co_return; }

TEST(spawn_forms, a_task) {
    run_quietly([]() -> Task<> {
        EXPECT_EQ(co_await spawn(plus_one(1)), 2);
        Task<int> named = plus_one(2);
        EXPECT_EQ(co_await spawn(std::move(named)), 3);
    });
}

TEST(spawn_forms, a_task_that_was_polled_before) {
    run_quietly([]() -> Task<> {
        auto slow = []() -> Task<int> {
            for (int i = 0; i < 5; ++i) co_await rouse::yield_now();
            co_return 9;
        };
        Task<int> task = slow();
        auto poll_it = [&](rouse::Context& cx) -> rouse::Poll<> {
            EXPECT_TRUE(task.poll(cx).is_pending());
            return rouse::Ready();
        };
        co_await rouse::poll_fn(poll_it);
        EXPECT_EQ(co_await spawn(std::move(task)), 9);
    });
}

TEST(spawn_forms, a_future_that_is_no_coroutine) {
    run_quietly([]() -> Task<> {
        EXPECT_EQ(co_await spawn(rouse::ready(4)), 4);
        co_await spawn(rouse::yield_now());
        EXPECT_EQ(co_await spawn(rouse::boxed(plus_one(4))), 5);
        auto [a, b] = co_await spawn(rouse::join(plus_one(5), rouse::ready(std::string("x"))));
        EXPECT_EQ(a, 6);
        EXPECT_EQ(b, "x");
    });
}

TEST(spawn_forms, a_function_and_its_arguments) {
    run_quietly([]() -> Task<> {
        EXPECT_EQ(co_await spawn(plus_one, 1), 2);
        EXPECT_EQ(co_await spawn(sum_of, 1, 2, 3, 4), 10);
        EXPECT_EQ(co_await spawn(&plus_one, 2), 3);
        co_await spawn(noop);
    });
}

TEST(spawn_forms, arguments_by_reference_refer_to_the_tasks_own_copies) {
    run_quietly([]() -> Task<> {
        auto made = []() {
            std::string first(100, 'a'); // gone when the task runs
            return spawn(join_text, first, std::string(100, 'b'), std::make_unique<int>(7));
        };
        EXPECT_EQ(co_await made(), std::string(100, 'a') + std::string(100, 'b') + "7");
    });
}

TEST(spawn_forms, an_argument_that_the_parameter_only_views_lives_in_the_task) {
    run_quietly([]() -> Task<> {
        const auto view = [](std::string_view text) -> Task<std::string> {
            co_await rouse::yield_now();
            co_return std::string(text);
        };
        // The string is a temporary of this expression.
        auto handle = rouse::spawn(view, std::string("one that is too long to lie in the object"));
        EXPECT_EQ(co_await handle, "one that is too long to lie in the object");
    });
}

TEST(spawn_forms, a_closure_with_captures) {
    run_quietly([]() -> Task<> {
        auto make = [] {
            auto owned = std::make_unique<int>(30);
            auto body = [owned = std::move(owned), text = std::string(50, 'x')](int n) mutable -> Task<int> {
                for (int i = 0; i < 3; ++i) co_await rouse::yield_now();
                co_return *owned + n + static_cast<int>(text.size());
            };
            return spawn(std::move(body), 5); // the closure itself is gone when the task runs
        };
        EXPECT_EQ(co_await make(), 85);
    });
}

TEST(spawn_forms, a_closure_that_returns_another_future) {
    run_quietly([]() -> Task<> {
        auto body = [n = 3] { return rouse::ready(n); };
        EXPECT_EQ(co_await spawn(body), 3);
        auto made_before = [] { return plus_one(8); };
        EXPECT_EQ(co_await spawn(made_before), 9);
    });
}

TEST(spawn_forms, a_member_function_and_a_std_function) {
    class Counter {
    public:
        explicit Counter(int value) noexcept : value_(value) {}
        Task<int> add(int n) {
            co_await rouse::yield_now();
            co_return value_ + n;
        }

    private:
        int value_;
    };
    run_quietly([]() -> Task<> {
        Counter counter(10);
        EXPECT_EQ(co_await spawn(&Counter::add, &counter, 5), 15);
        EXPECT_EQ(co_await spawn(&Counter::add, counter, 6), 16); // a copy, in the task
        std::function<Task<int>(int)> function = plus_one;
        EXPECT_EQ(co_await spawn(function, 1), 2);
    });
}

TEST(spawn_forms, results_of_all_kinds) {
    run_quietly([]() -> Task<> {
        static int target = 5;
        auto reference = []() -> Task<int&> { co_return target; };
        int& result = co_await spawn(reference);
        EXPECT_EQ(&result, &target);
        auto move_only = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(6); };
        EXPECT_EQ(*co_await spawn(move_only), 6);
        struct alignas(64) Wide {
            explicit Wide(int n) noexcept : value(n) {}
            int value;
        };
        auto wide = []() -> Task<Wide> { co_return Wide(7); };
        const Wide got = co_await spawn(wide);
        EXPECT_EQ(got.value,
                  7); // where it lies in this frame is the compiler's affair: neither aligns frames
        auto large = []() -> Task<std::array<int, 5000>> {
            std::array<int, 5000> values{};
            values[4999] = 8;
            co_return values;
        };
        EXPECT_EQ((co_await spawn(large))[4999], 8);
    });
}

TEST(spawn_forms, a_frame_of_megabytes) {
    run_quietly([]() -> Task<> {
        auto large = [](int n) -> Task<int> {
            std::array<char, 2'000'000> values{};
            co_await rouse::yield_now();
            values[static_cast<std::size_t>(n)] = 3;
            co_await rouse::yield_now();
            co_return values[static_cast<std::size_t>(n)];
        };
        for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await spawn(large, i), 3);
    });
}

TEST(spawn_lifetime, closure_and_arguments_die_when_the_task_completes_not_with_its_handle) {
    int alive = 0;
    DropLog log;
    run_quietly([&]() -> Task<> {
        auto make = [&] {
            auto body = [counted = Alive(alive)](Alive, Dropped) -> Task<int> {
                co_await rouse::yield_now();
                co_return 1;
            };
            return spawn(std::move(body), Alive(alive), Dropped(log, "argument"));
        };
        for (int i = 0; i < 3; ++i) { // the first one has its frame elsewhere
            auto handle = make();
            EXPECT_GT(alive, 0);
            while (!handle.is_finished()) co_await rouse::yield_now();
            EXPECT_EQ(alive, 0);
            EXPECT_EQ(log, DropLog(static_cast<std::size_t>(i + 1), "argument"));
            EXPECT_EQ(co_await handle, 1);
        }
    });
    EXPECT_EQ(alive, 0);
}

TEST(spawn_lifetime, a_spawned_future_dies_when_it_completes) {
    int alive = 0;
    run_quietly([&]() -> Task<> {
        auto polled = [counted = Alive(alive)](rouse::Context&) -> rouse::Poll<int> {
            return rouse::Ready(2);
        };
        const int outside = alive;
        auto handle = spawn(rouse::poll_fn(polled));
        EXPECT_GT(alive, outside);
        while (!handle.is_finished()) co_await rouse::yield_now();
        EXPECT_EQ(alive, outside);
        EXPECT_EQ(co_await handle, 2);
    });
    EXPECT_EQ(alive, 0);
}

TEST(spawn_lifetime, each_is_destroyed_exactly_once_whether_it_ends_fails_or_is_aborted) {
    enum class How { ends, throws, aborted, detached };
    for (const How how : {How::ends, How::throws, How::aborted, How::detached}) {
        int alive = 0;
        rouse::RuntimeOptions options;
        options.on_unhandled = [](const rouse::UnhandledReport&) {};
        rouse::run(
            [&]() -> Task<> {
                auto body = [how, counted = Alive(alive)](Alive argument) -> Task<Alive> {
                    const Alive local(argument);
                    co_await rouse::yield_now();
                    if (how == How::throws) throw std::runtime_error("fails");
                    if (how == How::aborted) co_await rouse::never<>();
                    co_return Alive(local);
                };
                const int outside = alive;
                for (int i = 0; i < 3; ++i) {
                    auto handle = spawn(body, Alive(alive));
                    if (how == How::detached) {
                        std::move(handle).detach();
                        for (int turn = 0; turn < 5; ++turn) co_await rouse::yield_now();
                    } else {
                        if (how == How::aborted) {
                            co_await rouse::yield_now();
                            co_await rouse::yield_now();
                            handle.abort();
                        }
                        auto result = co_await std::move(handle).into_result();
                        EXPECT_EQ(result.has_value(), how == How::ends);
                    }
                    EXPECT_EQ(alive, outside);
                }
            },
            std::move(options));
        EXPECT_EQ(alive, 0);
    }
}

TEST(spawn_lifetime, a_task_aborted_before_its_first_poll_never_runs) {
    int alive = 0;
    run_quietly([&]() -> Task<> {
        bool ran = false;
        auto body = [&ran, counted = Alive(alive)]() -> Task<> {
            ran = true;
            co_return;
        };
        const int outside = alive;
        auto handle = spawn(body);
        handle.abort();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
        EXPECT_FALSE(ran);
        EXPECT_EQ(alive, outside);
    });
}

TEST(spawn_lifetime, a_throwing_copy_of_an_argument_leaves_nothing_behind) {
    class Thrower {
    public:
        explicit Thrower(int& alive) : alive_(alive) {}
        Thrower(const Thrower& other) : alive_(other.alive_) { throw std::runtime_error("copy"); }
        Alive alive_;
    };
    int alive = 0;
    run_quietly([&]() -> Task<> {
        auto body = [](const Thrower&, Alive) -> Task<> { co_return; };
        const Thrower thrower(alive);
        const int outside = alive;
        EXPECT_THROW(spawn(body, thrower, Alive(alive)).detach(), std::runtime_error);
        EXPECT_EQ(alive, outside);
        EXPECT_EQ(rouse::Handle::current().alive_tasks(), 1u);
        co_return;
    });
}

TEST(spawn_lifetime, a_function_that_throws_before_it_makes_a_coroutine) {
    run_quietly([]() -> Task<> {
        auto throws = [](int n) -> Task<int> {
            if (n >= 0) throw std::runtime_error("no coroutine");
            return plus_one(n);
        };
        for (int i = 0; i < 3; ++i) EXPECT_THROW(spawn(throws, i).detach(), std::runtime_error);
        EXPECT_EQ(rouse::Handle::current().alive_tasks(), 1u);
        co_return;
    });
}

// The room for the task's frame was taken by another coroutine, which was destroyed, or lived on.
TEST(spawn_lifetime, a_function_that_makes_other_coroutines_before_its_own) {
    run_quietly([]() -> Task<> {
        auto drops_one = [](int n) -> Task<int> {
            { auto dropped = sum_of(n, n, n, n); }
            return plus_one(n);
        };
        auto spawns_one = [](int n) -> Task<int> {
            spawn(plus_one, n).detach();
            return sum_of(n, 0, 0, 1);
        };
        std::vector<Task<int>> kept;
        auto keeps_one = [&](int n) -> Task<int> {
            kept.push_back(sum_of(n, n, n, n));
            return plus_one(n);
        };
        auto returns_older_one = [&](int n) -> Task<int> {
            auto newer = sum_of(n, n, n, n);
            kept.push_back(std::move(newer));
            return std::move(kept.front());
        };
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(co_await spawn(drops_one, i), i + 1);
            EXPECT_EQ(co_await spawn(spawns_one, i), i + 1);
            EXPECT_EQ(co_await spawn(keeps_one, i), i + 1);
            EXPECT_EQ(co_await std::move(kept.back()), 4 * i);
            kept.clear();
            kept.push_back(plus_one(i));
            EXPECT_EQ(co_await spawn(returns_older_one, i), i + 1);
            EXPECT_EQ(co_await std::move(kept.back()), 4 * i);
            kept.clear();
        }
    });
}

TEST(spawn_lifetime, names_and_ids) {
    run_quietly([]() -> Task<> {
        auto first = rouse::TaskBuilder("first").spawn(plus_one, 1);
        auto second = rouse::TaskBuilder("").spawn(plus_one(2));
        auto third = spawn(plus_one, 3);
        EXPECT_EQ(first.name(), "first");
        EXPECT_EQ(second.name(), "");
        EXPECT_EQ(third.name(), "");
        EXPECT_LT(first.id(), second.id());
        EXPECT_LT(second.id(), third.id());
        EXPECT_NE(first.id(), 0u);
        EXPECT_EQ(co_await first + co_await second + co_await third, 9);
        EXPECT_EQ(first.id(), 0u) << "awaited: it refers to nothing any more";
    });
}

} // namespace
