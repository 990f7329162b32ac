// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Four threads do to the wakers of many tasks whatever can be done, and each task must end as it has to.

#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <deque>
#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::await_hands;
using rouse_test::Counted;
using rouse_test::Handed;
using rouse_test::ManyHands;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

enum class Fate : unsigned { value, lost, cancelled, cancelled_or_lost, value_or_cancelled, count };

class Subject {
public:
    ManyHands hands;
    Fate fate = Fate::value;
    std::optional<JoinHandle<int>> handle;
    std::optional<rouse::AbortHandle> abort;
};

class WakerRound {
    static constexpr int threads = 4;

public:
    WakerRound(unsigned seed, std::size_t steps) : seed_(seed), steps_(steps), subjects_(64) {}

    Task<> run() {
        Random random(seed_);
        for (Subject& subject : subjects_) {
            subject.fate = static_cast<Fate>(random() % static_cast<unsigned>(Fate::count));
            if (subject.fate != Fate::lost) subject.hands.keep();
            const auto seed = static_cast<unsigned>(random());
            if (random() % 3 == 0) subject.handle = rouse::spawn(Handed(subject.hands, seed));
            else subject.handle = rouse::spawn(await_hands(subject.hands, seed, Counted(alive)));
            subject.abort = subject.handle->abort_handle();
        }
        co_await rouse::yield_now();
        for (Subject& subject : subjects_) EXPECT_TRUE(subject.hands.was_polled());
        std::vector<std::jthread> hands;
        for (int i = 0; i < threads; ++i) hands.emplace_back([this, i] { work(i); });
        for (Subject& subject : subjects_) {
            auto result = co_await std::move(*subject.handle).into_result();
            check(subject, result);
        }
        hands.clear();
        for (Subject& subject : subjects_) EXPECT_LE(subject.hands.told(), 1);
    }

    std::atomic<long> alive{0};
    std::atomic<std::size_t> made{0};
    std::size_t lost = 0;

private:
    void work(int me) {
        Random random(seed_ * 31 + static_cast<unsigned>(me));
        struct InHand {
            ManyHands* of = nullptr;
            rouse::Waker waker;
        };
        std::array<InHand, 8> in_hand;
        const auto let_go = [&](InHand& held) {
            if (held.waker) held.of->step(std::move(held.waker), random);
        };
        for (std::size_t i = 0; i < steps_; ++i) {
            ManyHands& hands = subjects_[random() % subjects_.size()].hands;
            rouse::Waker waker = hands.take();
            if (!waker) continue; // it is lost already
            made.fetch_add(1);
            if (random() % 4 != 0) {
                hands.step(std::move(waker), random);
                continue;
            }
            InHand& held = in_hand[random() % in_hand.size()];
            let_go(held);
            held = InHand{&hands, std::move(waker)};
        }
        for (InHand& held : in_hand) let_go(held);
        all_through_.arrive_and_wait();
        for (std::size_t i = 0; i < subjects_.size(); ++i) {
            const int turn = static_cast<int>(i + static_cast<std::size_t>(me)) % threads;
            if (turn == 0) end(subjects_[i], random);
            if (turn == 1 && (subjects_[i].fate == Fate::cancelled_or_lost ||
                              subjects_[i].fate == Fate::value_or_cancelled))
                subjects_[i].abort->abort(); // races `end`
        }
    }
    static void end(Subject& subject, Random& random) {
        ManyHands& hands = subject.hands;
        std::vector<rouse::Waker> left = hands.close();
        rouse::Waker keeper = hands.take_keeper();
        switch (subject.fate) {
        case Fate::value:
        case Fate::value_or_cancelled:
            hands.finish(std::move(keeper));
            break;
        case Fate::cancelled:
            subject.abort->abort();
            hands.drop(std::move(keeper));
            break;
        case Fate::cancelled_or_lost:
            hands.drop(std::move(keeper));
            break;
        case Fate::lost:
        case Fate::count:
            break;
        }
        for (rouse::Waker& waker : left) {
            if (random() % 2 == 0) hands.drop(std::move(waker));
            else hands.wake(std::move(waker));
        }
    }
    void check(Subject& subject, const std::expected<int, rouse::JoinError>& result) {
        const bool value = result.has_value();
        const bool is_lost = !value && result.error().is_lost();
        const bool cancelled = !value && result.error().is_cancelled();
        lost += is_lost ? 1 : 0;
        EXPECT_TRUE(value || is_lost || cancelled);
        EXPECT_LE(subject.hands.told(), is_lost ? 1 : 0);
        const std::string fate = "fate " + std::to_string(static_cast<unsigned>(subject.fate));
        EXPECT_TRUE(!value || subject.fate == Fate::value || subject.fate == Fate::value_or_cancelled)
            << fate;
        EXPECT_TRUE(!is_lost || subject.fate == Fate::lost || subject.fate == Fate::cancelled_or_lost)
            << fate;
        EXPECT_TRUE(!cancelled || (subject.fate != Fate::value && subject.fate != Fate::lost)) << fate;
    }

    unsigned seed_;
    std::size_t steps_;
    std::deque<Subject> subjects_;
    std::barrier<> all_through_{threads};
};

TEST(stress_wakers, each_task_ends_once_and_as_it_must) {
    StressWatchdog watchdog("stress_wakers");
    StressRounds rounds(25);
    unsigned seed = 1;
    std::size_t steps = 0;
    while (rounds.take() != 0) {
        std::size_t hangs = 0;
        rouse::RuntimeOptions options;
        options.on_hang = [&](const rouse::HangReport&) { ++hangs; };
        WakerRound round(seed++, 2'000);
        std::size_t expected = 0;
        {
            auto runtime = rouse::Runtime::current_thread(std::move(options));
            runtime.block_on(round.run());
            expected = round.lost;
            EXPECT_EQ(runtime.alive_tasks(), 0u);
        }
        steps += round.made;
        EXPECT_EQ(round.alive, 0);
        EXPECT_GT(expected, 0u);
        EXPECT_GT(hangs, 0u);
        EXPECT_LE(hangs, expected); // of one site only some are told
        if (HasFailure()) FAIL() << "seed " << seed - 1;
        watchdog.progress();
    }
    RecordProperty("steps", std::to_string(steps));
    EXPECT_GT(steps, rouse_test::scaled(100'000) / 2);
}

} // namespace
