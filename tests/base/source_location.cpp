// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/source_location.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace {

using rouse::SourceLocation;

// A template, as what takes one in the library is: in a plain function GCC 12 takes the place of the
// declaration.
template <class = void>
SourceLocation where_called(SourceLocation where = std::source_location::current()) {
    return where;
}

TEST(SourceLocation, default_made_is_nowhere) {
    constexpr SourceLocation nowhere;
    EXPECT_FALSE(nowhere);
    EXPECT_EQ(nowhere.line(), 0u);
    EXPECT_STREQ(nowhere.file_name(), "");
}

TEST(SourceLocation, as_a_default_argument_is_the_place_of_the_call) {
    const SourceLocation here = where_called();
    EXPECT_TRUE(here);
    EXPECT_EQ(here.line(), static_cast<unsigned>(__LINE__ - 2));
    EXPECT_TRUE(std::string_view(here.file_name()).ends_with("source_location.cpp"));
    EXPECT_NE(std::string_view(here.function_name()).find("TestBody"), std::string_view::npos);
}

TEST(SourceLocation, from_a_standard_one_is_the_same_place) {
    const std::source_location standard = std::source_location::current();
    const SourceLocation ours = standard;
    EXPECT_EQ(ours.line(), standard.line());
    EXPECT_EQ(ours.column(), standard.column());
    EXPECT_EQ(ours.file_name(), standard.file_name());
}

TEST(SourceLocation, is_one_pointer) { EXPECT_EQ(sizeof(SourceLocation), sizeof(void*)); }

} // namespace
