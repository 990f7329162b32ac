// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Listeners in need: no descriptors left, closed under those who wait, many who accept.

#include <rouse/combine/select.hpp>
#include <rouse/net/unix_stream.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/timeout.hpp>

#include "net/loopback.hpp"

#include <thread>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
using rouse::IoError;
using rouse::or_throw;
using rouse::Task;
using rouse::net::SocketAddress;
using rouse::net::TcpListener;
using rouse::net::TcpStream;
using rouse_test::BlockingClient;
using rouse_test::run;

/// No further descriptor can be opened while it lives, or one.
class NoDescriptors {
public:
    explicit NoDescriptors(bool but_one = false) {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit none = before_;
        const int next = ::dup(0);
        ::close(next);
        none.rlim_cur = static_cast<rlim_t>(next) + (but_one ? 1 : 0); // the lowest that is free
        setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

std::uint64_t polls_of(const std::string& name) {
    for (const auto& task : rouse::Handle::current().dump().tasks)
        if (task.name == name) return task.polls;
    return 0;
}

TEST(Accept, without_descriptors_it_waits_does_not_spin_and_goes_on) {
    auto options = rouse_test::quiet_options(); // the clock jumps: no second is lost
    rouse::run(
        []() -> Task<> {
            auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
            const BlockingClient first(or_throw(listener.local_address()));
            const BlockingClient second(or_throw(listener.local_address()));
            auto accept = [&]() -> Task<> {
                or_throw(co_await listener.accept());
                or_throw(co_await listener.accept());
            };
            const auto start = rouse::now(); // clang 19 looks at a class once, and takes a descriptor for it
            std::optional<NoDescriptors> none(std::in_place);
            auto accepting = rouse::TaskBuilder("accepting").spawn(accept);
            co_await rouse::sleep(10s);
            const auto polls = polls_of("accepting");
            EXPECT_GE(polls, 10s / 500ms);
            EXPECT_LE(polls, 60u) << "5 ms, doubled up to half a second";
            EXPECT_FALSE(accepting.is_finished());
            none.reset();
            co_await accepting; // both, though there was no further event
            EXPECT_LE(rouse::now() - start, 10s + 500ms);
        },
        options);
}

// The accepting task had moved to a worker without a driver: it took the connection with the last descriptor,
// had none for an epoll, and the listener seemed to have failed.
TEST(Accept, a_thread_that_has_no_driver_yet_waits_for_descriptors_too) {
    rouse::RuntimeOptions options;
    options.worker_threads = 1;
    auto listens = rouse::Runtime::multi_thread(std::move(options));
    std::optional<TcpListener> listener;
    listens.block_on([&]() -> Task<> {
        listener.emplace(or_throw(TcpListener::bind(SocketAddress::loopback(0))));
        co_return;
    });
    const BlockingClient client(or_throw(listener->local_address()));
    run([&]() -> Task<> {
        {
            const NoDescriptors no_more(true);
            const auto first = co_await rouse::timeout(20ms, listener->accept());
            EXPECT_FALSE(first.has_value()) << first->error().message();
            if (first) co_return; // the connection is gone
        }
        EXPECT_TRUE((co_await listener->accept()).has_value());
    });
    listener.reset();
}

TEST(Accept, a_close_ends_the_wait_for_a_descriptor_too) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const BlockingClient client(or_throw(listener.local_address()));
        std::optional<NoDescriptors> none(std::in_place);
        rouse::testing::Harness accepting(listener.accept());
        EXPECT_TRUE(accepting.poll().is_pending());
        while (accepting.take_wakes() == 0) co_await rouse::yield_now(); // there is a connection
        EXPECT_TRUE(accepting.poll().is_pending());
        EXPECT_EQ(accepting.clones_alive(), 2u) << "the timer's, and the listener's";
        EXPECT_TRUE(listener.close());
        EXPECT_EQ(accepting.take_wakes(), 1u) << "not only when the time has passed";
        EXPECT_EQ(accepting.poll().value().error(), IoError::closed);
        EXPECT_EQ(accepting.clones_alive(), 0u);
    });
}

