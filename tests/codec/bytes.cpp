// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bytes and BytesMut.

#include <rouse/codec/bytes_mut.hpp>

#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using rouse::codec::Bytes;
using rouse::codec::BytesMut;

void fill(BytesMut& buffer, std::size_t count, char with) {
    buffer.reserve(count);
    std::memset(buffer.spare().data(), with, count);
    buffer.commit(count);
}

TEST(BytesMut, grows_at_its_end_and_loses_at_its_front) {
    BytesMut buffer;
    EXPECT_TRUE(buffer.empty());
    buffer.put("hello ");
    buffer.put("world");
    EXPECT_EQ(buffer, "hello world");
    buffer.advance(6);
    EXPECT_EQ(buffer, "world");
    buffer.truncate(3);
    buffer.truncate(30);
    EXPECT_EQ(buffer, "wor");
    buffer.resize(5);
    EXPECT_EQ(buffer, std::string_view("wor\0\0", 5));
    buffer.resize(1);
    EXPECT_EQ(buffer, "w");
    buffer.clear();
    EXPECT_TRUE(buffer.empty());
}

TEST(BytesMut, comes_apart_without_a_copy) {
    BytesMut buffer("headbodytail");
    const std::byte* const at = buffer.data();
    BytesMut head = buffer.split_to(4);
    BytesMut tail = buffer.split_off(4);
    EXPECT_EQ(head, "head");
    EXPECT_EQ(buffer, "body");
    EXPECT_EQ(tail, "tail");
    EXPECT_EQ(head.data(), at);
    EXPECT_EQ(buffer.data(), at + 4);
    EXPECT_EQ(tail.data(), at + 8);
}

TEST(BytesMut, what_a_part_is_given_does_not_get_into_another) {
    BytesMut buffer("headbodytail");
    BytesMut head = buffer.split_to(4);
    BytesMut tail = buffer.split_off(4);
    head.put("123456");
    buffer.put("7890");
    tail.put("!");
    buffer[0] = std::byte('B');
    EXPECT_EQ(head, "head123456");
    EXPECT_EQ(buffer, "Body7890");
    EXPECT_EQ(tail, "tail!");
}

TEST(BytesMut, split_leaves_the_room) {
    BytesMut buffer = BytesMut::with_capacity(100);
    buffer.put("abc");
    const BytesMut taken = buffer.split();
    EXPECT_EQ(taken, "abc");
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.capacity(), 97u);
}

TEST(BytesMut, parts_go_together_again) {
    BytesMut buffer("onetwo");
    const std::byte* const at = buffer.data();
    BytesMut two = buffer.split_off(3);
    buffer.unsplit(std::move(two));
    EXPECT_EQ(buffer, "onetwo");
    EXPECT_EQ(buffer.data(), at) << "without a copy";
    buffer.unsplit(BytesMut("three"));
    buffer.unsplit(BytesMut());
    EXPECT_EQ(buffer, "onetwothree");
    BytesMut none;
    none.unsplit(std::move(buffer));
    EXPECT_EQ(none, "onetwothree");
}

TEST(BytesMut, uses_the_room_again_when_the_parts_are_gone) {
    BytesMut buffer = BytesMut::with_capacity(4096);
    const std::byte* const at = buffer.data();
    for (int i = 0; i < 1000; ++i) {
        fill(buffer, 1000, 'x');
        { const BytesMut message = buffer.split_to(1000); }
        buffer.reserve(1000);
    }
    EXPECT_GE(buffer.data(), at);
    EXPECT_LE(buffer.data(), at + 4096) << "all in one piece of memory";
}

TEST(BytesMut, does_not_use_the_room_of_a_part_that_is_there) {
    BytesMut buffer = BytesMut::with_capacity(64);
    std::vector<Bytes> parts;
    for (int i = 0; i < 20; ++i) {
        fill(buffer, 50, static_cast<char>('a' + i));
        parts.push_back(buffer.split().freeze());
    }
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(parts[static_cast<std::size_t>(i)], std::string(50, static_cast<char>('a' + i)));
}

