// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/print.hpp"

#include "rouse/diag/reports.hpp"

#include <gtest/gtest.h>

namespace {

TEST(ColoredReport, marks_the_head_the_line_numbers_and_the_help) {
    EXPECT_EQ(rouse::detail::colored("hang: task 1 `f`: its child 1 of join\n"
                                     "\n"
                                     "   f.cpp:7   hang: no\n"
                                     "       7 |     co_await x;\n"
                                     "\n"
                                     "   help: y\n"),
              "\033[1;31mhang:\033[0m\033[1m task 1 `f`: its child 1 of join\033[0m\n"
              "\n"
              "   f.cpp:7   hang: no\n"
              "\033[34m       7 |\033[0m     co_await x;\n"
              "\n"
              "\033[1;36m   help:\033[0m y\n");
}

TEST(ColoredReport, has_the_same_words) {
    rouse::HangReport report;
    report.task_id = 7;
    report.future_type = "F";
    report.spawned_at = std::source_location::current();
    const std::string plain = format_report(report);
    std::string colored = rouse::detail::colored(plain);
    for (std::size_t at; (at = colored.find('\033')) != std::string::npos;)
        colored.erase(at, colored.find('m', at) + 1 - at);
    EXPECT_EQ(colored, plain);
}

} // namespace
