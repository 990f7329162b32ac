// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/stream/stream.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <vector>

// What the tests of streams poll with: little code for each type, since there are so many.
namespace rouse_test {

/// The result of a future that waits for nobody but itself.
template <class F>
auto result_of(F future) {
    rouse::testing::CountingWaker waker;
    rouse::Context cx(waker.waker());
    for (;;) {
        auto poll = future.poll(cx);
        if (poll.is_ready() || waker.take_wakes() == 0) {
            EXPECT_TRUE(poll.is_ready()) << "it waits for somebody else";
            return std::move(poll).value();
        }
    }
}
/// The next item of a stream that waits for nobody but itself.
template <class S>
auto next_of(S& of) {
    return result_of(rouse::stream::Next<S>(of));
}
/// All of them.
template <class S>
auto items_of(S&& of) {
    std::vector<std::remove_cvref_t<rouse::ItemOf<std::remove_reference_t<S>>>> items;
    while (auto item = next_of(of))
        items.push_back(std::forward<rouse::ItemOf<std::remove_reference_t<S>>>(*item));
    return items;
}

} // namespace rouse_test
