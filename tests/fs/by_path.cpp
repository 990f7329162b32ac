// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is done by paths, over both backends.

#include <rouse/fs/files.hpp>
#include <rouse/rouse.hpp>

#include "fs/over_backends.hpp"
#include "support/poll_once.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <list>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace {

namespace fs = rouse::fs;
using rouse::or_throw;
using rouse::Task;
using rouse_test::poll_once;

class FilesByPath : public rouse_test::FilesOverBackends {
protected:
    /// How many calls of `main` were for the pool.
    template <class F>
    static std::uint64_t pool_calls(F main) {
        auto runtime = rouse::Runtime::current_thread(options());
        runtime.block_on(std::move(main));
        return runtime.metrics().blocking.ran;
    }
    static std::size_t descriptors() {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
    }
    std::string fifo() const {
        const std::string path = dir / "fifo";
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }
};
INSTANTIATE_TEST_SUITE_P(backends, FilesByPath, rouse_test::both_backends(), rouse_test::name_of_backend);

TEST_P(FilesByPath, all_that_a_path_can_mean_is_made_looked_at_and_removed) {
    constexpr std::uint64_t all = 15;
    const auto done = pool_calls([&]() -> Task<> {
        or_throw(co_await fs::create_dir(dir / "d", 0750));
        auto file =
            or_throw(co_await fs::OpenOptions().write(true).create_new(true).mode(0640).open(dir / "d/a"));
        const auto directory = or_throw(co_await fs::metadata(dir / "d"));
        EXPECT_TRUE(directory.is_dir());
        EXPECT_EQ(directory.permissions(), 0750u);
        or_throw(co_await fs::symlink("d/a", dir / "link"));
        or_throw(co_await fs::hard_link(dir / "d/a", dir / "hard"));
        EXPECT_TRUE(or_throw(co_await fs::symlink_metadata(dir / "link")).is_symlink());
        const auto linked = or_throw(co_await fs::metadata(dir / "link"));
        EXPECT_EQ(linked.raw().st_nlink, 2u);
        EXPECT_EQ(linked.permissions(), 0640u);
        or_throw(co_await fs::rename(dir / "hard", dir / "d/b"));
        EXPECT_FALSE(or_throw(co_await fs::exists(dir / "hard")));
        EXPECT_TRUE(or_throw(co_await fs::exists(dir / "d/b")));
        or_throw(co_await fs::remove_file(dir / "d/a"));
        EXPECT_FALSE(or_throw(co_await fs::exists(dir / "link"))) << "it leads nowhere now";
        or_throw(co_await fs::remove_file(dir / "link"));
        or_throw(co_await fs::remove_file(dir / "d/b"));
        or_throw(co_await fs::remove_dir(dir / "d"));
    });
    EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
    EXPECT_EQ(done, is_in_kernel() ? 0u : all);
}

TEST_P(FilesByPath, what_is_known_of_a_file_is_what_stat_knows) {
    std::ofstream(dir / "a") << "some text";
    struct stat raw{};
    ASSERT_EQ(::stat((dir / "a").c_str(), &raw), 0);
    run([&]() -> Task<> {
        const auto known = or_throw(co_await fs::metadata(dir / "a"));
        EXPECT_EQ(known.raw().st_dev, raw.st_dev);
        EXPECT_EQ(known.raw().st_ino, raw.st_ino);
        EXPECT_EQ(known.raw().st_mode, raw.st_mode);
        EXPECT_EQ(known.raw().st_uid, raw.st_uid);
        EXPECT_EQ(known.raw().st_gid, raw.st_gid);
        EXPECT_EQ(known.raw().st_size, 9);
        EXPECT_EQ(known.raw().st_blocks, raw.st_blocks);
        EXPECT_EQ(known.raw().st_blksize, raw.st_blksize);
        EXPECT_EQ(known.raw().st_mtim.tv_sec, raw.st_mtim.tv_sec);
        EXPECT_EQ(known.raw().st_mtim.tv_nsec, raw.st_mtim.tv_nsec);
        EXPECT_EQ(known.raw().st_ctim.tv_nsec, raw.st_ctim.tv_nsec);
        EXPECT_EQ(known.raw().st_atim.tv_nsec, raw.st_atim.tv_nsec);
        const auto null = or_throw(co_await fs::metadata("/dev/null"));
        EXPECT_EQ(null.raw().st_rdev, makedev(1, 3));
    });
}

