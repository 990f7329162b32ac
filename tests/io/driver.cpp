// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What every backend promises: the suite of all drivers.

#include <rouse/core/waker_from.hpp>

#include "io/backends.hpp"

#include <csignal>
#include <latch>
#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <sys/time.h>

namespace {

using namespace std::chrono_literals;
using rouse::IoError;
using rouse::detail::IoDriver;
using rouse::detail::IoSource;
using rouse::io::Interest;
using rouse::io::Readiness;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::Waits;
using rouse_test::Watched;
using SteadyClock = std::chrono::steady_clock;

class Driver : public rouse_test::WithDriver {};
INSTANTIATE_TEST_SUITE_P(backends, Driver, rouse_test::backends(), testing::PrintToStringParamName());

TEST_P(Driver, names_its_backend) { EXPECT_STREQ(driver->backend(), GetParam().name); }

TEST_P(Driver, poll_now_does_not_wait) {
    EXPECT_EQ(driver->poll_now(), 0u);
    EXPECT_EQ(driver->ready_events(), 0u);
}

TEST_P(Driver, parks_until_the_deadline_and_not_shorter) {
    const auto deadline = SteadyClock::now() + 3ms;
    EXPECT_EQ(driver->park(deadline), 0u);
    EXPECT_GE(SteadyClock::now(), deadline);
    EXPECT_EQ(driver->park(SteadyClock::now() - 1h), 0u); // one that has passed
}

TEST_P(Driver, an_unpark_before_the_park_ends_it) {
    driver->unpark();
    driver->unpark();
    EXPECT_EQ(driver->park(std::nullopt), 0u);
    const auto deadline = SteadyClock::now() + 2ms;
    driver->park(deadline); // several count as one
    EXPECT_GE(SteadyClock::now(), deadline);
}

TEST_P(Driver, an_unpark_on_another_thread_ends_the_park_each_time) {
    for (int i = 0; i < 200; ++i) {
        const std::jthread other([&] { driver->unpark(); });
        driver->park(std::nullopt);
    }
}

TEST_P(Driver, an_unpark_in_a_signal_handler_ends_the_park) {
    static std::atomic<IoDriver*> to_unpark{nullptr};
    to_unpark = driver.get();
    struct sigaction action{}, before{};
    action.sa_handler = [](int) { to_unpark.load()->unpark(); };
    sigaction(SIGALRM, &action, &before);
    itimerval soon{};
    soon.it_value.tv_usec = 2000;
    setitimer(ITIMER_REAL, &soon, nullptr);
    driver->park(std::nullopt);
    sigaction(SIGALRM, &before, nullptr);
}

TEST_P(Driver, a_signal_that_wakes_nobody_does_not_end_the_park) {
    struct sigaction action{}, before{};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, &before);
    itimerval soon{};
    soon.it_value.tv_usec = 1000;
    setitimer(ITIMER_REAL, &soon, nullptr);
    const auto deadline = SteadyClock::now() + 5ms;
    driver->park(deadline);
    EXPECT_GE(SteadyClock::now(), deadline);
    sigaction(SIGALRM, &before, nullptr);
}

TEST_P(Driver, tells_of_what_was_ready_at_the_registration) {
    auto pair = FdPair::sockets();
    put(pair.b());
    const Watched a(driver, pair.a());
    EXPECT_EQ(a.ready().bits(), 0u);
    EXPECT_EQ(driver->park(std::nullopt), 1u);
    EXPECT_TRUE(a.ready().is_readable());
    EXPECT_TRUE(a.ready().is_writable());
    EXPECT_FALSE(a.ready().is_read_closed());
    EXPECT_EQ(driver->ready_events(), 1u);
    EXPECT_EQ(driver->registrations(), 1u);
}

TEST_P(Driver, what_is_taken_for_granted_needs_no_event) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a(), Readiness::writable);
    Waits waits(a);
    EXPECT_FALSE(waits.wait(Interest::writable));
    EXPECT_TRUE(waits.wait(Interest::readable));
}

