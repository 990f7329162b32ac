// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "docs/program.hpp"

#include <gtest/gtest.h>

#include <string>

namespace docs {
namespace {

class Run : public testing::Test {
public:
    Run(int (*main)(), void (*plain_main)()) : main_(main), plain_main_(plain_main) {}
    void TestBody() override {
        if (main_) EXPECT_EQ(main_(), 0);
        else plain_main_();
    }

private:
    int (*main_)();
    void (*plain_main_)();
};

} // namespace

void Program::add(const char* place, int (*main)(), void (*plain_main)()) {
    std::string name;
    for (const char* c = place; *c; ++c)
        name += (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'z') ? *c : '_';
    testing::RegisterTest("Program", name.c_str(), nullptr, nullptr, place, 1,
                          [=]() -> testing::Test* { return new Run(main, plain_main); });
}

} // namespace docs
