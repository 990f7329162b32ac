// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A runtime of several threads, from inside and from four foreign threads at once: whatever is done to a
// task, it ends once, what it owns dies once, and nobody is told falsely that it is lost. And a future that
// does lose its waker while its task moves between workers is found each time.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::Counted;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

using namespace std::chrono_literals;

/// Where tasks and threads leave things for each other.
template <class T>
class Market {
public:
    void put(T thing, Random& random) {
        const std::lock_guard lock(mutex_);
        things_.push_back(std::move(thing));
        std::swap(things_.back(), things_[random() % things_.size()]);
    }
    [[nodiscard]] std::optional<T> take() {
        const std::lock_guard lock(mutex_);
        if (things_.empty()) return std::nullopt;
        std::optional<T> thing(std::move(things_.back()));
        things_.pop_back();
        return thing;
    }

private:
    std::mutex mutex_;
    std::vector<T> things_;
};

class World {
public:
    Market<JoinHandle<unsigned>> handles;
    Market<rouse::AbortHandle> aborts;
    Market<rouse::oneshot::Sender<unsigned>> senders;
    std::atomic<long> alive{0};  // what tasks own: closures, locals, results
    std::atomic<long> begun{0};  // bodies of tasks,
    std::atomic<long> left{0};   // and those that were left, by whatever way
    std::atomic<long> values{0}; // results that somebody got

    void check(unsigned seed, const std::expected<unsigned, rouse::JoinError>& result) {
        if (result) {
            EXPECT_EQ(*result, seed);
            ++values;
        } else {
            EXPECT_TRUE(result.error().is_cancelled()) << result.error().what();
        }
    }
};

class Body {
public:
    explicit Body(World& world) noexcept : world_(&world) { ++world_->begun; }
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;
    ~Body() {
        EXPECT_FALSE(std::exchange(left_, true)) << "a frame was destroyed twice";
        ++world_->left;
    }

private:
    World* world_;
    bool left_ = false;
};

Task<unsigned> live(World& world, unsigned seed, unsigned depth, Counted);

auto child_of(World& world, Random& random, unsigned depth, unsigned& seed) {
    seed = static_cast<unsigned>(random());
    return live(world, seed, depth - 1, Counted(world.alive));
}

Task<> wait_for_a_sender(World& world, Random& random) {
    auto [tx, rx] = rouse::oneshot::channel<unsigned>();
    world.senders.put(std::move(tx), random);
    switch (random() % 3) {
    case 0: {
        (void)co_await rx; // a sender that is dropped says so
        break;
    }
    case 1: {
        (void)co_await rouse::timeout(std::chrono::microseconds(random() % 300), std::move(rx));
        break;
    }
    default: {
        auto timer = rouse::sleep(std::chrono::microseconds(random() % 300));
        (void)co_await rouse::select(rx, timer);
        co_await rouse::yield_now(); // perhaps elsewhere
        timer.reset(rouse::now() + std::chrono::microseconds(random() % 100));
        co_await timer;
        break;
    }
    }
}

Task<> with_a_child(World& world, Random& random, unsigned depth) {
    unsigned seed = 0;
    auto handle = rouse::spawn(child_of(world, random, depth, seed));
    switch (random() % 8) {
    case 0:
        break; // detached
    case 1:
        handle.abort();
        [[fallthrough]];
    case 2: {
        auto result = co_await std::move(handle).into_result();
        world.check(seed, result);
        break;
    }
    case 3: {
        world.aborts.put(handle.abort_handle(), random);
        auto result = co_await std::move(handle).into_result();
        world.check(seed, result);
        break;
    }
    case 4: {
        world.aborts.put(handle.abort_handle(), random);
        world.handles.put(std::move(handle), random);
        break;
    }
    case 5: { // registered by this task, then by a slot of it, then dropped, given away or awaited to the end
        (void)co_await rouse::timeout(std::chrono::microseconds(random() % 200), rouse::never<>());
        auto once = [&handle](rouse::Context& cx) -> rouse::Poll<bool> {
            return rouse::Ready(handle.poll_ready(cx));
        };
        if (co_await rouse::poll_fn(once)) {
            EXPECT_EQ(handle.take_ready(), seed);
            break;
        }
        auto pause = rouse::sleep(std::chrono::microseconds(random() % 200));
        const auto first = co_await rouse::select(handle, pause);
        if (first.index() == 0) {
            EXPECT_EQ(std::get<0>(first), seed);
        } else if (random() % 2 == 0) {
            world.handles.put(std::move(handle), random);
        }
        break;
    }
    case 6: {
        unsigned other_seed = 0;
        auto other = rouse::spawn(child_of(world, random, depth, other_seed));
        const auto [a, b] = co_await rouse::join(std::move(handle), std::move(other));
        EXPECT_EQ(a, seed);
        EXPECT_EQ(b, other_seed);
        break;
    }
    default: {
        unsigned local_seed = 0;
        const auto here = std::this_thread::get_id();
        auto local = rouse::spawn_local([&world, here]() -> Task<> {
            const Body body(world);
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(std::this_thread::get_id(), here);
                if (i == 1) co_await rouse::sleep(10us);
                else co_await rouse::yield_now();
            }
        });
        co_await local;
        auto second = rouse::spawn_local(child_of(world, random, depth, local_seed));
        EXPECT_EQ(co_await second, local_seed);
        EXPECT_EQ(co_await handle, seed);
        break;
    }
    }
}

