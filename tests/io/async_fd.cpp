// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/io/async_fd.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>

#include "io/backends.hpp"
#include "support/quiet_runtime.hpp"

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include <sys/eventfd.h>
#include <sys/timerfd.h>

namespace {

using namespace std::chrono_literals;
using rouse::IoError;
using rouse::or_throw;
using rouse::Result;
using rouse::Task;
using rouse::io::AsyncFd;
using rouse::io::Interest;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::run_quietly;

/// Hooks that fail the test, and a clock that runs.
rouse::RuntimeOptions quiet_running() {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    return options;
}
template <class F>
auto run(F main) {
    return rouse::run(std::move(main), quiet_running());
}

Result<std::string> read_now(int fd) {
    std::string text(100, '\0');
    const ssize_t n = ::read(fd, text.data(), text.size());
    if (n < 0) return rouse::detail::last_error();
    text.resize(static_cast<std::size_t>(n));
    return text;
}

TEST(AsyncFd, waits_until_another_thread_has_written) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        const std::jthread writer([&] { put(pair.b(), "hello"); });
        EXPECT_TRUE(or_throw(co_await fd.readable()).is_readable());
        EXPECT_EQ(read_now(fd.fd()), "hello");
    });
}

TEST(AsyncFd, readable_is_asked_anew_each_time_and_needs_no_draining) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        put(pair.b(), "x");
        EXPECT_TRUE((co_await fd.readable()).has_value());
        EXPECT_TRUE((co_await fd.readable()).has_value()); // still
        EXPECT_EQ(read_now(fd.fd()), "x");                 // and nobody says EAGAIN
        const std::jthread writer([&] { put(pair.b(), "y"); });
        EXPECT_TRUE((co_await fd.readable()).has_value());
        EXPECT_EQ(read_now(fd.fd()), "y");
    });
}

TEST(AsyncFd, async_io_calls_until_it_does_not_block) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        int calls = 0;
        auto call = [&] {
            ++calls;
            return read_now(pair.a());
        };
        put(pair.b(), "x");
        EXPECT_EQ(co_await fd.async_io(Interest::readable, call), "x");
        const std::jthread writer([&] { put(pair.b(), "y"); });
        EXPECT_EQ(co_await fd.async_io(Interest::readable, call), "y");
        EXPECT_LE(calls, 3);
    });
}

TEST(AsyncFd, try_io_does_not_call_when_it_is_known_that_it_would_block) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        int calls = 0;
        auto call = [&] {
            ++calls;
            return read_now(pair.a());
        };
        put(pair.b());
        EXPECT_TRUE((co_await fd.readable()).has_value());
        EXPECT_EQ(fd.try_io(Interest::readable, call), "x");
        EXPECT_EQ(fd.try_io(Interest::readable, call).error(), std::errc::resource_unavailable_try_again);
        EXPECT_EQ(calls, 2);
        EXPECT_EQ(fd.try_io(Interest::readable, call).error(), std::errc::resource_unavailable_try_again);
        EXPECT_EQ(calls, 2);
    });
}

TEST(AsyncFd, two_tasks_wait_for_the_same_direction_and_two_for_both) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        (void)rouse_test::fill(pair.a());
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        int done = 0;
        auto wait = [&](Interest interest) -> Task<> {
            or_throw(co_await fd.ready(interest));
            ++done;
        };
        auto first = rouse::spawn(wait, Interest::readable);
        auto second = rouse::spawn(wait, Interest::readable);
        auto third = rouse::spawn(wait, Interest::writable);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
        EXPECT_EQ(done, 0);
        const std::jthread peer([&] { put(pair.b()); });
        co_await first;
        co_await second;
        EXPECT_EQ(done, 2);
        (void)rouse_test::drain(pair.b());
        co_await third;
        EXPECT_EQ(done, 3);
    });
}

TEST(AsyncFd, close_wakes_who_waits_with_an_error) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::own(pair.release_a()));
        auto wait = [&]() -> Task<Result<rouse::io::Readiness>> { co_return co_await fd.readable(); };
        auto one = rouse::spawn(wait);
        auto two = rouse::spawn(wait);
        co_await rouse::yield_now();
        const int number = fd.fd();
        EXPECT_TRUE(fd.close());
        EXPECT_FALSE(fd.close());
        const auto error = (co_await one).error();
        EXPECT_EQ(error, IoError::closed);
        EXPECT_EQ(error, std::errc::operation_canceled);
        EXPECT_EQ((co_await two).error(), IoError::closed);
        EXPECT_EQ((co_await fd.writable()).error(), IoError::closed);
        EXPECT_EQ(read_now(pair.b()), "") << "the peer sees the end, though the object is still there";
        EXPECT_EQ(read_now(number).error(), std::errc::bad_file_descriptor);
        const int other = ::eventfd(0, EFD_CLOEXEC);
        EXPECT_NE(other, number) << "not before the object is gone";
        ::close(other);
    });
}

/// What the epolls of this process watch.
std::size_t watched() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream about(each.path());
        for (std::string line; std::getline(about, line);) count += line.starts_with("tfd:");
    }
    return count;
}

