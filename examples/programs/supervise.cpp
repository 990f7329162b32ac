// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Keeps programs running: each has a task that starts it, hands on what it writes line by line with its name
// in front, and starts it again when it ends, after a pause that doubles as long as it does not live. SIGTERM
// or Ctrl-C ends them all: SIGTERM first, and after a while SIGKILL.

#include "support/server.hpp"

#include <fmt/format.h>

#include <csignal>
#include <vector>

using rouse::Task;
using rouse::process::Child;
using rouse::process::Command;
using rouse::process::Stdio;

constexpr std::size_t longest_line = 64 * 1024; // one that goes on is broken here

class Options {
public:
    std::chrono::duration<double> first_pause{0.1};
    std::chrono::duration<double> longest_pause{10};
    std::chrono::duration<double> grace{5};
    std::vector<std::string> services;
};

class Service {
public:
    std::string name;
    std::string command;
};

rouse::Duration exact(std::chrono::duration<double> time) {
    return std::chrono::duration_cast<rouse::Duration>(time);
}

/// To the end of `pipe`: each line with the name in front. A child that died may have left children, who have
/// the pipe still: whoever waits for this drops it after a while.
Task<> hand_on(std::string name, rouse::io::PipeReceiver pipe) {
    std::string text;
    std::string piece(4096, '\0');
    for (;;) {
        const auto got = co_await pipe.read(rouse::io::room(piece));
        if (!got || *got == 0) break;
        text.append(piece, 0, *got);
        std::size_t begin = 0;
        for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
            servers::say(fmt::format("{}: {}", name, std::string_view(text).substr(begin, end - begin)));
        text.erase(0, begin);
        if (text.size() >= longest_line) servers::say(fmt::format("{}: {}", name, std::exchange(text, {})));
    }
    if (!text.empty()) servers::say(fmt::format("{}: {}", name, text));
}

/// It, and all that it has started: the child leads a process group. It is not collected yet, so the number
/// is nobody else's.
void signal_group(const Child& child, int number) { (void)::kill(-child.id(), number); }

Task<> end(const std::string& name, Child& child, const Options& options) {
    signal_group(child, SIGTERM);
    auto ended = co_await rouse::timeout(exact(options.grace), child.wait());
    if (!ended) {
        servers::say(fmt::format("{} does not end: killed", name));
        signal_group(child, SIGKILL);
        ended.emplace(co_await child.wait());
    }
    servers::say(
        fmt::format("{} ended: {}", name, *ended ? (*ended)->to_string() : (*ended).error().message()));
}

/// Runs it once. True: it is to be stopped for good. `stop` gets its value, or is dropped, when all are to
/// end.
Task<bool> run_once(const Service& service, rouse::oneshot::Receiver<void>& stop, const Options& options) {
    Command command("sh");
    command.arg("-c").arg(service.command);
    command.stdin_from(Stdio::null()).stdout_to(Stdio::piped()).stderr_to(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    auto child = command.spawn();
    if (!child) {
        servers::say(fmt::format("{} cannot be started: {}", service.name, child.error().message()));
        co_return false;
    }
    servers::say(fmt::format("{} started: process {}", service.name, child->id()));
    auto out = rouse::spawn(hand_on, service.name, std::move(*child->stdout_pipe));
    auto err = rouse::spawn(hand_on, service.name, std::move(*child->stderr_pipe));
    const auto first = co_await rouse::select(stop, child->wait());
    const bool stopped = first.index() == 0;
    if (stopped) co_await end(service.name, *child, options);
    // What it wrote last.
    (void)co_await rouse::timeout(std::chrono::seconds(1), rouse::join(out, err));
    out.abort();
    err.abort();
    if (!stopped) {
        const auto& status = std::get<1>(first);
        servers::say(fmt::format("{} ended: {}", service.name,
                                 status ? status->to_string() : status.error().message()));
    }
    co_return stopped;
}

Task<> keep_running(Service service, rouse::oneshot::Receiver<void> stop, const Options& options) {
    rouse::Duration pause = exact(options.first_pause);
    for (;;) {
        const rouse::Instant begin = rouse::now();
        if (co_await run_once(service, stop, options)) co_return;
        // Who lived longer than the longest pause is healthy, and begins with the shortest again.
        if (rouse::now() - begin > exact(options.longest_pause)) pause = exact(options.first_pause);
        servers::say(fmt::format("{} is started again in {:.3g} s", service.name,
                                 std::chrono::duration<double>(pause).count()));
        const auto first = co_await rouse::select(stop, rouse::sleep(pause));
        if (first.index() == 0) co_return;
        pause = std::min(2 * pause, exact(options.longest_pause));
    }
}

Task<int> supervise(std::vector<Service> services, const Options& options) {
    auto interrupt = rouse::signal::listen(SIGINT);
    auto terminate = rouse::signal::listen(SIGTERM);
    if (!interrupt || !terminate) {
        servers::complain("supervise: cannot listen to signals");
        co_return 1;
    }
    std::vector<rouse::oneshot::Sender<void>> stops;
    std::vector<rouse::JoinHandle<>> running;
    for (const Service& service : services) {
        auto [sender, receiver] = rouse::oneshot::channel<>();
        stops.push_back(std::move(sender));
        running.push_back(rouse::spawn(keep_running, service, std::move(receiver), std::cref(options)));
    }
    (void)co_await rouse::select(interrupt->recv(), terminate->recv());
    servers::say("stopping");
    stops.clear(); // which they all hear
    for (auto& handle : running) co_await handle;
    servers::say("stopped");
    co_return 0;
}

int main(int argc, char** argv) {
    Options options;
    servers::Arguments arguments(
        "supervise", "Keeps programs running until SIGTERM or SIGINT, and hands on what they write.");
    arguments.required("services", options.services, "What to run: NAME=COMMAND, for the shell")
        .optional("--first-pause", options.first_pause, "Before the first new start; it doubles")
        .optional("--longest-pause", options.longest_pause, "Up to this")
        .optional("--grace", options.grace, "How long a program may take to end before it is killed");
    if (const auto ended = arguments.parse(argc, argv)) return *ended;
    std::vector<Service> services;
    for (const std::string& text : options.services) {
        const std::size_t equals = text.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
            servers::complain("supervise: " + text + " is not NAME=COMMAND; --help says what it takes");
            return 2;
        }
        Service service;
        service.name = text.substr(0, equals);
        service.command = text.substr(equals + 1);
        services.push_back(std::move(service));
    }
    return rouse::run(supervise(std::move(services), options));
}
