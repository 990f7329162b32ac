// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// copy, copy_buf, copy_bidirectional.

#include <rouse/combine/join.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/io/adapters.hpp>
#include <rouse/io/buf_writer.hpp>
#include <rouse/io/copy.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "support/drop_anywhere.hpp"
#include "support/scene.hpp"
#include "support/slow_streams.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace {

using namespace std::chrono_literals;

using rouse::Context;
using rouse::or_throw;
using rouse::Poll;
using rouse::Result;
using rouse::Task;
using rouse::io::BufReader;
using rouse::io::BufWriter;
using rouse::io::by_ref;
using rouse::io::Bytes;
using rouse::io::bytes;
using rouse::io::ConstBytes;
using rouse::io::copy;
using rouse::io::copy_bidirectional;
using rouse::io::copy_buf;
using rouse::io::duplex;
using rouse::io::DuplexStream;
using rouse::testing::Harness;
using rouse_test::ByChance;
using rouse_test::ChanceStream;
using rouse_test::Scene;
using rouse_test::StepStream;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761u >> 16);
    return text;
}

/// So many bytes, one in each read, all at once.
class ByteByByte {
public:
    explicit ByteByByte(int count) noexcept : left_(count) {}
    Poll<Result<std::size_t>> poll_read(Context&, Bytes) {
        return Poll<Result<std::size_t>>(std::in_place, left_-- > 0 ? std::size_t(1) : std::size_t(0));
    }

private:
    int left_;
};
TEST(Copy, outside_of_a_task_it_gives_way_no_more_often_than_in_one) {
    ByteByByte from(10'000);
    rouse::io::Sink nowhere;
    Harness copying(copy(from, nowhere));
    int polls = 1;
    auto poll = copying.poll();
    for (; poll.is_pending(); ++polls) {
        ASSERT_EQ(copying.take_wakes(), 1u);
        poll = copying.poll();
    }
    EXPECT_EQ(poll.value(), 10'000u);
    EXPECT_GT(polls, 10'000 / 1000) << "others have their turn";
    EXPECT_LT(polls, 10'000 / 50);
}

TEST(Copy, copies_until_the_end_in_any_pieces) {
    const std::string text = pattern(5000);
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        ChanceStream from(text, ByChance(seed, 40));
        ChanceStream to("", ByChance(), ByChance(seed + 100, 40));
        Harness copying(copy(from, to, 1 + seed));
        EXPECT_EQ(copying.poll_while_woken().value(), 5000u);
        ASSERT_EQ(to.output, text) << "seed " << seed;
        EXPECT_EQ(to.flushed, 5000u);
        EXPECT_FALSE(to.is_shut);
        EXPECT_EQ(copying.future().copied(), 5000u);

        BufReader reader(ChanceStream(text, ByChance(seed, 40)), 1 + seed);
        ChanceStream buffered("", ByChance(), ByChance(seed + 100, 40));
        Harness by_buffer(copy_buf(reader, buffered));
        EXPECT_EQ(by_buffer.poll_while_woken().value(), 5000u);
        ASSERT_EQ(buffered.output, text) << "seed " << seed;
    }
}

TEST(Copy, what_it_has_written_does_not_wait_in_a_buffer_for_more) {
    auto [peer, from] = duplex(64);
    BufWriter to(ChanceStream("", ByChance(), ByChance(1, 100)), 64);
    Harness copying(copy(from, to));
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    Harness(rouse::io::write_all(peer, bytes("question"))).poll().value().value();
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    EXPECT_EQ(to.inner().output, "question");
    EXPECT_EQ(to.inner().flushed, 8u);
    EXPECT_EQ(copying.future().copied(), 8u) << "known meanwhile";
}

/// Fails with `error` after `good` bytes.
class Failing {
public:
    Failing(std::size_t good, std::errc error) : good_(good), error_(std::make_error_code(error)) {}
    Poll<Result<std::size_t>> poll_read(Context&, Bytes room) {
        std::fill(room.begin(), room.end(), std::byte('x'));
        return some(room.size());
    }
    Poll<Result<std::size_t>> poll_write(Context&, ConstBytes bytes) { return some(bytes.size()); }
    Poll<Result<>> poll_flush(Context&) { return Poll<Result<>>(std::in_place); }
    Poll<Result<>> poll_shutdown(Context&) { return Poll<Result<>>(std::in_place); }

private:
    Poll<Result<std::size_t>> some(std::size_t most) {
        if (good_ == 0) return Poll<Result<std::size_t>>(std::in_place, std::unexpect, error_);
        most = std::min(most, good_);
        good_ -= most;
        return Poll<Result<std::size_t>>(std::in_place, most);
    }
    std::size_t good_;
    std::error_code error_;
};

TEST(Copy, an_error_says_whose_it_was_and_how_much_was_copied) {
    Failing from(10, std::errc::io_error);
    auto sink = rouse::io::sink();
    Harness reading(copy(from, sink, 4));
    EXPECT_EQ(reading.poll_while_woken().value().error(), std::errc::io_error);
    EXPECT_TRUE(reading.future().read_failed());
    EXPECT_EQ(reading.future().copied(), 10u);

    auto endless = rouse::io::repeat(std::byte('x'));
    Failing to(10, std::errc::no_space_on_device);
    Harness writing(copy(endless, to, 4));
    EXPECT_EQ(writing.poll_while_woken().value().error(), std::errc::no_space_on_device);
    EXPECT_FALSE(writing.future().read_failed());
    EXPECT_EQ(writing.future().copied(), 10u);
}

TEST(Copy, one_that_failed_while_it_waited_to_flush_keeps_no_waker) {
    auto [peer, reader] = duplex(8);
    // What it reads from fails when the peer has gone, and the writer never gets its flush through.
    class ReadsThenFails {
    public:
        explicit ReadsThenFails(DuplexStream of) : stream(std::move(of)) {}
        Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) {
            auto poll = stream.poll_read(cx, room);
            if (poll.is_ready() && *poll.value() == 0)
                return Poll<Result<std::size_t>>(std::in_place, std::unexpect,
                                                 std::make_error_code(std::errc::connection_reset));
            return poll;
        }
        void cancel_read() { stream.cancel_read(); }
        DuplexStream stream;
    };
    ReadsThenFails from(std::move(reader));
    StepStream to("");
    Harness copying(copy(from, to));
    Harness(rouse::io::write_all(peer, bytes("abc"))).poll().value().value();
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    to.writes().go();
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    EXPECT_EQ(to.output, "abc");
    EXPECT_EQ(copying.clones_alive(), 2u) << "for the next bytes, and for the flush";
    { const DuplexStream gone = std::move(peer); }
    EXPECT_EQ(copying.poll_while_woken().value().error(), std::errc::connection_reset);
    EXPECT_EQ(copying.clones_alive(), 0u);
}

std::string read_all(DuplexStream& stream) {
    std::string text;
    Harness reading(rouse::io::read_to_end(stream, text));
    EXPECT_TRUE(reading.poll_while_woken().is_ready());
    return text;
}
void write_now(DuplexStream& stream, std::string_view text) {
    Harness writing(rouse::io::write_all(stream, bytes(text)));
    EXPECT_TRUE(writing.poll_while_woken().value().has_value());
}
void shut(DuplexStream& stream) { Harness(rouse::io::shutdown(stream)).poll().value().value(); }

TEST(CopyBidirectional, the_end_of_one_direction_leaves_the_other_open) {
    auto [client, a] = duplex(64);
    auto [b, server] = duplex(64);
    Harness copying(copy_bidirectional(a, b, 7, 5));
    write_now(client, "request");
    shut(client);
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    EXPECT_EQ(read_all(server), "request") << "and the end of it";
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    write_now(server, "a longer answer");
    EXPECT_TRUE(copying.is_woken());
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    shut(server);
    EXPECT_EQ(copying.poll_while_woken().value(), std::pair(std::uint64_t(7), std::uint64_t(15)));
    EXPECT_EQ(copying.clones_alive(), 0u);
    EXPECT_EQ(read_all(client), "a longer answer");
}

TEST(CopyBidirectional, an_error_ends_both_and_keeps_no_waker) {
    auto [client, a] = duplex(64);
    auto [b, server] = duplex(64);
    Harness copying(copy_bidirectional(a, b));
    write_now(client, "request");
    EXPECT_TRUE(copying.poll_while_woken().is_pending());
    { const DuplexStream gone = std::move(server); }
    EXPECT_TRUE(copying.poll_while_woken().is_pending()) << "b has ended, and that is all that is known";
    write_now(client, "more");
    EXPECT_EQ(copying.poll_while_woken().value().error(), std::errc::broken_pipe);
    EXPECT_EQ(copying.clones_alive(), 0u);
    EXPECT_EQ(copying.future().a_to_b(), 7u);
    EXPECT_EQ(copying.future().b_to_a(), 0u);
}

TEST(CopyBidirectional, a_shutdown_that_has_to_wait_is_waited_for) {
    StepStream a("abc"), b("");
    Harness copying(copy_bidirectional(a, b));
    for (int i = 0; i < 20 && copying.poll().is_pending(); ++i) {
        step(a);
        step(b);
    }
    EXPECT_TRUE(a.is_shut && b.is_shut);
    EXPECT_EQ(b.output, "abc");
    EXPECT_EQ(copying.clones_alive(), 0u);
}

Task<> talk(DuplexStream& stream, std::string text, std::string& got) {
    or_throw(co_await rouse::io::write_all(stream, bytes(text)));
    or_throw(co_await rouse::io::shutdown(stream));
    or_throw(co_await rouse::io::read_to_end(stream, got));
}
Task<> listen(DuplexStream& stream, std::string text, std::string& got) {
    or_throw(co_await rouse::io::read_to_end(stream, got));
    or_throw(co_await rouse::io::write_all(stream, bytes(text)));
    or_throw(co_await rouse::io::shutdown(stream));
}
Task<> through_a_proxy() {
    auto ends = duplex(10);
    auto others = duplex(33);
    const std::string there = pattern(20'000), back = pattern(10'001);
    std::string at_server, at_client;
    auto result =
        co_await rouse::join(copy_bidirectional(ends.second, others.first, 64, 1),
                             talk(ends.first, there, at_client), listen(others.second, back, at_server));
    auto& counts = std::get<0>(result);
    EXPECT_EQ(counts.value().first, there.size());
    EXPECT_EQ(counts.value().second, back.size());
    EXPECT_TRUE(at_server == there);
    EXPECT_TRUE(at_client == back);
}
// ---- streams that nobody can wake, beside others that somebody can ----

/// Forgets the waker of whoever reads from it, or flushes it; all else is done at once.
class ForgetfulEnd {
public:
    enum class At { read, flush };
    explicit ForgetfulEnd(At at) noexcept : at_(at) {}
    Poll<Result<std::size_t>> poll_read(Context&, Bytes) {
        if (at_ == At::read) return rouse::Pending;
        return Poll<Result<std::size_t>>(std::in_place, 0u);
    }
    Poll<Result<std::size_t>> poll_write(Context&, ConstBytes bytes) {
        return Poll<Result<std::size_t>>(std::in_place, bytes.size());
    }
    Poll<Result<>> poll_flush(Context&) {
        if (at_ == At::flush) return rouse::Pending;
        return Poll<Result<>>(std::in_place);
    }
    Poll<Result<>> poll_shutdown(Context&) { return Poll<Result<>>(std::in_place); }

private:
    At at_;
};
/// Spawns `body`; it is lost at once, though it waits for others too.
template <class F>
void expect_lost_copy(Scene& scene, F body) {
    scene.run([&]() -> Task<> {
        const int spawned_at = scene.turns();
        const auto result = co_await rouse::spawn(body).into_result();
        EXPECT_TRUE(!result && result.error().is_lost());
        EXPECT_LE(scene.turns() - spawned_at, 4);
    });
}
TEST(CopyBidirectional, one_direction_that_nobody_can_wake_throws_at_once) {
    for (const bool is_first : {true, false}) {
        Scene scene;
        auto [near, far] = duplex(64);
        ForgetfulEnd forgets(ForgetfulEnd::At::read);
        expect_lost_copy(scene, [&]() -> Task<> {
            if (is_first) (void)co_await copy_bidirectional(forgets, near);
            else (void)co_await copy_bidirectional(near, forgets);
        });
        ASSERT_EQ(scene.hangs().size(), 1u);
        EXPECT_EQ(scene.hangs()[0].child_role, is_first ? "reader of a to b" : "reader of b to a");
        EXPECT_NE(scene.hangs()[0].future_type.find("ForgetfulEnd"), std::string::npos);
        write_now(near, "and the streams go on");
        shut(near);
        EXPECT_EQ(read_all(far), "and the streams go on");
    }
}
TEST(Copy, a_flush_that_nobody_can_wake_throws_though_more_may_come) {
    Scene scene;
    auto [from, peer] = duplex(64);
    ForgetfulEnd forgets(ForgetfulEnd::At::flush);
    write_now(peer, "something to flush");
    expect_lost_copy(scene, [&]() -> Task<> { (void)co_await copy(from, forgets); });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "writer of copy");
    write_now(peer, "more");
    shut(peer);
    EXPECT_EQ(read_all(from), "more") << "the stream stays usable";
}
TEST(CopyBidirectional, nothing_is_told_of_healthy_streams_that_wait_long) {
    Scene scene;
    std::uint64_t there = 0, back = 0;
    scene.run([&]() -> Task<> {
        auto [client, a] = duplex(4);
        auto [b, server] = duplex(4);
        auto carries = [&]() -> Task<> {
            auto [x, y] = or_throw(co_await copy_bidirectional(a, b, 3, 7));
            there = x;
            back = y;
        };
        auto carrying = rouse::spawn(carries);
        // One end waits to write, the other to read, for long; then the other way round; then one is over.
        auto writes = [](DuplexStream& to) -> Task<> {
            or_throw(co_await rouse::io::write_all(to, bytes("more than there is room for")));
            or_throw(co_await rouse::io::shutdown(to));
        };
        auto asking = rouse::spawn(writes, std::ref(client));
        co_await rouse::sleep(1h);
        std::string got;
        or_throw(co_await rouse::io::read_to_end(server, got));
        co_await rouse::sleep(1h);
        auto answering = rouse::spawn(writes, std::ref(server));
        co_await rouse::sleep(1h);
        or_throw(co_await rouse::io::read_to_end(client, got));
        co_await carrying;
        co_await asking;
        co_await answering;
    });
    EXPECT_EQ(there, 27u);
    EXPECT_EQ(back, 27u);
    EXPECT_TRUE(scene.is_quiet());
}

TEST(CopyBidirectional, carries_both_sides_of_a_conversation) { rouse::block_on(through_a_proxy()); }

// --- dropped anywhere: what was read and not written is lost, and nothing else ----------------------------

class Copies {
public:
    auto make() { return done ? std::nullopt : std::optional(copy(from, to, 4)); }
    void take(Result<std::uint64_t>) { done = true; }
    void go() {
        step(from);
        step(to);
    }
    void check(std::size_t drops) {
        EXPECT_GE(to.output.size() + 4 * drops, text.size());
        EXPECT_EQ(from.input, "");
    }

private:
    std::string text = "what is to be copied";
    StepStream from{text};
    StepStream to{""};
    bool done = false;
};
class CopiesBoth {
public:
    auto make() { return done ? std::nullopt : std::optional(copy_bidirectional(a, b, 4, 4)); }
    void take(Result<std::pair<std::uint64_t, std::uint64_t>>) { done = true; }
    void go() {
        step(a);
        step(b);
    }
    void check(std::size_t drops) {
        EXPECT_GE(a.output.size() + 4 * drops, 10u);
        EXPECT_GE(b.output.size() + 4 * drops, 3u);
        EXPECT_TRUE(a.is_shut && b.is_shut);
    }

private:
    StepStream a{"abc"};
    StepStream b{"0123456789"};
    bool done = false;
};

template <class Case>
class CopyDroppedAnywhere : public testing::Test {};
using CopyCases = testing::Types<Copies, CopiesBoth>;
TYPED_TEST_SUITE(CopyDroppedAnywhere, CopyCases);

TYPED_TEST(CopyDroppedAnywhere, it_keeps_no_waker) {
    rouse_test::drop_anywhere<TypeParam>(rouse_test::DropPoint::while_it_waits);
    rouse_test::drop_anywhere<TypeParam>(rouse_test::DropPoint::after_the_wake);
}

} // namespace
