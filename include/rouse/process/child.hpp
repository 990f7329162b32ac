// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/async_fd.hpp"
#include "rouse/io/pipe.hpp"
#include "rouse/process/exit_status.hpp"
#include "rouse/task/task.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace rouse::process {

/// What a process left behind.
class Output {
public:
    Output(ExitStatus status, std::string out, std::string err)
        : status(status), out(std::move(out)), err(std::move(err)) {}
    ExitStatus status;
    std::string out; ///< What it wrote to stdout, if that was piped.
    std::string err; ///< And to stderr.
};

/// A process that was started by `Command::spawn`.
///
/// Its end is watched by a pidfd: no SIGCHLD, no signal to a process that has taken over its number. Dropping
/// it lets the process run on, and what is left of it is collected at a later spawn or drop; with
/// `Command::kill_on_drop` it is killed first. Thread: any, one at a time. Outlives the futures that it
/// gives.
class Child {
public:
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;
    ~Child();

    [[nodiscard]] pid_t id() const noexcept { return pid_; }

    /// The other ends of what was piped. Reset `stdin_pipe` to let the process find the end.
    std::optional<io::PipeSender> stdin_pipe;
    std::optional<io::PipeReceiver> stdout_pipe;
    std::optional<io::PipeReceiver> stderr_pipe;

    class Wait;
    /// A future of `Result<ExitStatus>`: the process has ended. Closes `stdin_pipe` first, or a process that
    /// reads it to its end would never come to its own. What it writes to a pipe must be read meanwhile: see
    /// `wait_with_output`.
    /// Wake: by the driver, once. Cancel: destroy it. Errors: ECHILD when SIGCHLD is ignored in this program;
    /// `IoError::runtime_ended`.
    [[nodiscard]] Wait wait() noexcept;
    /// Whether it has ended; never waits. Empty: not yet.
    Result<std::optional<ExitStatus>> try_wait() noexcept;
    /// Waits, and reads the pipes of stdout and stderr meanwhile.
    [[nodiscard]] Task<Result<Output>> wait_with_output() &&;

    /// SIGKILL. Its end is still to be waited for. Errors: ESRCH when it has ended, and that is known here.
    Result<> kill() noexcept;
    Result<> signal(int number) noexcept;

private:
    friend class Command;
    Child(pid_t pid, io::AsyncFd pidfd, bool kill_on_drop) noexcept
        : pid_(pid), pidfd_(std::move(pidfd)), kill_on_drop_(kill_on_drop) {}
    void drop() noexcept;

    pid_t pid_;
    std::optional<io::AsyncFd> pidfd_; // empty: moved from
    std::optional<ExitStatus> status_;
    bool kill_on_drop_;
};

/// See `Child::wait`.
class [[nodiscard]] Child::Wait {
public:
    using Output = Result<ExitStatus>;
    explicit Wait(Child& child) noexcept : child_(&child) {}
    /// Only before the first poll.
    Wait(Wait&& other) noexcept : child_(other.child_) {}
    Wait& operator=(Wait&&) = delete;
    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    Output take_ready();
    void inspect(Inspector& to) const;

private:
    Child* child_;
    std::optional<detail::ReadyOperation> ended_;
    std::error_code error_;
};

} // namespace rouse::process
