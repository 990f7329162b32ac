// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <sys/signalfd.h>
#include <sys/socket.h>

namespace servers {
namespace {

using rouse::net::TcpListener;
using rouse::net::TcpStream;

/// SIGTERM and SIGINT, as something to wait for. Made before there are threads: they inherit that the signals
/// are blocked, so that nothing but this hears them.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }
    /// Within a runtime.
    [[nodiscard]] rouse::Task<> come() const {
        const auto signals =
            rouse::or_throw(rouse::io::AsyncFd::own(signalfd(-1, &set_, SFD_NONBLOCK | SFD_CLOEXEC)));
        rouse::or_throw(co_await signals.readable());
    }

private:
    sigset_t set_;
};

class Server {
public:
    Server(TcpListener on, Serve by, std::chrono::seconds limit)
        : listener(std::move(on)), serve(std::move(by)), keepalive(limit) {}
    TcpListener listener;
    Serve serve;
    std::chrono::seconds keepalive;
    Connections connections;
};

rouse::Task<> serve_one(std::shared_ptr<Server> server, TcpStream stream) {
    const Connections::Counted counted(server->connections);
    co_await server->serve(std::move(stream), server->connections);
}

/// Until the listener is closed, or fails. (Being out of descriptors does not end it: see
/// `TcpListener::accept`.)
rouse::Task<std::error_code> accept_all(std::shared_ptr<Server> server) {
    for (;;) {
        auto accepted = co_await server->listener.accept();
        if (!accepted) co_return accepted.error();
        (void)accepted->first.set_nodelay(true); // answers are written whole
        notice_when_gone(accepted->first, server->keepalive);
        rouse::spawn(serve_one, server, std::move(accepted->first)).detach();
    }
}

rouse::Task<int> listen_and_serve(Options options, Serve serve, const StopSignals& signals) {
    const bool is_v6 = options.host.find(':') != std::string::npos;
    const std::string wanted =
        fmt::format("{1}{0}{2}:{3}", options.host, is_v6 ? "[" : "", is_v6 ? "]" : "", options.port);
    const auto address = rouse::net::SocketAddress::parse(wanted);
    auto listener = address ? TcpListener::bind(*address) : std::unexpected(address.error());
    if (!listener) {
        complain(fmt::format("cannot listen on {}: {}", wanted, listener.error().message()));
        co_return 1;
    }
    say(fmt::format("listening on {}", rouse::or_throw(listener->local_address()).to_string()));

    const auto server = std::make_shared<Server>(std::move(*listener), std::move(serve), options.keepalive);
    const auto ended = co_await rouse::select(signals.come(), rouse::spawn(accept_all, server));
    if (ended.index() == 1) {
        complain(fmt::format("cannot accept any more: {}", std::get<1>(ended).message()));
        co_return 1;
    }
    server->listener.close();
    if (!co_await rouse::timeout(options.limit(), server->connections.stop()))
        complain(fmt::format("{} connections did not end in time", server->connections.count()));
    say("stopped");
    co_return 0;
}

} // namespace

CommandLine::CommandLine(const std::string& name, const std::string& what, const std::string& patience)
    : arguments(name, what) {
    arguments.optional("--host", options.host, "The address to listen on")
        .optional("--port", options.port, "The port; 0: the system chooses one")
        .optional("--threads", options.threads, 1024, about_threads)
        .optional("--patience", options.patience, patience)
        .optional("--keepalive", options.keepalive,
                  "After how long a client that has vanished, or reads nothing, is given up");
}

Connections::Listed::Listed(Connections& all, int fd) : all_(all), fd_(fd) {
    const std::lock_guard lock(all_.mutex_);
    all_.listed_.insert(fd_);
    if (all_.stopping_) ::shutdown(fd_, SHUT_RD);
}
Connections::Listed::~Listed() {
    const std::lock_guard lock(all_.mutex_);
    all_.listed_.erase(fd_);
}

Connections::Counted::Counted(Connections& all) : all_(all) {
    const std::lock_guard lock(all_.mutex_);
    ++all_.count_;
}
Connections::Counted::~Counted() {
    std::optional<rouse::oneshot::Sender<void>> drained; // wakes outside the lock
    const std::lock_guard lock(all_.mutex_);
    if (--all_.count_ == 0 && all_.drained_) drained.swap(all_.drained_);
}

rouse::oneshot::Receiver<void> Connections::stop() {
    auto [sender, receiver] = rouse::oneshot::channel<>();
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : listed_) ::shutdown(fd, SHUT_RD);
    if (count_ > 0) drained_.emplace(std::move(sender)); // else it is dropped: that is an answer too
    return std::move(receiver);
}
bool Connections::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}
std::size_t Connections::count() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

void notice_when_gone(const TcpStream& stream, std::chrono::seconds limit) {
    rouse::net::KeepAlive probes;
    probes.idle = std::max(std::chrono::seconds(1), limit / 2);
    probes.interval = std::max(std::chrono::seconds(1), limit / 6);
    probes.probes = 3;
    // A socket that does not take these is one that has ended.
    (void)stream.set_keepalive(probes);
    (void)stream.set_user_timeout(limit);
}

rouse::Runtime make_runtime(const Options& options) {
    rouse::RuntimeOptions runtime;
    runtime.worker_threads = options.threads;
    return options.threads == 1 ? rouse::Runtime::current_thread(runtime)
                                : rouse::Runtime::multi_thread(runtime);
}

int run(const Options& options, Serve serve) {
    const StopSignals signals;
    auto runtime = make_runtime(options);
    return runtime.block_on(listen_and_serve(options, std::move(serve), signals));
}

} // namespace servers
