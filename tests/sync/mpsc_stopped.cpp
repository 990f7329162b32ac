// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A sender that has its place and has not filled it, as one that lost its processor there.

#include <rouse/sync/mpsc.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <utility>

namespace {

namespace mpsc = rouse::mpsc;

class StopsInMove;
using Sender = mpsc::UnboundedSender<StopsInMove>;
void send_many(const Sender& to);

/// While one with a sender is on its way into its place, many others are sent.
class StopsInMove {
public:
    explicit StopsInMove(int number, const Sender* stopped = nullptr) noexcept
        : number_(number), stopped_(stopped) {}
    StopsInMove(StopsInMove&& other) noexcept
        : number_(other.number_), stopped_(std::exchange(other.stopped_, nullptr)) {
        if (stopped_) send_many(*std::exchange(stopped_, nullptr));
    }
    StopsInMove& operator=(StopsInMove&&) = delete;
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_;
    const Sender* stopped_;
};

constexpr int many = 200000;

void send_many(const Sender& to) {
    for (int i = 1; i <= many; ++i) (void)to.send(StopsInMove(i));
}

/// Of this thread: it does not count while others have the processor.
std::int64_t cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * std::int64_t{1000000000} + now.tv_nsec;
}

void expect_all(mpsc::UnboundedReceiver<StopsInMove>& from, int first) {
    int next = first;
    while (const auto message = from.try_recv()) {
        if (message->number() != next) FAIL() << message->number() << " instead of " << next;
        ++next;
    }
    EXPECT_EQ(next, many + 1);
}

TEST(MpscStopped, a_send_that_is_stopped_in_its_middle_does_not_slow_the_others) {
    auto [tx, rx] = mpsc::unbounded_channel<StopsInMove>();
    const std::int64_t start = cpu_time();
    send_many(tx);
    const std::int64_t alone = cpu_time() - start;
    expect_all(rx, 1);

    const std::int64_t restart = cpu_time();
    EXPECT_TRUE(tx.send(StopsInMove(0, &tx)).has_value());
    const std::int64_t behind = cpu_time() - restart;
    expect_all(rx, 0);
    EXPECT_LT(behind, 30 * alone) << "each send walks over all that were sent since";
}

} // namespace
