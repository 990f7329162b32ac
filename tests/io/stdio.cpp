// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The standard streams, with descriptors that stand in for them.

#include <rouse/core/block_on.hpp>
#include <rouse/io/stdio.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using rouse::or_throw;
using rouse::Task;
using rouse::io::bytes;
using rouse::io::room;
using rouse::io::Stdin;
using rouse::io::Stdout;
static_assert(rouse::io::AsyncRead<Stdin> && rouse::io::AsyncWrite<Stdout>);

template <class F>
auto run_here(F main) {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    return rouse::run(std::move(main), std::move(options));
}

class Fds {
public:
    explicit Fds(std::array<int, 2> fds) : fds(fds) {}
    Fds(const Fds&) = delete;
    Fds& operator=(const Fds&) = delete;
    ~Fds() {
        for (const int fd : fds) ::close(fd);
    }
    std::array<int, 2> fds;
};
std::array<int, 2> make_pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    return fds;
}

TEST(Stdio, pipes_are_driven_and_left_as_they_were) {
    const Fds pipe(make_pipe());
    run_here([&]() -> Task<> {
        auto input = or_throw(Stdin::of(pipe.fds[0]));
        auto output = or_throw(Stdout::of(pipe.fds[1]));
        EXPECT_FALSE(input.is_pooled());
        EXPECT_FALSE(output.is_pooled());
        std::string text(5, '-');
        auto reads = [&]() -> Task<> { or_throw(co_await rouse::io::read_exact(input, room(text))); };
        auto reading = rouse::spawn(reads);
        co_await rouse::yield_now();
        EXPECT_FALSE(reading.is_finished());
        or_throw(co_await rouse::io::write_all(output, bytes("hello")));
        or_throw(co_await rouse::io::flush(output));
        co_await reading;
        EXPECT_EQ(text, "hello");
        EXPECT_EQ(::fcntl(pipe.fds[0], F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(::fcntl(pipe.fds[1], F_GETFL) & O_NONBLOCK, 0);
    });
}

TEST(Stdio, files_and_sockets_are_left_to_the_pool) {
    std::string path = "/tmp/rouse-test-XXXXXX";
    const int file = ::mkostemp(path.data(), O_CLOEXEC);
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const Fds sockets(ends);
    run_here([&]() -> Task<> {
        auto output = or_throw(Stdout::of(file));
        EXPECT_TRUE(output.is_pooled());
        or_throw(co_await rouse::io::write_all(output, bytes("hello")));
        EXPECT_EQ(::lseek(file, 0, SEEK_SET), 0);
        auto input = or_throw(Stdin::of(file));
        std::string text;
        EXPECT_EQ(co_await rouse::io::read_to_end(input, text), 5u);
        EXPECT_EQ(text, "hello");

        auto to = or_throw(Stdout::of(sockets.fds[0]));
        auto from = or_throw(Stdin::of(sockets.fds[1]));
        EXPECT_TRUE(from.is_pooled());
        or_throw(co_await rouse::io::write_all(to, bytes("again")));
        EXPECT_EQ(co_await from.read(room(text)), 5u);
        EXPECT_EQ(text, "again");
    });
    ::close(file);
    ::unlink(path.c_str());
}

TEST(Stdio, terminals_are_driven) {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) GTEST_SKIP() << "no terminals here";
    const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(slave, 0);
    const Fds terminal({master, slave});
    run_here([&]() -> Task<> {
        auto input = or_throw(Stdin::of(terminal.fds[1]));
        EXPECT_FALSE(input.is_pooled());
        std::string text(10, '-');
        auto reads = [&]() -> Task<std::size_t> { co_return or_throw(co_await input.read(room(text))); };
        auto reading = rouse::spawn(reads);
        co_await rouse::yield_now();
        EXPECT_EQ(::write(terminal.fds[0], "line\n", 5), 5);
        EXPECT_EQ(co_await reading, 5u);
        EXPECT_EQ(text.substr(0, 5), "line\n");
    });
}

TEST(Stdio, dev_null_and_closed_ones) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    run_here([&]() -> Task<> {
        auto input = or_throw(Stdin::of(null));
        std::string text(10, '-');
        EXPECT_EQ(co_await input.read(room(text)), 0u);
        EXPECT_EQ(Stdin::of(-1).error(), std::errc::bad_file_descriptor);
    });
    ::close(null);
}

TEST(Stdio, nobody_reads) {
    auto fds = make_pipe();
    run_here([&]() -> Task<> {
        auto output = or_throw(Stdout::of(fds[1]));
        ::close(fds[0]);
        EXPECT_EQ((co_await output.write(bytes("x"))).error(), std::errc::broken_pipe);
    });
    ::close(fds[1]);
}

} // namespace
