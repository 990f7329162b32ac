// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted = 0;
void on_signal(int) { interrupted = 1; }

void throw_if_interrupted() {
    if (interrupted) throw Interrupted();
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// In the child, after the fork. Only what may be called there.
[[noreturn]] void become(char* const* arguments, pid_t parent, std::optional<int> cpu) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127); // it died before that
    if (cpu) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(*cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    execvp(arguments[0], arguments);
    _exit(127);
}

} // namespace

void catch_interrupts() {
    struct sigaction action{};
    action.sa_handler = on_signal; // without SA_RESTART: poll returns
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

std::vector<int> usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cpus;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

Child::Child(const std::vector<std::string>& command, std::optional<int> cpu) : name_(command.at(0)) {
    throw_if_interrupted();
    int input[2];
    int output[2];
    if (pipe2(input, O_CLOEXEC) != 0) fail("pipe");
    if (pipe2(output, O_CLOEXEC) != 0) {
        close(input[0]);
        close(input[1]);
        fail("pipe");
    }
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        std::signal(SIGPIPE, SIG_DFL);
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        become(arguments.data(), parent, cpu);
    }
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
    if (pid_ < 0) {
        close(input_);
        close(output_);
        fail("fork");
    }
}

Child::~Child() {
    stop();
    close_input();
    close(output_);
}

std::optional<std::string> Child::read_line(Seconds limit) {
    const auto end = Clock::now() + limit;
    for (;;) {
        throw_if_interrupted();
        if (const std::size_t at = buffer_.find('\n'); at != std::string::npos) {
            std::string line = buffer_.substr(0, at);
            buffer_.erase(0, at + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) throw std::runtime_error(name_ + " takes too long");
        pollfd one{output_, POLLIN, 0};
        if (poll(&one, 1, static_cast<int>(left)) <= 0) continue;
        char bytes[4096];
        const ssize_t got = read(output_, bytes, sizeof bytes);
        if (got > 0) {
            buffer_.append(bytes, static_cast<std::size_t>(got));
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (buffer_.empty()) return std::nullopt;
        return std::exchange(buffer_, std::string()); // without its newline
    }
}

void Child::close_input() noexcept {
    if (input_ >= 0) close(input_);
    input_ = -1;
}

int Child::wait(Seconds limit) {
    const auto end = Clock::now() + limit;
    while (!code_) {
        throw_if_interrupted();
        int status = 0;
        const pid_t ended = waitpid(pid_, &status, WNOHANG);
        if (ended == pid_) {
            code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        } else if (ended < 0 && errno != EINTR) {
            fail("waitpid");
        } else if (Clock::now() >= end) {
            throw std::runtime_error(name_ + " does not end");
        } else {
            usleep(1000);
        }
    }
    return *code_;
}

void Child::stop() noexcept {
    if (code_ || pid_ <= 0) return;
    close_input();
    kill(pid_, SIGTERM);
    int status = 0;
    for (int i = 0; i < 2000; ++i) { // two seconds
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            code_ = status;
            return;
        }
        usleep(1000);
    }
    kill(pid_, SIGKILL);
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    code_ = status;
}

std::uint64_t Child::cpu_time() const {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0)
        throw std::runtime_error(name_ + " is gone");
    return static_cast<std::uint64_t>(time.tv_sec) * 1000000000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t Child::resident_bytes() const {
    std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
    std::uint64_t size = 0;
    std::uint64_t pages = 0;
    if (!(statm >> size >> pages)) throw std::runtime_error(name_ + " is gone");
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Output run_program(const std::vector<std::string>& command, std::optional<int> cpu, Child::Seconds limit) {
    Child child(command, cpu);
    child.close_input();
    Output output;
    while (auto line = child.read_line(limit)) output.lines.push_back(*std::move(line));
    output.code = child.wait(limit);
    return output;
}

} // namespace bench