TEST_P(Driver, wakes_once_and_lets_go_of_the_waker) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    driver->poll_now(); // writable
    Waits waits(a);
    EXPECT_TRUE(waits.wait(Interest::readable));
    EXPECT_EQ(waits.counting.clones_alive(), 1u);
    EXPECT_EQ(driver->poll_now(), 0u);
    EXPECT_EQ(waits.counting.wakes(), 0u);
    put(pair.b());
    EXPECT_EQ(driver->park(std::nullopt), 1u);
    EXPECT_EQ(waits.counting.wakes(), 1u);
    EXPECT_EQ(waits.counting.clones_alive(), 0u);
    EXPECT_FALSE(waits.is_queued());
    put(pair.b());
    driver->poll_now();
    EXPECT_EQ(waits.counting.wakes(), 1u);
}

TEST_P(Driver, there_is_no_wait_for_what_is_ready) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    put(pair.b());
    driver->park(std::nullopt);
    Waits waits(a);
    EXPECT_FALSE(waits.wait(Interest::readable));
    EXPECT_FALSE(waits.wait(Interest::readable | Interest::priority));
    EXPECT_EQ(waits.counting.clones_alive(), 0u);
    a.clear(Readiness::readable);
    EXPECT_TRUE(waits.wait(Interest::readable));
}

TEST_P(Driver, an_event_between_the_call_and_the_clear_is_kept) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    put(pair.b());
    driver->park(std::nullopt);
    const std::uint64_t seen = a.io().load();
    EXPECT_EQ(rouse_test::drain(a.io().fd()), "x"); // and then EAGAIN
    put(pair.b());
    driver->park(std::nullopt); // another thread drives
    a.io().clear(seen, Readiness::readable);
    EXPECT_TRUE(a.ready().is_readable());
    a.clear();
    EXPECT_FALSE(a.ready().is_readable());
}

TEST_P(Driver, there_is_an_edge_for_each_arrival) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    for (int i = 0; i < 10; ++i) {
        put(pair.b());
        EXPECT_EQ(driver->park(std::nullopt), 1u);
        EXPECT_TRUE(a.ready().is_readable());
        (void)rouse_test::drain(pair.a());
        a.clear();
    }
}

TEST_P(Driver, wakes_all_who_wait_in_the_order_in_which_they_came) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    driver->poll_now();
    std::vector<int> order;
    std::vector<rouse::Waker> wakers;
    std::vector<std::unique_ptr<rouse::detail::IoWaiter>> waiters;
    for (int i = 0; i < 40; ++i) {
        wakers.push_back(rouse::waker_from([&order, i] { order.push_back(i); }));
        waiters.push_back(std::make_unique<rouse::detail::IoWaiter>());
        EXPECT_TRUE(a.io().wait(*waiters.back(), Interest::readable, wakers.back()));
    }
    put(pair.b());
    driver->park(std::nullopt);
    ASSERT_EQ(order.size(), 40u);
    for (int i = 0; i < 40; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_P(Driver, wakes_only_those_of_the_direction) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    (void)rouse_test::fill(pair.a());
    driver->poll_now();
    a.clear();
    Waits reads(a), writes(a), both(a);
    EXPECT_TRUE(reads.wait(Interest::readable));
    EXPECT_TRUE(writes.wait(Interest::writable));
    EXPECT_TRUE(both.wait(Interest::readable | Interest::writable));
    put(pair.b());
    driver->park(std::nullopt);
    EXPECT_EQ(reads.counting.wakes(), 1u);
    EXPECT_EQ(writes.counting.wakes(), 0u);
    EXPECT_EQ(both.counting.wakes(), 1u);
    EXPECT_EQ(writes.counting.clones_alive(), 1u);
    (void)rouse_test::drain(pair.b());
    while (writes.counting.wakes() == 0) driver->park(std::nullopt);
    EXPECT_EQ(writes.counting.clones_alive(), 0u);
}

TEST_P(Driver, a_second_wait_replaces_the_waker_only_if_it_is_another) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    driver->poll_now();
    rouse::testing::CountingWaker other;
    Waits waits(a);
    EXPECT_TRUE(waits.wait(Interest::readable));
    EXPECT_TRUE(waits.wait(Interest::readable));
    EXPECT_EQ(waits.counting.clones_alive(), 1u);
    rouse::detail::IoWaiter waiter;
    EXPECT_TRUE(a.io().wait(waiter, Interest::readable, waits.counting.waker()));
    EXPECT_TRUE(a.io().wait(waiter, Interest::readable, other.waker()));
    EXPECT_EQ(waits.counting.clones_alive(), 1u);
    EXPECT_EQ(other.clones_alive(), 1u);
    EXPECT_EQ(waits.counting.wakes() + other.wakes(), 0u);
    a.io().forget(waiter);
    EXPECT_EQ(other.clones_alive(), 0u);
}

