// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tour/program.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tour {
namespace {

std::filesystem::path build_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
}

/// A file for a program to write to, read back and removed.
class Capture {
public:
    Capture()
        : file_(
              ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
        EXPECT_GE(file_, 0) << "no temporary file";
    }
    ~Capture() { ::close(file_); }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    [[nodiscard]] int file() const { return file_; }
    [[nodiscard]] std::string text() const {
        std::string text;
        char buffer[4096];
        ssize_t n;
        for (off_t at = 0; (n = ::pread(file_, buffer, sizeof(buffer), at)) > 0; at += n)
            text.append(buffer, static_cast<std::size_t>(n));
        return text;
    }

private:
    int file_;
};

} // namespace

Outcome run(const std::filesystem::path& file, std::vector<std::string> arguments) {
    const Capture out;
    const Capture err;
    arguments.insert(arguments.begin(), file.string());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, ROUSE_SOURCE_FOLDER);
    posix_spawn_file_actions_adddup2(&actions, out.file(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.file(), STDERR_FILENO);
    pid_t child = 0;
    const int error = posix_spawn(&child, file.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    Outcome outcome;
    EXPECT_EQ(error, 0) << file;
    if (error != 0) return outcome;
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = out.text();
    outcome.err = err.text();
    return outcome;
}

Outcome run_example(std::string_view name) {
    Outcome outcome = run(build_folder() / "examples" / name);
    EXPECT_EQ(outcome.exit_code, 0) << name << "\n" << outcome.out << outcome.err;
    return outcome;
}

std::filesystem::path rouse_program() { return build_folder() / "bin" / "rouse"; }
Outcome run_rouse(std::vector<std::string> arguments) { return run(rouse_program(), std::move(arguments)); }

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t times = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++times;
    return times;
}

double number_after(std::string_view text, std::string_view before) {
    const std::size_t at = text.find(before);
    EXPECT_NE(at, std::string_view::npos) << "no `" << before << "` in:\n" << text;
    if (at == std::string_view::npos) return -1;
    const std::string rest(text.substr(at + before.size(), 64));
    char* end = nullptr;
    const double number = std::strtod(rest.c_str(), &end);
    EXPECT_NE(end, rest.c_str()) << "no number after `" << before << "` in:\n" << text;
    return number;
}

std::string first_report(std::string_view text) {
    const std::size_t begin = text.find("hang: ");
    const std::size_t help = text.find("   help: ", begin);
    EXPECT_NE(help, std::string_view::npos) << "no report in:\n" << text;
    if (help == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find('\n', help) + 1 - begin));
}

std::string read(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

} // namespace tour
