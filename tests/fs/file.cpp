// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// An open file.

#include <rouse/fs/files.hpp>
#include <rouse/rouse.hpp>

#include "fs/temporary.hpp"
#include "support/file_size_limit.hpp"
#include "support/lent_text.hpp"
#include "support/poll_once.hpp"

#include <gtest/gtest.h>

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace {

using rouse::or_throw;
using rouse::Task;
using rouse::fs::File;
using rouse::fs::OpenOptions;
using rouse::io::bytes;
using rouse::io::room;
using rouse_test::LentText;
using rouse_test::poll_once;
using rouse_test::run;
using rouse_test::TemporaryDir;
static_assert(rouse::io::AsyncRead<File> && rouse::io::AsyncWrite<File>);

/// Two ends of a pipe that block.
class BlockingPipe {
public:
    BlockingPipe() {
        if (::pipe2(fds_.data(), O_CLOEXEC) != 0) std::abort();
    }
    BlockingPipe(const BlockingPipe&) = delete;
    BlockingPipe& operator=(const BlockingPipe&) = delete;
    ~BlockingPipe() {
        for (const int fd : fds_)
            if (fd >= 0) ::close(fd);
    }
    /// Another reader stays, so that the writes of this test do not fail.
    File one_reader() { return File(rouse::detail::UniqueFd(::fcntl(fds_[0], F_DUPFD_CLOEXEC, 0))); }
    File reader() { return File(rouse::detail::UniqueFd(std::exchange(fds_[0], -1))); }
    File writer() { return File(rouse::detail::UniqueFd(std::exchange(fds_[1], -1))); }
    void write(std::string_view text) const {
        EXPECT_EQ(::write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    std::string read(std::size_t size) const {
        std::string text(size, '-');
        std::size_t got = 0;
        while (got < size) {
            const ssize_t count = ::read(fds_[0], text.data() + got, size - got);
            if (count <= 0) break;
            got += static_cast<std::size_t>(count);
        }
        text.resize(got);
        return text;
    }

private:
    std::array<int, 2> fds_{};
};

TEST(File, what_was_written_is_read) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        {
            auto file = or_throw(co_await File::create(dir / "a"));
            EXPECT_EQ(co_await file.write(bytes("hello, ")), 7u);
            or_throw(co_await rouse::io::write_all(file, bytes("world")));
            or_throw(co_await file.sync_data());
            or_throw(co_await file.sync_all());
        }
        auto file = or_throw(co_await File::open(dir / "a"));
        std::string text(5, '-');
        EXPECT_EQ(co_await file.read(room(text)), 5u);
        EXPECT_EQ(text, "hello");
        std::string rest;
        EXPECT_EQ(co_await rouse::io::read_to_end(file, rest), 7u);
        EXPECT_EQ(rest, ", world");
        EXPECT_EQ(co_await file.read(room(text)), 0u) << "the end";
        EXPECT_EQ((co_await file.write(bytes("x"))).error(), std::errc::bad_file_descriptor)
            << "to read only";
    });
}

TEST(File, seek_set_len_and_metadata) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        auto file = or_throw(
            co_await OpenOptions().read(true).write(true).create_new(true).mode(0640).open(dir / "a"));
        or_throw(co_await rouse::io::write_all(file, bytes("0123456789")));
        EXPECT_EQ(co_await file.seek(3), 3u);
        std::string text(2, '-');
        EXPECT_EQ(co_await file.read(room(text)), 2u);
        EXPECT_EQ(text, "34");
        EXPECT_EQ(co_await file.seek_by(-1), 4u);
        EXPECT_EQ(co_await file.seek_from_end(-2), 8u);
        EXPECT_EQ((co_await file.seek_by(-20)).error(), std::errc::invalid_argument);
        or_throw(co_await file.set_len(4));
        auto metadata = or_throw(co_await file.metadata());
        EXPECT_EQ(metadata.size(), 4u);
        EXPECT_TRUE(metadata.is_file());
        or_throw(co_await file.set_permissions(0600));
        metadata = or_throw(co_await file.metadata());
        EXPECT_EQ(metadata.permissions(), 0600u);
        EXPECT_EQ(co_await file.read(room(text)), 0u) << "behind the end";
    });
}

