// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/intrusive_list.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using rouse::detail::IntrusiveList;
using rouse::detail::ListLink;

class Other;

class Item : public ListLink<>, public ListLink<Other> {
public:
    explicit Item(int number) : number(number) {}
    int number;
};
using List = IntrusiveList<Item>;
using OtherList = IntrusiveList<Item, Other>;

template <class L>
std::vector<int> numbers(L& list) {
    std::vector<int> all;
    list.for_each([&](const Item& item) { all.push_back(item.number); });
    return all;
}

TEST(IntrusiveList, is_empty_when_made) {
    List list;
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.size(), 0u);
    EXPECT_EQ(list.front(), nullptr);
    EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(IntrusiveList, keeps_the_order_of_push_back) {
    Item a(1), b(2), c(3);
    List list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    EXPECT_EQ(list.size(), 3u);
    EXPECT_EQ(list.pop_front(), &a);
    EXPECT_EQ(list.front(), &b);
    EXPECT_EQ(numbers(list), (std::vector<int>{2, 3}));
    list.pop_front();
    list.pop_front();
    EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, take_all_hands_each_over_once_and_in_order) {
    for (int length = 0; length < 9; ++length) {
        std::vector<std::unique_ptr<Item>> items;
        List from;
        std::vector<int> expected[2];
        for (int i = 0; i < length; ++i) {
            items.push_back(std::make_unique<Item>(i));
            from.push_back(*items.back());
            expected[i % 2].push_back(i);
        }
        List to[2];
        from.take_all([&](Item& item) {
            EXPECT_TRUE(from.empty());
            to[item.number % 2].push_back(item);
        });
        EXPECT_TRUE(from.empty());
        EXPECT_EQ(numbers(to[0]), expected[0]) << length;
        EXPECT_EQ(numbers(to[1]), expected[1]) << length;
    }
}

TEST(IntrusiveList, from_both_ends_hands_each_over_once) {
    std::vector<std::unique_ptr<Item>> items;
    List list;
    for (int size = 0; size <= 6; ++size) {
        std::vector<int> seen;
        list.for_each_from_both_ends([&](const Item& item) { seen.push_back(item.number); });
        std::ranges::sort(seen);
        EXPECT_EQ(seen, numbers(list)) << size;
        list.push_back(*items.emplace_back(std::make_unique<Item>(size)));
    }
}

TEST(IntrusiveList, unlinks_from_anywhere) {
    Item a(1), b(2), c(3);
    List list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    b.ListLink<>::unlink();
    EXPECT_EQ(numbers(list), (std::vector<int>{1, 3}));
    c.ListLink<>::unlink();
    a.ListLink<>::unlink();
    EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, an_item_knows_whether_it_is_linked) {
    Item a(1);
    List list;
    EXPECT_FALSE(a.ListLink<>::linked());
    list.push_back(a);
    EXPECT_TRUE(a.ListLink<>::linked());
    list.pop_front();
    EXPECT_FALSE(a.ListLink<>::linked());
    list.push_back(a); // and may come back
    EXPECT_EQ(list.pop_front(), &a);
}

TEST(IntrusiveList, tags_put_one_item_in_two_lists) {
    Item a(1), b(2);
    List list;
    OtherList other;
    list.push_back(a);
    list.push_back(b);
    other.push_back(b);
    other.push_back(a);
    EXPECT_EQ(numbers(list), (std::vector<int>{1, 2}));
    EXPECT_EQ(numbers(other), (std::vector<int>{2, 1}));
    a.ListLink<>::unlink();
    EXPECT_EQ(numbers(other), (std::vector<int>{2, 1}));
}

TEST(IntrusiveList, splice_moves_all_to_the_end) {
    Item a(1), b(2), c(3), d(4);
    List first, second;
    first.push_back(a);
    second.push_back(b);
    second.push_back(c);
    first.splice(second);
    EXPECT_TRUE(second.empty());
    EXPECT_EQ(numbers(first), (std::vector<int>{1, 2, 3}));
    second.push_back(d); // the emptied one is in order
    EXPECT_EQ(numbers(second), (std::vector<int>{4}));
}

TEST(IntrusiveList, splice_of_or_into_an_empty_list) {
    Item a(1);
    List first, second;
    first.splice(second);
    EXPECT_TRUE(first.empty());
    second.push_back(a);
    first.splice(second);
    EXPECT_EQ(numbers(first), (std::vector<int>{1}));
    first.splice(second);
    EXPECT_EQ(numbers(first), (std::vector<int>{1}));
}

TEST(IntrusiveList, for_each_allows_the_item_to_be_unlinked) {
    Item a(1), b(2), c(3);
    List list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    std::vector<int> seen;
    list.for_each([&](Item& item) {
        seen.push_back(item.number);
        item.ListLink<>::unlink();
    });
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
    EXPECT_TRUE(list.empty());
}

} // namespace
