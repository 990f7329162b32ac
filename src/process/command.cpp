// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/process/command.hpp"

#include "process/orphans.hpp"
#include "rouse/io/driver.hpp"

#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rouse::process {
namespace {

using detail::last_error;
using detail::UniqueFd;

std::unexpected<std::error_code> error_number(int error) noexcept {
    return std::unexpected(std::error_code(error, std::system_category()));
}

/// Behind the three streams, so that making one of them in the child overwrites none that is needed yet.
Result<UniqueFd> move_up(UniqueFd fd) noexcept {
    if (fd.get() > STDERR_FILENO) return fd;
    UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (moved.get() < 0) return last_error();
    return moved;
}

class FileActions {
public:
    FileActions() noexcept { ::posix_spawn_file_actions_init(&actions); }
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    posix_spawn_file_actions_t actions;
};

class Attributes {
public:
    explicit Attributes(std::optional<pid_t> group) noexcept {
        ::posix_spawnattr_init(&attributes);
        int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        sigset_t set;
        sigemptyset(&set);
        ::posix_spawnattr_setsigmask(&attributes, &set);
        sigaddset(&set, SIGPIPE);
        ::posix_spawnattr_setsigdefault(&attributes, &set);
        if (group) {
            flags |= POSIX_SPAWN_SETPGROUP;
            ::posix_spawnattr_setpgroup(&attributes, *group);
        }
        ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
    }
    ~Attributes() { ::posix_spawnattr_destroy(&attributes); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    posix_spawnattr_t attributes;
};

/// The pointers that the system wants, with a null behind them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

Task<Result<ExitStatus>> wait_for(Result<Child> child) {
    if (!child) co_return std::unexpected(child.error());
    co_return co_await child->wait();
}
Task<Result<Output>> output_of(Result<Child> child) {
    if (!child) co_return std::unexpected(child.error());
    co_return co_await std::move(*child).wait_with_output();
}

} // namespace

std::vector<std::string> Command::environment() const {
    std::vector<std::string> all;
    if (!env_is_clear_) {
        for (char** each = environ; *each; ++each) {
            std::string text = *each;
            if (!env_.contains(text.substr(0, text.find('=')))) all.push_back(std::move(text));
        }
    }
    for (const auto& [name, value] : env_)
        if (value) all.push_back(name + '=' + *value);
    return all;
}

Result<Child> Command::start(const Streams& streams) const {
    if (!detail::IoHost::current()) [[unlikely]]
        detail::stop(
            "a process was spawned outside of a runtime: run the task with Runtime::block_on or rouse::run, not with rouse::block_on");
    reap_orphans();
    FileActions actions;
    std::array<UniqueFd, 3> theirs;
    std::array<UniqueFd, 3> ours;
    for (int stream = 0; stream < 3; ++stream) {
        const auto index = static_cast<std::size_t>(stream);
        if (!streams[index]) continue;
        UniqueFd fd;
        switch (streams[index]->kind_) {
        case Stdio::Kind::inherit:
            continue;
        case Stdio::Kind::null:
            fd = UniqueFd(::open("/dev/null", (stream == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC));
            break;
        case Stdio::Kind::file:
            fd = UniqueFd(::fcntl(streams[index]->fd_->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
            break;
        case Stdio::Kind::piped: {
            std::array<int, 2> ends{};
            if (::pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
            fd = UniqueFd(ends[stream == 0 ? 0 : 1]);
            ours[index] = UniqueFd(ends[stream == 0 ? 1 : 0]);
            break;
        }
        }
        if (fd.get() < 0) return last_error();
        auto moved = move_up(std::move(fd));
        if (!moved) return std::unexpected(moved.error());
        theirs[index] = std::move(*moved);
        ::posix_spawn_file_actions_adddup2(&actions.actions, theirs[index].get(), stream);
    }
    if (dir_)
        if (const int error = ::posix_spawn_file_actions_addchdir_np(&actions.actions, dir_->c_str()))
            return error_number(error);

    // Registered before there is a process, so that nothing is left to fail behind its back.
    std::optional<io::PipeSender> in;
    std::array<std::optional<io::PipeReceiver>, 2> out;
    if (ours[0].get() >= 0) {
        auto made = io::PipeSender::own(ours[0].release());
        if (!made) return std::unexpected(made.error());
        in.emplace(std::move(*made));
    }
    for (std::size_t i = 0; i < 2; ++i) {
        if (ours[i + 1].get() < 0) continue;
        auto made = io::PipeReceiver::own(ours[i + 1].release());
        if (!made) return std::unexpected(made.error());
        out[i].emplace(std::move(*made));
    }

    std::vector<std::string> args = args_;
    args.insert(args.begin(), program_);
    const auto env = environment();
    const Attributes attributes(group_);
    pid_t pid = 0;
    // vfork and exec by the C library: an error of either comes back as a number, and none of our code runs
    // in between.
    if (const int error = ::posix_spawnp(&pid, program_.c_str(), &actions.actions, &attributes.attributes,
                                         pointers(args).data(), pointers(env).data()))
        return error_number(error);
    // The number stays the process's until we collect it.
    const auto abandon = [&](std::error_code error) {
        ::kill(pid, SIGKILL);
        (void)detail::retry([&] { return ::waitpid(pid, nullptr, 0); });
        return std::unexpected(error);
    };
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0u));
    if (pidfd < 0) return abandon(std::error_code(errno, std::system_category()));
    auto watched = io::AsyncFd::own(pidfd);
    if (!watched) return abandon(watched.error());
    Child child(pid, std::move(*watched), kill_on_drop_);
    child.stdin_pipe = std::move(in);
    child.stdout_pipe = std::move(out[0]);
    child.stderr_pipe = std::move(out[1]);
    return child;
}

Task<Result<ExitStatus>> Command::status() const { return wait_for(start(streams_)); }

Task<Result<Output>> Command::output() const {
    Streams streams = streams_;
    if (!streams[0]) streams[0] = Stdio::null();
    if (!streams[1]) streams[1] = Stdio::piped();
    if (!streams[2]) streams[2] = Stdio::piped();
    return output_of(start(streams));
}

} // namespace rouse::process
