// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A bad task blocks its worker for two seconds. What others await there and elsewhere goes on, and the bad
// one is named while it is still at it.

#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::net::SocketAddress;
using rouse::net::TcpListener;
using rouse::net::TcpStream;

constexpr auto blocked_for = 2s;
constexpr int tickers = 8;
constexpr int clients = 8;

/// How late things were; each task has one of its own.
class Late {
public:
    void note(rouse::Duration by) { all_.push_back(std::max(by, rouse::Duration{})); }
    void add(const Late& other) { all_.insert(all_.end(), other.all_.begin(), other.all_.end()); }
    void sort() { std::ranges::sort(all_); }
    [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
    /// Of those that are sorted.
    [[nodiscard]] double ms(double share) const {
        if (all_.empty()) return 1e9;
        const auto at = static_cast<std::size_t>(share * static_cast<double>(all_.size() - 1));
        return std::chrono::duration<double, std::milli>(all_[at]).count();
    }

private:
    std::vector<rouse::Duration> all_;
};

Task<Late> tick(const std::atomic<bool>& over) {
    Late late;
    while (!over.load()) {
        const auto start = rouse::now();
        co_await rouse::sleep(2ms);
        late.note(rouse::now() - start - 2ms);
    }
    co_return late;
}

Task<> echo(TcpStream stream) {
    std::string buffer(64, '-');
    for (;;) {
        const std::size_t got = or_throw(co_await stream.read(rouse::io::room(buffer)));
        if (got == 0) co_return;
        or_throw(
            co_await rouse::io::write_all(stream, rouse::io::bytes(std::string_view(buffer).substr(0, got))));
    }
}

/// How long each echo took.
Task<Late> talk(SocketAddress to, const std::atomic<bool>& over) {
    auto stream = or_throw(co_await TcpStream::connect(to, 20s));
    Late late;
    while (!over.load()) {
        const auto start = rouse::now();
        or_throw(co_await rouse::io::write_all(stream, rouse::io::bytes("ping")));
        std::string answer(4, '-');
        or_throw(co_await rouse::io::read_exact(stream, rouse::io::room(answer)));
        if (answer != "ping") throw std::runtime_error("not what was sent");
        late.note(rouse::now() - start);
        co_await rouse::sleep(1ms);
    }
    co_return late;
}

/// What the hook was told of the bad task while it blocked.
class Reported {
public:
    void take(const rouse::LongPollReport& report) {
        const std::lock_guard lock(mutex_);
        // Under TSan it has no name: see below. A loaded machine may have held up another task as well.
        if (blocks.load() && !in_time_ && (ROUSE_TSAN || report.task_name == "the bad one"))
            in_time_ = report;
    }
    std::optional<rouse::LongPollReport> in_time() {
        const std::lock_guard lock(mutex_);
        return in_time_;
    }
    std::atomic<bool> blocks{false};

private:
    std::mutex mutex_;
    std::optional<rouse::LongPollReport> in_time_;
};

Task<> bad(Reported& reported) {
    co_await rouse::yield_now();
    reported.blocks.store(true);
    std::this_thread::sleep_for(blocked_for);
    reported.blocks.store(false);
}

TEST(MultiThreadBlockedWorker, timers_and_echoes_go_on_and_the_bad_task_is_named_while_it_blocks) {
    Reported reported;
    rouse::RuntimeOptions options;
    options.worker_threads = 2;
    options.long_poll_threshold = 500ms;
    options.on_long_poll = [&](const rouse::LongPollReport& report) { reported.take(report); };
    auto runtime = rouse::Runtime::multi_thread(options);
    std::atomic<bool> over{false};
    Late timers, echoes;
    const auto main = [&]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        std::vector<rouse::JoinHandle<Late>> ticking, talking;
        std::vector<rouse::JoinHandle<>> echoing;
        for (int i = 0; i < clients; ++i) talking.push_back(rouse::spawn(talk, address, std::ref(over)));
        for (int i = 0; i < clients; ++i) {
            auto accepted = or_throw(co_await listener.accept());
            (void)accepted.first.set_nodelay(true);
            echoing.push_back(rouse::spawn(echo, std::move(accepted.first)));
        }
        for (int i = 0; i < tickers; ++i) ticking.push_back(rouse::spawn(tick, std::ref(over)));
        co_await rouse::sleep(50ms); // timers and connections are with both workers, as it comes
        co_await rouse::TaskBuilder("the bad one").spawn(bad, std::ref(reported));
        over.store(true);
        for (auto& handle : ticking) timers.add(co_await handle);
        for (auto& handle : talking) echoes.add(co_await handle);
        for (auto& handle : echoing) co_await handle;
    };
    runtime.block_on(main);

    timers.sort();
    echoes.sort();
    std::printf(
        "beside a worker that is blocked for 2 s: %zu timers late by %.2f ms (median), %.2f (p99), %.2f (worst); "
        "%zu echoes took %.2f ms (median), %.2f (p99), %.2f (worst)\n",
        timers.count(), timers.ms(0.5), timers.ms(0.99), timers.ms(1), echoes.count(), echoes.ms(0.5),
        echoes.ms(0.99), echoes.ms(1));
    // Aimed at: 12 ms for the worst timer, 20 ms for 99 of 100 echoes; but that is for an idle machine. What
    // is left with the blocked worker is late by all the time that it blocks.
    constexpr double not_left = std::chrono::duration<double, std::milli>(blocked_for).count() / 2;
    EXPECT_LT(timers.ms(1), not_left);
    EXPECT_LT(echoes.ms(0.99), not_left);
    EXPECT_GT(timers.count(), 100u);
    EXPECT_GT(echoes.count(), 100u);

    const auto report = reported.in_time();
    ASSERT_TRUE(report.has_value()) << "nobody told of it while it blocked";
    EXPECT_GE(report->running, 500ms);
    std::printf("%s", rouse::format_report(*report).c_str());
#if !ROUSE_TSAN // there the signal waits until the thread makes a call that the sanitizer knows
    ASSERT_FALSE(report->stack.empty());
    EXPECT_NE(std::string(report->stack[0].file_name()).find("multi_thread_blocked_worker.cpp"),
              std::string::npos);
    EXPECT_FALSE(report->native_stack.empty());
#endif
}

} // namespace
