// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Files over both backends: what differs is who does the calls on regular ones, a thread of the pool or the
// kernel.

#include <rouse/fs/files.hpp>
#include <rouse/rouse.hpp>

#include "fs/over_backends.hpp"
#include "support/lent_text.hpp"
#include "support/poll_once.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include <fcntl.h>

namespace {

using rouse::or_throw;
using rouse::Task;
using rouse::fs::File;
using rouse::fs::OpenOptions;
using rouse::io::bytes;
using rouse::io::room;
using rouse_test::LentText;
using rouse_test::poll_once;

class Files : public rouse_test::FilesOverBackends {};
INSTANTIATE_TEST_SUITE_P(backends, Files, rouse_test::both_backends(), rouse_test::name_of_backend);

TEST_P(Files, what_was_written_is_read_in_pieces_and_at_once) {
    run([&]() -> Task<> {
        std::string much(3'000'000, '-');
        for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>('a' + i * 7 % 26);
        auto file = or_throw(co_await OpenOptions().read(true).write(true).create(true).open(dir / "a"));
        or_throw(co_await rouse::io::write_all(file, bytes(much)));
        or_throw(co_await file.sync_data());
        or_throw(co_await file.sync_all());
        EXPECT_EQ(co_await file.seek(0), 0u);
        std::string back(much.size(), '-');
        or_throw(co_await rouse::io::read_exact(file, room(back)));
        EXPECT_TRUE(back == much);
        EXPECT_EQ(co_await file.seek(10), 10u);
        std::string few(5, '-');
        EXPECT_EQ(co_await file.read(room(few)), 5u);
        EXPECT_EQ(few, much.substr(10, 5));
        EXPECT_EQ(co_await file.write(bytes("FEW")), 3u);
        EXPECT_EQ(co_await file.read(room(few)), 5u);
        EXPECT_EQ(few, much.substr(18, 5));
        EXPECT_EQ(co_await file.seek_from_end(0), much.size());
        EXPECT_EQ(co_await file.read(room(few)), 0u);
    });
}

TEST_P(Files, the_kernel_does_it_where_it_is_asked_to) {
    auto runtime = rouse::Runtime::current_thread(options());
    runtime.block_on([&]() -> Task<> {
        auto file = or_throw(co_await File::create(dir / "a"));
        or_throw(co_await rouse::io::write_all(file, bytes("x")));
        or_throw(co_await file.sync_all());
    });
    EXPECT_STREQ(runtime.metrics().workers.at(0).io_backend, is_on_ring() ? "io_uring" : "");
}

/// How many calls of opening and reading a file were for the pool.
std::uint64_t pool_calls(const rouse::RuntimeOptions& options, const std::string& path, int flags) {
    auto runtime = rouse::Runtime::current_thread(options);
    runtime.block_on([&]() -> Task<> {
        auto file = or_throw(co_await OpenOptions().read(true).custom_flags(flags).open(path));
        std::string text(100, '-');
        EXPECT_GT(or_throw(co_await file.read(room(text))), 0u);
    });
    return runtime.metrics().blocking.ran;
}

TEST_P(Files, the_pool_does_it_where_the_kernel_might_block_a_thread_of_ours) {
    std::ofstream(dir / "a") << "text";
    EXPECT_EQ(pool_calls(options(), dir / "a", 0), is_in_kernel() ? 0u : 2u);
    EXPECT_EQ(pool_calls(options(), dir / "a", O_NONBLOCK), is_in_kernel() ? 1u : 2u);
    EXPECT_EQ(pool_calls(options(), "/proc/self/status", 0), 2u) << "regular, but who knows how it is read";
}

TEST_P(Files, all_that_is_done_to_an_open_file_at_a_place_or_without_one) {
    auto runtime = rouse::Runtime::current_thread(options());
    runtime.block_on([&]() -> Task<> {
        auto file = or_throw(co_await OpenOptions().read(true).write(true).create(true).open(dir / "a"));
        EXPECT_EQ(co_await file.write_at(3, bytes("text")), 4u);
        EXPECT_EQ(or_throw(co_await file.metadata()).size(), 7u);
        std::string text(9, '-');
        EXPECT_EQ(co_await file.read_at(2, room(text)), 5u);
        EXPECT_EQ(text, std::string("\0text----", 9));
        or_throw(co_await file.set_len(5));
        EXPECT_EQ(or_throw(co_await file.metadata()).size(), 5u);
        EXPECT_EQ((co_await file.set_len(~std::uint64_t{0})).error(), std::errc::invalid_argument);
        EXPECT_EQ(co_await file.read(room(text)), 5u) << "the place was never moved";
    });
    // But for the length that is none, and for a kernel without ftruncate (before 6.9).
    EXPECT_LE(runtime.metrics().blocking.ran, is_in_kernel() ? 2u : 8u);
    EXPECT_GE(runtime.metrics().blocking.ran, is_in_kernel() ? 1u : 8u);
}

TEST_P(Files, errors_are_values) {
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", "text"));
        auto file = or_throw(co_await File::open(dir / "a"));
        EXPECT_EQ((co_await file.write(bytes("x"))).error(), std::errc::bad_file_descriptor);
        std::string text(10, '-');
        EXPECT_EQ(co_await file.read(room(text)), 4u);
        auto directory = or_throw(co_await File::open(dir.path()));
        EXPECT_EQ((co_await directory.read(room(text))).error(), std::errc::is_a_directory);
        auto full = or_throw(co_await OpenOptions().write(true).open("/dev/full"));
        EXPECT_EQ((co_await full.write(bytes("x"))).error(), std::errc::no_space_on_device);
    });
}