// Closed first, its number could be another file's when it is taken off the epoll; and a file that lives on,
// as here, would stay there for good.
TEST(AsyncFd, one_that_is_assigned_to_is_taken_off_before_it_is_closed) {
    run([]() -> Task<> {
        auto first = FdPair::sockets(), second = FdPair::sockets();
        auto fd = or_throw(AsyncFd::own(::dup(first.a())));
        (void)co_await rouse::timeout(1ms, fd.readable()); // it is registered
        const std::size_t before = watched();
        fd = or_throw(AsyncFd::own(::dup(second.a())));
        (void)co_await rouse::timeout(1ms, fd.readable());
        EXPECT_EQ(watched(), before);
        auto& same = fd;
        fd = std::move(same);
        put(second.b(), "hello");
        EXPECT_TRUE(or_throw(co_await fd.readable()).is_readable());
    });
}

TEST(AsyncFd, into_fd_gives_it_back_open) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::own(pair.release_a()));
        const int number = std::move(fd).into_fd();
        put(pair.b());
        EXPECT_EQ(read_now(number), "x");
        auto again = or_throw(AsyncFd::own(number));
        EXPECT_TRUE((co_await again.writable()).has_value());
    });
}

TEST(AsyncFd, what_cannot_be_watched_is_refused) {
    run([]() -> Task<> {
        EXPECT_EQ(AsyncFd::own(-1).error(), std::errc::bad_file_descriptor);
        const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        EXPECT_EQ(AsyncFd::own(file).error(), std::errc::operation_not_permitted);
        EXPECT_EQ(::fcntl(file, F_GETFD), -1) << "an owned one is closed";
        co_return;
    });
}

TEST(AsyncFd, a_dropped_wait_leaves_nothing_behind) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        for (int i = 0; i < 3; ++i) {
            auto timed = co_await rouse::timeout(1ms, fd.readable());
            EXPECT_FALSE(timed.has_value());
        }
        auto first = co_await rouse::select(fd.readable(), fd.writable());
        EXPECT_EQ(first.index(), 1u);
        rouse::testing::Harness harness(fd.readable());
        EXPECT_TRUE(harness.poll().is_pending());
        EXPECT_EQ(harness.clones_alive(), 1u);
        harness.drop();
        EXPECT_EQ(harness.clones_alive(), 0u);
        put(pair.b());
        EXPECT_TRUE((co_await fd.readable()).has_value());
        EXPECT_EQ(harness.wakes(), 0u);
    });
}

TEST(AsyncFd, a_ready_future_holds_no_waker_though_it_was_polled_before_the_event_was_heard) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        auto call = [&] { return read_now(pair.a()); };
        rouse::testing::Harness harness(fd.async_io(Interest::readable, call));
        EXPECT_TRUE(harness.poll().is_pending());
        rouse::testing::Harness second(fd.async_io(Interest::readable, call));
        EXPECT_TRUE(second.poll().is_pending());
        put(pair.b());
        while (!harness.is_woken()) co_await rouse::yield_now();
        EXPECT_EQ(harness.poll().value(), "x");
        EXPECT_EQ(harness.clones_alive(), 0u);
        EXPECT_EQ(second.take_wakes(), 1u);
        EXPECT_TRUE(second.poll().is_pending()) << "the other was faster";
        EXPECT_EQ(second.clones_alive(), 1u);
        fd.close();
        EXPECT_EQ(second.poll().value().error(), IoError::closed);
        EXPECT_EQ(second.clones_alive(), 0u);
    });
}

// ---- the runtime ----

TEST(IoRuntime, a_task_that_waits_for_io_is_neither_lost_nor_deadlocked) {
    auto options = quiet_running();
    options.deadlock_grace = 2ms;
    options.on_suspicion = [](const rouse::QuiescenceReport& report) {
        ADD_FAILURE() << rouse::format_report(report);
    };
    auto runtime = rouse::Runtime::current_thread(options);
    // A timer of the kernel's: no thread of this process will wake it, and the runtime knows of no timer.
    runtime.block_on([]() -> Task<> {
        auto fd = or_throw(AsyncFd::own(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)));
        itimerspec soon{};
        soon.it_value.tv_nsec = 30'000'000; // longer than the grace
        EXPECT_EQ(::timerfd_settime(fd.fd(), 0, &soon, nullptr), 0);
        EXPECT_TRUE((co_await fd.readable()).has_value());
    });
}

TEST(IoRuntime, a_deadlock_beside_an_unused_descriptor_is_found) {
    if (ROUSE_TSAN) GTEST_SKIP() << "never proven there";
    auto options = quiet_running();
    options.deadlock_grace = 20ms;
    auto pair = FdPair::sockets();
    EXPECT_THROW(rouse::run(
                     [&]() -> Task<> {
                         auto fd = or_throw(AsyncFd::borrow(pair.a()));
                         auto [sender, receiver] = rouse::oneshot::channel<>();
                         (void)co_await receiver; // the sender is in this very frame
                     },
                     options),
                 rouse::Deadlock);
}

