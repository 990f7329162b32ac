// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a file makes of what the kernel says: here the test is the kernel, and the pool.

#include <rouse/io/driver.hpp>
#include <rouse/io/file_call.hpp>
#include <rouse/io/pool_file.hpp>

#include "io/backends.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace {

using rouse::detail::BlockingJob;
using rouse::detail::BlockingPool;
using rouse::detail::FileAction;
using rouse::detail::FileCall;
using rouse::detail::IoDriver;
using rouse::detail::PoolFile;
using rouse::detail::UniqueFd;
using rouse::io::bytes;
using rouse::io::room;

/// Takes calls on files, and leaves it to the test to complete them.
class Kernel final : public IoDriver {
public:
    void wait(std::optional<TimePoint>) noexcept override {}
    void unpark() noexcept override {}
    std::size_t dispatch() noexcept override { return 0; }
    const char* backend() const noexcept override { return "test"; }
    int descriptor() const noexcept override { return -1; }
    rouse::detail::FileKind kind_of(int) noexcept override { return rouse::detail::FileKind::regular; }
    bool start_call(FileCall& started) noexcept override {
        started.share();
        call = &started;
        return true;
    }
    void complete(int result) { std::exchange(call, nullptr)->complete(result); }

    FileCall* call = nullptr;

protected:
    std::error_code arm(int, std::uint64_t) noexcept override { return {}; }
    void disarm(int, std::uint64_t) noexcept override {}
};

/// Does everything at once.
class Pool final : public BlockingPool {
public:
    void submit(BlockingJob& job) noexcept override {
        ++ran;
        job.run();
    }
    bool take_back(BlockingJob&) noexcept override { return false; }
    int ran = 0;
};

class PoolFileInKernel : public ::testing::Test, private rouse::detail::IoHost {
protected:
    PoolFileInKernel() { set_current(this); }
    ~PoolFileInKernel() override { set_current(nullptr); }

    rouse::Result<std::shared_ptr<IoDriver>> io_driver() override { return kernel; }
    std::shared_ptr<BlockingPool> blocking_pool() override { return pool; }
    std::shared_ptr<IoDriver> file_driver() override { return kernel; }

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

    rouse::testing::CountingWaker counting;
    rouse::Context cx{counting.waker()};
    const std::shared_ptr<Kernel> kernel = std::make_shared<Kernel>();
    const std::shared_ptr<Pool> pool = std::make_shared<Pool>();
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
