// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The pipes in memory: by hand, and on threads.

#include <rouse/core/block_on.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/split.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include "support/stress_rounds.hpp"
#include "support/told.hpp"
#include "support/two_threads.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <random>
#include <string>
#include <thread>

namespace {

using rouse::Context;
using rouse::or_throw;
using rouse::Task;
using rouse::io::bytes;
using rouse::io::duplex;
using rouse::io::DuplexStream;
using rouse::io::read;
using rouse::io::room;
using rouse::io::simplex;
using rouse::io::SimplexReader;
using rouse::io::SimplexWriter;
using rouse::io::write;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;

static_assert(rouse::io::AsyncRead<DuplexStream> && rouse::io::AsyncWrite<DuplexStream>);
static_assert(rouse::io::AsyncRead<SimplexReader> && !rouse::io::AsyncWrite<SimplexReader>);
static_assert(rouse::io::AsyncWrite<SimplexWriter> && !rouse::io::AsyncRead<SimplexWriter>);
static_assert(rouse::io::AsyncRead<rouse::io::ReadHalf<DuplexStream>> &&
              rouse::io::AsyncWrite<rouse::io::WriteHalf<DuplexStream>>);

std::string read_some(auto& stream, std::size_t most = 100) {
    std::string text(most, '-');
    Harness reading(read(stream, room(text)));
    auto poll = reading.poll();
    if (poll.is_pending()) return "(pending)";
    if (!poll.value()) return poll.value().error().message();
    text.resize(*poll.value());
    return text;
}
std::string write_some(auto& stream, std::string_view text) {
    Harness writing(write(stream, bytes(text)));
    auto poll = writing.poll();
    if (poll.is_pending()) return "(pending)";
    if (!poll.value()) return poll.value().error() == std::errc::broken_pipe ? "(broken)" : "(other error)";
    return std::to_string(*poll.value());
}

TEST(Duplex, what_one_end_writes_the_other_reads) {
    auto [a, b] = duplex(64);
    EXPECT_EQ(write_some(a, "to b"), "4");
    EXPECT_EQ(write_some(b, "to a!"), "5");
    EXPECT_EQ(read_some(b), "to b");
    EXPECT_EQ(read_some(a), "to a!");
    EXPECT_EQ(read_some(a), "(pending)");
}

TEST(Duplex, takes_no_more_than_its_capacity_and_goes_round) {
    auto [a, b] = duplex(5);
    std::string sent, got;
    for (int i = 0; i < 20; ++i) {
        const std::string text = "abc" + std::to_string(i);
        const auto taken = std::stoul(write_some(a, text));
        EXPECT_LE(taken, 5u);
        sent += text.substr(0, taken);
        got += read_some(b, 2);
        got += read_some(b, 3);
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(write_some(a, "123456789"), "5");
    EXPECT_EQ(write_some(a, "6"), "(pending)");
}

TEST(Duplex, writes_several_buffers_at_once) {
    auto [a, b] = duplex(8);
    const std::array buffers{bytes("abc"), bytes(""), bytes("defghijk")};
    Harness writing(rouse::io::write_vectored(a, buffers));
    EXPECT_EQ(writing.poll().value(), 8u);
    EXPECT_EQ(read_some(b), "abcdefgh");
}

TEST(Duplex, nothing_to_read_or_write_is_ready) {
    auto [a, b] = duplex(1);
    Harness reading(read(a, rouse::io::Bytes()));
    EXPECT_EQ(reading.poll().value(), 0u);
    EXPECT_EQ(write_some(a, "x"), "1");
    EXPECT_EQ(write_some(a, ""), "0") << "also when it is full";
}

TEST(Duplex, a_reader_is_woken_by_a_write) {
    auto [a, b] = duplex(8);
    std::string text(8, '-');
    Harness reading(read(b, room(text)));
    EXPECT_TRUE(reading.poll().is_pending());
    EXPECT_TRUE(reading.poll().is_pending());
    EXPECT_EQ(reading.clones_alive(), 1u);
    EXPECT_EQ(write_some(a, "hello"), "5");
    EXPECT_EQ(reading.take_wakes(), 1u);
    EXPECT_EQ(reading.clones_alive(), 0u);
    EXPECT_EQ(reading.poll().value(), 5u);
    EXPECT_EQ(reading.clones_alive(), 0u);
    EXPECT_EQ(text, "hello---");
}

TEST(Duplex, a_writer_is_woken_by_a_read) {
    auto [a, b] = duplex(2);
    EXPECT_EQ(write_some(a, "12"), "2");
    Harness writing(write(a, bytes("3")));
    EXPECT_TRUE(writing.poll().is_pending());
    EXPECT_EQ(writing.clones_alive(), 1u);
    EXPECT_EQ(read_some(b, 1), "1");
    EXPECT_EQ(writing.take_wakes(), 1u);
    EXPECT_EQ(writing.poll().value(), 1u);
    EXPECT_EQ(writing.clones_alive(), 0u);
    EXPECT_EQ(read_some(b), "23");
}

TEST(Duplex, the_two_directions_wait_apart) {
    auto [a, b] = duplex(1);
    EXPECT_EQ(write_some(a, "x"), "1");
    std::string text(1, '-');
    Harness reading(read(a, room(text)));
    Harness writing(write(a, bytes("y")));
    EXPECT_TRUE(reading.poll().is_pending());
    EXPECT_TRUE(writing.poll().is_pending());
    EXPECT_EQ(read_some(b), "x");
    EXPECT_EQ(reading.take_wakes(), 0u);
    EXPECT_EQ(writing.take_wakes(), 1u);
    EXPECT_EQ(write_some(b, "z"), "1");
    EXPECT_EQ(reading.take_wakes(), 1u);
}

TEST(Duplex, the_waker_of_the_last_poll_is_the_one) {
    auto [a, b] = duplex(8);
    std::string text(8, '-');
    const CountingWaker first, second;
    Context with_first(first.waker()), with_second(second.waker());
    auto reading = read(b, room(text));
    EXPECT_TRUE(reading.poll(with_first).is_pending());
    EXPECT_TRUE(reading.poll(with_second).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 1u);
    EXPECT_EQ(write_some(a, "x"), "1");
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.wakes(), 1u);
}

TEST(Duplex, a_read_that_finds_bytes_lets_go_of_an_older_waker) {
    auto [a, b] = duplex(8);
    std::string text(8, '-');
    const CountingWaker first, second;
    Context with_first(first.waker()), with_second(second.waker());
    EXPECT_TRUE(b.poll_read(with_first, room(text)).is_pending());
    EXPECT_EQ(first.clones_alive(), 1u);
    EXPECT_EQ(write_some(a, "xy"), "2");
    EXPECT_EQ(first.wakes(), 1u);
    EXPECT_TRUE(b.poll_read(with_second, room(text).first(1)).is_ready());
    EXPECT_TRUE(b.poll_read(with_second, room(text)).is_ready());
    EXPECT_TRUE(b.poll_read(with_second, room(text)).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    b.cancel_read();
    EXPECT_EQ(second.clones_alive(), 0u);
}

TEST(Duplex, dropped_futures_leave_no_waker_and_move_nothing) {
    auto [a, b] = duplex(1);
    std::string text(1, '-');
    Harness reading(read(b, room(text)));
    EXPECT_TRUE(reading.poll().is_pending());
    reading.drop();
    EXPECT_EQ(reading.clones_alive(), 0u);
    EXPECT_EQ(write_some(a, "x"), "1");
    EXPECT_EQ(reading.wakes(), 0u);
    Harness writing(write(a, bytes("y")));
    EXPECT_TRUE(writing.poll().is_pending());
    writing.drop();
    EXPECT_EQ(writing.clones_alive(), 0u);
    EXPECT_EQ(read_some(b), "x");
    EXPECT_EQ(read_some(b), "(pending)");
}

TEST(Duplex, a_shutdown_ends_one_direction) {
    auto [a, b] = duplex(8);
    EXPECT_EQ(write_some(a, "last"), "4");
    std::string text(8, '-');
    Harness(rouse::io::shutdown(a)).poll().value().value();
    EXPECT_EQ(read_some(b), "last") << "what was written comes first";
    EXPECT_EQ(read_some(b), "");
    EXPECT_EQ(read_some(b), "") << "and the end stays";
    EXPECT_EQ(write_some(a, "x"), "(broken)");
    EXPECT_EQ(write_some(b, "back"), "4");
    EXPECT_EQ(read_some(a), "back");
}

TEST(Duplex, a_shutdown_wakes_the_reader) {
    auto [a, b] = duplex(8);
    std::string text(8, '-');
    Harness reading(read(b, room(text)));
    EXPECT_TRUE(reading.poll().is_pending());
    Harness(rouse::io::shutdown(a)).poll().value().value();
    EXPECT_EQ(reading.take_wakes(), 1u);
    EXPECT_EQ(reading.poll().value(), 0u);
}

TEST(Duplex, the_end_of_a_peer_is_the_end_of_reads_and_breaks_writes) {
    auto ends = std::make_unique<std::pair<DuplexStream, DuplexStream>>(duplex(2));
    DuplexStream a = std::move(ends->first);
    EXPECT_EQ(write_some(a, "12"), "2");
    EXPECT_EQ(write_some(ends->second, "xy"), "2");
    Harness writing(write(a, bytes("3")));
    EXPECT_TRUE(writing.poll().is_pending());
    ends.reset();
    EXPECT_EQ(writing.take_wakes(), 1u);
    EXPECT_EQ(writing.clones_alive(), 0u);
    EXPECT_EQ(writing.poll().value().error(), std::errc::broken_pipe);
    EXPECT_EQ(read_some(a), "xy");
    EXPECT_EQ(read_some(a), "");
    EXPECT_EQ(write_some(a, "3"), "(broken)");
}

TEST(Duplex, an_end_that_goes_takes_its_wakers_along) {
    const CountingWaker waker;
    Context cx(waker.waker());
    std::string text(1, '-');
    auto [a, b] = duplex(1);
    EXPECT_EQ(write_some(b, "x"), "1");
    {
        const DuplexStream gone = [&, end = std::move(b)]() mutable {
            EXPECT_TRUE(end.poll_read(cx, room(text)).is_pending());
            EXPECT_TRUE(end.poll_write(cx, bytes("y")).is_pending());
            return std::move(end);
        }();
        EXPECT_EQ(waker.clones_alive(), 2u);
    }
    EXPECT_EQ(waker.clones_alive(), 0u);
    EXPECT_EQ(waker.wakes(), 0u);
    EXPECT_EQ(read_some(a), "x");
}

TEST(Duplex, an_assigned_end_ends_what_it_was) {
    auto [a, b] = duplex(4);
    auto [c, d] = duplex(4);
    a = std::move(c);
    EXPECT_EQ(read_some(b), "");
    EXPECT_EQ(write_some(b, "x"), "(broken)");
    EXPECT_EQ(write_some(a, "on"), "2");
    EXPECT_EQ(read_some(d), "on");
}

TEST(Duplex, splits_into_its_directions) {
    auto [a, b] = duplex(8);
    auto [reader, writer] = std::move(a).into_split();
    EXPECT_EQ(write_some(writer, "out"), "3");
    EXPECT_EQ(write_some(b, "in"), "2");
    { const SimplexWriter gone = std::move(writer); }
    EXPECT_EQ(read_some(reader), "in");
    EXPECT_EQ(read_some(b), "out");
    EXPECT_EQ(read_some(b), "");
}

TEST(Duplex, any_stream_splits_and_is_put_together_again) {
    auto [a, b] = duplex(8);
    auto [reader, writer] = rouse::io::split(std::move(a));
    std::string text(8, '-');
    Harness reading(reader.read(room(text)));
    EXPECT_TRUE(reading.poll().is_pending());
    EXPECT_EQ(write_some(writer, "out"), "3");
    EXPECT_EQ(read_some(b), "out");
    EXPECT_EQ(write_some(b, "in"), "2");
    EXPECT_EQ(reading.poll().value(), 2u);
    reading.drop();
    DuplexStream whole = std::move(reader).unsplit(std::move(writer));
    EXPECT_EQ(write_some(whole, "whole"), "5");
    EXPECT_EQ(read_some(b), "whole");
}

/// Its poll looks at what the other half waits for, as a dump does that is asked for there.
class LooksAtTheOther : public DuplexStream {
public:
    LooksAtTheOther(DuplexStream of, std::function<void()> look)
        : DuplexStream(std::move(of)), look_(std::move(look)) {}
    rouse::Poll<rouse::Result<std::size_t>> poll_read(Context& cx, rouse::io::Bytes into) {
        look_();
        return DuplexStream::poll_read(cx, into);
    }

private:
    std::function<void()> look_;
};
TEST(Duplex, a_dump_in_the_poll_of_one_half_does_not_wait_for_it) {
    std::function<void()> look;
    auto [a, b] = duplex(8);
    auto [reader, writer] = rouse::io::split(LooksAtTheOther(std::move(a), [&] { look(); }));
    std::string said;
    look = [&said, &writer = writer] { said = rouse_test::told_by(write(writer, bytes("x"))); };
    EXPECT_EQ(read_some(reader), "(pending)");
    EXPECT_EQ(said, "the other half, which is being polled");
    EXPECT_EQ(rouse_test::told_by(write(writer, bytes("x"))), "room in a pipe in memory");
}

TEST(Simplex, has_two_ends) {
    auto [reader, writer] = simplex(4);
    EXPECT_EQ(write_some(writer, "hello"), "4");
    EXPECT_EQ(read_some(reader), "hell");
    { const SimplexReader gone = std::move(reader); }
    EXPECT_EQ(write_some(writer, "o"), "(broken)");
}

TEST(SimplexDeathTest, without_room_stops) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)simplex(0), "capacity of 0");
}

