// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/frame.hpp>
#include <rouse/task/task.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>
#include <support/mini_executor.hpp>

// Where the frame of a spawned coroutine goes: into the room behind its cell, in one allocation. And what may
// come in between: the function that is spawned need not be a coroutine itself.
namespace {

using rouse::Task;
using rouse::detail::FrameArm;
using rouse::detail::FrameCache;
using rouse::detail::turn;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::CellWatch;
using rouse_test::MiniExecutor;

Task<int> add(int a, int b) { co_return a + b; }
void* frame_of(Task<int>& task) {
    // Clang takes_moody for granted that a frame's address equals no other; through `volatile` it does not
    // see.
    void* volatile frame = rouse::detail::TaskAccess<int>::get(task)->frame();
    return frame;
}

alignas(16) char room[1024];

class Base {};
class Derived : public Base {};
// What a task keeps beside the frame is twice there: nothing that the frame has, and all that it refers to.
static_assert(rouse::detail::frame_takes_all<Task<> (*)()>());
static_assert(rouse::detail::frame_takes_all<Task<> (*)(std::string), std::string>());
static_assert(rouse::detail::frame_takes_all<Task<> (*)(const std::string) noexcept, std::string>());
static_assert(rouse::detail::frame_takes_all<Task<> (*)(unsigned, double), int, float>());
static_assert(rouse::detail::frame_takes_all<Task<> (*)(int&), std::reference_wrapper<int>>());
static_assert(rouse::detail::frame_takes_all<Task<> (*)(const Base&), std::reference_wrapper<Derived>>());
static_assert(!rouse::detail::frame_takes_all<Task<> (*)(const int&), int>());
static_assert(!rouse::detail::frame_takes_all<Task<> (*)(int&&), int>());
static_assert(!rouse::detail::frame_takes_all<Task<> (*)(std::string_view), std::string>());
static_assert(
    !rouse::detail::frame_takes_all<Task<> (*)(std::reference_wrapper<int>&), std::reference_wrapper<int>>());
static_assert(
    !rouse::detail::frame_takes_all<Task<> (*)(const std::string&), std::reference_wrapper<const char*>>());
inline constexpr auto without_state = [](int&, int) -> Task<> { co_return; };
inline constexpr auto with_state = [one = 1](int) -> Task<int> { co_return one; };
static_assert(rouse::detail::frame_takes_all<std::decay_t<decltype(without_state)>,
                                             std::reference_wrapper<int>, int>());
static_assert(!rouse::detail::frame_takes_all<std::decay_t<decltype(without_state)>, int, int>());
static_assert(!rouse::detail::frame_takes_all<std::decay_t<decltype(with_state)>, int>());

TEST(FrameArm, gives_its_room_to_the_first_frame_that_fits) {
    FrameArm arm(room, sizeof(room), nullptr);
    Task<int> first = add(1, 2);
    EXPECT_GT(arm.frame_size(), 0u);
    EXPECT_LE(arm.frame_size(), sizeof(room));
    EXPECT_EQ(frame_of(first), static_cast<void*>(room));
    Task<int> second = add(1, 2);
    EXPECT_NE(frame_of(second), static_cast<void*>(room));
}

TEST(FrameArm, too_little_room_is_left_alone_and_the_size_is_learned) {
    FrameArm arm(room, 16, nullptr);
    Task<int> task = add(1, 2);
    EXPECT_GT(arm.frame_size(), 16u);
    EXPECT_NE(frame_of(task), static_cast<void*>(room));
}

TEST(FrameArm, disarms_when_no_frame_was_made) {
    {
        FrameArm arm(room, sizeof(room), nullptr);
        EXPECT_EQ(arm.frame_size(), 0u);
    }
    Task<int> task = add(1, 2);
    EXPECT_NE(frame_of(task), static_cast<void*>(room));
}

/// One block of each class, all apart: what the free lists hold was freed once, and is a block.
void expect_healthy_free_lists() {
    if (!ROUSE_FRAME_CACHE) return; // ASan has seen each free
    struct Block {
        char* begin;
        std::size_t size;
    };
    std::vector<Block> blocks;
    for (std::size_t size = 16; size <= 1024; size += 16)
        for (int i = 0; i < 4; ++i) blocks.push_back({static_cast<char*>(FrameCache::allocate(size)), size});
    std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < blocks.size(); ++i)
        EXPECT_LE(blocks[i - 1].begin + blocks[i - 1].size, blocks[i].begin) << "two blocks overlap";
    for (const Block& block : blocks) FrameCache::deallocate(block.begin, block.size);
}

