// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/process/child.hpp"

#include "process/orphans.hpp"
#include "rouse/combine/join.hpp"
#include "rouse/io/read.hpp"

#include <csignal>
#include <cstring>
#include <mutex>
#include <vector>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rouse::process {
namespace {

// <sys/pidfd.h> is newer than some of the C libraries that we build with.
constexpr auto p_pidfd = static_cast<idtype_t>(3);

/// Of a child of ours: empty while it runs. It is gone once this has said how it ended.
Result<std::optional<ExitStatus>> reap(int pidfd) noexcept {
    siginfo_t info{};
    if (detail::retry(
            [&] { return ::waitid(p_pidfd, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG); }) != 0)
        return detail::last_error();
    if (info.si_pid == 0) return std::nullopt;
    if (info.si_code == CLD_EXITED) return ExitStatus::exited(info.si_status);
    return ExitStatus::killed(info.si_status, info.si_code == CLD_DUMPED);
}

Result<> send(int pidfd, int signal) noexcept {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0u) != 0) return detail::last_error();
    return {};
}

/// Children that were dropped while they ran.
class Orphans {
public:
    static Orphans& instance() {
        static Orphans& orphans = *new Orphans; // children may be dropped after the statics
        return orphans;
    }
    void add(detail::UniqueFd pidfd) {
        const std::lock_guard lock(mutex_);
        pidfds_.push_back(std::move(pidfd));
    }
    void reap_all() noexcept {
        const std::lock_guard lock(mutex_);
        std::erase_if(pidfds_, [](const detail::UniqueFd& pidfd) {
            const auto status = reap(pidfd.get());
            return !status || *status;
        });
    }

private:
    std::mutex mutex_;
    std::vector<detail::UniqueFd> pidfds_;
};

Task<Result<std::string>> read_pipe(std::optional<io::PipeReceiver> pipe) {
    std::string text;
    if (!pipe) co_return text;
    const auto count = co_await io::read_to_end(*pipe, text);
    if (!count) co_return std::unexpected(count.error());
    co_return text;
}

Task<Result<Output>> wait_and_read(Child child) {
    child.stdin_pipe.reset();
    auto out = read_pipe(std::move(child.stdout_pipe));
    auto err = read_pipe(std::move(child.stderr_pipe));
    auto ended = child.wait();
    auto all = co_await join(std::move(out), std::move(err), std::move(ended));
    auto& [out_text, err_text, status] = all;
    if (!out_text) co_return std::unexpected(out_text.error());
    if (!err_text) co_return std::unexpected(err_text.error());
    if (!status) co_return std::unexpected(status.error());
    co_return Output(*status, std::move(*out_text), std::move(*err_text));
}

} // namespace

std::string ExitStatus::to_string() const {
    if (!signal_) return "exit code " + std::to_string(code_);
    const char* const name = ::sigdescr_np(signal_);
    return "signal " + std::to_string(signal_) + (name ? " (" + std::string(name) + ")" : std::string()) +
           (dumped_core_ ? ", core dumped" : "");
}

void reap_orphans() noexcept { Orphans::instance().reap_all(); }

Child::Child(Child&& other) noexcept
    : stdin_pipe(std::move(other.stdin_pipe)),
      stdout_pipe(std::move(other.stdout_pipe)),
      stderr_pipe(std::move(other.stderr_pipe)),
      pid_(other.pid_),
      pidfd_(std::exchange(other.pidfd_, std::nullopt)),
      status_(other.status_),
      kill_on_drop_(other.kill_on_drop_) {}

Child& Child::operator=(Child&& other) noexcept {
    if (this == &other) return *this;
    drop();
    stdin_pipe = std::move(other.stdin_pipe);
    stdout_pipe = std::move(other.stdout_pipe);
    stderr_pipe = std::move(other.stderr_pipe);
    pid_ = other.pid_;
    pidfd_ = std::exchange(other.pidfd_, std::nullopt);
    status_ = other.status_;
    kill_on_drop_ = other.kill_on_drop_;
    return *this;
}

Child::~Child() { drop(); }

void Child::drop() noexcept {
    if (!pidfd_ || status_) return;
    if (kill_on_drop_) (void)kill();
    const auto ended = try_wait();
    if (ended && !*ended) Orphans::instance().add(detail::UniqueFd(std::move(*pidfd_).into_fd()));
    pidfd_.reset();
    reap_orphans();
}

Child::Wait Child::wait() noexcept {
    stdin_pipe.reset();
    return Wait(*this);
}

Result<std::optional<ExitStatus>> Child::try_wait() noexcept {
    if (!status_) {
        const auto status = reap(pidfd_->fd());
        if (!status) return std::unexpected(status.error());
        status_ = *status;
    }
    return status_;
}

Task<Result<Output>> Child::wait_with_output() && { return wait_and_read(std::move(*this)); }

Result<> Child::kill() noexcept { return signal(SIGKILL); }

Result<> Child::signal(int number) noexcept {
    if (status_) return std::unexpected(std::error_code(ESRCH, std::system_category()));
    return send(pidfd_->fd(), number);
}

bool Child::Wait::poll_ready(Context& cx) {
    if (!child_) [[unlikely]]
        detail::stop_polled_after_ready("process::Child::wait");
    for (;;) {
        const auto status = child_->try_wait();
        if (!status) error_ = status.error();
        if (!status || *status) break;
        if (!ended_) ended_.emplace(child_->pidfd_->readable());
        if (!ended_->poll_ready(cx)) return false;
        const auto ready = ended_->take_ready();
        ended_.reset();
        if (ready) continue;
        error_ = ready.error();
        break;
    }
    ended_.reset();
    return true;
}

Result<ExitStatus> Child::Wait::take_ready() {
    const Child& child = *std::exchange(child_, nullptr);
    if (error_) return std::unexpected(error_);
    return *child.status_;
}

void Child::Wait::inspect(Inspector& to) const {
    if (child_) to.waits_for(WaitKind::io, child_, "the end of process " + std::to_string(child_->pid_));
}

} // namespace rouse::process
