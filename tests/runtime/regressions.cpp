// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Faults that were found in review, each under the name of what went wrong.

#include <rouse/rouse.hpp>

#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace {

using namespace rouse;
using namespace std::chrono_literals;

/// RegistersAt, and leaves its waker where the test can drop it.
class RegistersAt {
public:
    using Output = void;
    explicit RegistersAt(Waker& place) : place_(place) {}
    Poll<void> poll(Context& cx) {
        place_ = cx.waker().clone();
        return Pending;
    }

private:
    Waker& place_;
};

TEST(Regression, a_joiner_that_ended_is_not_asked_for_its_stack) {
    rouse_test::Scene scene;
    const auto main = []() -> Task<> {
        Waker place;
        auto hangs = spawn([&place]() -> Task<> { co_await RegistersAt(place); });
        auto looked_once = spawn([&hangs]() -> Task<std::string> {
            const auto look = [&hangs](Context& cx) -> Poll<bool> {
                return Ready(hangs.poll(cx).is_ready());
            };
            co_await yield_now();
            EXPECT_FALSE(co_await poll_fn(look));
            co_return std::string(100, 'x'); // its result now lies where its frame was
        });
        while (!looked_once.is_finished()) co_await yield_now();
        place = Waker();
        EXPECT_THROW(co_await hangs, LostWaker);
        co_await looked_once;
    };
    scene.run(main);
    ASSERT_EQ(scene.hangs().size(), 1u);
    for (const HangWaiter& waiter : scene.hangs()[0].waiters)
        EXPECT_EQ(waiter.task_id, 0u); // main waits by now
}

// A joiner that has ended may still name who awaited it, and that one may be gone.
TEST(Regression, a_joiner_that_ended_is_not_asked_who_awaits_it) {
    rouse_test::Scene scene;
    Waker place;
    // Spawned from outside: its joiner's place is shared.
    auto hangs = scene.runtime().handle().spawn([&place]() -> Task<> { co_await RegistersAt(place); });
    const auto poll_once = [](JoinHandle<>& handle) {
        return poll_fn([&handle](Context& cx) -> Poll<bool> { return Ready(handle.poll(cx).is_ready()); });
    };
    const auto main = [&]() -> Task<> {
        auto looked_once = spawn([&]() -> Task<> {
            co_await yield_now();
            co_await yield_now();
            EXPECT_FALSE(co_await poll_once(hangs));
        });
        {
            auto awaited_it = spawn([&]() -> Task<> { EXPECT_FALSE(co_await poll_once(looked_once)); });
            co_await awaited_it;
        }
        while (!looked_once.is_finished()) co_await yield_now();
        for (int i = 0; i < 5; ++i) co_await yield_now(); // and who awaited it is freed
        place = Waker();
        for (int i = 0; i < 5; ++i) co_await yield_now();
    };
    scene.run(main);
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_TRUE(scene.hangs()[0].waiters.empty());
}

class ThrowsOnThirdMove {
public:
    ThrowsOnThirdMove() = default;
    ThrowsOnThirdMove(ThrowsOnThirdMove&& other) : moves_(other.moves_ + 1) {
        if (moves_ == 3) throw std::runtime_error("moved too often");
    }

private:
    int moves_ = 0;
};

TEST(Regression, a_result_whose_move_throws_destroys_the_closure_once) {
    const auto main = []() -> Task<> {
        auto owned = std::make_shared<int>(1);
        for (int i = 0; i < 2; ++i) {
            auto handle = spawn([owned]() -> Task<ThrowsOnThirdMove> {
                co_await yield_now();
                co_return ThrowsOnThirdMove();
            });
            EXPECT_THROW(co_await handle, std::runtime_error);
            EXPECT_EQ(owned.use_count(), 1);
        }
    };
    run(main);
}

TEST(Regression, a_poll_hook_that_throws_is_ignored) {
    RuntimeOptions options;
    options.poll_log = true;
    options.on_poll = [](const std::string&) { throw std::runtime_error("from the hook"); };
    const auto main = []() -> Task<int> {
        co_await yield_now();
        co_return 3;
    };
    EXPECT_EQ(run(main, std::move(options)), 3);
}

class Shared {
public:
    AtomicWaker waker;
    bool set = false;
};
class WaitsFor {
public:
    using Output = void;
    WaitsFor(Shared& shared, int& polls) : shared_(shared), polls_(polls) {}
    Poll<void> poll(Context& cx) {
        ++polls_;
        shared_.waker.register_by_ref(cx.waker());
        if (shared_.set) return Ready();
        return Pending;
    }

private:
    Shared& shared_;
    int& polls_;
};

TEST(Regression, two_children_that_share_a_place_for_one_waker_do_not_wake_each_other_for_ever) {
    rouse_test::Scene scene;
    int polls = 0;
    const auto main = [&polls]() -> Task<> {
        Shared shared;
        auto setter = spawn([&shared]() -> Task<> {
            co_await sleep(1s);
            shared.set = true;
            shared.waker.wake();
        });
        co_await join(WaitsFor(shared, polls), WaitsFor(shared, polls));
        co_await setter;
    };
    scene.run(main);
    EXPECT_LE(polls, 8);
    EXPECT_TRUE(scene.is_quiet());
}

TEST(Regression, a_runtime_that_ends_inside_a_task_gives_the_timers_of_the_outer_one_back) {
    const auto main = []() -> Task<> {
        auto inner = std::make_unique<Runtime>(Runtime::current_thread());
        auto timer = std::make_unique<Sleep>(sleep(std::chrono::hours(1)));
        const Waker nobody = Waker::noop();
        Context cx(nobody);
        EXPECT_TRUE(timer->poll(cx).is_pending());
        inner->spawn([kept = std::move(timer)]() -> Task<> { co_return; }).detach();
        inner.reset();
        EXPECT_EQ(Handle::current().dump().timers, 0u);
        co_return;
    };
    run(main);
}

TEST(Regression, an_abort_out_of_the_hang_hook_is_not_forgotten_under_the_policy_report) {
    std::optional<AbortHandle> victim;
    RuntimeOptions options;
    options.hang_policy = HangPolicy::report;
    options.on_hang = [&](const HangReport&) { victim->abort(); };
    const auto main = [&victim]() -> Task<> {
        Waker place;
        auto hangs = spawn([&place]() -> Task<> { co_await RegistersAt(place); });
        victim.emplace(hangs.abort_handle());
        co_await yield_now();
        place = Waker();
        const auto result = co_await std::move(hangs).into_result();
        EXPECT_TRUE(!result && result.error().is_cancelled());
    };
    run(main, std::move(options));
}

} // namespace
