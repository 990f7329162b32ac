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

class Stopping;
using StoppedSender = mpsc::UnboundedSender<Stopping>;
void send_behind(const StoppedSender& to);

/// While one with a sender is on its way into its place, many others are sent.
class Stopping {
public:
    explicit Stopping(int number, const StoppedSender* stopped = nullptr) noexcept
        : number_(number), stopped_(stopped) {}
    Stopping(Stopping&& other) noexcept
        : number_(other.number_), stopped_(std::exchange(other.stopped_, nullptr)) {
        if (stopped_) send_behind(*std::exchange(stopped_, nullptr));
    }
    Stopping& operator=(Stopping&&) = delete;
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_;
    const StoppedSender* stopped_;
};

constexpr int sent_behind = 200000;

void send_behind(const StoppedSender& to) {
    for (int i = 1; i <= sent_behind; ++i) (void)to.send(Stopping(i));
}

/// Of this thread: it does not count while others have the processor.
std::int64_t thread_cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * std::int64_t{1000000000} + now.tv_nsec;
}

void expect_all_behind(mpsc::UnboundedReceiver<Stopping>& from, int first) {
    int next = first;
    while (const auto message = from.try_recv()) {
        if (message->number() != next) FAIL() << message->number() << " instead of " << next;
        ++next;
    }
    EXPECT_EQ(next, sent_behind + 1);
}

TEST(MpscStopped, a_send_that_is_stopped_in_its_middle_does_not_slow_the_others) {
    auto [tx, rx] = mpsc::unbounded_channel<Stopping>();
    const std::int64_t start = thread_cpu_time();
    send_behind(tx);
    const std::int64_t alone = thread_cpu_time() - start;
    expect_all_behind(rx, 1);

    const std::int64_t restart = thread_cpu_time();
    EXPECT_TRUE(tx.send(Stopping(0, &tx)).has_value());
    const std::int64_t behind = thread_cpu_time() - restart;
    expect_all_behind(rx, 0);
    EXPECT_LT(behind, 30 * alone) << "each send walks over all that were sent since";
}

} // namespace
