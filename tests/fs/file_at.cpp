// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reads and writes at a place of the file.

#include <rouse/fs/files.hpp>
#include <rouse/rouse.hpp>
#include <rouse/testing/harness.hpp>

#include "fs/temporary.hpp"
#include "support/file_size_limit.hpp"

#include <gtest/gtest.h>

#include <optional>

#include <unistd.h>

namespace {

using rouse::or_throw;
using rouse::Task;
using rouse::fs::File;
using rouse::fs::OpenOptions;
using rouse::io::bytes;
using rouse::io::room;
using rouse_test::run;
using rouse_test::TemporaryDir;

Task<File> open_both_ways(std::string path) {
    co_return or_throw(co_await OpenOptions().read(true).write(true).create(true).open(path));
}
Task<std::string> text_at(const File& file, std::uint64_t place, std::size_t size) {
    std::string text(size, '-');
    text.resize(or_throw(co_await file.read_at(place, room(text))));
    co_return text;
}

TEST(FileAt, reads_and_writes_at_a_place_and_the_cursor_stays) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        auto file = co_await open_both_ways(dir / "a");
        or_throw(co_await rouse::io::write_all(file, bytes("0123456789")));
        EXPECT_EQ(or_throw(co_await file.write_at(3, bytes("xyz"))), 3u);
        EXPECT_EQ(co_await text_at(file, 2, 5), "2xyz6");
        EXPECT_EQ(co_await text_at(file, 8, 5), "89") << "as far as it goes";
        EXPECT_EQ(co_await text_at(file, 10, 5), "");
        EXPECT_EQ(co_await text_at(file, 4711, 5), "");
        EXPECT_EQ(co_await text_at(file, 0, 0), "");
        EXPECT_EQ(or_throw(co_await file.seek_by(0)), 10u) << "where the write ended";
        or_throw(co_await rouse::io::write_all(file, bytes("!")));
        EXPECT_EQ(co_await text_at(file, 0, 100), "012xyz6789!");
    });
}

// The file is ahead of what was read from it when a read was given up; a read at a place has no part in that.
TEST(FileAt, a_read_in_between_takes_nothing_from_the_stream) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", std::string("0123456789")));
        auto file = or_throw(co_await File::open(dir / "a"));
        std::string text(4, '-');
        bool was_given_up = false; // or the pool was as quick as this
        {
            rouse::testing::Harness read(file.read(room(text)));
            was_given_up = read.poll().is_pending();
        }
        EXPECT_EQ(co_await text_at(file, 6, 2), "67");
        or_throw(co_await rouse::io::read_exact(file, room(text)));
        EXPECT_EQ(text, was_given_up ? "0123" : "4567");
    });
}

TEST(FileAt, beyond_the_end_it_gets_longer_with_zeros_between) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        auto file = co_await open_both_ways(dir / "a");
        EXPECT_EQ(or_throw(co_await file.write_at(3, bytes("x"))), 1u);
        EXPECT_EQ(co_await text_at(file, 0, 10), std::string("\0\0\0x", 4));
    });
}

TEST(FileAt, many_at_the_same_time_each_find_their_place) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        const File file = co_await open_both_ways(dir / "a");
        constexpr std::size_t piece = 1000;
        constexpr std::size_t pieces = 50;
        auto write = [&](std::size_t i) -> Task<> {
            const std::string text(piece, static_cast<char>('A' + i % 26));
            EXPECT_EQ(or_throw(co_await file.write_at(i * piece, bytes(text))), piece);
        };
        auto read = [&](std::size_t i) -> Task<> {
            const auto text = co_await text_at(file, i * piece, piece);
            EXPECT_EQ(text, std::string(piece, static_cast<char>('A' + i % 26)));
        };
        std::vector<rouse::JoinHandle<>> tasks;
        for (std::size_t i = 0; i < pieces; ++i) tasks.push_back(rouse::spawn(write, i));
        for (auto& task : tasks) co_await task;
        tasks.clear();
        for (std::size_t i = 0; i < pieces; ++i) tasks.push_back(rouse::spawn(read, i));
        for (auto& task : tasks) co_await task;
    });
}

TEST(FileAt, at_most_a_mebibyte_at_a_time) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        auto file = co_await open_both_ways(dir / "a");
        std::string much(std::size_t{3} << 20, 'x');
        EXPECT_EQ(or_throw(co_await file.write_at(0, bytes(much))), std::size_t{1} << 20);
        EXPECT_EQ(or_throw(co_await file.read_at(0, room(much))), std::size_t{1} << 20);
    });
}

TEST(FileAt, a_dropped_read_never_touches_the_lent_buffer_and_a_dropped_write_owns_its_bytes) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", std::string("0123456789")));
        auto file = co_await open_both_ways(dir / "a");
        auto lent = std::make_unique<std::string>(10, '-');
        const auto own = std::make_unique<std::string>(10, '+');
        {
            rouse::testing::Harness read(file.read_at(0, room(*lent)));
            const bool was_given_up = read.poll().is_pending(); // or the pool was as quick as this
            rouse::testing::Harness write(file.write_at(0, bytes(*own)));
            own->assign(10, '!');
            (void)write.poll();
            EXPECT_EQ(*lent, was_given_up ? "----------" : "0123456789");
        }
        lent.reset(); // ASan would see a thread that still looks at it
        const std::string now = co_await text_at(file, 0, 10);
        EXPECT_TRUE(now == "0123456789" || now == "++++++++++") << now;
    });
}

TEST(FileAt, the_file_may_go_before_the_operation) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", std::string("text")));
        std::optional<File> file(or_throw(co_await File::open(dir / "a")));
        std::string text(4, '-');
        auto read = file->read_at(0, room(text));
        file.reset();
        EXPECT_EQ(or_throw(co_await read), 4u);
        EXPECT_EQ(text, "text");
    });
}

TEST(FileAt, what_the_system_refuses_is_an_error_value) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await rouse::fs::write(dir / "a", std::string("text")));
        auto only_read = or_throw(co_await File::open(dir / "a"));
        EXPECT_EQ((co_await only_read.write_at(0, bytes("x"))).error(), std::errc::bad_file_descriptor);
        auto only_written = or_throw(co_await File::create(dir / "b"));
        std::string text(4, '-');
        EXPECT_EQ((co_await only_written.read_at(0, room(text))).error(), std::errc::bad_file_descriptor);
        EXPECT_EQ((co_await only_read.read_at(~std::uint64_t{0}, room(text))).error(),
                  std::errc::invalid_argument);
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        File in((rouse::detail::UniqueFd(ends[0])));
        File out((rouse::detail::UniqueFd(ends[1])));
        EXPECT_EQ((co_await in.read_at(0, room(text))).error(), std::errc::invalid_seek);
        EXPECT_EQ((co_await out.write_at(0, bytes("x"))).error(), std::errc::invalid_seek);
    });
}

TEST(FileAt, the_limit_for_files_is_an_error_value_and_no_signal) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        auto file = co_await open_both_ways(dir / "a");
        std::optional<rouse_test::FileSizeLimit> limit(std::in_place, 4096);
        const auto written = co_await file.write_at(4096, bytes("x"));
        limit.reset();
        EXPECT_EQ(written.error(), std::errc::file_too_large);
    });
}

} // namespace
