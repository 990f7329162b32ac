// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fs/temporary.hpp"
#include "servers/program.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using rouse_test::TemporaryDir;
using servers_test::Child;
using servers_test::Outcome;

std::string copy() { return servers_test::program("copy", "programs"); }

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}
std::string read_file(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}
bool exists(const std::string& path) { return std::filesystem::exists(path); }

/// A terminal on which a program draws, and what is seen there.
class Terminal {
public:
    Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
        slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    ~Terminal() {
        ::close(master_);
        ::close(slave_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    [[nodiscard]] int fd() const noexcept { return slave_; }
    /// Reads until `what` is there, for a while.
    bool shows(const std::string& what) {
        while (seen.find(what) == std::string::npos) {
            pollfd wanted{master_, POLLIN, 0};
            char buffer[4096];
            const ssize_t n = ::poll(&wanted, 1, 20'000) == 1 ? ::read(master_, buffer, sizeof(buffer)) : 0;
            if (n <= 0) return false;
            seen.append(buffer, static_cast<std::size_t>(n));
        }
        return true;
    }
    std::string seen;

private:
    int master_;
    int slave_ = -1;
};

/// A source that the test feeds.
class Fifo {
public:
    explicit Fifo(std::string path) : path_(std::move(path)) { EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0); }
    ~Fifo() { end(); }
    Fifo(const Fifo&) = delete;
    Fifo& operator=(const Fifo&) = delete;
    /// Waits until somebody reads.
    void open() { fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC); }
    void write(const std::string& text) const {
        for (std::size_t at = 0; at < text.size();) {
            const ssize_t n = ::write(fd_, text.data() + at, text.size() - at);
            ASSERT_GT(n, 0);
            at += static_cast<std::size_t>(n);
        }
    }
    void end() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    std::string path_;
    int fd_ = -1;
};

TEST(CopyProgram, copies_content_and_permissions_and_says_so_in_one_line_when_piped) {
    const TemporaryDir dir;
    const std::string text = std::string(3'000'000, 'x') + "the end";
    write_file(dir / "from", text);
    ASSERT_EQ(::chmod((dir / "from").c_str(), 0640), 0);
    write_file(dir / "to", "what was there before, and is replaced");
    const Outcome outcome = servers_test::run({copy(), dir / "from", dir / "to"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(outcome.err.starts_with("2.9 MiB of 2.9 (100 %), ")) << outcome.err;
    EXPECT_TRUE(outcome.err.ends_with(" MiB/s\n")) << outcome.err;
    EXPECT_EQ(outcome.err.find('\r'), std::string::npos);
    EXPECT_TRUE(read_file(dir / "to") == text);
    EXPECT_EQ(std::filesystem::status(dir / "to").permissions(), std::filesystem::perms(0640));
    EXPECT_FALSE(exists(dir / "to.part"));
}

TEST(CopyProgram, an_empty_file_is_copied) {
    const TemporaryDir dir;
    write_file(dir / "from", "");
    EXPECT_EQ(servers_test::run({copy(), dir / "from", dir / "to"}).exit_code, 0);
    EXPECT_TRUE(exists(dir / "to"));
    EXPECT_EQ(read_file(dir / "to"), "");
}

TEST(CopyProgram, what_cannot_be_copied_is_said_in_one_line_and_leaves_nothing_behind) {
    const TemporaryDir dir;
    const std::string missing = "No such file or directory\n";
    Outcome outcome = servers_test::run({copy(), dir / "nothing", dir / "to"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "copy: cannot open " + (dir / "nothing") + ": " + missing);
    EXPECT_FALSE(exists(dir / "to"));
    EXPECT_FALSE(exists(dir / "to.part"));

    outcome = servers_test::run({copy(), dir.path(), dir / "to"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "copy: cannot copy " + dir.path() + ": Is a directory\n");

    write_file(dir / "from", "text");
    outcome = servers_test::run({copy(), dir / "from", dir / "no/folder"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "copy: cannot create " + (dir / "no/folder") + ".part: " + missing);

    outcome = servers_test::run({copy(), dir / "from"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(outcome.err.starts_with("copy: target is required")) << outcome.err;
}

TEST(CopyProgram, a_terminal_sees_how_far_it_is_while_it_copies) {
    const TemporaryDir dir;
    Terminal terminal;
    if (terminal.fd() < 0) GTEST_SKIP() << "no terminals here";
    Fifo source(dir / "from");
    Child child({copy(), dir / "from", dir / "to"}, terminal.fd());
    source.open();
    source.write(std::string(1 << 20, 'x'));
    EXPECT_TRUE(terminal.shows("\r1.0 MiB, ")) << terminal.seen;
    source.write(std::string(2 << 20, 'y'));
    EXPECT_TRUE(terminal.shows("\r3.0 MiB, ")) << terminal.seen;
    EXPECT_TRUE(exists(dir / "to.part"));
    EXPECT_FALSE(exists(dir / "to")) << "it is not whole";
    source.end();
    EXPECT_EQ(child.wait(), 0);
    EXPECT_TRUE(terminal.shows("MiB/s\x1b[K\r\n")) << terminal.seen;
    EXPECT_TRUE(read_file(dir / "to") == std::string(1 << 20, 'x') + std::string(2 << 20, 'y'));
    EXPECT_FALSE(exists(dir / "to.part"));
}

TEST(CopyProgram, ctrl_c_leaves_nothing_behind_though_a_read_hangs) {
    const TemporaryDir dir;
    Terminal terminal;
    if (terminal.fd() < 0) GTEST_SKIP() << "no terminals here";
    write_file(dir / "to", "before");
    Fifo source(dir / "from");
    Child child({copy(), dir / "from", dir / "to"}, terminal.fd());
    source.open();
    source.write(std::string(1 << 20, 'x'));
    EXPECT_TRUE(terminal.shows("\r1.0 MiB, ")) << terminal.seen;
    child.signal(SIGINT);
    EXPECT_EQ(child.wait(), 130);
    EXPECT_TRUE(terminal.shows("\ncopy: interrupted\r\n")) << terminal.seen;
    EXPECT_FALSE(exists(dir / "to.part"));
    EXPECT_EQ(read_file(dir / "to"), "before");
}

} // namespace
