// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/readable.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <support/by_hand.hpp>

// The async backtrace: each await around the leaf, innermost first, in release builds, on both compilers.
namespace {

using rouse::SourceLocation;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

constexpr unsigned line_of_leaf = __LINE__ + 1;
Task<int> innermost(ByHandSource<int>& source) { co_return co_await ByHand<int>(source); }

constexpr unsigned line_of_middle = __LINE__ + 2;
Task<int> middle(ByHandSource<int>& source, unsigned) {
    const int value = co_await innermost(source);
    co_return value;
}

constexpr unsigned line_of_outer = __LINE__ + 4;
template <class T>
Task<T> outer(ByHandSource<T>& source) {
    co_await rouse::ready();
    T value = co_await middle(source, 3u);
    co_return value;
}

template <class F>
rouse::detail::AwaitFrames frames_of(const F& future) {
    rouse::detail::AwaitFrames frames;
    rouse::detail::inspect_future(future, frames);
    return frames;
}
std::vector<unsigned> lines(const rouse::detail::AwaitFrames& frames) {
    std::vector<unsigned> all;
    for (const SourceLocation& where : frames.frames) all.push_back(where.line());
    return all;
}

TEST(Backtrace, names_line_and_file_of_each_await_innermost_first) {
    ByHandSource<int> source;
    Harness test(outer(source));
    EXPECT_TRUE(test.poll().is_pending());
    const auto frames = frames_of(test.future());
    EXPECT_EQ(lines(frames), (std::vector<unsigned>{line_of_leaf, line_of_middle, line_of_outer}));
    for (const SourceLocation& where : frames.frames)
        EXPECT_TRUE(std::string_view(where.file_name()).ends_with("backtrace.cpp")) << where.file_name();
}

TEST(Backtrace, names_functions_alike_on_both_compilers) {
    ByHandSource<int> source;
    Harness test(outer(source));
    EXPECT_TRUE(test.poll().is_pending());
    const auto frames = frames_of(test.future());
    ASSERT_EQ(frames.frames.size(), 3u);
    const std::string leaf = rouse::readable_function(frames.frames[0].function_name());
    EXPECT_TRUE(leaf.starts_with("innermost(")) << leaf << " of " << frames.frames[0].function_name();
    EXPECT_EQ(rouse::readable_name(frames.frames[0].function_name()), "innermost");
    EXPECT_EQ(rouse::readable_name(frames.frames[1].function_name()), "middle");
    const std::string name = rouse::readable_name(frames.frames[2].function_name());
    EXPECT_TRUE(name.starts_with("outer")) << name;
    const std::string text = rouse::readable_function(frames.frames[1].function_name());
    EXPECT_TRUE(text.starts_with("middle(") && text.ends_with("unsigned)")) << text;
}

TEST(Backtrace, names_the_type_of_the_leaf) {
    ByHandSource<int> source;
    Harness test(outer(source));
    EXPECT_TRUE(test.poll().is_pending());
    const auto frames = frames_of(test.future());
    EXPECT_NE(frames.type.find("ByHand<int>"), std::string_view::npos) << frames.type;
}

TEST(Backtrace, of_a_task_that_has_not_started_is_empty) {
    ByHandSource<int> source;
    const Task<int> task = outer(source);
    EXPECT_TRUE(frames_of(task).frames.empty());
    EXPECT_TRUE(frames_of(task).type.empty());
}

constexpr unsigned line_of_first = __LINE__ + 2;
Task<int> moves_on(ByHandSource<int>& first, ByHandSource<int>& second) {
    const int a = co_await ByHand<int>(first);
    const int b = co_await innermost(second);
    co_return a + b;
}

TEST(Backtrace, follows_the_task) {
    ByHandSource<int> first, second;
    Harness test(moves_on(first, second));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(lines(frames_of(test.future())), (std::vector<unsigned>{line_of_first}));
    first.complete(1);
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(lines(frames_of(test.future())), (std::vector<unsigned>{line_of_leaf, line_of_first + 1}));
}

constexpr unsigned line_of_handed = __LINE__ + 2;
Task<int> awaits_started(Task<int> task) {
    const int value = co_await std::move(task);
    co_return value;
}

TEST(Backtrace, goes_into_a_task_with_a_strand_of_its_own) {
    ByHandSource<int> source;
    const rouse::Waker noop = rouse::Waker::noop();
    rouse::Context cx(noop);
    Task<int> started = innermost(source);
    EXPECT_TRUE(started.poll(cx).is_pending());
    Harness test(awaits_started(std::move(started)));
    EXPECT_TRUE(test.poll().is_pending());
    const auto all = lines(frames_of(test.future()));
    EXPECT_EQ(all.size(), 2u);
    EXPECT_NE(std::find(all.begin(), all.end(), line_of_leaf), all.end());
    EXPECT_NE(std::find(all.begin(), all.end(), line_of_handed), all.end());
}

TEST(Backtrace, goes_through_a_box) {
    ByHandSource<int> source;
    Harness test(rouse::boxed(outer(source)));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(lines(frames_of(test.future())).size(), 3u);
}

constexpr unsigned line_in_generator = __LINE__ + 2;
rouse::Generator<int> generates(ByHandSource<int>& source) {
    const int value = co_await ByHand<int>(source);
    co_yield value;
}

TEST(Backtrace, goes_into_a_generator) {
    ByHandSource<int> source;
    auto generator = generates(source);
    Harness test(generator.next());
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(lines(frames_of(test.future())), (std::vector<unsigned>{line_in_generator}));
}

constexpr unsigned line_in_lambda = __LINE__ + 6;
TEST(Backtrace, of_a_lambda_names_where_it_stands) {
    ByHandSource<int> source;
    const auto body = [](ByHandSource<int>& from) -> Task<int> {
        int value = 0;
        // the line above the await
        value = co_await ByHand<int>(from);
        co_return value;
    };
    Harness test(body(source));
    EXPECT_TRUE(test.poll().is_pending());
    const auto frames = frames_of(test.future());
    EXPECT_EQ(lines(frames), (std::vector<unsigned>{line_in_lambda}));
    const std::string name = rouse::readable_function(frames.frames.front().function_name());
    EXPECT_NE(name.find("(lambda)"), std::string::npos) << name;
}

} // namespace
