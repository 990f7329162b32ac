// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/type_name.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace named {
struct Plain {};
template <class... Ts>
struct Many {};
template <int N>
struct Numbered {};
} // namespace named

namespace {

TEST(TypeName, of_fundamental_types) {
    EXPECT_EQ(rouse::type_name<int>(), "int");
    EXPECT_EQ(rouse::type_name<void>(), "void");
    EXPECT_EQ(rouse::type_name<double>(), "double");
}

TEST(TypeName, keeps_namespaces) { EXPECT_EQ(rouse::type_name<named::Plain>(), "named::Plain"); }

TEST(TypeName, of_references_and_pointers) {
    EXPECT_TRUE(rouse::type_name<int&>().starts_with("int"));
    EXPECT_TRUE(rouse::type_name<int&>().ends_with("&"));
    EXPECT_TRUE(rouse::type_name<const named::Plain*>().ends_with("*"));
    EXPECT_TRUE(rouse::type_name<const named::Plain*>().starts_with("const named::Plain"));
}

TEST(TypeName, ends_after_the_last_bracket_of_a_template) {
    using Inner = named::Many<int, named::Plain>;
    const std::string_view name = rouse::type_name<named::Many<Inner, named::Numbered<3>>>();
    EXPECT_TRUE(name.starts_with("named::Many<named::Many<int, named::Plain>, named::Numbered<3>")) << name;
    EXPECT_TRUE(name.ends_with(">")) << name;
}

TEST(TypeName, of_arrays_and_functions_is_whole) {
    EXPECT_TRUE(rouse::type_name<int[3]>().ends_with("[3]")) << rouse::type_name<int[3]>();
    const std::string_view function = rouse::type_name<int(named::Plain, char)>();
    EXPECT_TRUE(function.ends_with("(named::Plain, char)")) << function;
}

TEST(TypeName, of_a_lambda_has_balanced_brackets) {
    auto lambda = [](const std::vector<int>& v) { return v.size(); };
    const std::string_view name = rouse::type_name<named::Many<decltype(lambda)>>();
    EXPECT_EQ(std::count(name.begin(), name.end(), '('), std::count(name.begin(), name.end(), ')')) << name;
    EXPECT_EQ(std::count(name.begin(), name.end(), '<'), std::count(name.begin(), name.end(), '>')) << name;
    EXPECT_TRUE(name.starts_with("named::Many<")) << name;
}

TEST(TypeName, tells_types_apart) {
    struct Local {};
    EXPECT_NE(rouse::type_name<Local>(), rouse::type_name<named::Plain>());
    EXPECT_NE(rouse::type_name<named::Numbered<1>>(), rouse::type_name<named::Numbered<2>>());
    EXPECT_NE(rouse::type_name<Local>().find("Local"), std::string_view::npos);
}

TEST(TypeName, is_known_at_compile_time) {
    static_assert(rouse::type_name<int>() == "int");
    static_assert(rouse::type_name<named::Numbered<7>>() == "named::Numbered<7>");
}

} // namespace
