// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/birth_log.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using rouse::detail::BirthLog;

TEST(BirthLog, tasks_that_were_spawned_just_after_a_note_have_its_age) {
    const BirthLog::Time start{};
    BirthLog log;
    log.add(0, start);
    log.add(5,
            start + 100us); // within the resolution: no note of its own, and not left to the next one either
    log.add(9, start + 1s);
    EXPECT_EQ(log.age(0, start + 2s), 2s);
    EXPECT_EQ(log.age(3, start + 2s), 2s);
    EXPECT_EQ(log.age(5, start + 2s), 2s);
    EXPECT_EQ(log.age(6, start + 2s), 1s);
    EXPECT_EQ(log.age(10, start + 2s), 0s);
}

TEST(BirthLog, stays_bounded_and_close_to_the_truth) {
    const BirthLog::Time start{};
    BirthLog log;
    constexpr std::uint64_t tasks = 100'000;
    for (std::uint64_t id = 0; id < tasks; ++id) log.add(id, start + id * 10ms);
    const BirthLog::Time now = start + tasks * 10ms;
    for (std::uint64_t id = 1; id < tasks; id += 999) {
        const auto truth = (tasks - id) * 10ms;
        EXPECT_NEAR(static_cast<double>(log.age(id, now).count()),
                    static_cast<double>(std::chrono::milliseconds(truth).count()), 5000)
            << id;
    }
}

} // namespace
