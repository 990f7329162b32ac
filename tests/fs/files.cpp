// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Files by their paths.

#include <rouse/fs/files.hpp>
#include <rouse/rouse.hpp>

#include "fs/temporary.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

namespace fs = rouse::fs;
using rouse::or_throw;
using rouse::Task;
using rouse_test::run;
using rouse_test::TemporaryDir;

TEST(Files, write_read_and_copy) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await fs::write(dir / "a", "some text"));
        EXPECT_EQ(or_throw(co_await fs::read_to_string(dir / "a")), "some text");
        const auto raw = or_throw(co_await fs::read(dir / "a"));
        EXPECT_EQ(rouse::io::text(raw), "some text");
        or_throw(co_await fs::set_permissions(dir / "a", 0600));
        or_throw(co_await fs::write(dir / "b", "this is longer than some text"));
        EXPECT_EQ(co_await fs::copy(dir / "a", dir / "b"), 9u);
        EXPECT_EQ(or_throw(co_await fs::read_to_string(dir / "b")), "some text");
        EXPECT_EQ(or_throw(co_await fs::metadata(dir / "b")).permissions(), 0600u);
        EXPECT_EQ((co_await fs::copy(dir / "a", dir / "a")).error(), std::errc::invalid_argument);
        EXPECT_EQ(or_throw(co_await fs::read_to_string(dir / "a")), "some text") << "it is still there";
        EXPECT_EQ((co_await fs::read(dir / "none")).error(), std::errc::no_such_file_or_directory);
        EXPECT_EQ((co_await fs::read(dir.path())).error(), std::errc::is_a_directory);
    });
}

TEST(Files, a_file_that_says_it_is_empty_is_read_all_the_same) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        EXPECT_FALSE(or_throw(co_await fs::read_to_string("/proc/self/status")).empty());
        EXPECT_GT(or_throw(co_await fs::copy("/proc/self/status", dir / "a")), 0u);
        const auto copied = or_throw(co_await fs::metadata(dir / "a"));
        EXPECT_GT(copied.size(), 0u);
    });
}

TEST(Files, names_and_links) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await fs::write(dir / "a", "x"));
        or_throw(co_await fs::rename(dir / "a", dir / "b"));
        EXPECT_FALSE(or_throw(co_await fs::exists(dir / "a")));
        EXPECT_FALSE(or_throw(co_await fs::exists(dir / "b/c")));
        or_throw(co_await fs::symlink("b", dir / "link"));
        EXPECT_EQ(or_throw(co_await fs::read_link(dir / "link")), "b");
        EXPECT_TRUE(or_throw(co_await fs::symlink_metadata(dir / "link")).is_symlink());
        EXPECT_TRUE(or_throw(co_await fs::metadata(dir / "link")).is_file());
        const auto real = or_throw(co_await fs::canonicalize(dir.path()));
        EXPECT_EQ(or_throw(co_await fs::canonicalize(dir / "link")), real + "/b");
        or_throw(co_await fs::hard_link(dir / "b", dir / "c"));
        const auto linked = or_throw(co_await fs::metadata(dir / "c"));
        EXPECT_EQ(linked.raw().st_nlink, 2u);
        or_throw(co_await fs::remove_file(dir / "b"));
        EXPECT_FALSE(or_throw(co_await fs::exists(dir / "link"))) << "it leads nowhere now";
        EXPECT_EQ((co_await fs::remove_file(dir / "b")).error(), std::errc::no_such_file_or_directory);
    });
}

TEST(Files, directories) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        or_throw(co_await fs::create_dir(dir / "d"));
        EXPECT_EQ((co_await fs::create_dir(dir / "d")).error(), std::errc::file_exists);
        EXPECT_EQ((co_await fs::create_dir(dir / "x/y")).error(), std::errc::no_such_file_or_directory);
        or_throw(co_await fs::create_dir_all(dir / "x/y/z"));
        or_throw(co_await fs::create_dir_all(dir / "x/y/z"));
        EXPECT_TRUE(or_throw(co_await fs::metadata(dir / "x/y/z")).is_dir());
        EXPECT_EQ((co_await fs::remove_dir(dir / "x")).error(), std::errc::directory_not_empty);
        EXPECT_EQ(co_await fs::remove_dir_all(dir / "x"), 3u);
        EXPECT_EQ((co_await fs::remove_dir_all(dir / "x")).error(), std::errc::no_such_file_or_directory);
        or_throw(co_await fs::remove_dir(dir / "d"));
        EXPECT_EQ((co_await fs::read_dir(dir / "d")).error(), std::errc::no_such_file_or_directory);
        or_throw(co_await fs::write(dir / "f", "x"));
        EXPECT_EQ((co_await fs::create_dir_all(dir / "f/g")).error(), std::errc::not_a_directory);
    });
}

TEST(Files, read_dir_gives_each_name_once) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        std::set<std::string> names;
        for (int i = 0; i < 150; ++i) {
            names.insert("file" + std::to_string(i));
            or_throw(co_await fs::write(dir / ("file" + std::to_string(i)), "x"));
        }
        or_throw(co_await fs::create_dir(dir / "sub"));
        names.insert("sub");
        auto entries = or_throw(co_await fs::read_dir(dir.path()));
        std::size_t count = 0;
        while (auto entry = or_throw(co_await entries.next())) {
            ++count;
            EXPECT_EQ(names.erase(entry->name()), 1u) << entry->name();
            EXPECT_EQ(entry->path(), dir / entry->name());
            if (entry->kind() != fs::DirEntry::Kind::unknown) {
                EXPECT_EQ(entry->kind() == fs::DirEntry::Kind::dir, entry->name() == "sub");
            }
        }
        EXPECT_EQ(count, 151u);
        EXPECT_TRUE(names.empty());
        EXPECT_FALSE(or_throw(co_await entries.next()).has_value()) << "and the end stays the end";
    });
}

TEST(Files, a_dropped_next_loses_no_name) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        for (int i = 0; i < 10; ++i) or_throw(co_await fs::write(dir / std::to_string(i), "x"));
        auto entries = or_throw(co_await fs::read_dir(dir.path()));
        int count = 0;
        {
            auto next = entries.next();
            auto once = [&](rouse::Context& cx) -> rouse::Poll<> {
                if (next.poll(cx).is_ready())
                    ++count; // the pool was quick: a name we have, not one that is lost
                return rouse::Ready();
            };
            co_await rouse::poll_fn(std::move(once));
        }
        while (or_throw(co_await entries.next())) ++count;
        EXPECT_EQ(count, 10);
    });
}

TEST(Files, operations_run_at_the_same_time) {
    const TemporaryDir dir;
    run([&]() -> Task<> {
        auto all = co_await rouse::join(fs::write(dir / "a", "a"), fs::write(dir / "b", "b"),
                                        fs::write(dir / "c", "c"));
        EXPECT_TRUE(std::get<0>(all) && std::get<1>(all) && std::get<2>(all));
    });
}

TEST(FilesDeathTest, outside_of_a_runtime_it_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)rouse::block_on(fs::read("/etc/hostname")), "fs::read outside of a runtime");
}

} // namespace
