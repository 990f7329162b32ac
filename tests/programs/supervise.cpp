// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fs/temporary.hpp"
#include "servers/program.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <set>

namespace {

using servers_test::Child;
using servers_test::Outcome;

Child supervise(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), servers_test::program("supervise", "programs"));
    return Child(std::move(arguments), -1);
}
/// The next line with `text` in it; others are passed over.
std::string line_with(Child& child, const std::string& text) {
    for (;;) {
        std::string line = child.line();
        if (line.empty() || line.find(text) != std::string::npos) return line;
    }
}
pid_t process_in(const std::string& line) {
    return static_cast<pid_t>(std::stol(line.substr(line.rfind(' ') + 1)));
}

TEST(SuperviseProgram, hands_on_what_its_children_write_with_their_names) {
    Child all = supervise({"one=echo out; printf 'no end'; echo err >&2; exec sleep 1000",
                           "two=while read x; do :; done; echo 'no input'; exec sleep 1000"});
    std::set<std::string> lines;
    while (lines.size() < 5) {
        const std::string line = all.line();
        ASSERT_FALSE(line.empty());
        lines.insert(line.substr(0, line.find(" process")));
    }
    EXPECT_EQ(lines, (std::set<std::string>{"one started:", "two started:", "one: out", "one: err",
                                            "two: no input"}));
    all.signal(SIGTERM);
    const std::string rest = all.rest();
    EXPECT_NE(rest.find("one: no end\n"), std::string::npos) << rest;
    EXPECT_TRUE(rest.ends_with("stopped\n")) << rest;
    EXPECT_EQ(all.wait(), 0);
}

TEST(SuperviseProgram, starts_again_what_ends_after_pauses_that_grow) {
    // One that lives for longer than the longest pause is healthy, and on a loaded machine it takes a while
    // to die.
    Child all = supervise({"--first-pause", "0.25", "--longest-pause", "1", "bad=exit 3"});
    std::vector<std::string> pauses;
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(line_with(all, "ended"), "bad ended: exit code 3");
        pauses.push_back(all.line());
    }
    EXPECT_EQ(pauses,
              (std::vector<std::string>{"bad is started again in 0.25 s", "bad is started again in 0.5 s",
                                        "bad is started again in 1 s", "bad is started again in 1 s"}));
    all.signal(SIGINT);
    EXPECT_TRUE(all.rest().ends_with("stopped\n"));
    EXPECT_EQ(all.wait(), 0);
}

TEST(SuperviseProgram, a_child_that_is_killed_is_started_again_and_the_others_run_on) {
    Child all = supervise({"--first-pause", "0.01", "one=echo up; exec sleep 1000", "two=exec sleep 1000"});
    pid_t one = 0, two = 0;
    for (int i = 0; i < 2; ++i) {
        const std::string line = line_with(all, "started: process ");
        (line.starts_with("one") ? one : two) = process_in(line);
    }
    EXPECT_EQ(line_with(all, "one: "), "one: up"); // it has done its exec
    ASSERT_EQ(::kill(one, SIGKILL), 0);
    EXPECT_EQ(line_with(all, "ended"), "one ended: signal 9 (Killed)");
    const std::string again = line_with(all, "started: process ");
    EXPECT_TRUE(again.starts_with("one ")) << again;
    EXPECT_NE(process_in(again), one);
    EXPECT_EQ(::kill(two, 0), 0) << "it is gone";
    all.signal(SIGTERM);
    EXPECT_TRUE(all.rest().ends_with("stopped\n"));
    EXPECT_EQ(all.wait(), 0);
    EXPECT_EQ(::kill(two, 0), -1) << "it was left behind";
    EXPECT_EQ(errno, ESRCH);
}

TEST(SuperviseProgram, stops_them_all_and_kills_who_does_not_listen) {
    Child all =
        supervise({"--grace", "2", "good=trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done",
                   "deaf=trap '' TERM; echo up; while :; do sleep 0.01; done"});
    (void)line_with(all, ": up");
    (void)line_with(all, ": up"); // both have set their traps
    all.signal(SIGTERM);
    const std::string rest = all.rest();
    for (const char* line : {"stopping\n", "good: bye\n", "good ended: exit code 0\n",
                             "deaf does not end: killed\n", "deaf ended: signal 9 (Killed)\n"})
        EXPECT_NE(rest.find(line), std::string::npos) << line << rest;
    EXPECT_TRUE(rest.ends_with("stopped\n")) << rest;
    EXPECT_EQ(all.wait(), 0);
}

TEST(SuperviseProgram, stops_at_once_while_it_pauses) {
    Child all = supervise({"--first-pause", "100", "--longest-pause", "100", "bad=exit 1"});
    EXPECT_EQ(line_with(all, "again"), "bad is started again in 100 s");
    all.signal(SIGTERM);
    EXPECT_EQ(all.rest(), "stopping\nstopped\n");
    EXPECT_EQ(all.wait(), 0);
}

TEST(SuperviseProgram, bad_arguments_are_one_line_and_end_with_2) {
    for (const std::string bad : {"noequals", "=command", "name="}) {
        const Outcome outcome = servers_test::run({servers_test::program("supervise", "programs"), bad});
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_EQ(outcome.err, "supervise: " + bad + " is not NAME=COMMAND; --help says what it takes\n");
    }
    EXPECT_EQ(servers_test::run({servers_test::program("supervise", "programs")}).exit_code, 2);
}

} // namespace