TEST_P(Driver, who_was_forgotten_is_not_woken) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    driver->poll_now();
    Waits stays(a), goes(a);
    EXPECT_TRUE(stays.wait(Interest::readable));
    EXPECT_TRUE(goes.wait(Interest::readable));
    EXPECT_TRUE(driver->anyone_waits());
    EXPECT_TRUE(driver->seems_awaited());
    goes.forget();
    EXPECT_EQ(goes.counting.clones_alive(), 0u);
    put(pair.b());
    driver->park(std::nullopt);
    EXPECT_EQ(goes.counting.wakes(), 0u);
    EXPECT_EQ(stays.counting.wakes(), 1u);
    EXPECT_FALSE(driver->anyone_waits());
    EXPECT_FALSE(driver->seems_awaited());
}

TEST_P(Driver, close_wakes_all_who_wait_and_says_so_to_those_who_come_later) {
    auto pair = FdPair::sockets();
    Watched a(driver, pair.a());
    driver->poll_now();
    Waits reads(a), urgent(a);
    EXPECT_TRUE(reads.wait(Interest::readable));
    EXPECT_TRUE(urgent.wait(Interest::priority));
    EXPECT_TRUE(a.registration().close());
    EXPECT_EQ(reads.counting.wakes(), 1u);
    EXPECT_EQ(urgent.counting.wakes(), 1u);
    EXPECT_TRUE(a.io().load() & IoSource::closed);
    EXPECT_EQ(rouse::detail::IoRef::error_of(a.io().load()), IoError::closed);
    EXPECT_FALSE(reads.wait(Interest::readable));
    EXPECT_FALSE(a.registration().close());
    put(pair.b());
    EXPECT_EQ(driver->poll_now(), 0u);
}

TEST_P(Driver, its_end_wakes_all_who_wait_and_nothing_is_added_any_more) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    Waits waits(a);
    EXPECT_TRUE(waits.wait(Interest::readable));
    driver->shutdown();
    EXPECT_EQ(waits.counting.wakes(), 1u);
    EXPECT_EQ(waits.counting.clones_alive(), 0u);
    EXPECT_FALSE(waits.wait(Interest::readable));
    EXPECT_EQ(rouse::detail::IoRef::error_of(a.io().load()), IoError::runtime_ended);
    EXPECT_EQ(driver->add(pair.b(), 0).error(), IoError::runtime_ended);
}

TEST_P(Driver, an_event_of_a_descriptor_that_is_gone_does_not_reach_its_successor) {
    auto first = FdPair::sockets();
    auto second = FdPair::sockets();
    std::optional<Watched> a(std::in_place, driver, first.a());
    driver->poll_now();
    put(first.b());
    driver->wait(std::nullopt); // the kernel has told it; nobody has heard
    a.reset();
    const Watched b(driver, second.a()); // in the same source
    Waits waits(b);
    EXPECT_TRUE(waits.wait(Interest::readable));
    driver->dispatch();
    EXPECT_EQ(b.ready().bits(), 0u);
    EXPECT_EQ(waits.counting.wakes(), 0u);
    EXPECT_EQ(driver->registrations(), 1u);
}

TEST_P(Driver, a_wait_does_not_write_over_what_was_not_dispatched) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    driver->wait(std::nullopt);
    driver->wait(std::nullopt);
    EXPECT_EQ(driver->dispatch(), 1u);
    EXPECT_TRUE(a.ready().is_writable());
}

// The library that owns a borrowed descriptor closes it before it tells us, and a child has inherited the
// file.
TEST_P(Driver, a_descriptor_that_is_closed_behind_its_back_does_no_harm) {
    auto first = FdPair::sockets();
    const int inherited = ::dup(first.a());
    std::optional<Watched> a(std::in_place, driver, first.a());
    driver->poll_now();
    first.close_a();
    a.reset();
    auto second = FdPair::sockets();
    const Watched b(driver, second.a());
    driver->poll_now();
    b.clear();
    put(first.b());
    driver->poll_now();
    EXPECT_EQ(b.ready().bits(), 0u);
    ::close(inherited);
}