TEST(File, options_mean_what_they_say) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        EXPECT_EQ((co_await File::open(dir / "a")).error(), std::errc::no_such_file_or_directory);
        EXPECT_EQ((co_await OpenOptions().open(dir / "a")).error(), std::errc::invalid_argument);
        EXPECT_EQ((co_await OpenOptions().read(true).create(true).open(dir / "a")).error(),
                  std::errc::invalid_argument);
        or_throw(co_await rouse::fs::write(dir / "a", "first"));
        EXPECT_EQ((co_await OpenOptions().write(true).create_new(true).open(dir / "a")).error(),
                  std::errc::file_exists);
        {
            auto log = or_throw(co_await OpenOptions().append(true).open(dir / "a"));
            or_throw(co_await rouse::io::write_all(log, bytes(" second")));
        }
        EXPECT_EQ(or_throw(co_await rouse::fs::read_to_string(dir / "a")), "first second");
        {
            auto over = or_throw(co_await OpenOptions().write(true).open(dir / "a"));
            or_throw(co_await rouse::io::write_all(over, bytes("FIRST")));
        }
        EXPECT_EQ(or_throw(co_await rouse::fs::read_to_string(dir / "a")), "FIRST second");
        const auto cut = or_throw(co_await OpenOptions().write(true).truncate(true).open(dir / "a"));
        EXPECT_EQ(::fcntl(cut.fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        EXPECT_EQ(or_throw(co_await rouse::fs::read_to_string(dir / "a")), "");
    });
}

TEST(File, large_reads_and_writes_go_in_pieces) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        std::vector<std::byte> much(3'500'000);
        for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<std::byte>(i * 7 + i / 1000);
        auto file = or_throw(co_await OpenOptions().read(true).write(true).create(true).open(dir / "a"));
        or_throw(co_await rouse::io::write_all(file, much));
        or_throw(co_await file.seek(0));
        std::vector<std::byte> back(much.size());
        or_throw(co_await rouse::io::read_exact(file, back));
        EXPECT_EQ(back, much);
    });
}

TEST(File, a_dropped_read_never_touches_the_lent_buffer_and_loses_nothing) {
    BlockingPipe pipe;
    run([&]() -> Task<> {
        auto file = pipe.reader();
        LentText lent(std::string(64, '-'));
        {
            auto reading = file.read(room(lent.text));
            EXPECT_FALSE(co_await poll_once(reading)); // blocks in the pool, or is about to
        }
        lent.take_back();
        pipe.write("hello");
        std::string text(3, '-');
        EXPECT_EQ(co_await file.read(room(text)), 3u);
        EXPECT_EQ(text, "hel");
        EXPECT_EQ(co_await file.read(room(text)), 2u);
        EXPECT_EQ(text.substr(0, 2), "lo");
    });
}

TEST(File, a_dropped_write_never_reads_the_lent_buffer) {
    BlockingPipe pipe;
    run([&]() -> Task<> {
        auto file = pipe.writer();
        const int capacity = ::fcntl(file.fd(), F_GETPIPE_SZ);
        const std::string full(static_cast<std::size_t>(capacity), 'f');
        or_throw(co_await rouse::io::write_all(file, bytes(full)));
        LentText lent("world");
        {
            auto writing = file.write(bytes(lent.text));
            EXPECT_FALSE(co_await poll_once(writing));
        }
        lent.take_back();
        EXPECT_EQ(pipe.read(full.size()), full);
        or_throw(co_await rouse::io::flush(file)); // the write is over, if it began
        or_throw(co_await rouse::io::write_all(file, bytes("!")));
        const std::string rest = pipe.read(1);
        EXPECT_TRUE(rest == "!" || rest + pipe.read(5) == "world!") << rest;
    });
}

TEST(File, a_file_that_is_destroyed_in_the_middle_of_a_read_closes_after_it) {
    BlockingPipe pipe;
    run([&]() -> Task<> {
        LentText lent(std::string(64, '-'));
        {
            auto file = pipe.one_reader();
            auto reading = file.read(room(lent.text));
            EXPECT_FALSE(co_await poll_once(reading));
        }
        lent.take_back();
        pipe.write("nobody reads this"); // and ends the call
    });
}

TEST(File, the_place_is_right_after_a_dropped_read) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", "0123456789"));
        for (int round = 0; round < 20; ++round) {
            auto file = or_throw(co_await OpenOptions().read(true).write(true).open(dir / "a"));
            std::string text(4, '-');
            bool done = false;
            {
                auto reading = file.read(room(text));
                done = co_await poll_once(reading); // the pool was fast: then it has read
            }
            EXPECT_EQ(text, done ? "0123" : "----");
            if (done) or_throw(co_await file.seek(0));
            if (round % 2) {
                EXPECT_EQ(co_await file.seek_by(2), 2u);
            } else {
                EXPECT_EQ(co_await file.write(bytes("01")), 2u);
            }
            EXPECT_EQ(co_await file.read(room(text)), 4u);
            EXPECT_EQ(text, "2345");
        }
    });
}

