// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Processes, and what comes of them.

#include <rouse/combine/join.hpp>
#include <rouse/io/write.hpp>
#include <rouse/process/command.hpp>
#include <rouse/rouse.hpp>

#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::io::bytes;
using rouse::io::room;
using rouse::process::Child;
using rouse::process::Command;
using rouse::process::ExitStatus;
using rouse::process::Stdio;

template <class F>
auto run(F main) {
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    return rouse::run(std::move(main), std::move(options));
}

Command shell(const std::string& script) {
    Command command("sh");
    command.arg("-c").arg(script);
    return command;
}

TEST(Command, a_status_is_a_code_or_a_signal) {
    run([]() -> Task<> {
        EXPECT_TRUE(or_throw(co_await Command("true").status()).success());
        const auto failed = or_throw(co_await shell("exit 7").status());
        EXPECT_EQ(failed.code(), 7);
        EXPECT_EQ(failed.to_string(), "exit code 7");
        const auto killed = or_throw(co_await shell("kill -TERM $$").status());
        EXPECT_EQ(killed, ExitStatus::killed(SIGTERM, false));
        EXPECT_EQ(killed.to_string(), "signal 15 (Terminated)");
    });
}

TEST(Command, a_missing_program_is_an_error_value) {
    run([]() -> Task<> {
        EXPECT_EQ(Command("no-such-program-anywhere").spawn().error(), std::errc::no_such_file_or_directory);
        EXPECT_EQ((co_await Command("/no/such/program").output()).error(),
                  std::errc::no_such_file_or_directory);
        EXPECT_EQ(Command("/etc/passwd").spawn().error(), std::errc::permission_denied);
        Command nowhere("true");
        nowhere.current_dir("/no/such/directory");
        EXPECT_EQ((co_await nowhere.status()).error(), std::errc::no_such_file_or_directory);
    });
}

TEST(Command, output_has_both_streams) {
    run([]() -> Task<> {
        const auto output = or_throw(co_await shell("echo out; echo err >&2; exit 3").output());
        EXPECT_EQ(output.out, "out\n");
        EXPECT_EQ(output.err, "err\n");
        EXPECT_EQ(output.status.code(), 3);
    });
}