TEST_P(FilesByPath, errors_of_paths_are_values) {
    run([&]() -> Task<> {
        or_throw(co_await fs::write(dir / "a", "x"));
        or_throw(co_await fs::create_dir_all(dir / "d/e"));
        using enum std::errc;
        EXPECT_EQ((co_await fs::File::open(dir / "none")).error(), no_such_file_or_directory);
        EXPECT_EQ((co_await fs::File::open(dir / "a/b")).error(), not_a_directory);
        EXPECT_EQ((co_await fs::File::create(dir / "d")).error(), is_a_directory);
        EXPECT_EQ((co_await fs::OpenOptions().write(true).create_new(true).open(dir / "a")).error(),
                  file_exists);
        EXPECT_EQ((co_await fs::OpenOptions().open(dir / "a")).error(), invalid_argument);
        EXPECT_EQ((co_await fs::metadata(dir / "none")).error(), no_such_file_or_directory);
        EXPECT_EQ((co_await fs::metadata("")).error(), no_such_file_or_directory);
        EXPECT_EQ((co_await fs::exists(std::string(5000, 'x'))).error(), filename_too_long);
        EXPECT_EQ((co_await fs::remove_file(dir / "none")).error(), no_such_file_or_directory);
        EXPECT_EQ((co_await fs::remove_file(dir / "d")).error(), is_a_directory);
        EXPECT_EQ((co_await fs::remove_dir(dir / "a")).error(), not_a_directory);
        EXPECT_EQ((co_await fs::remove_dir(dir / "d")).error(), directory_not_empty);
        EXPECT_EQ((co_await fs::rename(dir / "none", dir / "b")).error(), no_such_file_or_directory);
        EXPECT_EQ((co_await fs::rename(dir / "a", "")).error(), no_such_file_or_directory);
        EXPECT_EQ((co_await fs::hard_link(dir / "a", dir / "d")).error(), file_exists);
        EXPECT_EQ((co_await fs::symlink("a", dir / "d")).error(), file_exists);
        EXPECT_EQ((co_await fs::create_dir(dir / "a")).error(), file_exists);
    });
}

// Where another machine, or another process, might be needed.
TEST_P(FilesByPath, what_the_system_makes_up_is_for_the_pool) {
    const auto calls = pool_calls([&]() -> Task<> {
        EXPECT_TRUE(or_throw(co_await fs::exists("/proc/self/status")));
        auto file = or_throw(co_await fs::File::open("/proc/self/status"));
        EXPECT_TRUE(or_throw(co_await fs::exists("/usr/../proc")));
    });
    EXPECT_EQ(calls, 3u);
}

TEST_P(FilesByPath, an_opened_descriptor_is_not_inherited) {
    run([&]() -> Task<> {
        const auto file = or_throw(co_await fs::File::create(dir / "a"));
        EXPECT_EQ(::fcntl(file.fd(), F_GETFD), FD_CLOEXEC);
        EXPECT_EQ(::fcntl(file.fd(), F_GETFL) & O_NONBLOCK, 0);
    });
}