TEST(File, the_error_of_a_write_that_nobody_waited_for_is_not_lost) {
    run([]() -> Task<> {
        bool told = false;
        for (int round = 0; round < 1000 && !told; ++round) { // one that has not begun is taken back
            auto file = or_throw(co_await OpenOptions().write(true).open("/dev/full"));
            const std::string text(100'000, 'x');
            {
                auto writing = file.write(bytes(text));
                (void)co_await poll_once(writing);
                if (round % 2) co_await rouse::spawn_blocking([] {}); // give it time
            }
            const auto synced = co_await file.sync_all();
            told = !synced && synced.error() == std::errc::no_space_on_device;
        }
        EXPECT_TRUE(told);
    });
}

TEST(File, a_full_device_is_an_error_value) {
    run([]() -> Task<> {
        auto file = or_throw(co_await OpenOptions().write(true).open("/dev/full"));
        EXPECT_EQ((co_await file.write(bytes("x"))).error(), std::errc::no_space_on_device);
        EXPECT_EQ((co_await rouse::fs::write("/dev/full", "x")).error(), std::errc::no_space_on_device);
        co_await rouse::yield_now();
    });
}

TEST(File, the_limit_for_files_is_an_error_value_and_no_signal) {
    const TemporaryDir dir;
    const rouse_test::FileSizeLimit limit(10'000);
    run([&]() -> Task<> {
        auto file = or_throw(co_await File::create(dir / "a"));
        const std::string much(20'000, 'x');
        EXPECT_EQ((co_await rouse::io::write_all(file, bytes(much))).error(), std::errc::file_too_large);
        EXPECT_EQ((co_await file.set_len(20'000)).error(), std::errc::file_too_large);
        auto metadata = or_throw(co_await file.metadata());
        EXPECT_EQ(metadata.size(), 10'000u);
        EXPECT_EQ((co_await rouse::fs::write(dir / "b", much)).error(), std::errc::file_too_large);
    });
}

TEST(File, a_pipe_without_a_reader_is_an_error_value_and_no_signal) {
    BlockingPipe pipe;
    run([&]() -> Task<> {
        auto file = pipe.writer();
        { const auto gone = pipe.reader(); }
        EXPECT_EQ((co_await file.write(bytes("x"))).error(), std::errc::broken_pipe);
    });
}

/// Run by the next one, in a mount namespace of its own, on a file system of 64 KiB.
TEST(File, DISABLED_on_a_tiny_file_system) {
    const char* const tiny = std::getenv("ROUSE_TEST_TINY_FS");
    ASSERT_TRUE(tiny);
    const std::string dir = tiny;
    run([&]() -> Task<> {
        const std::string much(300'000, 'x');
        {
            auto file = or_throw(co_await File::create(dir + "/a"));
            EXPECT_EQ((co_await rouse::io::write_all(file, bytes(much))).error(),
                      std::errc::no_space_on_device);
        }
        EXPECT_EQ((co_await rouse::fs::write(dir + "/b", much)).error(), std::errc::no_space_on_device);
        EXPECT_EQ((co_await rouse::fs::copy("/proc/self/exe", dir + "/c")).error(),
                  std::errc::no_space_on_device);
        or_throw(co_await rouse::fs::remove_file(dir + "/a"));
        or_throw(co_await rouse::fs::remove_file(dir + "/c"));
        or_throw(co_await rouse::fs::write(dir + "/b", "there is room again"));
    });
}
TEST(File, a_full_disk_is_an_error_value) {
    const TemporaryDir dir;
    const std::string mounts = "mount -t tmpfs -o size=64k none " + dir.path() + " 2>/dev/null";
    if (std::system(("unshare -Urm sh -c '" + mounts + "' 2>/dev/null").c_str()) != 0)
        GTEST_SKIP() << "no file system can be mounted here; /dev/full stands in for it";
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    EXPECT_EQ(
        std::system(("unshare -Urm sh -c '" + mounts + " && ROUSE_TEST_TINY_FS=" + dir.path() + " " + self +
                     " --gtest_also_run_disabled_tests --gtest_filter=File.DISABLED_on_a_tiny_file_system'")
                        .c_str()),
        0);
}

TEST(File, a_task_that_is_aborted_in_a_read_goes) {
    BlockingPipe pipe;
    run([&]() -> Task<> {
        auto reads = [](File file) -> Task<> {
            std::string text(10, '-');
            (void)co_await file.read(room(text));
        };
        auto task = rouse::spawn(reads, pipe.one_reader());
        co_await rouse::yield_now();
        task.abort();
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
        pipe.write("x");
    });
}

} // namespace