Task<unsigned> live(World& world, unsigned seed, unsigned depth, Counted) {
    const Body body(world);
    Random random(seed);
    for (unsigned steps = random() % 4 + 1; steps > 0; --steps) {
        switch (random() % 8) {
        case 0:
            co_await rouse::yield_now();
            break;
        case 1:
            co_await rouse::sleep(std::chrono::microseconds(random() % 200));
            break;
        case 2:
            co_await wait_for_a_sender(world, random);
            break;
        case 3:
            if (auto sender = world.senders.take())
                if (random() % 2 == 0) (void)std::move(*sender).send(1);
            break;
        case 4:
            if (auto handle = world.handles.take())
                (void)co_await rouse::timeout(std::chrono::microseconds(random() % 100),
                                              std::move(*handle).into_result());
            break;
        case 5:
            if (auto abort = world.aborts.take()) abort->abort();
            break;
        default:
            if (depth > 0) co_await with_a_child(world, random, depth);
            break;
        }
    }
    co_return seed;
}

class CrewRound {
public:
    static constexpr int threads = 4;

    CrewRound(unsigned seed, std::size_t steps) : seed_(seed), steps_(steps) {}

    rouse::RuntimeOptions options() {
        rouse::RuntimeOptions options;
        options.worker_threads = 4;
        options.long_poll_threshold = 0ms;
        options.on_hang = [](const rouse::HangReport& report) {
            ADD_FAILURE() << rouse::format_report(report);
        };
        options.on_unhandled = [](const rouse::UnhandledReport& report) {
            // A child was aborted by others, and its parent, detached itself, awaited the value.
            try {
                std::rethrow_exception(report.error);
            } catch (const rouse::JoinError& error) {
                EXPECT_TRUE(error.is_cancelled());
            }
        };
        return options;
    }

    /// `cut`: the runtime ends in the middle of it all.
    void run(bool cut) {
        {
            auto runtime = rouse::Runtime::multi_thread(options());
            std::vector<std::jthread> hands;
            for (int i = 0; i < threads; ++i)
                hands.emplace_back([this, i, handle = runtime.handle()] { work(handle, i); });
            Random random(seed_);
            if (cut) {
                while (world.begun.load() < static_cast<long>(steps_)) {
                    if (blocked_.load() >= working_.load()) drain(random); // nobody else is left to do it
                    std::this_thread::yield();
                }
            } else {
                while (working_.load() > 0) { // they wait for tasks that wait for what lies in the markets
                    drain(random);
                    std::this_thread::yield();
                }
                while (world.alive != 0 || runtime.alive_tasks() != 0) {
                    drain(random);
                    std::this_thread::yield();
                }
                // What has no task behind it any more.
                EXPECT_TRUE(runtime.dump().tasks.empty());
            }
            over_.store(true);
            if (cut) {
                auto ends = std::move(runtime);
            }
            for (std::jthread& hand : hands)
                if (hand.joinable()) hand.join();
        }
        Random random(seed_);
        while (drain(random)) {}
        EXPECT_EQ(world.alive, 0);
        EXPECT_EQ(world.begun, world.left);
    }
    World world;

private:
    bool drain(Random& random) {
        bool any = false;
        if (auto sender = world.senders.take()) {
            any = true;
            if (random() % 2 == 0) (void)std::move(*sender).send(2);
        }
        if (auto handle = world.handles.take()) {
            any = true;
            if (random() % 2 == 0) handle->abort();
        }
        if (auto abort = world.aborts.take()) {
            any = true;
            abort->abort();
        }
        return any;
    }
    void work(const rouse::Handle& runtime, int me) {
        Random random(seed_ * 31 + static_cast<unsigned>(me));
        for (std::size_t i = 0; i < steps_; ++i) {
            if (over_.load()) break;
            const auto seed = static_cast<unsigned>(random());
            switch (random() % 8) {
            case 0: {
                auto end = runtime.spawn(live(world, seed, 0, Counted(world.alive))).into_result();
                ++blocked_;
                auto result = rouse::block_on(end);
                --blocked_;
                world.check(seed, result);
                break;
            }
            case 1:
                world.handles.put(runtime.spawn(live(world, seed, 3, Counted(world.alive))), random);
                break;
            case 2: {
                auto handle = runtime.spawn(live(world, seed, 3, Counted(world.alive)));
                world.aborts.put(handle.abort_handle(), random);
                break;
            }
            case 3:
                runtime.spawn(live(world, seed, 4, Counted(world.alive))).detach();
                break;
            case 4:
                if (random() % 16 == 0) (void)runtime.dump();
                EXPECT_LT(runtime.alive_tasks(), 1'000'000u);
                break;
            default:
                // Not what only others can end: they may wait for this thread.
                if (auto sender = world.senders.take()) (void)std::move(*sender).send(3);
                if (auto handle = world.handles.take()) handle->abort();
                if (auto abort = world.aborts.take(); abort && random() % 2 == 0) abort->abort();
                break;
            }
        }
        working_.fetch_sub(1);
    }

