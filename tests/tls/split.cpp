// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The halves of a stream in tasks of their own, on threads of their own.

#include <rouse/testing/harness.hpp>
#include <rouse/tls/stream.hpp>

#include "tls/peers.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tls_test;
using ReadHalf = rouse::tls::TlsReadHalf<UnixStream>;
using WriteHalf = rouse::tls::TlsWriteHalf<UnixStream>;
static_assert(rouse::io::AsyncRead<ReadHalf> && rouse::io::AsyncWrite<WriteHalf>);

std::string pattern(std::size_t size, unsigned step) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * step >> 8);
    return text;
}
Task<> send(WriteHalf writer, const std::string& text) {
    or_throw(co_await rouse::io::write_all(writer, bytes(text)));
    or_throw(co_await rouse::io::shutdown(writer));
}
Task<bool> receive(ReadHalf reader, const std::string& text) {
    std::string got;
    or_throw(co_await rouse::io::read_to_end(reader, got));
    co_return got == text;
}

class TlsSplit : public testing::TestWithParam<unsigned> {
protected:
    template <class F>
    static void run_on_workers(F main) {
        auto options = rouse_test::quiet_options();
        options.paused_clock = false;
        options.worker_threads = GetParam();
        auto runtime =
            GetParam() == 0 ? rouse::Runtime::current_thread(options) : rouse::Runtime::multi_thread(options);
        runtime.block_on(main);
    }
};
INSTANTIATE_TEST_SUITE_P(Workers, TlsSplit, testing::Values(0u, 1u, 3u));

TEST_P(TlsSplit, four_tasks_send_and_receive_much_both_ways) {
    const std::string up = pattern(2 << 20, 7);
    const std::string down = pattern(3 << 20, 11);
    const auto main = [&]() -> Task<> {
        for (int round = 0; round < 3; ++round) {
            Secure pair = co_await secure();
            auto client = std::move(pair.client).into_split();
            auto server = std::move(pair.server).into_split();
            auto sends_up = rouse::spawn(send, std::move(client.second), std::cref(up));
            auto sends_down = rouse::spawn(send, std::move(server.second), std::cref(down));
            auto gets_down = rouse::spawn(receive, std::move(client.first), std::cref(down));
            auto gets_up = rouse::spawn(receive, std::move(server.first), std::cref(up));
            EXPECT_TRUE(co_await gets_up);
            EXPECT_TRUE(co_await gets_down);
            co_await sends_up;
            co_await sends_down;
        }
    };
    run_on_workers(main);
}

TEST_P(TlsSplit, a_half_that_is_dropped_leaves_the_other_to_go_on) {
    const auto main = []() -> Task<> {
        Secure pair = co_await secure();
        auto client = std::move(pair.client).into_split();
        auto server = std::move(pair.server).into_split();
        {
            const ReadHalf dropped = std::move(client.first);
            const WriteHalf dropped_too = std::move(server.second);
        }
        const std::string text = pattern(100'000, 3);
        auto sends = rouse::spawn(send, std::move(client.second), std::cref(text));
        EXPECT_TRUE(co_await receive(std::move(server.first), text));
        co_await sends;
    };
    run_on_workers(main);
}

TEST(TlsSplitCancel, a_dropped_read_loses_nothing_and_leaves_no_waker_behind) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        auto client = std::move(pair.client).into_split();
        auto server = std::move(pair.server).into_split();
        std::string text(5, '-');
        {
            rouse::testing::Harness waits(client.first.read(room(text)));
            EXPECT_TRUE(waits.poll().is_pending());
            EXPECT_NE(waits.clones_alive(), 0u);
        }
        or_throw(co_await rouse::io::write_all(server.second, bytes("hello")));
        or_throw(co_await rouse::io::flush(server.second));
        or_throw(co_await rouse::io::read_exact(client.first, room(text)));
        EXPECT_EQ(text, "hello");
    });
}

// Each direction has a waker of its own: a reader that polls while the writer waits must not take its place.
TEST(TlsSplitCancel, a_writer_that_waits_is_woken_though_the_reader_was_polled_after_it) {
    run([]() -> Task<> {
        Secure pair = co_await secure();
        auto client = std::move(pair.client).into_split();
        auto server = std::move(pair.server).into_split();
        const std::string much(4 << 20, 'x');
        rouse::testing::Harness writes(rouse::io::write_all(client.second, bytes(much)));
        EXPECT_TRUE(writes.poll().is_pending()) << "nobody reads yet";
        std::string text(1, '-');
        {
            rouse::testing::Harness reads(client.first.read(room(text)));
            EXPECT_TRUE(reads.poll().is_pending());
        }
        auto drain = [](ReadHalf reader) -> Task<std::size_t> {
            std::string got;
            or_throw(co_await rouse::io::read_to_end(reader, got));
            co_return got.size();
        };
        auto draining = rouse::spawn(drain, std::move(server.first));
        for (bool done = false; !done;) {
            while (writes.take_wakes() == 0) co_await rouse::yield_now();
            auto poll = writes.poll();
            done = !poll.is_pending();
            if (done) or_throw(poll.value());
        }
        or_throw(co_await rouse::io::shutdown(client.second));
        EXPECT_EQ(co_await draining, much.size());
    });
}

} // namespace