// The kernel's first try is not to wait: then a FIFO that is to be written would not be opened (ENXIO).
TEST_P(FilesByPath, an_open_of_a_fifo_waits_for_its_other_end) {
    const std::string path = fifo();
    run([&]() -> Task<> {
        for (int round = 0; round < 3; ++round) { // the kernel may have to find its name first
            auto opening = fs::OpenOptions().write(true).open(path);
            EXPECT_FALSE(co_await poll_once(opening));
            auto in = or_throw(co_await fs::File::open(path));
            auto out = or_throw(co_await std::move(opening));
            EXPECT_EQ(::fcntl(out.fd(), F_GETFL) & O_NONBLOCK, 0);
            or_throw(co_await rouse::io::write_all(out, rouse::io::bytes("x")));
            std::string text(1, '-');
            EXPECT_EQ(co_await in.read(rouse::io::room(text)), 1u);
        }
    });
}

TEST_P(FilesByPath, an_open_that_is_dropped_closes_what_it_brings) {
    const std::string path = fifo();
    const std::size_t before = descriptors();
    {
        auto runtime = rouse::Runtime::current_thread(options());
        runtime.block_on([&]() -> Task<> {
            {
                auto opening = fs::File::open(path);
                EXPECT_FALSE(co_await poll_once(opening));
                // One that no thread has taken up would be taken back.
                while (!is_in_kernel() && runtime.metrics().blocking.ran == 0) co_await rouse::yield_now();
            }
            auto other = or_throw(co_await fs::OpenOptions().write(true).open(path)); // it has come
            pollfd end{other.fd(), 0, 0};
            while (::poll(&end, 1, 0) == 0) co_await rouse::yield_now(); // POLLERR: and it is gone
            EXPECT_TRUE(end.revents & POLLERR);
        });
    }
    EXPECT_EQ(descriptors(), before);
}

TEST_P(FilesByPath, opens_that_are_dropped_leave_no_descriptor) {
    for (int i = 0; i < 8; ++i) std::ofstream(dir / std::to_string(i)) << "text";
    const std::size_t before = descriptors();
    for (int round = 0; round < 20; ++round) {
        run([&]() -> Task<> {
            for (int i = 0; i < 8; ++i) {
                auto opening = fs::File::open(dir / std::to_string(i));
                (void)co_await poll_once(opening); // a pool may be fast
            }
        });
        EXPECT_EQ(descriptors(), before) << round;
    }
}

// Those that are under way, and those of which nobody has taken the result.
TEST_P(FilesByPath, opens_at_the_end_of_a_runtime_leave_no_descriptor) {
    for (int i = 0; i < 8; ++i) std::ofstream(dir / std::to_string(i)) << "text";
    const std::size_t before = descriptors();
    auto hurried = options();
    if (is_in_kernel())
        hurried.blocking_patience = std::chrono::milliseconds(0); // a pool's thread would go on
    for (int round = 0; round < 20; ++round) {
        std::list<fs::Operation<fs::File>> left;
        rouse::Runtime::current_thread(hurried).block_on([&]() -> Task<> {
            for (int i = 0; i < 8; ++i) {
                left.push_back(fs::File::open(dir / std::to_string(i)));
                (void)co_await poll_once(left.back());
            }
            for (int i = 0; i < round; ++i) co_await rouse::yield_now();
        });
        left.clear();
        EXPECT_EQ(descriptors(), before) << round;
    }
}

TEST_P(FilesByPath, workers_that_end_while_opens_are_under_way_leave_no_descriptor) {
    for (int i = 0; i < 8; ++i) std::ofstream(dir / std::to_string(i)) << "text";
    const std::size_t before = descriptors();
    auto several = options();
    several.worker_threads = 2;
    for (int round = 0; round < 20; ++round) {
        rouse::Runtime::multi_thread(several).block_on([&]() -> Task<> {
            auto opens = [&](int i) -> Task<> {
                for (;;) (void)co_await fs::File::open(dir / std::to_string(i));
            };
            for (int i = 0; i < 8; ++i) (void)rouse::spawn(opens, i);
            for (int i = 0; i < round * 3; ++i) co_await rouse::yield_now();
        });
        EXPECT_EQ(descriptors(), before) << round;
    }
}