    unsigned seed_;
    std::size_t steps_;
    std::atomic<bool> over_{false};
    std::atomic<int> working_{threads};
    std::atomic<int> blocked_{0}; // of those that work, who wait for a task
};

void run_rounds(const char* name, std::size_t wanted, bool cut) {
    StressWatchdog watchdog(name);
    StressRounds rounds(wanted);
    unsigned seed = 1;
    while (rounds.take() != 0) {
        CrewRound round(seed++, cut ? 100 : 500);
        round.run(cut);
        if (testing::Test::HasFailure()) FAIL() << "seed " << seed - 1;
        watchdog.progress();
    }
}

TEST(stress_crew, each_task_ends_once_and_nobody_is_lost) {
    run_rounds("each_task_ends_once_and_nobody_is_lost", 200, false);
}

TEST(stress_crew, the_end_of_the_runtime_in_the_middle_of_it_all) {
    run_rounds("the_end_of_the_runtime_in_the_middle_of_it_all", 300, true);
}

/// The last wake of a task comes from a thread that nobody waits for, while its runtime ends.
TEST(stress_crew, a_wake_races_the_end_of_the_runtime) {
    StressWatchdog watchdog("a_wake_races_the_end_of_the_runtime");
    StressRounds rounds(1'000);
    std::atomic<long> alive{0};
    unsigned seed = 1;
    while (rounds.take() != 0) {
        constexpr int count = 8;
        std::array<std::optional<rouse::oneshot::Sender<int>>, count> senders;
        std::vector<JoinHandle<>> handles;
        std::jthread thread;
        Random random(seed++);
        {
            rouse::RuntimeOptions options;
            options.worker_threads = 2;
            options.long_poll_threshold = 0ms;
            auto runtime = rouse::Runtime::multi_thread(std::move(options));
            std::atomic<int> waiting{0};
            for (auto& sender : senders) {
                auto [tx, rx] = rouse::oneshot::channel<int>();
                sender = std::move(tx);
                auto waits = [&waiting, rx = std::move(rx), guard = Counted(alive)]() mutable -> Task<> {
                    waiting.fetch_add(1);
                    (void)co_await rx;
                };
                handles.push_back(runtime.handle().spawn(std::move(waits)));
            }
            while (waiting.load() < count) std::this_thread::yield();
            thread = std::jthread([&, spins = random() % 20'000] {
                for (unsigned i = 0; i < spins; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
                for (auto& sender : senders) (void)std::move(*sender).send(1);
            });
        }
        thread.join();
        handles.clear();
        EXPECT_EQ(alive, 0);
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

// ---- what does lose its waker ----

/// Where a task that moves leaves its waker, for tasks on all workers and a foreign thread.
class Relay {
public:
    enum class Fate : unsigned { wake, wake_by_ref, drop };
    class Baton {
    public:
        Baton(rouse::Waker waker, Fate fate) noexcept : waker(std::move(waker)), fate(fate) {}
        rouse::Waker waker;
        Fate fate;
    };
    void put(Baton baton) {
        const std::lock_guard lock(mutex_);
        batons_.push_back(std::move(baton));
    }
    /// False: there is none.
    bool pass_on() {
        std::optional<Baton> baton;
        {
            const std::lock_guard lock(mutex_);
            if (batons_.empty()) return false;
            baton.emplace(std::move(batons_.front()));
            batons_.pop_front();
        }
        switch (baton->fate) {
        case Fate::wake:
            std::move(baton->waker).wake();
            break;
        case Fate::wake_by_ref:
            baton->waker.wake_by_ref();
            break;
        case Fate::drop:
            break;
        }
        return true;
    }
    std::atomic<std::size_t> moves{0}; // polls of a task on another worker than the one before

private:
    std::mutex mutex_;
    std::deque<Baton> batons_;
};

/// Is woken some times, wherever, and then by nobody any more: it forgets to register, or who has its waker
/// drops it.
class Forgotten {
public:
    using Output = void;
    Forgotten(Relay& relay, unsigned seed) noexcept
        : relay_(&relay), random_(seed), wakes_(static_cast<int>(random_() % 6)) {}

    rouse::Poll<> poll(rouse::Context& cx) {
        const auto here = std::this_thread::get_id();
        if (polled_by_ != std::thread::id() && polled_by_ != here) relay_->moves.fetch_add(1);
        polled_by_ = here;
        if (wakes_ < 0) return rouse::Pending; // a combinator looks at all of its children
        if (wakes_-- > 0) {
            relay_->put(Relay::Baton(cx.waker().clone(),
                                     random_() % 2 == 0 ? Relay::Fate::wake : Relay::Fate::wake_by_ref));
            // The one before may still be on its way: then this is dropped while it is.
            if (random_() % 4 == 0) relay_->put(Relay::Baton(cx.waker().clone(), Relay::Fate::drop));
        } else if (random_() % 2 == 0) {
            relay_->put(Relay::Baton(cx.waker().clone(), Relay::Fate::drop));
        }
        return rouse::Pending;
    }

private:
    Relay* relay_;
    Random random_;
    int wakes_;
    std::thread::id polled_by_;
};

Task<> lose(Relay& relay, unsigned seed, unsigned kind, Counted) {
    Forgotten forgotten(relay, seed);
    switch (kind % 3) {
    case 0:
        co_await forgotten;
        break;
    case 1: // its own waker, and the timer's beside it
        (void)co_await rouse::timeout(1h, forgotten);
        break;
    default: {
        auto quick = rouse::sleep(std::chrono::microseconds(seed % 50));
        co_await rouse::join(forgotten, quick);
        break;
    }
    }
}

TEST(stress_crew, a_task_that_moves_and_loses_its_waker_is_found_each_time) {
    StressWatchdog watchdog("a_task_that_moves_and_loses_its_waker_is_found_each_time");
    StressRounds rounds(5'000, 100'000);
    std::atomic<long> alive{0};
    const unsigned seed = rouse_test::stress_seed();
    Random random(seed);
    std::size_t lost = 0;
    std::size_t found_in_all = 0;
    std::size_t moves = 0;
    std::uint64_t shared = 0;
    while (const std::size_t count = rounds.take(500)) {
        rouse::RuntimeOptions options;
        options.worker_threads = 3;
        options.long_poll_threshold = 0ms;
        options.on_hang = [](const rouse::HangReport&) {};
        auto runtime = rouse::Runtime::multi_thread(std::move(options));
        Relay relay;
        std::atomic<bool> over{false};
        auto runner = [&]() -> Task<> {
            while (!over.load()) {
                (void)relay.pass_on();
                co_await rouse::yield_now();
            }
        };
        std::vector<JoinHandle<>> runners;
        for (int i = 0; i < 6; ++i) runners.push_back(runtime.handle().spawn(runner));
        std::jthread foreign([&] {
            while (!over.load())
                if (!relay.pass_on()) std::this_thread::yield();
        });
        auto main = [&]() -> Task<std::size_t> {
            std::vector<JoinHandle<>> handles;
            for (std::size_t i = 0; i < count; ++i)
                handles.push_back(rouse::spawn(
                    lose(relay, static_cast<unsigned>(random()), static_cast<unsigned>(i), Counted(alive))));
            std::size_t found = 0;
            for (auto& handle : handles) {
                auto result = co_await std::move(handle).into_result();
                if (!result && result.error().is_lost()) ++found;
                else ADD_FAILURE() << (result ? "it ended" : result.error().what());
            }
            co_return found;
        };
        lost += count;
        found_in_all += runtime.block_on(main);
        EXPECT_EQ(found_in_all, lost);
        over.store(true);
        for (auto& handle : runners) rouse::block_on(std::move(handle));
        foreign.join();
        EXPECT_EQ(alive, 0);
        moves += relay.moves;
        for (const auto& worker : runtime.metrics().workers) shared += worker.shared;
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
        watchdog.progress();
    }
    std::printf(
        "found %zu of %zu tasks that lost their waker, seed %u; workers gave away %llu tasks, and %zu polls "
        "were on another one than the poll before\n",
        found_in_all, lost, seed, static_cast<unsigned long long>(shared), moves);
    if (rounds.is_long()) {
        EXPECT_GT(moves, lost / 100) << "they did not move, which proves nothing";
    }
}

} // namespace
