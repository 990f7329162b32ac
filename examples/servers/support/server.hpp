// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

#include "support/arguments.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace servers {

/// What all servers here take on their command line.
class Options {
public:
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    unsigned threads = 0;
    std::chrono::duration<double> patience{10};
    std::chrono::seconds keepalive{60};
    [[nodiscard]] rouse::Duration limit() const {
        return std::chrono::duration_cast<rouse::Duration>(patience);
    }
};

inline constexpr const char* about_threads =
    "Worker threads; 0: one for each processor; 1: a runtime of one thread";

/// The arguments of a server: `--host`, `--port`, `--threads`, `--patience`, `--keepalive`, `--help`, and
/// what `arguments` is told besides.
class CommandLine {
public:
    /// `patience`: what it is about, for the help.
    CommandLine(const std::string& name, const std::string& what, const std::string& patience);

    std::optional<int> parse(int argc, char** argv) { return arguments.parse(argc, argv); }
    Arguments arguments;
    Options options;
};

/// What the connections of a server share, and how they end: `stop` lets each finish what it is at, and is
/// told when the last is gone.
class Connections {
public:
    /// Being on the list of those to be ended. Destroyed before the descriptor is closed.
    class Listed {
    public:
        Listed(Connections& all, int fd);
        ~Listed();
        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;

    private:
        Connections& all_;
        int fd_;
    };
    /// Being counted.
    class Counted {
    public:
        explicit Counted(Connections& all);
        ~Counted();
        Counted(const Counted&) = delete;
        Counted& operator=(const Counted&) = delete;

    private:
        Connections& all_;
    };

    /// Ends the reading side of all: an idle connection finds its end at once, a busy one after its answer.
    /// The receiver gets its value when none is left.
    rouse::oneshot::Receiver<void> stop();
    [[nodiscard]] bool is_stopping() const;
    [[nodiscard]] std::size_t count() const;

private:
    mutable std::mutex mutex_;
    std::set<int> listed_;
    std::size_t count_ = 0;
    std::optional<rouse::oneshot::Sender<void>> drained_; // while stopping
    bool stopping_ = false;
};

/// A peer that vanishes (its cable, its power) says nothing, and a connection to it would stay for ever. From
/// here on it is given up after some `limit`, whether we write or only wait; reads and writes then give an
/// error.
void notice_when_gone(const rouse::net::TcpStream& stream, std::chrono::seconds limit);

/// Serves one connection. Called as often as there are connections, from any worker.
using Serve = std::function<rouse::Task<>(rouse::net::TcpStream, Connections&)>;

/// Listens, says where, and serves each connection in a task of its own until SIGTERM or SIGINT comes; then
/// it takes no more, and gives those that are there `options.patience` to end. What the program is to end
/// with.
int run(const Options& options, Serve serve);

/// The runtime that `options` ask for.
rouse::Runtime make_runtime(const Options& options);

} // namespace servers
