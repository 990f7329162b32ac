// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// read_exact, read_to_end, write_all: over a stream that a test feeds by hand, and over pipes.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/io/pipe.hpp>
#include <rouse/io/write.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/timeout.hpp>

#include "io/backends.hpp"
#include "support/quiet_runtime.hpp"

#include <csignal>
#include <deque>
#include <stdexcept>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Context;
using rouse::IoError;
using rouse::or_throw;
using rouse::Pending;
using rouse::Poll;
using rouse::Result;
using rouse::Task;
using rouse::io::Bytes;
using rouse::io::bytes;
using rouse::io::ConstBytes;
using rouse::io::room;
using rouse::testing::Harness;

template <class F>
auto run_with_clock(F main) {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    return rouse::run(std::move(main), options);
}

/// Gives one chunk a poll; "" is the end. Takes at most `takes` bytes a poll.
class Chunks {
public:
    explicit Chunks(std::deque<std::string> chunks = {}) : chunks(std::move(chunks)) {}
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes to) {
        if (chunks.empty()) {
            waker = cx.waker().clone();
            return Pending;
        }
        const std::size_t count = std::min(to.size(), chunks.front().size());
        std::copy_n(bytes(chunks.front()).begin(), count, to.begin());
        chunks.front().erase(0, count);
        if (chunks.front().empty()) chunks.pop_front();
        return Poll<Result<std::size_t>>(std::in_place, count);
    }
    void cancel_read() { waker = rouse::Waker(); }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes from) {
        if (takes == 0 && !full) {
            waker = cx.waker().clone();
            return Pending;
        }
        const std::size_t count = std::min(from.size(), takes);
        written.append(rouse::io::text(from.first(count)));
        return Poll<Result<std::size_t>>(std::in_place, count);
    }
    Poll<Result<>> poll_flush(Context&) { return Poll<Result<>>(std::in_place); }
    Poll<Result<>> poll_shutdown(Context&) {
        is_shut = true;
        return Poll<Result<>>(std::in_place);
    }
    void feed(std::string chunk) {
        chunks.push_back(std::move(chunk));
        std::move(waker).wake();
    }

    std::deque<std::string> chunks;
    std::string written;
    std::size_t takes = 3;
    bool full = false;
    bool is_shut = false;
    rouse::Waker waker;
};
static_assert(rouse::io::AsyncRead<Chunks> && rouse::io::AsyncWrite<Chunks>);
static_assert(rouse::io::AsyncRead<rouse::io::PipeReceiver> &&
              !rouse::io::AsyncWrite<rouse::io::PipeReceiver>);
static_assert(rouse::io::AsyncWrite<rouse::io::PipeSender> && !rouse::io::AsyncRead<rouse::io::PipeSender>);

TEST(ReadWrite, read_exact_puts_the_pieces_together) {
    Chunks stream({"a", "bc"});
    std::string text(5, '-');
    Harness reading(rouse::io::read_exact(stream, room(text)));
    EXPECT_TRUE(reading.poll_while_woken().is_pending());
    EXPECT_EQ(text, "abc--");
    EXPECT_EQ(reading.clones_alive(), 1u);
    stream.feed("defg");
    EXPECT_TRUE(reading.is_woken());
    EXPECT_TRUE(reading.poll_while_woken().value().has_value());
    EXPECT_EQ(text, "abcde");
    EXPECT_EQ(stream.chunks.front(), "fg") << "no more than it wanted";
    EXPECT_EQ(reading.clones_alive(), 0u);
}

TEST(ReadWrite, read_exact_of_nothing_does_not_read) {
    Chunks stream;
    Harness reading(rouse::io::read_exact(stream, Bytes()));
    EXPECT_TRUE(reading.poll().value().has_value());
}

TEST(ReadWrite, an_end_in_the_middle_is_an_error) {
    Chunks stream({"ab", ""});
    std::string text(5, '-');
    Harness reading(rouse::io::read_exact(stream, room(text)));
    EXPECT_EQ(reading.poll_while_woken().value().error(), IoError::unexpected_end);
}