TEST(BytesMut, may_be_put_behind_itself) {
    const std::string text(64, 'x'), other = "0123456789";
    BytesMut full(text);
    full.put(full.bytes()); // there is no room: the old memory goes
    EXPECT_EQ(full, text + text);

    BytesMut moved(text + other);
    moved.advance(text.size()); // there is room in front, to which it would be moved
    moved.put(moved.bytes());
    moved.put(moved.bytes().subspan(5));
    EXPECT_EQ(moved, other + other + other.substr(5) + other);

    BytesMut roomy;
    roomy.reserve(100);
    roomy.put(other);
    const std::byte* const at = roomy.data();
    roomy.put(roomy.bytes());
    EXPECT_EQ(roomy, other + other);
    EXPECT_EQ(roomy.data(), at);
}

TEST(BytesMut, integers) {
    BytesMut buffer;
    buffer.put_int(std::uint8_t(1));
    buffer.put_int(std::uint16_t(0x0203));
    buffer.put_int_le(std::uint32_t(0x07060504));
    buffer.put_int(std::int64_t(-2));
    EXPECT_EQ(buffer.text().substr(0, 7), "\1\2\3\4\5\6\7");
    EXPECT_EQ(buffer.get_int<std::uint8_t>(), 1);
    EXPECT_EQ(buffer.get_int<std::uint16_t>(), 0x0203);
    EXPECT_EQ(buffer.get_int_le<std::uint32_t>(), 0x07060504u);
    EXPECT_EQ(buffer.get_int<std::int64_t>(), -2);
    EXPECT_TRUE(buffer.empty());
}

TEST(BytesMut, a_moved_one_is_empty) {
    BytesMut buffer("abc");
    BytesMut other(std::move(buffer));
    EXPECT_TRUE(buffer.empty()); // NOLINT(bugprone-use-after-move)
    buffer = std::move(other);
    EXPECT_EQ(buffer, "abc");
    const Bytes frozen = std::move(buffer).freeze();
    EXPECT_TRUE(buffer.empty()); // NOLINT(bugprone-use-after-move)
    buffer.put("new");
    EXPECT_EQ(frozen, "abc");
}

TEST(BytesMut, more_than_there_can_be_is_an_error) {
    BytesMut buffer("abc");
    EXPECT_THROW(buffer.reserve(~std::size_t(0)), std::length_error);
    EXPECT_THROW(buffer.reserve(~std::size_t(0) / 2), std::length_error);
    EXPECT_EQ(buffer, "abc");
}

TEST(Bytes, copies_share) {
    const Bytes all = Bytes::copy_of("hello world");
    const Bytes copy = all;
    EXPECT_EQ(copy.data(), all.data());
    const Bytes world = all.slice(6, 11);
    EXPECT_EQ(world, "world");
    EXPECT_EQ(world.data(), all.data() + 6);
    EXPECT_FALSE(all.is_unique());
    EXPECT_TRUE(Bytes::copy_of("x").is_unique());
    EXPECT_LT(all, world);
}

TEST(Bytes, comes_apart) {
    Bytes bytes = Bytes::from_static("headbodytail");
    EXPECT_EQ(bytes.split_to(4), "head");
    EXPECT_EQ(bytes.split_off(4), "tail");
    EXPECT_EQ(bytes, "body");
    bytes.advance(1);
    bytes.truncate(2);
    EXPECT_EQ(bytes, "od");
    const Bytes moved = std::move(bytes);
    EXPECT_TRUE(bytes.empty()); // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved, "od");
    EXPECT_EQ(Bytes::copy_of(""), Bytes());
}

