// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace servers_test {

Child::Child(std::vector<std::string> arguments, int err) {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) { // nothing here but what may be called after a fork
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(pipe[1], STDOUT_FILENO);
        if (err >= 0) ::dup2(err, STDERR_FILENO);
        const int nothing = ::open("/dev/null", O_RDONLY);
        ::dup2(nothing, STDIN_FILENO);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    EXPECT_GT(pid_, 0);
    ::close(pipe[1]);
    out_ = pipe[0];
}
Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      read_(std::move(other.read_)) {}
Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        wait();
    }
    if (out_ >= 0) ::close(out_);
}

std::string Child::line() {
    for (;;) {
        if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
            std::string line = read_.substr(0, end);
            read_.erase(0, end + 1);
            return line;
        }
        pollfd wanted{out_, POLLIN, 0};
        char buffer[4096];
        const ssize_t n = ::poll(&wanted, 1, 30'000) == 1 ? ::read(out_, buffer, sizeof(buffer)) : -1;
        if (n <= 0) {
            ADD_FAILURE() << "no line, but: " << read_;
            return {};
        }
        read_.append(buffer, static_cast<std::size_t>(n));
    }
}
std::string Child::rest() {
    char buffer[4096];
    for (ssize_t n; (n = ::read(out_, buffer, sizeof(buffer))) > 0;)
        read_.append(buffer, static_cast<std::size_t>(n));
    return std::exchange(read_, {});
}
void Child::signal(int number) const { EXPECT_EQ(::kill(pid_, number), 0); }
int Child::wait() {
    int status = 0;
    const pid_t child = std::exchange(pid_, -1);
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string program(const std::string& name, const std::string& folder) {
    const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
    return (build / "examples" / folder / name).string();
}

Server::Server(const std::string& name, std::vector<std::string> arguments, unsigned threads)
    : child_([&] {
          arguments.insert(arguments.begin(), {program(name), "--threads", std::to_string(threads)});
          if (std::ranges::find(arguments, "--port") == arguments.end())
              arguments.insert(arguments.end(), {"--port", "0"});
          return Child(arguments, -1);
      }()) {
    const std::string line = child_.line();
    const std::string_view before = "listening on ";
    EXPECT_TRUE(line.starts_with(before)) << line;
    if (!line.starts_with(before)) return;
    address_ = line.substr(before.size());
    port_ = static_cast<std::uint16_t>(std::stoul(address_.substr(address_.rfind(':') + 1)));
}
Server::~Server() {
    if (stopped_) return;
    EXPECT_EQ(stop(), "stopped\n");
}
std::string Server::stop() {
    stopped_ = true;
    child_.signal(SIGTERM);
    std::string said = child_.rest();
    EXPECT_EQ(child_.wait(), 0) << said;
    return said;
}
void Server::kill() {
    stopped_ = true;
    child_.signal(SIGKILL);
    EXPECT_EQ(child_.wait(), 128 + SIGKILL);
}
std::string Server::address() const { return address_; }

Outcome run(std::vector<std::string> arguments) {
    const int err =
        ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    EXPECT_GE(err, 0);
    Child child(std::move(arguments), err);
    Outcome outcome;
    outcome.out = child.rest();
    outcome.exit_code = child.wait();
    char buffer[4096];
    ssize_t n;
    for (off_t at = 0; (n = ::pread(err, buffer, sizeof(buffer), at)) > 0; at += n)
        outcome.err.append(buffer, static_cast<std::size_t>(n));
    ::close(err);
    return outcome;
}

Client::Client(int fd, Owned) : fd_(fd) {
    const timeval patience{20, 0};
    const int on = 1;
    EXPECT_EQ(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    EXPECT_EQ(::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
    EXPECT_EQ(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
}
Client::Client(std::uint16_t port, const std::string& host)
    : Client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), Owned()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, host.c_str(), &to.sin_addr), 1);
    to.sin_port = htons(port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0) << std::strerror(errno);
}
Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), error_(other.error_), read_(std::move(other.read_)) {}
Client::~Client() {
    if (fd_ >= 0) ::close(fd_);
}
void Client::send(std::string_view text) const {
    while (!text.empty()) {
        const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) {
            ADD_FAILURE() << "send: " << std::strerror(errno);
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}
std::size_t Client::send_what_fits(std::string_view text) const {
    std::size_t sent = 0;
    while (sent < text.size()) {
        pollfd wanted{fd_, POLLOUT, 0};
        if (::poll(&wanted, 1, 500) != 1) break;
        const ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
    }
    return sent;
}
void Client::shut_down_writing() const { EXPECT_EQ(::shutdown(fd_, SHUT_WR), 0); }
std::string Client::receive() {
    if (!read_.empty()) return std::exchange(read_, {});
    std::string text(64 * 1024, '-');
    const ssize_t n = ::recv(fd_, text.data(), text.size(), 0);
    error_ = n < 0 ? errno : 0;
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}
std::string Client::receive(std::size_t size) {
    std::string all;
    while (all.size() < size) {
        const std::string more = receive();
        if (more.empty()) break;
        all += more;
    }
    if (all.size() > size) {
        read_ = all.substr(size);
        all.resize(size);
    }
    EXPECT_EQ(all.size(), size) << std::strerror(error_);
    return all;
}
std::string Client::receive_all() {
    std::string all;
    for (std::string more; !(more = receive()).empty();) all += more;
    return all;
}
std::string Client::line() {
    std::string all;
    for (;;) {
        if (const std::size_t end = all.find('\n'); end != std::string::npos) {
            read_ = all.substr(end + 1) + read_;
            return all.substr(0, end);
        }
        const std::string more = receive();
        if (more.empty()) return all;
        all += more;
    }
}
void Client::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(std::exchange(fd_, -1));
}

} // namespace servers_test