TEST(Command, output_is_more_than_a_pipe_holds) {
    run([]() -> Task<> {
        auto both = shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
        const auto output = or_throw(co_await both.output());
        EXPECT_EQ(output.out.size(), 300'000u);
        EXPECT_EQ(output.err.size(), 300'000u);
    });
}

TEST(Command, arguments_environment_and_directory) {
    ::setenv("ROUSE_TEST_KEPT", "kept", 1);
    ::setenv("ROUSE_TEST_REMOVED", "there", 1);
    run([]() -> Task<> {
        Command command("sh");
        command.args({"-c", "echo \"$1|$ROUSE_TEST_KEPT|$ROUSE_TEST_REMOVED|$ROUSE_TEST_NEW\"; pwd", "sh"});
        command.arg("a b\"'")
            .env("ROUSE_TEST_NEW", "new")
            .env_remove("ROUSE_TEST_REMOVED")
            .current_dir("/usr");
        const auto output = or_throw(co_await command.output());
        EXPECT_EQ(output.out, "a b\"'|kept||new\n/usr\n");
        Command clear("/usr/bin/env");
        clear.env_clear().env("ONLY", "this");
        EXPECT_EQ(or_throw(co_await clear.output()).out, "ONLY=this\n");
    });
}

TEST(Command, piped_input_and_output) {
    run([]() -> Task<> {
        Command cat("cat");
        auto child = or_throw(cat.stdin_from(Stdio::piped()).stdout_to(Stdio::piped()).spawn());
        std::string text(5, '-');
        or_throw(co_await rouse::io::write_all(*child.stdin_pipe, bytes("hello")));
        or_throw(co_await rouse::io::read_exact(*child.stdout_pipe, room(text)));
        EXPECT_EQ(text, "hello");
        EXPECT_FALSE(or_throw(child.try_wait()).has_value());
        EXPECT_TRUE(or_throw(co_await child.wait()).success()) << "wait closes its input";
        EXPECT_EQ(co_await child.stdout_pipe->read(room(text)), 0u);
        EXPECT_TRUE(or_throw(co_await child.wait()).success()) << "as often as one asks";
        EXPECT_EQ(child.kill().error(), std::errc::no_such_process);
    });
}

TEST(Command, a_child_that_closes_its_output_runs_on) {
    run([]() -> Task<> {
        auto closes = shell("exec >&-; read line; exit 4");
        auto child = or_throw(closes.stdin_from(Stdio::piped()).stdout_to(Stdio::piped()).spawn());
        std::string text(5, '-');
        EXPECT_EQ(co_await child.stdout_pipe->read(room(text)), 0u) << "the end of its output";
        EXPECT_FALSE(or_throw(child.try_wait()).has_value());
        or_throw(co_await rouse::io::write_all(*child.stdin_pipe, bytes("go\n")));
        EXPECT_EQ(or_throw(co_await child.wait()).code(), 4);
    });
}

TEST(Command, a_child_that_does_not_read_is_an_error_value) {
    run([]() -> Task<> {
        Command ends("true");
        auto child = or_throw(ends.stdin_from(Stdio::piped()).spawn());
        auto input = std::move(*child.stdin_pipe);
        co_await child.wait();
        EXPECT_EQ((co_await rouse::io::write_all(input, bytes("x"))).error(), std::errc::broken_pipe);
    });
}

TEST(Command, null_and_files) {
    const auto path = std::filesystem::temp_directory_path() / ("rouse-test-" + std::to_string(::getpid()));
    run([&]() -> Task<> {
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        auto writes = shell("cat; echo to the file; echo and this >&2");
        writes.stdin_from(Stdio::null()).stdout_to(Stdio::from_fd(file)).stderr_to(Stdio::null());
        EXPECT_TRUE(or_throw(co_await writes.status()).success());
        const std::string written = or_throw(co_await rouse::fs::read_to_string(path));
        EXPECT_EQ(written, "to the file\n");
    });
    std::filesystem::remove(path);
}

TEST(Command, a_killed_child_says_so) {
    run([]() -> Task<> {
        Command sleeps("sleep");
        auto child = or_throw(sleeps.arg("1000").spawn());
        auto waits = [&]() -> Task<rouse::Result<ExitStatus>> { co_return co_await child.wait(); };
        auto waiting = rouse::spawn(waits);
        co_await rouse::yield_now();
        or_throw(child.kill());
        const auto status = or_throw(co_await waiting);
        EXPECT_EQ(status.signal(), SIGKILL);
    });
}

TEST(Command, a_wait_may_time_out_and_begin_again) {
    run([]() -> Task<> {
        Command sleeps("sleep");
        auto child = or_throw(sleeps.arg("1000").spawn());
        EXPECT_FALSE((co_await rouse::timeout(1ms, child.wait())).has_value());
        or_throw(child.signal(SIGINT));
        EXPECT_EQ(or_throw(co_await child.wait()).signal(), SIGINT);
    });
}

/// Whether a process of this number, a child of ours, is still there (also as a zombie).
bool is_there(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST(Command, a_child_that_is_dropped_is_killed_if_that_was_asked) {
    run([]() -> Task<> {
        int pidfd = -1;
        pid_t pid = 0;
        {
            Command sleeps("sleep");
            auto child = or_throw(sleeps.arg("1000").kill_on_drop(true).spawn());
            pid = child.id();
            pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u));
        }
        auto end = or_throw(rouse::io::AsyncFd::own(pidfd));
        or_throw(co_await end.readable()); // it has ended
        EXPECT_TRUE(or_throw(co_await Command("true").status()).success());
        EXPECT_FALSE(is_there(pid)) << "and the next spawn has collected it";
    });
}

TEST(Command, a_child_that_is_dropped_runs_on_otherwise_and_leaves_no_zombie) {
    run([]() -> Task<> {
        pid_t pid = 0;
        int pidfd = -1;
        std::optional<rouse::io::PipeSender> input;
        {
            auto reads = shell("read line");
            auto child = or_throw(reads.stdin_from(Stdio::piped()).spawn());
            input = std::move(child.stdin_pipe);
            pid = child.id();
            pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u));
        }
        EXPECT_TRUE(is_there(pid));
        input.reset();
        auto end = or_throw(rouse::io::AsyncFd::own(pidfd));
        or_throw(co_await end.readable());
        EXPECT_TRUE(or_throw(co_await Command("true").status()).success());
        EXPECT_FALSE(is_there(pid));
    });
}

TEST(Command, descriptors_are_not_inherited) {
    run([]() -> Task<> {
        auto pipe = or_throw(rouse::io::pipe());
        Command sleeps("sleep");
        auto other =
            or_throw(sleeps.arg("1000").stdin_from(Stdio::piped()).stdout_to(Stdio::piped()).spawn());
        // As many as any process here has, which others may have left open for all.
        const std::string count = "ls /proc/self/fd | wc -l";
        const std::unique_ptr<FILE, int (*)(FILE*)> plain(::popen(count.c_str(), "re"), &::pclose);
        char expected[16] = {};
        EXPECT_TRUE(std::fgets(expected, sizeof(expected), plain.get()));
        const auto output = or_throw(co_await shell(count).output());
        EXPECT_EQ(output.out, expected);
        or_throw(other.kill());
        co_await other.wait();
    });
}

TEST(Command, many_at_a_time) {
    run([]() -> Task<> {
        auto one = [](int n) -> Task<int> {
            auto exits = shell("exit " + std::to_string(n));
            const auto status = or_throw(co_await exits.status());
            co_return status.code().value_or(-1);
        };
        std::vector<rouse::JoinHandle<int>> all;
        for (int n = 0; n < 30; ++n) all.push_back(rouse::spawn(one, n));
        for (int n = 0; n < 30; ++n) EXPECT_EQ(co_await all[static_cast<std::size_t>(n)], n);
    });
}

} // namespace