TEST(ReadWrite, a_dropped_read_takes_its_waker_back) {
    Chunks stream;
    std::string text(5, '-');
    Harness reading(rouse::io::read(stream, room(text)));
    EXPECT_TRUE(reading.poll().is_pending());
    EXPECT_EQ(reading.clones_alive(), 1u);
    reading.drop();
    EXPECT_EQ(reading.clones_alive(), 0u);
}

TEST(ReadWrite, read_to_end_appends_and_counts) {
    Chunks stream({"hello ", "world", std::string(10'000, 'x'), ""});
    std::string text = "> ";
    Harness reading(rouse::io::read_to_end(stream, text));
    EXPECT_EQ(reading.poll_while_woken().value(), 10'011u);
    EXPECT_EQ(text, "> hello world" + std::string(10'000, 'x'));
}

TEST(ReadWrite, read_to_end_of_exactly_the_limit_is_no_error) {
    Chunks stream({"1234", ""});
    std::vector<std::byte> into;
    Harness reading(rouse::io::read_to_end(stream, into, 4));
    EXPECT_EQ(reading.poll_while_woken().value(), 4u);
    EXPECT_EQ(into.size(), 4u);
}

TEST(ReadWrite, read_to_end_stops_at_its_limit) {
    Chunks stream({"123", "45678", ""});
    std::string text;
    Harness reading(rouse::io::read_to_end(stream, text, 4));
    const auto error = reading.poll_while_woken().value().error();
    EXPECT_EQ(error, IoError::too_long);
    EXPECT_EQ(error, std::errc::message_size);
    EXPECT_EQ(text, "1234");
}

TEST(ReadWrite, a_cancelled_read_to_end_leaves_what_came) {
    Chunks stream({"123"});
    std::string text;
    Harness reading(rouse::io::read_to_end(stream, text));
    EXPECT_TRUE(reading.poll_while_woken().is_pending());
    EXPECT_EQ(text, "123");
    reading.drop();
    EXPECT_EQ(text, "123");
}

TEST(ReadWrite, a_read_to_end_that_throws_leaves_what_came) {
    class Breaks : public Chunks {
    public:
        using Chunks::Chunks;
        Poll<Result<std::size_t>> poll_read(Context& cx, Bytes to) {
            if (chunks.empty()) throw std::runtime_error("broken");
            return Chunks::poll_read(cx, to);
        }
    };
    Breaks stream({"one", "two"});
    std::string text = "zero";
    Harness reading(rouse::io::read_to_end(stream, text));
    EXPECT_THROW((void)reading.poll(), std::runtime_error);
    EXPECT_EQ(text, "zeroonetwo");
}

TEST(ReadWrite, write_all_goes_on_until_all_is_taken) {
    Chunks stream;
    Harness writing(rouse::io::write_all(stream, bytes("hello world")));
    EXPECT_TRUE(writing.poll_while_woken().value().has_value());
    EXPECT_EQ(stream.written, "hello world");
    Harness ending(rouse::io::shutdown(stream));
    EXPECT_TRUE(ending.poll().value().has_value());
    EXPECT_TRUE(stream.is_shut);
}

TEST(ReadWrite, a_stream_that_takes_nothing_is_an_error_and_no_loop) {
    Chunks stream;
    stream.takes = 0;
    stream.full = true;
    Harness writing(rouse::io::write_all(stream, bytes("hello")));
    EXPECT_EQ(writing.poll().value().error(), IoError::write_zero);
}

TEST(ReadWrite, without_vectored_writes_the_first_buffer_that_is_not_empty_is_written) {
    Chunks stream;
    const std::array<ConstBytes, 3> buffers{bytes(""), bytes("ab"), bytes("cd")};
    Harness writing(rouse::io::write_vectored(stream, buffers));
    EXPECT_EQ(writing.poll().value(), 2u);
    EXPECT_EQ(stream.written, "ab");
}

// ---- pipes ----

TEST(Pipe, bytes_go_through_and_the_end_too) {
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        auto& [sender, receiver] = ends;
        std::string text;
        auto write = [&]() -> Task<> {
            or_throw(co_await rouse::io::write_all(sender, bytes(std::string_view("hello"))));
            co_await rouse::yield_now();
            or_throw(co_await rouse::io::flush(sender));
            or_throw(co_await rouse::io::shutdown(sender));
        };
        auto writer = rouse::spawn(write);
        EXPECT_EQ(co_await rouse::io::read_to_end(receiver, text), 5u);
        EXPECT_EQ(text, "hello");
        co_await writer;
    });
}

TEST(Pipe, more_than_it_holds_goes_through_piece_by_piece) {
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        auto& [sender, receiver] = ends;
        const std::string sent(1 << 20, 'z');
        auto write = [&]() -> Task<> {
            or_throw(co_await rouse::io::write_all(sender, bytes(sent)));
            sender.close();
        };
        auto writer = rouse::spawn(write);
        std::string text;
        EXPECT_EQ(or_throw(co_await rouse::io::read_to_end(receiver, text)), sent.size());
        EXPECT_EQ(text, sent);
        co_await writer;
    });
}

TEST(Pipe, a_write_without_reader_is_an_error_and_no_signal) {
    struct sigaction action{}, before{};
    static volatile std::sig_atomic_t raised = 0;
    action.sa_handler = [](int) { raised = 1; };
    sigaction(SIGPIPE, &action, &before);
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        auto& [sender, receiver] = ends;
        receiver.close();
        EXPECT_EQ((co_await sender.write(bytes("x"))).error(), std::errc::broken_pipe);
        const std::array<ConstBytes, 2> buffers{bytes("x"), bytes("y")};
        EXPECT_EQ((co_await sender.write_vectored(buffers)).error(), std::errc::broken_pipe);
    });
    EXPECT_EQ(raised, 0);
    sigaction(SIGPIPE, &before, nullptr);
}