/// The first spawn learns the size of the frame; the second has room for it.
constexpr int rounds = 3;

bool lies_behind(rouse::detail::Cell& of) {
    const auto* cell = reinterpret_cast<const char*>(&of);
    const auto* frame = static_cast<const char*>(of.strand().top()->frame());
    return frame > cell && frame - cell <= 160;
}

TEST(SpawnedFrame, lies_behind_its_cell_from_the_second_on) {
    MiniExecutor executor;
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(add, 1, 2);
        const CellWatch watch(executor.last_spawned);
        EXPECT_TRUE(round == 0 || lies_behind(watch.cell()));
        executor.run();
        EXPECT_TRUE(handle.is_finished());
    }
    expect_healthy_free_lists();
}

TEST(SpawnedFrame, of_a_function_that_spawns_first_leaks_nothing) {
    MiniExecutor executor;
    const auto fn = [&executor]() -> Task<int> { // no coroutine itself
        executor.spawn(add, 3, 4).detach();
        return add(1, 2);
    };
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(fn);
        const CellWatch watch(executor.last_spawned);
        EXPECT_TRUE(round == 0 || lies_behind(watch.cell()));
        executor.run();
        EXPECT_TRUE(watch.is_done());
        std::move(handle).detach();
        EXPECT_EQ(watch.others(), 0u);
    }
    expect_healthy_free_lists();
}

TEST(SpawnedFrame, of_a_function_that_makes_and_destroys_another_coroutine_first) {
    MiniExecutor executor;
    const auto fn = []() -> Task<int> {
        { const Task<int> unused = add(3, 4); }
        return add(1, 2);
    };
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(fn);
        const CellWatch watch(executor.last_spawned);
        expect_healthy_free_lists();
        executor.run();
        EXPECT_TRUE(watch.is_done());
        std::move(handle).detach();
        EXPECT_EQ(watch.others(), 0u);
    }
    expect_healthy_free_lists();
}

TEST(SpawnedFrame, of_a_function_that_throws_after_it_made_a_coroutine) {
    MiniExecutor executor;
    bool fails = false;
    const auto fn = [&fails]() -> Task<int> {
        Task<int> task = add(1, 2);
        if (fails) throw std::runtime_error("after all");
        return task;
    };
    for (int round = 0; round < rounds; ++round) {
        fails = false;
        executor.spawn(fn).detach();
        fails = true;
        EXPECT_THROW((void)executor.spawn(fn), std::runtime_error);
        expect_healthy_free_lists();
    }
    executor.run();
    EXPECT_EQ(executor.alive(), 0u);
}

/// Throws when it is moved while `fails` is set.
class SometimesMoves {
public:
    explicit SometimesMoves(const bool& fails) : fails_(&fails) {}
    SometimesMoves(SometimesMoves&& other) : fails_(other.fails_) {
        if (*fails_) throw std::runtime_error("in a bad mood");
    }

private:
    const bool* fails_;
};
Task<int> takes_moody(SometimesMoves) { co_return 1; }

TEST(SpawnedFrame, of_a_coroutine_whose_argument_does_not_move_into_it) {
    MiniExecutor executor;
    for (int round = 0; round < rounds; ++round) {
        bool fails = false;
        executor.spawn(takes_moody, SometimesMoves(fails)).detach();
        fails = true;
        EXPECT_THROW((void)executor.spawn(takes_moody, SometimesMoves(fails)), std::runtime_error);
        fails = false;
        expect_healthy_free_lists();
        executor.run();
    }
    EXPECT_EQ(executor.alive(), 0u);
}

// ---- stray frames: they took the room, and are not the task

Task<int> plus_one(Task<int> inner) {
    const int value = co_await std::move(inner);
    co_return value + 1;
}
Task<int> waits_by_hand(ByHandSource<int>& source) { co_return co_await ByHand<int>(source); }