TEST(IoRuntime, the_dump_says_what_is_waited_for) {
    auto pair = FdPair::sockets();
    run([&]() -> Task<> {
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        auto wait = [&]() -> Task<> { (void)co_await fd.ready(Interest::readable | Interest::priority); };
        auto task = rouse::spawn(wait);
        co_await rouse::yield_now();
        const auto dump = rouse::Handle::current().dump();
        bool found = false;
        for (const auto& one : dump.tasks)
            for (const auto& what : one.await.waits)
                if (what.kind == rouse::WaitKind::io) {
                    found = true;
                    EXPECT_TRUE(what.text.starts_with("readable or priority: fd " + std::to_string(pair.a()) +
                                                      " (socket:["))
                        << what.text;
                }
        EXPECT_TRUE(found) << dump.to_string();
        task.abort();
        (void)co_await std::move(task).into_result();
    });
}

TEST(IoRuntime, a_busy_runtime_sees_io) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        bool seen = false;
        auto wait = [&]() -> Task<> {
            or_throw(co_await fd.readable());
            seen = true;
        };
        auto task = rouse::spawn(wait);
        co_await rouse::yield_now();
        put(pair.b());
        while (!seen) co_await rouse::yield_now(); // is never idle
        co_await task;
    });
}

TEST(IoRuntime, what_is_ready_comes_before_the_paused_clock_jumps) {
    run_quietly([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        put(pair.b());
        auto timed = co_await rouse::timeout(1h, fd.readable());
        EXPECT_TRUE(timed.has_value());
    });
}

TEST(IoRuntime, a_foreign_thread_wakes_a_runtime_that_sleeps_in_its_driver) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        for (int i = 0; i < 200; ++i) {
            auto [sender, receiver] = rouse::oneshot::channel<int>();
            auto send = [tx = std::move(sender), i]() mutable { (void)std::move(tx).send(i); };
            const std::jthread other(std::move(send));
            EXPECT_EQ(*co_await receiver, i);
        }
    });
}

TEST(IoRuntime, timers_are_on_time_while_it_sleeps_in_its_driver) {
    run([]() -> Task<> {
        auto pair = FdPair::sockets();
        auto fd = or_throw(AsyncFd::borrow(pair.a()));
        const auto deadline = rouse::now() + 3ms;
        co_await rouse::sleep_until(deadline);
        EXPECT_GE(rouse::now(), deadline);
    });
}

TEST(IoRuntime, its_end_wakes_who_waits_elsewhere) {
    auto pair = FdPair::sockets();
    std::optional<AsyncFd> fd;
    std::latch waits(1);
    std::jthread other;
    {
        auto runtime = rouse::Runtime::current_thread(quiet_running());
        runtime.block_on([&]() -> Task<> {
            fd.emplace(or_throw(AsyncFd::borrow(pair.a())));
            co_return;
        });
        other = std::jthread([&] {
            auto readable = fd->readable();
            auto watched = [&](rouse::Context& cx) {
                auto poll = readable.poll(cx);
                if (!waits.try_wait()) waits.count_down();
                return poll;
            };
            auto got = rouse::block_on(rouse::poll_fn(watched));
            EXPECT_EQ(got.error(), IoError::runtime_ended);
            EXPECT_EQ(got.error(), std::errc::operation_canceled);
        });
        waits.wait();
    }
    other.join();
    fd.reset(); // when its runtime is long gone
}

TEST(IoRuntime, its_end_cancels_tasks_that_wait_for_each_others_descriptors) {
    auto one = FdPair::sockets();
    auto runtime = rouse::Runtime::current_thread(quiet_running());
    runtime.block_on([&]() -> Task<> {
        // The owner is destroyed first, while the other still waits for what it owned.
        AsyncFd* shared = nullptr;
        auto own = [&]() -> Task<> {
            auto fd = or_throw(AsyncFd::borrow(one.a()));
            shared = &fd;
            co_await rouse::never();
        };
        (void)rouse::spawn(own);
        co_await rouse::yield_now();
        auto wait = [](AsyncFd* fd) -> Task<> { (void)co_await fd->readable(); };
        (void)rouse::spawn(wait, shared);
        co_await rouse::yield_now();
    });
}

TEST(IoRuntime, an_object_is_destroyed_on_another_thread_while_the_runtime_sleeps) {
    run([]() -> Task<> {
        for (int i = 0; i < 100; ++i) {
            auto pair = FdPair::sockets();
            auto fd = std::make_unique<AsyncFd>(or_throw(AsyncFd::own(pair.release_a())));
            auto [sender, receiver] = rouse::oneshot::channel<>();
            auto destroy = [&, tx = std::move(sender)]() mutable {
                put(pair.b());
                fd.reset();
                (void)std::move(tx).send();
            };
            const std::jthread other(std::move(destroy));
            EXPECT_TRUE((co_await receiver).has_value());
        }
    });
}

TEST(IoRuntimeDeath, an_object_is_not_made_outside_of_a_runtime) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)AsyncFd::borrow(0), "an AsyncFd was made outside of a runtime");
}

} // namespace
