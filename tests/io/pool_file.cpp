// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a file makes of what the kernel says: here the test is the kernel, and the pool.

#include <rouse/io/file_call.hpp>
#include <rouse/io/pool_file.hpp>

#include "io/backends.hpp"
#include "io/test_kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace {

using rouse::detail::FileAction;
using rouse::detail::FileCall;
using rouse::detail::PoolFile;
using rouse::detail::UniqueFd;
using rouse::io::bytes;
using rouse::io::room;

class PoolFileInKernel : public rouse_test::WithTestKernel {
protected:
    static PoolFile file_with(std::string_view text) {
        std::FILE* const file = std::tmpfile();
        UniqueFd fd(::fcntl(::fileno(file), F_DUPFD_CLOEXEC, 0));
        std::fclose(file);
        rouse_test::put(fd.get(), text);
        ::lseek(fd.get(), 0, SEEK_SET);
        return PoolFile::opened(std::move(fd));
    }
    static std::string text_of(const PoolFile& file) {
        std::string text(100, '-');
        return text.substr(0, static_cast<std::size_t>(::pread(file.fd(), text.data(), text.size(), 0)));
    }
};

TEST_F(PoolFileInKernel, what_the_kernel_did_not_do_the_pool_does) {
    for (const int error : {ECANCELED, EINTR}) {
        auto file = file_with("some text");
        std::string text(4, '-');
        EXPECT_TRUE(file.poll_read(cx, room(text)).is_pending());
        kernel->complete(-error);
        EXPECT_EQ(counting.take_wakes(), 1u);
        const auto read = file.poll_read(cx, room(text));
        ASSERT_TRUE(read.is_ready());
        EXPECT_EQ(*read.value(), 4u);
        EXPECT_EQ(text, "some");
        EXPECT_TRUE(file.poll_write(cx, bytes("+++")).is_pending());
        kernel->complete(-error);
        EXPECT_EQ(counting.take_wakes(), 1u);
        const auto written = file.poll_write(cx, bytes("+++"));
        ASSERT_TRUE(written.is_ready());
        EXPECT_EQ(*written.value(), 3u);
        EXPECT_EQ(text_of(file), "some+++xt");
    }
    EXPECT_EQ(pool->ran, 4);
}

TEST_F(PoolFileInKernel, a_write_that_was_given_up_is_done_all_the_same) {
    auto file = file_with("");
    EXPECT_TRUE(file.poll_write(cx, bytes("one")).is_pending());
    file.cancel_write();
    kernel->complete(-ECANCELED);
    EXPECT_TRUE(file.poll_write(cx, bytes("two")).is_pending());
    EXPECT_EQ(text_of(file), "one");
    EXPECT_EQ(kernel->call->place, 3);
    kernel->complete(-EIO);
    EXPECT_EQ(file.poll_write(cx, bytes("two")).value().error(), std::errc::io_error);
}

// Its runtime has ended, and had no more patience; the file has not.
TEST_F(PoolFileInKernel, what_the_kernel_still_uses_nobody_else_does) {
    for (const bool reads : {true, false}) {
        auto file = file_with("some text");
        std::string text(4, '-');
        const auto poll = [&] {
            return reads ? file.poll_read(cx, room(text)) : file.poll_write(cx, bytes("new"));
        };
        EXPECT_TRUE(poll().is_pending());
        FileCall* const left = std::exchange(kernel->call, nullptr);
        left->abandon();
        EXPECT_EQ(counting.take_wakes(), 1u);
        auto over = poll();
        ASSERT_TRUE(over.is_ready());
        EXPECT_EQ(over.value().error(), rouse::IoError::runtime_ended);
        EXPECT_TRUE(poll().is_pending());
        EXPECT_NE(kernel->call->room.data(), left->room.data());
        std::fill(left->room.begin(), left->room.end(), std::byte('!')); // it does
        kernel->complete(-ECANCELED);
        EXPECT_EQ(counting.take_wakes(), 1u);
        over = poll();
        ASSERT_TRUE(over.is_ready());
        EXPECT_TRUE(over.value().has_value());
        EXPECT_EQ(text_of(file), reads ? "some text" : "newe text");
        left->drop_reference();
    }
}

TEST_F(PoolFileInKernel, what_the_file_answers_is_the_result) {
    auto file = file_with("some text");
    std::string text(4, '-');
    for (const int error : {EAGAIN, EIO}) {
        EXPECT_TRUE(file.poll_read(cx, room(text)).is_pending());
        kernel->complete(-error);
        const auto read = file.poll_read(cx, room(text));
        ASSERT_TRUE(read.is_ready());
        EXPECT_EQ(read.value().error().value(), error);
    }
    EXPECT_EQ(pool->ran, 0);
}

} // namespace