TEST(Bytes, is_changed_again_when_nobody_shares_it) {
    Bytes bytes = BytesMut("abc").freeze();
    const Bytes copy = bytes;
    auto shared = std::move(bytes).try_into_mut();
    ASSERT_FALSE(shared.has_value());
    EXPECT_EQ(shared.error(), "abc");
    EXPECT_FALSE(Bytes::from_static("abc").try_into_mut().has_value());
    auto own = Bytes::copy_of("abc").try_into_mut();
    ASSERT_TRUE(own.has_value());
    own->put("def");
    EXPECT_EQ(*own, "abcdef");
}

TEST(BytesDeathTest, a_position_past_the_end_stops) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    BytesMut buffer("abc");
    Bytes bytes = Bytes::copy_of("abc");
    EXPECT_DEATH((void)buffer.split_to(4), "4 is past the end, 3");
    EXPECT_DEATH(buffer.advance(5), "5 is past the end, 3");
    EXPECT_DEATH(buffer.commit(1000), "is past the end");
    EXPECT_DEATH((void)bytes.slice(2, 4), "4 is past the end, 3");
    EXPECT_DEATH((void)bytes.slice(2, 1), "2 is past the end, 1");
    EXPECT_DEATH((void)BytesMut("ab").get_int<std::uint32_t>(), "4 is past the end, 2");
}

/// Beside a model: a string for each part.
TEST(BytesMut, does_what_strings_do) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        std::minstd_rand random(seed);
        std::vector<std::pair<BytesMut, std::string>> parts(1);
        for (int i = 0; i < 2000; ++i) {
            const std::size_t which = random() % parts.size();
            auto& [bytes, model] = parts[which];
            const std::size_t at = model.empty() ? 0 : random() % (model.size() + 1);
            BytesMut other;
            std::string other_model;
            switch (random() % 9) {
            case 0:
            case 1:
            case 2: {
                const std::string more(random() % 40, static_cast<char>('a' + random() % 26));
                bytes.put(more);
                model += more;
                break;
            }
            case 3:
                other = bytes.split_to(at);
                other_model = model.substr(0, at);
                model.erase(0, at);
                break;
            case 4:
                other = bytes.split_off(at);
                other_model = model.substr(at);
                model.resize(at);
                break;
            case 5:
                bytes.advance(at);
                model.erase(0, at);
                break;
            case 6:
                bytes.reserve(random() % 200);
                break;
            case 7: {
                auto thawed = std::move(bytes).freeze().try_into_mut();
                bytes = thawed ? std::move(*thawed) : BytesMut(thawed.error().bytes());
                break;
            }
            case 8:
                if (parts.size() > 1) {
                    const std::size_t last = parts.size() - 1;
                    auto back = std::move(parts[last]);
                    parts.pop_back();
                    parts[which % last].first.unsplit(std::move(back.first));
                    parts[which % last].second += back.second;
                }
                continue;
            }
            if (!other_model.empty()) parts.emplace_back(std::move(other), std::move(other_model));
            for (auto& [one, want] : parts) ASSERT_EQ(one, want) << "seed " << seed << ", step " << i;
            if (parts.size() > 8) parts.erase(parts.begin(), parts.begin() + 4);
        }
    }
}

TEST(BytesStress, parts_go_on_many_threads_while_the_buffer_is_used_again) {
    rouse_test::StressRounds rounds(400);
    while (rounds.take() != 0) {
        BytesMut buffer = BytesMut::with_capacity(256);
        std::vector<std::jthread> threads;
        for (unsigned n = 0; n < 3; ++n) {
            fill(buffer, 40, static_cast<char>('a' + n));
            Bytes part = buffer.split().freeze();
            threads.emplace_back([part = std::move(part), n] {
                std::vector<Bytes> copies;
                for (std::size_t i = 0; i < 40; ++i) copies.push_back(part.slice(i, 40));
                for (const Bytes& one : copies) EXPECT_EQ(one[0], static_cast<std::byte>('a' + n));
            });
        }
        for (int i = 0; i < 50; ++i) { // meanwhile it may get the room of those that are gone
            fill(buffer, 60, 'z');
            EXPECT_EQ(buffer.split(), std::string(60, 'z'));
        }
    }
}

} // namespace