TEST(Accept, a_dropped_wait_for_a_descriptor_leaves_nothing_behind) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const BlockingClient client(or_throw(listener.local_address()));
        {
            const NoDescriptors none;
            EXPECT_FALSE((co_await rouse::timeout(8ms, listener.accept())).has_value());
        }
        EXPECT_TRUE((co_await listener.accept()).has_value());
    });
}

TEST(Accept, close_wakes_all_who_accept) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        auto accept = [&]() -> Task<std::error_code> { co_return (co_await listener.accept()).error(); };
        auto one = rouse::spawn(accept);
        auto two = rouse::spawn(accept);
        co_await rouse::sleep(1ms);
        listener.close();
        EXPECT_EQ(co_await one, IoError::closed);
        EXPECT_EQ(co_await two, IoError::closed);
        EXPECT_EQ((co_await listener.accept()).error(), IoError::closed);
    });
}

TEST(Accept, several_tasks_accept_and_none_is_left_in_the_queue) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        int accepted = 0;
        auto accept = [&]() -> Task<> {
            for (int i = 0; i < 10; ++i) {
                or_throw(co_await listener.accept());
                ++accepted;
            }
        };
        std::vector<rouse::JoinHandle<void>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(rouse::spawn(accept));
        const std::jthread clients([&] {
            for (int i = 0; i < 40; ++i) const BlockingClient client(address);
        });
        for (auto& task : tasks) co_await task;
        EXPECT_EQ(accepted, 40);
    });
}

TEST(Accept, a_connection_that_was_reset_in_the_queue_does_not_end_it) {
    run([]() -> Task<> {
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(listener.local_address());
        {
            const BlockingClient gone(address);
            const struct linger reset{1, 0};
            EXPECT_EQ(::setsockopt(gone.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
        }
        const BlockingClient stays(address);
        auto first = or_throw(co_await listener.accept()); // Linux hands the dead one out
        std::string text(1, '-');
        EXPECT_EQ((co_await first.first.read(rouse::io::room(text))).error(), std::errc::connection_reset);
        EXPECT_TRUE((co_await listener.accept()).has_value());
    });
}

TEST(Accept, bind_says_what_is_wrong_and_reuse_port_allows_two) {
    run([]() -> Task<> {
        rouse::net::BindOptions shared;
        shared.reuse_port = true;
        auto first = or_throw(TcpListener::bind(SocketAddress::loopback(0), shared));
        const auto address = or_throw(first.local_address());
        EXPECT_EQ(TcpListener::bind(address).error(), std::errc::address_in_use);
        EXPECT_TRUE(TcpListener::bind(address, shared).has_value());
        EXPECT_EQ(TcpListener::bind(SocketAddress::v4({192, 0, 2, 1}, 0)).error(),
                  std::errc::address_not_available);
        co_return;
    });
}

TEST(Accept, a_listener_that_was_made_elsewhere) {
    run([]() -> Task<> {
        auto own = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        auto listener = or_throw(TcpListener::own(::dup(own.fd())));
        const BlockingClient client(or_throw(listener.local_address()));
        auto accepted = or_throw(co_await listener.accept());
        auto again = or_throw(TcpStream::own(::dup(accepted.first.fd())));
        EXPECT_EQ(or_throw(again.peer_address()), accepted.second);
    });
}

TEST(Accept, a_runtime_that_ends_while_it_accepts) {
    auto runtime = rouse::Runtime::current_thread(rouse_test::quiet_running());
    std::optional<TcpListener> outlives;
    runtime.block_on([&]() -> Task<> {
        outlives.emplace(or_throw(TcpListener::bind(SocketAddress::loopback(0))));
        auto accept = [&]() -> Task<> { (void)co_await outlives->accept(); };
        (void)rouse::spawn(accept);
        co_await rouse::yield_now();
        co_await rouse::yield_now();
    });
    { auto ended = std::move(runtime); }
    run([&]() -> Task<> {
        EXPECT_EQ((co_await outlives->accept()).error(), IoError::runtime_ended);
        outlives.reset();
    });
}

} // namespace