TEST_P(Driver, half_close_and_hang_up_are_told_apart) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    ::shutdown(pair.b(), SHUT_WR);
    driver->park(std::nullopt);
    EXPECT_TRUE(a.ready().is_read_closed());
    EXPECT_FALSE(a.ready().is_write_closed());
    pair.close_b();
    driver->park(std::nullopt);
    EXPECT_TRUE(a.ready().is_write_closed());
    a.clear(Readiness::readable | Readiness::writable); // after a short read
    Waits waits(a);
    EXPECT_FALSE(waits.wait(Interest::readable)) << "the end is still to be read";
}

TEST_P(Driver, the_ends_of_a_pipe) {
    auto pipe = FdPair::pipe();
    const Watched reads(driver, pipe.a());
    {
        const Watched writes(driver, pipe.b());
        driver->poll_now();
        EXPECT_TRUE(writes.ready().is_writable());
        EXPECT_FALSE(writes.ready().is_readable());
        EXPECT_EQ(reads.ready().bits(), 0u);
    }
    pipe.close_b();
    driver->park(std::nullopt);
    EXPECT_TRUE(reads.ready().is_readable());
    EXPECT_TRUE(reads.ready().is_read_closed());
}

TEST_P(Driver, a_pipe_without_reader_is_writable_for_the_error) {
    auto pipe = FdPair::pipe();
    (void)rouse_test::fill(pipe.b());
    const Watched writes(driver, pipe.b());
    driver->poll_now();
    Waits waits(writes);
    EXPECT_TRUE(waits.wait(Interest::writable));
    pipe.close_a();
    driver->park(std::nullopt);
    EXPECT_EQ(waits.counting.wakes(), 1u);
    EXPECT_TRUE(writes.ready().is_error());
}

TEST_P(Driver, a_regular_file_is_refused) {
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    auto added = driver->add(file, 0);
    ASSERT_FALSE(added.has_value());
    EXPECT_EQ(added.error(), std::errc::operation_not_permitted);
    EXPECT_EQ(driver->registrations(), 0u);
    ::close(file);
}

TEST_P(Driver, sources_are_used_again) {
    auto pair = FdPair::sockets();
    IoSource* const first = driver->add(pair.a(), 0).value();
    const std::uint32_t generation = IoSource::generation(first->load());
    EXPECT_TRUE(driver->close(*first, generation, pair.a()));
    driver->remove(*first);
    for (int i = 0; i < 10'000; ++i) {
        const Watched a(driver, pair.a());
        ASSERT_TRUE(a.io().load() >> 32 > generation);
    }
    IoSource* const last = driver->add(pair.a(), 0).value();
    EXPECT_EQ(last, first);
    EXPECT_TRUE(driver->close(*last, IoSource::generation(last->load()), pair.a()));
    driver->remove(*last);
    EXPECT_EQ(driver->registrations(), 0u);
}

TEST_P(Driver, more_descriptors_than_one_wait_brings) {
    constexpr int count = 400;
    std::vector<int> fds;
    std::vector<std::unique_ptr<Watched>> watched;
    for (int i = 0; i < count; ++i) {
        fds.push_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        watched.push_back(std::make_unique<Watched>(driver, fds.back()));
    }
    while (driver->poll_now() != 0) {}
    for (const auto& one : watched) EXPECT_TRUE(one->ready().is_writable());
    for (const int fd : fds) {
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(fd, &one, sizeof(one)), 8);
    }
    while (driver->poll_now() != 0) {}
    for (const auto& one : watched) EXPECT_TRUE(one->ready().is_readable());
    EXPECT_EQ(driver->registrations(), count);
    watched.clear();
    for (const int fd : fds) ::close(fd);
}

TEST_P(Driver, a_waker_may_remove_the_descriptor_that_wakes_it) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a(std::in_place, driver, pair.a());
    driver->poll_now();
    const rouse::Waker waker = rouse::waker_from([&] { a.reset(); });
    rouse::detail::IoWaiter waiter;
    EXPECT_TRUE(a->io().wait(waiter, Interest::readable, waker));
    put(pair.b());
    driver->park(std::nullopt);
    EXPECT_FALSE(a.has_value());
    EXPECT_EQ(driver->registrations(), 0u);
}

TEST_P(Driver, it_stays_as_long_as_a_registration_of_it) {
    auto pair = FdPair::sockets();
    const Watched a(driver, pair.a());
    driver->shutdown();
    driver.reset();
    EXPECT_TRUE(a.io().load() & IoSource::ended);
}

} // namespace