TEST(Duplex, says_what_is_waited_for) {
    auto [a, b] = duplex(1);
    std::string text(1, '-');
    EXPECT_EQ(rouse_test::told_by(read(a, room(text))), "bytes in a pipe in memory");
    EXPECT_EQ(rouse_test::told_by(write(a, bytes("x"))), "room in a pipe in memory");
}

// --- threads ----------------------------------------------------------------------------------------------

/// The bytes that travel, so that each place has its own.
char byte_at(std::size_t place) { return static_cast<char>(place * 2654435761u >> 16); }

Task<> sends(SimplexWriter writer, std::size_t count, unsigned seed) {
    std::minstd_rand random(seed);
    std::string text;
    for (std::size_t done = 0; done < count;) {
        text.resize(std::min<std::size_t>(1 + random() % 40, count - done));
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = byte_at(done + i);
        or_throw(co_await rouse::io::write_all(writer, bytes(text)));
        done += text.size();
    }
    or_throw(co_await rouse::io::shutdown(writer));
}
Task<std::size_t> receives(SimplexReader reader, unsigned seed) {
    std::minstd_rand random(seed);
    std::string text;
    for (std::size_t done = 0;;) {
        text.resize(1 + random() % 40);
        const std::size_t got = or_throw(co_await reader.read(room(text)));
        if (got == 0) co_return done;
        for (std::size_t i = 0; i < got; ++i)
            if (text[i] != byte_at(done + i)) co_return 0;
        done += got;
    }
}

