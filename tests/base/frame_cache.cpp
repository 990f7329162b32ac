// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/frame_cache.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include <support/stress_rounds.hpp>

// TSan brings an `operator new` of its own, and links no second one.
#define CAN_TRACK (ROUSE_FRAME_CACHE && !ROUSE_TSAN)

// This program's `operator new` keeps a list of the living blocks of one size that nothing else asks for, so
// that a test sees what the cache took and gave back.
namespace {

constexpr std::size_t tracked_size = 1008; // a size class of the cache
constexpr std::size_t slots = 8192;
std::atomic<void*> tracked[slots];

[[maybe_unused]] void track(void* block) {
    for (auto& place : tracked) {
        void* expected = nullptr;
        if (place.compare_exchange_strong(expected, block)) return;
    }
    std::abort();
}
[[maybe_unused]] void untrack(void* block) {
    if (!block) return;
    for (auto& place : tracked) {
        void* expected = block;
        if (place.load(std::memory_order_relaxed) == block &&
            place.compare_exchange_strong(expected, nullptr))
            return;
    }
}
std::size_t living() {
    std::size_t count = 0;
    for (auto& place : tracked) count += place.load() ? 1 : 0;
    return count;
}
void expect_living(std::size_t count) {
    if (CAN_TRACK) {
        EXPECT_EQ(living(), count);
    }
}
std::atomic<bool> is_tracking{false};

class Tracking {
public:
    Tracking() { is_tracking = true; }
    ~Tracking() {
        expect_living(0); // all was given back
        is_tracking = false;
    }
};

} // namespace