// The pool's thread stays in the call, and is given up.
TEST_P(FilesByPath, an_open_that_would_wait_for_ever_does_not_hold_up_the_end) {
    const std::string path = fifo();
    const std::size_t before = descriptors();
    {
        auto hurried = options();
        if (!is_in_kernel()) hurried.blocking_patience = std::chrono::milliseconds(10);
        std::optional<fs::Operation<fs::File>> opening(fs::File::open(path));
        rouse::Runtime::current_thread(hurried).block_on(
            [&]() -> Task<> { EXPECT_FALSE(co_await poll_once(*opening)); });
        auto other = rouse::detail::UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        if (is_in_kernel()) {
            EXPECT_EQ(other.get(), -1) << "somebody still opens it";
        } else if (other.get() >= 0) { // else it never began
            opening.reset();
            pollfd end{other.get(), 0, 0};
            EXPECT_EQ(::poll(&end, 1, -1), 1); // until it is closed
        }
    }
    EXPECT_EQ(descriptors(), before);
}

TEST_P(FilesByPath, what_is_dropped_is_done_whole_or_not_at_all) {
    for (int round = 0; round < 20; ++round) {
        run([&]() -> Task<> {
            or_throw(co_await fs::write(dir / "a", "text"));
            {
                auto renaming = fs::rename(dir / "a", dir / "b");
                (void)co_await poll_once(renaming);
                auto making = fs::create_dir(dir / "d");
                (void)co_await poll_once(making);
                auto looking = fs::metadata(dir.path());
                (void)co_await poll_once(looking);
            }
        });
        EXPECT_NE(std::filesystem::exists(dir / "a"), std::filesystem::exists(dir / "b"));
        for (const char* name : {"a", "b", "d"}) std::filesystem::remove(dir / name);
    }
}

TEST_P(FilesByPath, more_at_a_time_than_the_kernel_has_threads_for) {
    run([&]() -> Task<> {
        std::vector<rouse::JoinHandle<void>> all;
        auto works = [&](int n) -> Task<> {
            const std::string path = dir / std::to_string(n);
            {
                auto file = or_throw(co_await fs::File::create(path));
                or_throw(co_await rouse::io::write_all(file, rouse::io::bytes("x")));
            }
            EXPECT_EQ(or_throw(co_await fs::metadata(path)).size(), 1u);
            or_throw(co_await fs::rename(path, path + "-"));
            or_throw(co_await fs::remove_file(path + "-"));
        };
        for (int n = 0; n < 100; ++n) all.push_back(rouse::spawn(works, n));
        for (auto& one : all) co_await one;
    });
    EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

// As on any thread: neither waits for the other, and all end.
TEST_P(FilesByPath, opens_that_wait_do_not_hold_up_others) {
    const std::string path = fifo();
    run([&]() -> Task<> {
        std::list<fs::Operation<fs::File>> waiting;
        for (int i = 0; i < 40; ++i) {
            waiting.push_back(fs::File::open(path));
            EXPECT_FALSE(co_await poll_once(waiting.back()));
        }
        or_throw(co_await fs::write(dir / "a", "x"));
        EXPECT_TRUE(or_throw(co_await fs::exists(dir / "a")));
        auto other = or_throw(co_await fs::OpenOptions().write(true).open(path));
        for (auto& one : waiting) (void)or_throw(co_await std::move(one));
    });
}

TEST_P(FilesByPath, a_path_is_from_where_the_process_is) {
    const std::string before = std::filesystem::current_path();
    std::filesystem::current_path(dir.path());
    const auto calls = pool_calls([&]() -> Task<> {
        or_throw(co_await fs::create_dir("here"));
        EXPECT_TRUE(or_throw(co_await fs::exists("./here")));
    });
    std::filesystem::current_path(before);
    EXPECT_EQ(calls, is_in_kernel() ? 0u : 2u);
    EXPECT_TRUE(std::filesystem::is_directory(dir / "here"));
}

} // namespace