TEST(StrayFrames, one_that_the_task_awaits_is_freed_with_the_task) {
    MiniExecutor executor;
    const auto fn = []() -> Task<int> { return plus_one(add(1, 2)); };
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(fn);
        const CellWatch watch(executor.last_spawned);
        executor.run();
        EXPECT_TRUE(watch.is_done());
        EXPECT_EQ(*static_cast<int*>(handle.is_finished() ? watch.cell().value() : nullptr), 4);
        std::move(handle).detach();
        EXPECT_EQ(watch.others(), 0u);
    }
    expect_healthy_free_lists();
}

TEST(StrayFrames, one_that_is_cancelled_within_the_task_is_freed_with_it) {
    MiniExecutor executor;
    ByHandSource<int> source;
    const auto fn = [&source]() -> Task<int> { return plus_one(waits_by_hand(source)); };
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(fn);
        const CellWatch watch(executor.last_spawned);
        executor.run();
        EXPECT_FALSE(watch.is_done());
        handle.abort();
        executor.run();
        EXPECT_TRUE(watch.is_done());
        source.drop_waker();
        std::move(handle).detach();
        EXPECT_EQ(watch.others(), 0u);
    }
    expect_healthy_free_lists();
}

TEST(StrayFrames, one_that_is_never_started_is_freed_with_the_task) {
    MiniExecutor executor;
    const auto keeps = [](Task<int> unused) -> Task<int> {
        co_await rouse::ready();
        co_return unused.valid() ? 5 : 6;
    };
    const auto fn = [&]() -> Task<int> { return keeps(add(1, 2)); };
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(fn);
        const CellWatch watch(executor.last_spawned);
        executor.run();
        EXPECT_TRUE(watch.is_done());
        std::move(handle).detach();
        EXPECT_EQ(watch.others(), 0u);
    }
    expect_healthy_free_lists();
}

TEST(StrayFrames, one_that_outlives_its_task_keeps_the_memory) {
    MiniExecutor executor;
    std::optional<Task<int>> stray;
    const auto fn = [&]() -> Task<int> {
        stray.emplace(add(20, 22));
        return add(1, 2);
    };
    for (int round = 0; round < rounds; ++round) {
        executor.spawn(fn).detach();
        executor.run();
        expect_healthy_free_lists();
        const rouse::Waker noop = rouse::Waker::noop();
        rouse::Context cx(noop);
        EXPECT_EQ(stray->poll(cx).value(), 42);
        stray.reset();
        expect_healthy_free_lists();
    }
}

TEST(StrayFrames, one_that_outlives_a_spawn_that_failed_keeps_the_memory) {
    MiniExecutor executor;
    std::optional<Task<int>> stray;
    bool fails = false;
    const auto fn = [&]() -> Task<int> {
        stray.emplace(add(20, 22));
        if (fails) throw std::runtime_error("after all");
        return add(1, 2);
    };
    executor.spawn(fn).detach();
    executor.run();
    fails = true;
    for (int round = 0; round < rounds; ++round) {
        EXPECT_THROW((void)executor.spawn(fn), std::runtime_error);
        expect_healthy_free_lists();
        const rouse::Waker noop = rouse::Waker::noop();
        rouse::Context cx(noop);
        EXPECT_EQ(stray->poll(cx).value(), 42);
    }
    stray.reset();
    expect_healthy_free_lists();
}

// The result would go where the frame was; but there lives a coroutine that is not the task's.
TEST(StrayFrames, the_result_does_not_overwrite_one) {
    MiniExecutor executor;
    using Large = std::array<int, 40>;
    std::optional<Task<int>> stray;
    const auto large = []() -> Task<Large> {
        Large all;
        all.fill(-1);
        co_return all;
    };
    const auto fn = [&]() -> Task<Large> {
        stray.emplace(add(20, 22));
        return large();
    };
    for (int round = 0; round < rounds; ++round) {
        auto handle = executor.spawn(fn);
        executor.run();
        ASSERT_TRUE(handle.is_finished());
        const rouse::Waker noop = rouse::Waker::noop();
        rouse::Context cx(noop);
        EXPECT_EQ(stray->poll(cx).value(), 42);
        EXPECT_EQ(handle.poll(cx).value()[39], -1);
        stray.reset();
    }
    expect_healthy_free_lists();
}

} // namespace
