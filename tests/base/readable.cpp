// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/readable.hpp"

#include "rouse/base/type_name.hpp"
#include "rouse/core/future.hpp"
#include "rouse/task/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <unistd.h>

namespace {

using rouse::readable_function;
using rouse::readable_name;
using rouse::readable_place;
using rouse::readable_type;

// ---- what the compilers were seen to write

TEST(ReadableFunction, a_plain_function_loses_its_return_type) {
    EXPECT_EQ(readable_function("int main()"), "main()");
    EXPECT_EQ(readable_function("Task<std::vector<std::pair<int, std::string>>> app::read(unsigned long)"),
              "app::read(unsigned long)");
    EXPECT_EQ(readable_function("const char *name(void)"), "name()");
    EXPECT_EQ(readable_function("static void app::Server::run()"), "app::Server::run()");
    EXPECT_EQ(readable_function("Task<int> (anonymous namespace)::S::member(std::string) const &"),
              "S::member(std::string)");
}

TEST(ReadableFunction, a_coroutine_of_gcc_is_named_by_its_signature) {
    EXPECT_EQ(
        readable_function("void {anonymous}::in_anon(in_anon(int)::_ZN12_GLOBAL__N_17in_anonEi.Frame*)"),
        "in_anon(int)");
    EXPECT_EQ(readable_function(
                  "void app::net::with_default(with_default(std::string_view, const char*, unsigned int, "
                  "long unsigned int)::_ZN3app3net12with_defaultE.Frame*)"),
              "app::net::with_default(std::string_view, const char*, unsigned, unsigned long)");
    EXPECT_EQ(
        readable_function("void app::Conn::operator()(app::Conn::operator()(int)::_ZN3app4ConnclEi.Frame*)"),
        "app::Conn::operator()(int)");
    EXPECT_EQ(readable_function(
                  "void {anonymous}::Tm<int>::run({anonymous}::Tm<int>::run<double>(double)::_ZN12.Frame*)"),
              "Tm<int>::run<double>(double)");
}

TEST(ReadableFunction, a_lambda_is_named_by_the_function_it_stands_in) {
    EXPECT_EQ(readable_function("auto main()::(lambda)::operator()() const"), "main()::(lambda)");
    EXPECT_EQ(readable_function("auto main()::(lambda)::operator()(rouse::Context &) const"),
              "main()::(lambda)");
    EXPECT_EQ(readable_function("auto main()::(lambda)::operator()()::(lambda)::operator()() const"),
              "main()::(lambda)::(lambda)");
    EXPECT_EQ(readable_function("main()::<lambda(rouse::Context&)>"), "main()::(lambda)");
    EXPECT_EQ(readable_function(
                  "void main()::<lambda()>::operator()(main()::<lambda()>::_ZZ4mainENKUlvE_clEv.Frame*)"),
              "main()::(lambda)");
    EXPECT_EQ(readable_function(
                  "void app::Conn::lam(app::Conn::lam()::_ZN3app4Conn3lamEv.Frame*)::<lambda(auto:56)>::"
                  "operator()(app::Conn::lam(app::Conn::lam()::_ZN3app4Conn3lamEv.Frame*)::"
                  "<lambda(auto:56)>::_ZZN3app4Conn3lamEvENKUlT_E_clIiEEN5rouse4TaskIvEES2_.Frame*)"),
              "app::Conn::lam()::(lambda)");
}

TEST(ReadableFunction, template_notes_are_left_out) {
    EXPECT_EQ(readable_function("Task<T> Tm<int>::run(U) [T = int, U = double]"), "Tm<int>::run(U)");
    EXPECT_EQ(readable_function("rouse::Task<T> f(T) [with T = int[3]]"), "f(T)");
}

TEST(ReadableFunction, what_it_does_not_know_it_leaves_alone) {
    for (const char* odd : {"", "(", ")", "f", "operator<", "a b", "void x(.Frame*)", ">><<", "f(]", "[]"})
        (void)readable_function(odd); // does not crash; there is nothing better to say of the result
    EXPECT_EQ(readable_function("TestBody"), "TestBody");
}

TEST(ReadableName, has_no_parameters) {
    EXPECT_EQ(readable_name("rouse::Task<int> app::fetch(unsigned int)"), "app::fetch");
    EXPECT_EQ(readable_name("auto main()::(lambda)::operator()() const"), "main()::(lambda)");
    EXPECT_EQ(readable_name("Task<> app::Conn::operator()(int)"), "app::Conn::operator()");
}

TEST(ReadableType, default_arguments_and_our_namespace_are_left_out) {
    EXPECT_EQ(readable_type("(anonymous namespace)::BuggyFuture"), "BuggyFuture");
    EXPECT_EQ(readable_type("{anonymous}::BuggyFuture"), "BuggyFuture");
    EXPECT_EQ(readable_type("Timeout<Task<std::__cxx11::basic_string<char> > >"),
              "Timeout<Task<std::string>>");
    EXPECT_EQ(readable_type("rouse::Timeout<rouse::Task<std::basic_string<char, std::char_traits<char>, "
                            "std::allocator<char>>>>"),
              "Timeout<Task<std::string>>");
    EXPECT_EQ(readable_type(
                  "rouse::oneshot::Receiver<std::vector<unsigned int, std::allocator<unsigned int> > > &"),
              "oneshot::Receiver<std::vector<unsigned>>&");
    EXPECT_EQ(readable_type("rouse::PollFn<(lambda at src/main.cpp:33:16)>"), "PollFn<(lambda)>");
    EXPECT_EQ(readable_type("PollFn<main()::<lambda(Context&)> >"), "PollFn<main()::(lambda)>");
    EXPECT_EQ(readable_type("carouse::Task<long unsigned int>"), "carouse::Task<unsigned long>");
}

// ---- and what the one at hand writes

rouse::Task<std::string> here(unsigned, std::unique_ptr<int>) {
    co_return readable_function(std::source_location::current().function_name());
}
class Here {
public:
    static rouse::Task<std::string> member(int) {
        co_return readable_function(std::source_location::current().function_name());
    }
};

template <class T>
T result_of(rouse::Task<T> task) {
    const rouse::Waker noop = rouse::Waker::noop();
    rouse::Context cx(noop);
    return task.poll(cx).value();
}

TEST(Readable, this_compiler_is_understood) {
    EXPECT_EQ(result_of(here(1, nullptr)), "here(unsigned, std::unique_ptr<int>)");
    EXPECT_EQ(result_of(Here::member(1)), "Here::member(int)");
    const auto lambda = []() -> rouse::Task<std::string> {
        co_return readable_function(std::source_location::current().function_name());
    };
    EXPECT_TRUE(result_of(lambda()).ends_with("::TestBody()::(lambda)")) << result_of(lambda());
    EXPECT_EQ(readable_type(rouse::type_name<Here>()), "Here");
    EXPECT_EQ(readable_type(rouse::type_name<rouse::Task<std::string>>()), "Task<std::string>");
}

TEST(ReadablePlace, is_relative_to_the_current_directory_if_below_it) {
    const rouse::SourceLocation where = std::source_location::current();
    const std::string file = where.file_name();
    const std::string line = ":" + std::to_string(where.line());
    char before[4096];
    ASSERT_NE(getcwd(before, sizeof(before)), nullptr);
    const std::size_t slash = file.rfind('/');
    if (!file.starts_with('/') || chdir(file.substr(0, slash).c_str()) != 0) GTEST_SKIP();
    EXPECT_EQ(readable_place(where), file.substr(slash + 1) + line);
    ASSERT_EQ(chdir("/proc"), 0);
    EXPECT_EQ(readable_place(where), file + line);
    ASSERT_EQ(chdir(before), 0);
    EXPECT_EQ(readable_place(rouse::SourceLocation()), "(unknown)");
}

} // namespace