TEST_P(Files, appends_go_to_the_end_and_reads_of_others_see_them) {
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", "first"));
        auto one = or_throw(co_await OpenOptions().append(true).open(dir / "a"));
        auto two = or_throw(co_await OpenOptions().append(true).open(dir / "a"));
        or_throw(co_await rouse::io::write_all(one, bytes(" one")));
        or_throw(co_await rouse::io::write_all(two, bytes(" two")));
        or_throw(co_await rouse::io::write_all(one, bytes(" three")));
        EXPECT_EQ(text_of(dir / "a"), "first one two three");
    });
}

TEST_P(Files, a_dropped_read_never_touches_the_lent_buffer_and_loses_nothing) {
    run([&]() -> Task<> {
        std::string much(300'000, '-');
        for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>('a' + i % 26);
        or_throw(co_await rouse::fs::write(dir / "a", much));
        for (std::size_t size : {10u, 200'000u}) {
            for (int round = 0; round < 20; ++round) {
                auto file = or_throw(co_await File::open(dir / "a"));
                LentText lent(std::string(size, '#'));
                bool done = false;
                {
                    auto reading = file.read(room(lent.text));
                    done = co_await poll_once(reading);
                }
                lent.take_back();
                if (done) continue; // the pool was fast
                std::string all;
                or_throw(co_await rouse::io::read_to_end(file, all));
                // One that was taken back before it began has read nothing; any other is kept.
                EXPECT_TRUE(all == much) << all.size();
            }
        }
    });
}

TEST_P(Files, a_dropped_write_never_reads_the_lent_buffer_and_comes_before_what_follows) {
    run([&]() -> Task<> {
        for (std::size_t size : {10u, 200'000u}) {
            for (int round = 0; round < 20; ++round) {
                auto file = or_throw(co_await File::create(dir / "a"));
                LentText lent(std::string(size, 'w'));
                {
                    auto writing = file.write(bytes(lent.text));
                    (void)co_await poll_once(writing); // a pool may be fast
                }
                lent.take_back();
                or_throw(co_await rouse::io::write_all(file, bytes("end")));
                const std::string text = text_of(dir / "a");
                EXPECT_TRUE(text == "end" || text == std::string(size, 'w') + "end") << text.substr(0, 40);
            }
        }
    });
}

TEST_P(Files, a_file_that_is_destroyed_in_the_middle_of_a_write_closes_after_it) {
    run([&]() -> Task<> {
        LentText lent(std::string(500'000, 'w'));
        {
            auto file = or_throw(co_await File::create(dir / "a"));
            auto writing = file.write(bytes(lent.text));
            (void)co_await poll_once(writing); // a pool may be fast
        }
        lent.take_back();
        auto again = or_throw(co_await OpenOptions().write(true).open(dir / "a"));
        or_throw(co_await again.sync_all());
    });
}

TEST_P(Files, a_runtime_ends_while_calls_are_under_way) {
    for (int round = 0; round < 20; ++round) {
        std::optional<File> left;
        LentText lent(std::string(900'000, 'w'));
        {
            auto runtime = rouse::Runtime::current_thread(options());
            runtime.block_on([&]() -> Task<> {
                left = or_throw(co_await File::create(dir / "a"));
                auto one = left->write(bytes(lent.text));
                (void)co_await poll_once(one);
                auto works = [this](int n) -> Task<> {
                    auto file = or_throw(co_await File::create(dir / std::to_string(n)));
                    const std::string text(100'000, 'x');
                    for (;;) {
                        or_throw(co_await rouse::io::write_all(file, bytes(text)));
                        or_throw(co_await file.seek(0));
                        (void)co_await file.sync_data();
                    }
                };
                for (int n = 0; n < 4; ++n) (void)rouse::spawn(works, n);
                for (int n = 0; n < round * 3; ++n) co_await rouse::yield_now();
            });
        }
        lent.take_back();
    }
}

// Its threads end before it can look what has become of their calls.
TEST_P(Files, workers_end_while_calls_are_under_way) {
    auto several = options();
    several.worker_threads = 2;
    for (int round = 0; round < 20; ++round) {
        auto runtime = rouse::Runtime::multi_thread(several);
        runtime.block_on([&]() -> Task<> {
            auto works = [this](int n) -> Task<> {
                auto file = or_throw(co_await File::create(dir / std::to_string(n)));
                const std::string text(100'000, 'x');
                for (;;) {
                    or_throw(co_await rouse::io::write_all(file, bytes(text)));
                    or_throw(co_await file.seek(0));
                    (void)co_await file.sync_data();
                }
            };
            for (int n = 0; n < 6; ++n) (void)rouse::spawn(works, n);
            for (int n = 0; n < round * 3; ++n) co_await rouse::yield_now();
        });
    }
}

TEST_P(Files, a_thread_that_ends_leaves_calls_to_the_next_that_drives) {
    for (int round = 0; round < 20; ++round) {
        auto runtime = rouse::Runtime::current_thread(options());
        std::optional<File> file;
        const std::string text(400'000, 'w');
        std::jthread([&] {
            runtime.block_on([&]() -> Task<> {
                file = or_throw(co_await File::create(dir / "a"));
                auto writing = file->write(bytes(text));
                (void)co_await poll_once(writing); // a pool may be fast
            });
        }).join();
        runtime.block_on([&]() -> Task<> { or_throw(co_await rouse::io::write_all(*file, bytes("end"))); });
        const std::string all = text_of(dir / "a");
        EXPECT_TRUE(all == "end" || all == text + "end") << all.size();
    }
}

TEST_P(Files, several_workers_write_many_files) {
    auto several = options();
    several.worker_threads = 2;
    auto runtime = rouse::Runtime::multi_thread(several);
    runtime.block_on([&]() -> Task<> {
        std::vector<rouse::JoinHandle<void>> all;
        auto works = [this](int n) -> Task<> {
            auto file = or_throw(
                co_await OpenOptions().read(true).write(true).create(true).open(dir / std::to_string(n)));
            for (int i = 0; i < 20; ++i) {
                const std::string text = std::to_string(n * 1000 + i);
                EXPECT_EQ(co_await file.seek(0), 0u);
                or_throw(co_await rouse::io::write_all(file, bytes(text)));
                EXPECT_EQ(co_await file.seek(0), 0u);
                std::string back(text.size(), '-');
                or_throw(co_await rouse::io::read_exact(file, room(back)));
                EXPECT_EQ(back, text);
                if (i % 5 == 0) or_throw(co_await file.sync_data());
            }
        };
        for (int n = 0; n < 20; ++n) all.push_back(rouse::spawn(works, n));
        for (auto& one : all) co_await one;
    });
}

TEST_P(Files, a_paused_clock_waits_for_calls) {
    auto paused = options();
    paused.paused_clock = true;
    rouse::Runtime::current_thread(paused).block_on([&]() -> Task<> {
        auto file = or_throw(co_await File::create(dir / "a"));
        auto synced = co_await rouse::timeout(std::chrono::hours(1), file.sync_all());
        EXPECT_TRUE(synced.has_value());
        const std::string text(900'000, 'w');
        auto written = co_await rouse::timeout(std::chrono::hours(1), file.write(bytes(text)));
        EXPECT_TRUE(written.has_value());
    });
}

// The threads that the kernel keeps for it afterwards wake nobody.
TEST_P(Files, a_deadlock_after_calls_is_found) {
    if (ROUSE_TSAN) GTEST_SKIP() << "never proven there";
    auto soon = options();
    soon.deadlock_grace = std::chrono::milliseconds(20);
    auto runtime = rouse::Runtime::current_thread(soon);
    EXPECT_THROW(runtime.block_on([&]() -> Task<> {
        auto file = or_throw(co_await File::create(dir / "a"));
        or_throw(co_await rouse::io::write_all(file, bytes("x")));
        or_throw(co_await file.sync_all());
        auto [sender, receiver] = rouse::oneshot::channel<>();
        (void)co_await receiver; // the sender is in this very frame
    }),
                 rouse::Deadlock);
}

} // namespace
