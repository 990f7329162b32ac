// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tour/program.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using tour::Outcome;
using tour::run_rouse;

constexpr std::string_view names[] = {"simple",    "noop_waker",  "countdown", "delay",   "many_tasks",
                                      "waker_bug", "three_fixes", "timeout",   "cascade", "pile_up"};

bool names_all(const std::string& text) {
    std::size_t at = 0;
    for (const std::string_view name : names) {
        at = text.find("\n  " + std::string(name) + " ", at);
        if (at == std::string::npos) return false;
    }
    return true;
}

TEST(CommandLine, list_names_the_programs_in_order_with_a_line_each) {
    const Outcome list = run_rouse({"list"});
    EXPECT_EQ(list.exit_code, 0);
    EXPECT_TRUE(names_all("\n" + list.out)) << list.out;
    EXPECT_EQ(tour::count(list.out, "\n"), std::size(names));
    EXPECT_EQ(list.err, "");
}

TEST(CommandLine, help_and_version_go_to_stdout_and_end_well) {
    const Outcome help = run_rouse({"--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_TRUE(names_all(help.out)) << help.out;
    for (const char* word : {"tour", "list", "--help", "--version"})
        EXPECT_NE(help.out.find(word), std::string::npos) << help.out;
    EXPECT_EQ(help.err, "");

    const Outcome version = run_rouse({"--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_TRUE(version.out.starts_with("rouse ")) << version.out;
}

TEST(CommandLine, an_unknown_program_prints_the_usage_and_ends_with_2) {
    const Outcome unknown = run_rouse({"tour", "nosuch"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_EQ(unknown.out, ""); // also when others are known: nothing is run
    EXPECT_TRUE(unknown.err.starts_with("rouse: the tour has no `nosuch`\n\nusage: rouse tour [NAME]...\n"))
        << unknown.err;
    EXPECT_TRUE(names_all(unknown.err)) << unknown.err;
    EXPECT_EQ(run_rouse({"tour", "simple", "nosuch"}).out, "");
}

TEST(CommandLine, wrong_usage_ends_with_2) {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{}, {"nosuch"}, {"tour", "--nosuch"}, {"--nosuch"}, {"list", "simple"}}) {
        const Outcome wrong = run_rouse(arguments);
        EXPECT_EQ(wrong.exit_code, 2);
        EXPECT_EQ(wrong.out, "");
        EXPECT_NE(wrong.err.find("Usage: rouse"), std::string::npos) << wrong.err;
    }
    EXPECT_TRUE(run_rouse({"nosuch"}).err.starts_with("rouse: unknown: nosuch\n"));
}

TEST(CommandLine, tour_runs_what_is_named_in_that_order) {
    const Outcome two = run_rouse({"tour", "countdown", "simple"});
    EXPECT_EQ(two.exit_code, 0);
    EXPECT_TRUE(two.out.starts_with("== 1/2 countdown: ")) << two.out;
    EXPECT_LT(two.out.find("Poll #3"), two.out.find("\n== 2/2 simple: ")) << two.out;
    EXPECT_LT(two.out.find("\n== 2/2 simple: "), two.out.find("Result: 42")) << two.out;
    EXPECT_NE(two.out.find("\n2 programs, "), std::string::npos) << two.out;
}

/// The command line program, somewhere else, with programs beside it that are not ours.
class ElsewhereTest : public testing::Test {
protected:
    ElsewhereTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rouse-tour-XXXXXX").string();
        EXPECT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
        std::filesystem::create_directories(folder / "bin");
        std::filesystem::create_directories(folder / "examples");
        std::filesystem::copy(tour::rouse_program(), folder / "bin" / "rouse");
    }
    ~ElsewhereTest() override { std::filesystem::remove_all(folder); }
    void plant(std::string_view name, std::string_view script) const {
        const auto file = folder / "examples" / name;
        std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
    [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
        return tour::run(folder / "bin" / "rouse", std::move(arguments));
    }

    std::filesystem::path folder;
};

TEST_F(ElsewhereTest, a_program_that_fails_is_named_and_the_others_run) {
    plant("simple", "exit 3");
    plant("countdown", "echo it ran");
    plant("delay", "kill -9 $$");
    const Outcome tour = run({"tour", "simple", "countdown", "delay", "cascade"});
    EXPECT_EQ(tour.exit_code, 1);
    EXPECT_NE(tour.out.find("it ran"), std::string::npos) << tour.out;
    EXPECT_NE(tour.err.find("rouse: simple failed: exit code 3\n"), std::string::npos) << tour.err;
    EXPECT_NE(tour.err.find("rouse: delay failed: ended by signal 9"), std::string::npos) << tour.err;
    EXPECT_NE(tour.err.find("rouse: cascade failed: "), std::string::npos) << tour.err;
    EXPECT_TRUE(tour.err.ends_with("rouse: failed: simple, delay, cascade\n")) << tour.err;
}

} // namespace
