// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bench {

/// Somebody pressed Ctrl-C, or asks us to end. Thrown out of whatever waits for a child.
class Interrupted : public std::runtime_error {
public:
    Interrupted() : std::runtime_error("interrupted") {}
};
/// From now on SIGINT, SIGTERM and SIGHUP end in Interrupted, so that every child is stopped on the way out.
void catch_interrupts();

/// The processors that this process may use.
std::vector<int> usable_cpus();

/// A program that runs. Its end, at the latest when this object ends, is awaited: nothing is left behind.
/// Should this process be killed, the kernel kills the child.
class Child {
public:
    using Seconds = std::chrono::seconds;

    /// Starts `command[0]`; on `cpu` alone if it is given. Its standard output comes here, its standard input
    /// is open until `close_input`.
    explicit Child(const std::vector<std::string>& command, std::optional<int> cpu = std::nullopt);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// The next line, or nothing at the end of its output. Throws std::runtime_error when it takes longer.
    std::optional<std::string> read_line(Seconds limit);
    void close_input() noexcept;
    /// Waits for its end; its exit code (128 and more: the signal). Throws when it takes longer.
    int wait(Seconds limit);
    /// Asks it to end, kills it when it does not, by its process id; waits.
    void stop() noexcept;

    /// CPU time of all its threads until now, in nanoseconds.
    [[nodiscard]] std::uint64_t cpu_time() const;
    /// Its resident memory, in bytes.
    [[nodiscard]] std::uint64_t resident_bytes() const;

private:
    std::string name_;
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string buffer_;
    std::optional<int> code_;
};

/// What a program printed, by lines, and its exit code.
class Output {
public:
    int code = 0;
    std::vector<std::string> lines;
};
/// Runs it to its end. Throws std::runtime_error when that takes longer.
Output run_program(const std::vector<std::string>& command, std::optional<int> cpu = std::nullopt,
                   Child::Seconds limit = Child::Seconds(600));

} // namespace bench
