// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/process/child.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rouse::process {

/// Where a stream of a process comes from or goes to.
class Stdio {
public:
    /// Where ours does.
    [[nodiscard]] static Stdio inherit() noexcept { return Stdio(Kind::inherit, nullptr); }
    /// Nothing comes, and what goes is lost.
    [[nodiscard]] static Stdio null() noexcept { return Stdio(Kind::null, nullptr); }
    /// A pipe, whose other end the Child has.
    [[nodiscard]] static Stdio piped() noexcept { return Stdio(Kind::piped, nullptr); }
    /// An open descriptor (a file, the end of a pipe of another process), which this owns.
    [[nodiscard]] static Stdio from_fd(int fd) {
        return Stdio(Kind::file, std::make_shared<const detail::UniqueFd>(fd));
    }

private:
    friend class Command;
    enum class Kind : std::uint8_t { inherit, null, piped, file };
    Stdio(Kind kind, std::shared_ptr<const detail::UniqueFd> fd) noexcept : kind_(kind), fd_(std::move(fd)) {}
    Kind kind_;
    std::shared_ptr<const detail::UniqueFd> fd_;
};

/// A program to be run, as often as one likes.
///
/// ```cpp
/// rouse::process::Command list("ls");
/// list.arg("-l").current_dir("/");
/// auto output = rouse::or_throw(co_await list.output());
/// std::puts(output.out.c_str());
/// ```
/// The process gets the three streams and no other descriptor that has CLOEXEC (all of rouse's have it), an
/// empty signal mask, and SIGPIPE as the system has it.
class Command {
public:
    /// A path, or a name that is looked up in this program's PATH.
    explicit Command(std::string program) : program_(std::move(program)) {}

    Command& arg(std::string one) { return args_.push_back(std::move(one)), *this; }
    Command& args(std::vector<std::string> more) {
        for (std::string& one : more) args_.push_back(std::move(one));
        return *this;
    }
    /// The environment is ours, with these changes.
    Command& env(std::string name, std::string value) {
        return env_[std::move(name)] = std::move(value), *this;
    }
    Command& env_remove(std::string name) { return env_[std::move(name)] = std::nullopt, *this; }
    /// Nothing of ours, and no change that was made before.
    Command& env_clear() { return env_.clear(), env_is_clear_ = true, *this; }
    /// Where it runs; a relative path of the program is one from there.
    Command& current_dir(std::string path) { return dir_ = std::move(path), *this; }
    /// Inherited, if nothing else is said; `output` pipes those of which nothing is said, and gives no input.
    Command& stdin_from(Stdio from) { return streams_[0] = std::move(from), *this; }
    Command& stdout_to(Stdio to) { return streams_[1] = std::move(to), *this; }
    Command& stderr_to(Stdio to) { return streams_[2] = std::move(to), *this; }
    /// A process group: 0 is one of its own.
    Command& process_group(pid_t group) { return group_ = group, *this; }
    /// A Child that is dropped before its end is killed.
    Command& kill_on_drop(bool on) noexcept { return kill_on_drop_ = on, *this; }

    /// Starts it, within a runtime; returns when it runs. Errors: the system's: ENOENT for a program that is
    /// not there (or a directory), EACCES, EAGAIN, EMFILE, ...
    [[nodiscard]] Result<Child> spawn() const { return start(streams_); }
    /// Starts it now, and waits for its end. Cancel: as a Child that is dropped.
    [[nodiscard]] Task<Result<ExitStatus>> status() const;
    /// The same, with what it writes. Both are kept in memory.
    [[nodiscard]] Task<Result<Output>> output() const;

private:
    using Streams = std::array<std::optional<Stdio>, 3>;
    [[nodiscard]] Result<Child> start(const Streams& streams) const;
    [[nodiscard]] std::vector<std::string> environment() const;

    std::string program_;
    std::vector<std::string> args_;
    std::map<std::string, std::optional<std::string>> env_;
    std::optional<std::string> dir_;
    std::optional<pid_t> group_;
    Streams streams_;
    bool env_is_clear_ = false;
    bool kill_on_drop_ = false;
};

} // namespace rouse::process
