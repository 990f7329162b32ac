// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace servers_test {

/// A child process with a pipe from its stdout. It dies with the thread that started it, whatever becomes of
/// that one; the destructor kills it, and waits.
class Child {
public:
    /// The first argument: a path, or a name to be looked for. Its stderr is `err`, or ours if that is -1.
    Child(std::vector<std::string> arguments, int err);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    /// The next line of its stdout, without the end; empty, and a failure of the test, when there is none.
    std::string line();
    /// All that is left.
    std::string rest();
    void signal(int number) const;
    /// Waits for it: its exit code, or 128 and the signal.
    int wait();
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_ = -1;
    int out_ = -1;
    std::string read_;
};

/// A server of examples/servers on `threads` threads, on a port that the system chose if `arguments` name
/// none.
class Server {
public:
    explicit Server(const std::string& name, std::vector<std::string> arguments = {}, unsigned threads = 2);
    /// Asks it to stop, and fails the test if it does not end well.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// Where it listens: 127.0.0.1 if nothing else was said, and the port.
    [[nodiscard]] std::string address() const;
    Child& child() noexcept { return child_; }
    /// Told to stop, and has ended: what it said on stdout since.
    std::string stop();
    /// Ends it at once, by SIGKILL.
    void kill();

private:
    Child child_;
    std::string address_;
    std::uint16_t port_ = 0;
    bool stopped_ = false;
};

/// The path of a program of examples/servers, or of another folder of examples.
std::string program(const std::string& name, const std::string& folder = "servers");

class Outcome {
public:
    int exit_code = -1;
    std::string out;
    std::string err;
};
/// Runs a program, and waits for it.
Outcome run(std::vector<std::string> arguments);

/// A TCP client of the old kind: its calls block, for 20 seconds at most.
class Client {
public:
    explicit Client(std::uint16_t port, const std::string& host = "127.0.0.1");
    /// A connected socket.
    static Client own(int fd) { return Client(fd, Owned()); }
    Client(Client&& other) noexcept;
    Client& operator=(Client&&) = delete;
    ~Client();
    void send(std::string_view text) const;
    /// As much as it takes without waiting long; how many bytes.
    std::size_t send_what_fits(std::string_view text) const;
    void shut_down_writing() const;
    /// What comes next; empty at the end, and after an error, which `error` then says.
    std::string receive();
    /// Until there are `size` bytes.
    std::string receive(std::size_t size);
    /// Until the end.
    std::string receive_all();
    std::string line();
    /// Closes it with a reset.
    void reset();
    [[nodiscard]] int error() const noexcept { return error_; }

private:
    class Owned {};
    Client(int fd, Owned);
    int fd_;
    int error_ = 0;
    std::string read_;
};

} // namespace servers_test
