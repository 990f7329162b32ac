// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Scopes in tasks of four threads, ended from outside, from within and by abort at any time.

#include <rouse/rouse.hpp>

#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

using rouse::CancellationToken;
using rouse::Scope;
using rouse::Task;

/// What must be conserved.
class Counts {
public:
    std::atomic<int> alive{0};    // frames of children
    std::atomic<int> deferred{0}; // cleanups that were asked for
    std::atomic<int> cleaned{0};  // and that ran to their end
    std::atomic<int> ended{0};    // scopes that were not aborted
};
class Alive {
public:
    explicit Alive(Counts& counts) noexcept : counts_(counts) { counts_.alive.fetch_add(1); }
    ~Alive() { counts_.alive.fetch_sub(1); }
    Alive(const Alive&) = delete;
    Alive& operator=(const Alive&) = delete;

private:
    Counts& counts_;
};

/// Of one scope, whose children are of one task.
class Inside {
public:
    explicit Inside(int& count) noexcept : count_(count) { ++count_; }
    ~Inside() { --count_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

private:
    int& count_;
};

/// What the scopes of a round have in common; their children wait for each other.
class Round {
public:
    explicit Round(Counts& counts, unsigned seed) : counts(counts), random(seed) {}
    Counts& counts;
    std::mt19937 random;
    rouse::Semaphore permits{4};
    rouse::Mutex<int> mutex;
    CancellationToken stop;
};

Task<> child(Round& round, unsigned how) {
    const Alive alive(round.counts);
    auto permit = co_await round.permits.acquire();
    if (how % 4 == 0) co_await rouse::yield_now();
    { ++*co_await round.mutex.lock(); }
    if (how % 13 == 0) throw std::runtime_error("as it is meant");
    for (unsigned i = 0; i < how % 5; ++i) co_await rouse::yield_now();
}
Task<> cleanup(Round& round) {
    const Alive alive(round.counts);
    co_await rouse::yield_now();
    { auto guard = co_await round.mutex.lock(); }
    round.counts.cleaned.fetch_add(1);
}

Task<> run_scope(Round& round, unsigned how) {
    int borrowed = 0; // children may use what is around the scope
    int inside = 0;   // how many of them there are
    auto body = [&](Scope& scope) -> Task<> {
        round.counts.deferred.fetch_add(1);
        scope.defer(cleanup(round));
        for (unsigned i = 0; i < 4; ++i) {
            auto one = [&round, &borrowed, &inside, how, i]() -> Task<> {
                const Inside here(inside);
                auto work = child(round, how + i);
                co_await work;
                ++borrowed;
            };
            scope.spawn(one);
        }
        if (how % 7 == 0) scope.cancel();
        co_await rouse::yield_now();
    };
    try {
        auto all = rouse::scope(round.stop, body);
        co_await all;
        EXPECT_EQ(borrowed, 4);
    } catch (const rouse::ScopeCancelled&) {
    } catch (const std::runtime_error&) {}
    EXPECT_EQ(inside, 0);
    round.counts.ended.fetch_add(1);
}

TEST(ScopeStress, whatever_ends_a_scope_its_children_are_gone_and_its_cleanup_was_run) {
    rouse::RuntimeOptions options;
    options.worker_threads = 4;
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    Counts counts;
    rouse_test::StressRounds rounds(400);
    unsigned seed = rouse_test::stress_seed();
    const auto main = [&]() -> Task<> {
        while (rounds.take() != 0) {
            Round round(counts, ++seed);
            std::vector<rouse::JoinHandle<>> tasks;
            for (int i = 0; i < 12; ++i)
                tasks.push_back(rouse::spawn(run_scope, std::ref(round), round.random() % 1000));
            const auto stops = [&round]() -> Task<> {
                co_await rouse::yield_now();
                round.stop.cancel();
            };
            auto stopping = round.random() % 3 == 0 ? rouse::spawn(stops) : rouse::spawn(rouse::yield_now());
            for (auto& task : tasks) co_await task;
            co_await stopping;
            EXPECT_EQ(counts.alive.load(), 0);
            EXPECT_EQ(counts.cleaned.load(), counts.deferred.load());
            EXPECT_EQ(round.permits.available_permits(), 4u);
        }
    };
    runtime.block_on(main);
    EXPECT_EQ(counts.ended.load() % 12, 0);
}

TEST(ScopeStress, an_aborted_scope_leaves_nothing) {
    rouse::RuntimeOptions options;
    options.worker_threads = 4;
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    Counts counts;
    rouse_test::StressRounds rounds(400);
    unsigned seed = rouse_test::stress_seed();
    const auto main = [&]() -> Task<> {
        while (rounds.take() != 0) {
            Round round(counts, ++seed);
            std::vector<rouse::JoinHandle<>> tasks;
            for (int i = 0; i < 12; ++i)
                tasks.push_back(rouse::spawn(run_scope, std::ref(round), round.random() % 1000));
            for (unsigned i = round.random() % 4; i != 0; --i) co_await rouse::yield_now();
            for (auto& task : tasks)
                if (round.random() % 2 == 0) task.abort();
            for (auto& task : tasks) {
                auto ended = co_await std::move(task).into_result();
                EXPECT_TRUE(ended.has_value() || ended.error().is_cancelled());
            }
            EXPECT_EQ(counts.alive.load(), 0);
            EXPECT_LE(counts.cleaned.load(), counts.deferred.load());
            EXPECT_EQ(round.permits.available_permits(), 4u);
            EXPECT_TRUE(round.mutex.try_lock().has_value());
        }
    };
    runtime.block_on(main);
    EXPECT_GT(counts.ended.load(), 0);
}

} // namespace
