// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What becomes of a call by a path: here the test is the kernel, and the pool.

#include <rouse/io/file_call.hpp>

#include "io/backends.hpp"
#include "io/test_kernel.hpp"

#include <cerrno>
#include <optional>

namespace {

using rouse::detail::FileAction;
using rouse::detail::FileCall;
using rouse::detail::FileCallWait;

class FileCalls : public rouse_test::WithTestKernel {
protected:
    static FileCallWait open(std::string path = "/dev/null") {
        return FileCallWait(new FileCall(FileAction::open, std::move(path), {}, O_RDONLY | O_CLOEXEC));
    }
    bool poll(FileCallWait& wait) { return wait.poll_ready(cx, "a test"); }
    static rouse::Result<std::uint64_t> value_of(FileCallWait& wait) {
        return wait.take_ready(
            [](FileCall&, const rouse::Result<std::uint64_t>& value) -> rouse::Result<std::uint64_t> {
                return value;
            });
    }
    static int another() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
    static bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
};

TEST_F(FileCalls, what_the_kernel_cannot_do_the_pool_does) {
    kernel->willing = false;
    auto wait = open();
    EXPECT_TRUE(poll(wait));
    EXPECT_EQ(pool->ran, 1);
    EXPECT_TRUE(value_of(wait).has_value());
}

TEST_F(FileCalls, what_the_kernel_says_is_the_result) {
    auto wait = open("/no/such/place");
    EXPECT_FALSE(poll(wait));
    EXPECT_EQ(kernel->call->path, "/no/such/place");
    kernel->take().complete(-EIO);
    EXPECT_EQ(counting.take_wakes(), 1u);
    EXPECT_TRUE(poll(wait));
    EXPECT_EQ(value_of(wait).error(), std::errc::io_error);
    EXPECT_EQ(pool->ran, 0);
}

TEST_F(FileCalls, what_the_kernel_did_not_do_the_pool_does_once) {
    for (const int error : {ECANCELED, EINTR}) {
        auto wait = open();
        EXPECT_FALSE(poll(wait));
        kernel->take().complete(-error);
        EXPECT_EQ(counting.take_wakes(), 1u);
        EXPECT_TRUE(poll(wait));
        EXPECT_TRUE(value_of(wait).has_value());
    }
    EXPECT_EQ(pool->ran, 2);
}

TEST_F(FileCalls, what_comes_of_an_open_is_closed_if_nobody_takes_it) {
    std::optional<FileCallWait> wait(open());
    EXPECT_FALSE(poll(*wait));
    const int fd = another();
    kernel->take().complete(fd);
    EXPECT_TRUE(is_open(fd)) << "somebody waits for it";
    wait.reset();
    EXPECT_FALSE(is_open(fd));
}

TEST_F(FileCalls, what_comes_of_an_open_that_nobody_waits_for_is_closed_at_once) {
    std::optional<FileCallWait> wait(open());
    EXPECT_FALSE(poll(*wait));
    wait.reset();
    const int fd = another();
    kernel->take().complete(fd);
    EXPECT_FALSE(is_open(fd));
    EXPECT_EQ(counting.take_wakes(), 0u);
}

TEST_F(FileCalls, what_comes_of_an_open_is_the_takers) {
    auto wait = open();
    EXPECT_FALSE(poll(wait));
    const int fd = another();
    kernel->take().complete(fd);
    EXPECT_TRUE(poll(wait));
    rouse::detail::UniqueFd taken;
    wait.take_ready([&](FileCall& call, const auto& value) {
        EXPECT_TRUE(value.has_value());
        taken = call.take_opened();
        return 0;
    });
    EXPECT_EQ(taken.get(), fd);
    EXPECT_TRUE(is_open(fd));
}

// The runtime has ended, and had no more patience.
TEST_F(FileCalls, what_an_abandoned_open_brings_in_the_end_is_closed) {
    auto wait = open();
    EXPECT_FALSE(poll(wait));
    FileCall& call = kernel->take();
    call.abandon();
    EXPECT_EQ(counting.take_wakes(), 1u);
    EXPECT_TRUE(poll(wait));
    EXPECT_EQ(value_of(wait).error(), rouse::IoError::runtime_ended);
    const int fd = another();
    call.end_abandoned(fd);
    EXPECT_FALSE(is_open(fd));
    EXPECT_EQ(pool->ran, 0);
}

TEST_F(FileCalls, what_the_kernel_fills_is_there_until_it_is_through) {
    auto room = std::make_shared<struct statx>();
    const std::weak_ptr<void> kept = room;
    std::optional<FileCallWait> wait(new FileCall(FileAction::stat, "/", {}, 0, 0,
                                                  std::as_writable_bytes(std::span(room.get(), 1)), room));
    room.reset();
    EXPECT_FALSE(poll(*wait));
    wait.reset();
    EXPECT_FALSE(kept.expired());
    EXPECT_EQ(kernel->call->path, "/");
    kernel->take().complete(0);
    EXPECT_TRUE(kept.expired());
}

} // namespace