TEST(Pipe, a_full_pipe_makes_the_writer_wait_and_a_drop_gives_up) {
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        auto& [sender, receiver] = ends;
        (void)rouse_test::fill(sender.fd());
        EXPECT_FALSE((co_await rouse::timeout(2ms, sender.write(bytes("x")))).has_value());
        EXPECT_EQ(sender.try_write(bytes("x")).error(), std::errc::resource_unavailable_try_again);
        auto read = [&]() -> Task<> {
            (void)rouse_test::drain(receiver.fd());
            co_return;
        };
        auto reader = rouse::spawn(read);
        EXPECT_EQ(co_await sender.write(bytes("x")), 1u);
        co_await reader;
    });
}

TEST(Pipe, a_pending_read_dropped_by_select_never_touches_the_room_again) {
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        auto& [sender, receiver] = ends;
        for (int i = 0; i < 100; ++i) {
            auto buffer = std::make_unique<std::string>(64, '-'); // freed, and poisoned by ASan
            auto first = co_await rouse::select_biased(receiver.read(room(*buffer)), rouse::yield_now());
            EXPECT_EQ(first.index(), 1u);
            buffer.reset();
            EXPECT_EQ(co_await sender.write(bytes("x")), 1u);
            co_await rouse::yield_now();
            std::string got(1, '-');
            EXPECT_EQ(co_await rouse::io::read(receiver, room(got)), 1u);
            EXPECT_EQ(got, "x");
        }
    });
}

TEST(Pipe, a_read_that_is_dropped_takes_its_waker_back_from_poll_read_too) {
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        std::string text(4, '-');
        Harness reading(rouse::io::read(ends.second, room(text)));
        EXPECT_TRUE(reading.poll().is_pending());
        EXPECT_EQ(reading.clones_alive(), 1u);
        reading.drop();
        EXPECT_EQ(reading.clones_alive(), 0u);
        co_return;
    });
}

TEST(Pipe, vectored_reads_and_writes) {
    run_with_clock([]() -> Task<> {
        auto ends = or_throw(rouse::io::pipe());
        auto& [sender, receiver] = ends;
        const std::array<ConstBytes, 3> buffers{bytes("ab"), bytes(""), bytes("cde")};
        EXPECT_EQ(co_await rouse::io::write_vectored(sender, buffers), 5u);
        std::string a(3, '-'), b(3, '-');
        const std::array<Bytes, 2> rooms{room(a), room(b)};
        EXPECT_EQ(co_await receiver.read_vectored(rooms), 5u);
        EXPECT_EQ(a + b, "abcde-");
    });
}

} // namespace