#if CAN_TRACK
void* operator new(std::size_t size) {
    void* block = std::malloc(size ? size : 1);
    if (!block) throw std::bad_alloc();
    if (size == tracked_size && is_tracking) track(block);
    return block;
}
void operator delete(void* block) noexcept {
    if (is_tracking) untrack(block);
    std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
#endif

namespace {

using rouse::detail::FrameCache;

/// Each test on a thread of its own, whose lists are new.
class FrameCacheTest : public testing::Test {
protected:
    void SetUp() override {
        if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "this build has no frame cache";
    }
    template <class Fn>
    static void on_new_thread(Fn fn) {
        std::thread(fn).join();
    }
    static std::vector<void*> allocate(std::size_t count, std::size_t size) {
        std::vector<void*> blocks(count);
        for (void*& block : blocks) block = FrameCache::allocate(size);
        return blocks;
    }
    static void free_all(const std::vector<void*>& blocks, std::size_t size) {
        for (void* block : blocks) FrameCache::deallocate(block, size);
    }
};

TEST_F(FrameCacheTest, a_freed_block_is_taken_again_for_any_size_of_its_class) {
    on_new_thread([] {
        void* first = FrameCache::allocate(97);
        FrameCache::deallocate(first, 97);
        void* second = FrameCache::allocate(112);
        EXPECT_EQ(first, second);
        FrameCache::deallocate(second, 112);
        void* other_class = FrameCache::allocate(113);
        EXPECT_NE(first, other_class);
        FrameCache::deallocate(other_class, 113);
    });
}

TEST_F(FrameCacheTest, blocks_are_apart_aligned_and_as_large_as_their_class) {
    on_new_thread([] {
        for (std::size_t size = 1; size <= 1100; size += 7) {
            std::set<void*> apart;
            std::vector<void*> blocks = allocate(3, size);
            for (void* block : blocks) {
                EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0u);
                std::memset(block, 0xab, size);
                apart.insert(block);
            }
            EXPECT_EQ(apart.size(), 3u);
            free_all(blocks, size);
        }
    });
}

TEST_F(FrameCacheTest, large_blocks_are_not_kept) {
    on_new_thread([] {
        free_all(allocate(8, 1025), 1025);
        free_all(allocate(8, 1 << 20), 1 << 20);
        EXPECT_EQ(FrameCache::cached_bytes(), 0u);
        free_all(allocate(8, 1024), 1024);
        EXPECT_EQ(FrameCache::cached_bytes(), 8u * 1024u);
    });
}

TEST_F(FrameCacheTest, trim_gives_back_what_was_not_used_in_the_end_all) {
    const Tracking tracking;
    on_new_thread([] {
        free_all(allocate(100, tracked_size), tracked_size);
        const std::size_t all = FrameCache::cached_bytes();
        EXPECT_EQ(all, 100 * tracked_size);
        FrameCache::trim();
        FrameCache::trim();
        EXPECT_LT(FrameCache::cached_bytes(), all);
        for (int i = 0; i < 10; ++i) FrameCache::trim();
        EXPECT_EQ(FrameCache::cached_bytes(), 0u);
        expect_living(0);
    });
}

TEST_F(FrameCacheTest, trim_keeps_what_is_in_use_between_trims) {
    on_new_thread([] {
        free_all(allocate(100, 64), 64);
        for (int i = 0; i < 50; ++i) {
            FrameCache::trim();
            free_all(allocate(40, 64), 64);
        }
        EXPECT_EQ(FrameCache::cached_bytes(), 40u * 64u);
    });
}

TEST_F(FrameCacheTest, clear_gives_all_back) {
    const Tracking tracking;
    on_new_thread([] {
        free_all(allocate(100, tracked_size), tracked_size);
        expect_living(100);
        FrameCache::clear();
        EXPECT_EQ(FrameCache::cached_bytes(), 0u);
        expect_living(0);
        free_all(allocate(2, tracked_size), tracked_size); // and goes on
        EXPECT_EQ(FrameCache::cached_bytes(), 2 * tracked_size);
    });
}

TEST_F(FrameCacheTest, a_thread_that_ends_gives_its_lists_back) {
    const Tracking tracking;
    on_new_thread([] {
        free_all(allocate(100, tracked_size), tracked_size);
        expect_living(100);
    });
    expect_living(0);
}

TEST_F(FrameCacheTest, a_block_may_be_freed_by_another_thread_also_after_the_end_of_its_own) {
    const Tracking tracking;
    std::vector<void*> blocks;
    on_new_thread([&] { blocks = allocate(50, tracked_size); });
    expect_living(50);
    on_new_thread([&] { free_all(blocks, tracked_size); });
    expect_living(0);
}

// "Up to the most that it lately used at once": a thread that only frees uses none. A runtime whose tasks are
// made by other threads is such a one, and may never sleep.
TEST_F(FrameCacheTest, a_thread_that_only_frees_does_not_hoard) {
    const Tracking tracking;
    std::vector<void*> blocks = allocate(4000, tracked_size);
    on_new_thread([&] {
        free_all(allocate(10, tracked_size), tracked_size);
        free_all(blocks, tracked_size);
        EXPECT_LE(FrameCache::cached_bytes(), 100 * tracked_size);
    });
    FrameCache::clear();
}

/// Uses the cache when this thread's thread-locals are destroyed, after the cache's own.
class LateUser {
public:
    LateUser() = default;
    ~LateUser() {
        for (void* block : kept) FrameCache::deallocate(block, tracked_size);
        void* block = FrameCache::allocate(tracked_size);
        std::memset(block, 1, tracked_size);
        FrameCache::deallocate(block, tracked_size);
        FrameCache::trim();
        FrameCache::clear();
        cached_at_the_end = FrameCache::cached_bytes();
    }
    std::vector<void*> kept;
    static inline std::size_t cached_at_the_end = 1;
};

TEST_F(FrameCacheTest, after_thread_local_teardown_it_falls_back_to_delete) {
    const Tracking tracking;
    on_new_thread([] {
        static thread_local LateUser late; // made first, so destroyed last
        late.kept = allocate(10, tracked_size);
        free_all(allocate(10, tracked_size), tracked_size); // opens the lists
        late.kept.push_back(FrameCache::allocate(tracked_size));
    });
    EXPECT_EQ(LateUser::cached_at_the_end, 0u);
    expect_living(0);
}

// Blocks wander between threads at random; each carries a pattern that only its owner writes.
TEST_F(FrameCacheTest, threads_that_free_each_others_blocks_never_share_one) {
    const Tracking tracking;
    constexpr int threads = 3;
    const std::size_t rounds = rouse_test::scaled(50'000);
    std::atomic<void*> exchange[16] = {};
    std::latch start(threads);
    const auto work = [&](unsigned seed) {
        start.arrive_and_wait();
        for (std::size_t i = 0; i < rounds; ++i) {
            seed = seed * 1664525u + 1013904223u;
            auto* block = static_cast<unsigned*>(FrameCache::allocate(tracked_size));
            block[0] = seed;
            block[tracked_size / sizeof(unsigned) - 1] = seed;
            void* other = exchange[(seed >> 16) % 16].exchange(block, std::memory_order_acq_rel);
            if (!other) continue;
            const auto* words = static_cast<unsigned*>(other);
            EXPECT_EQ(words[0], words[tracked_size / sizeof(unsigned) - 1]);
            FrameCache::deallocate(other, tracked_size);
            if (i % 1000 == 0) FrameCache::trim();
        }
    };
    { std::jthread first(work, 1), second(work, 2), third(work, 3); }
    for (auto& place : exchange)
        if (void* block = place.load()) FrameCache::deallocate(block, tracked_size);
    FrameCache::clear();
}

} // namespace