TEST(DuplexStress, four_threads_on_both_directions) {
    rouse_test::StressRounds rounds(200);
    for (unsigned seed = rouse_test::stress_seed(); rounds.take() != 0; ++seed) {
        auto [a, b] = duplex(1 + seed % 17);
        auto [a_reader, a_writer] = std::move(a).into_split();
        auto [b_reader, b_writer] = std::move(b).into_split();
        constexpr std::size_t count = 2000;
        std::size_t at_a = 0, at_b = 0;
        {
            std::jthread one([&, end = std::move(a_writer)]() mutable {
                rouse::block_on(sends(std::move(end), count, seed));
            });
            std::jthread two([&, end = std::move(b_writer)]() mutable {
                rouse::block_on(sends(std::move(end), count, seed + 1));
            });
            std::jthread three([&, end = std::move(a_reader)]() mutable {
                at_a = rouse::block_on(receives(std::move(end), seed + 2));
            });
            at_b = rouse::block_on(receives(std::move(b_reader), seed + 3));
        }
        ASSERT_EQ(at_a, count) << "seed " << seed;
        ASSERT_EQ(at_b, count) << "seed " << seed;
    }
}

/// A poll on one thread while the other acts: whichever is first, the one who waits is served.
TEST(DuplexStress, a_poll_that_meets_a_write_or_the_end_is_never_forgotten) {
    const std::size_t count = rouse_test::scaled(20'000);
    for (const bool ends : {false, true}) {
        class Round {
        public:
            std::pair<SimplexReader, SimplexWriter> pipe = simplex(1);
            std::optional<SimplexWriter> writer{std::move(pipe.second)};
            CountingWaker waker;
            char byte = 0;
            bool pending = false;
        };
        std::vector<Round> all(count);
        rouse_test::TwoThreads::walk(
            count,
            [&](std::size_t i) {
                Context cx(all[i].waker.waker());
                all[i].pending =
                    all[i].pipe.first.poll_read(cx, room(std::span(&all[i].byte, 1))).is_pending();
            },
            [&](std::size_t i) {
                if (ends) return all[i].writer.reset();
                const rouse::Waker noop = rouse::Waker::noop();
                Context cx(noop);
                EXPECT_TRUE(all[i].writer->poll_write(cx, bytes("x")).is_ready());
            });
        for (Round& round : all) {
            ASSERT_EQ(round.waker.wakes(), round.pending ? 1u : 0u);
            ASSERT_EQ(round.waker.clones_alive(), 0u);
        }
    }
}

TEST(DuplexStress, a_reader_that_goes_while_the_other_writes) {
    const std::size_t count = rouse_test::scaled(20'000);
    class Round {
    public:
        std::pair<SimplexReader, SimplexWriter> pipe = simplex(1);
        std::optional<SimplexReader> reader{std::move(pipe.first)};
        CountingWaker waker;
        bool pending = false;
    };
    std::vector<Round> all(count);
    const rouse::Waker noop = rouse::Waker::noop();
    Context quiet(noop);
    for (Round& round : all) EXPECT_TRUE(round.pipe.second.poll_write(quiet, bytes("x")).is_ready());
    rouse_test::TwoThreads::walk(
        count,
        [&](std::size_t i) {
            Context cx(all[i].waker.waker());
            auto poll = all[i].pipe.second.poll_write(cx, bytes("y"));
            all[i].pending = poll.is_pending();
            EXPECT_TRUE(poll.is_pending() || !poll.value());
        },
        [&](std::size_t i) { all[i].reader.reset(); });
    for (Round& round : all) {
        ASSERT_EQ(round.waker.wakes(), round.pending ? 1u : 0u);
        ASSERT_EQ(round.waker.clones_alive(), 0u);
    }
}

} // namespace
