// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process.hpp"
#include "suite.hpp"

#include <fmt/format.h>

#include <regex>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

using std::chrono::seconds;
constexpr seconds patience{30};

/// The server has the first processor, the client the last, unless there is only one, or the server is to
/// have several threads.
class Places {
public:
    explicit Places(unsigned threads) {
        const std::vector<int> cpus = usable_cpus();
        if (threads > 1 || cpus.size() < 2) return;
        server = cpus.front();
        client = cpus.back();
    }
    std::optional<int> server;
    std::optional<int> client;
};

/// A server of one of the programs, from its start to the end of this object.
class Server {
public:
    Server(const std::string& program, const std::string& what, unsigned threads, std::optional<int> cpu)
        : child_({program, "serve", what, std::to_string(threads)}, cpu) {
        const auto line = child_.read_line(patience);
        if (!line) {
            const int code = child_.wait(patience);
            if (code == 3) return;
            throw std::runtime_error(fmt::format("the server ended with exit code {}", code));
        }
        port_ = nlohmann::json::parse(*line).at("port").get<int>();
    }
    /// 0: the program has no such server.
    [[nodiscard]] int port() const noexcept { return port_; }
    [[nodiscard]] const Child& process() const noexcept { return child_; }

private:
    Child child_;
    int port_ = 0;
};

class Network {
public:
    Settings settings;
    std::string server; // "echo" or "http"
    unsigned threads = 1;

    [[nodiscard]] std::string load_client() const { return settings.folder + "/peers/load_client"; }

    /// Starts the contestant's server, and measures it.
    template <class Measure>
    std::optional<std::vector<Round>> with_server(const Contestant& who, Measure measure) const {
        const Places places(threads);
        const Server running(compare_program(settings, who.program), server, threads, places.server);
        if (running.port() == 0) return std::nullopt;
        Round round;
        measure(running, places, round);
        return std::vector<Round>{round};
    }

    /// The client's line. Its exit code tells of errors and wrong answers.
    [[nodiscard]] nlohmann::json ask(const Server& to, const Places& places, const std::string& what,
                                     const std::vector<std::string>& more) const {
        std::vector<std::string> command = {load_client(), what, std::to_string(to.port())};
        command.insert(command.end(), more.begin(), more.end());
        const Output output = run_program(command, places.client, seconds(120));
        const std::string line = output.lines.empty() ? "" : output.lines.front();
        if (output.code != 0) throw std::runtime_error("errors or wrong answers: " + line);
        return nlohmann::json::parse(line);
    }
};

/// Closed loop: each connection has one message under way.
Job echo_job(const Settings& settings, unsigned connections, unsigned threads, Goal goal) {
    const Network network{settings, "echo", threads};
    Job job;
    job.name = fmt::format("echo_{}", connections);
    job.metrics = {{job.name, "rate", "k/s", goal, true, "epoll"},
                   {job.name + "_p99", "p99", "us", threads == 1 ? at_most_of_peer(1) : no_goal},
                   {job.name + "_p50", "p50", "us", no_goal},
                   {job.name + "_cpu", "cpu", "us CPU", no_goal}};
    const std::string milliseconds = settings.quick ? "500" : "3000";
    job.run = [=](const Contestant& who) {
        return network.with_server(who, [&](const Server& server, const Places& places, Round& round) {
            const std::uint64_t cpu = server.process().cpu_time();
            const auto json =
                network.ask(server, places, "echo", {std::to_string(connections), milliseconds});
            const auto operations = json.at("operations").get<double>();
            const auto measured = json.at("nanoseconds").get<double>();
            round.values["rate"] = operations / measured * 1e6;
            round.values["p50"] = json.at("p50").get<double>() / 1000;
            round.values["p99"] = json.at("p99").get<double>() / 1000;
            // The client counts four fifths of the time; the server worked in all of it.
            round.values["cpu"] =
                static_cast<double>(server.process().cpu_time() - cpu) / 1000 / (operations * 1.25);
        });
    };
    return job;
}

/// What wrk said.
class WrkReport {
public:
    explicit WrkReport(const std::vector<std::string>& lines)
        : text_(fmt::format("{}", fmt::join(lines, "\n"))) {
        if (text_.find("Socket errors") != std::string::npos || text_.find("Non-2xx") != std::string::npos)
            throw std::runtime_error("wrk met errors: " +
                                     std::string(text_.substr(text_.find("requests in"))));
    }
    [[nodiscard]] double rate() const { return number("Requests/sec:\\s+([0-9.]+)"); }
    [[nodiscard]] double requests() const { return number("([0-9]+) requests in"); }
    /// As pipeline.lua counted it, where that took part.
    [[nodiscard]] double p99_microseconds() const {
        const bool counted = text_.find("counted 99%") != std::string::npos;
        const std::smatch match = find(std::string(counted ? "counted " : "") + "99%\\s+([0-9.]+)(us|ms|s)");
        const double unit = match[2] == "us" ? 1 : match[2] == "ms" ? 1e3 : 1e6;
        return std::stod(match[1]) * unit;
    }

private:
    [[nodiscard]] std::smatch find(const std::string& pattern) const {
        std::smatch match;
        if (!std::regex_search(text_, match, std::regex(pattern)))
            throw std::runtime_error("wrk said something else: " + text_);
        return match;
    }
    [[nodiscard]] double number(const std::string& pattern) const { return std::stod(find(pattern)[1]); }
    std::string text_;
};

/// 50 connections with keep-alive, by wrk; `depth` requests at once on each. The answers are compared byte by
/// byte first, by a client that is not in a hurry; wrk looks at their status only.
Job http_job(const Settings& settings, const std::string& name, unsigned depth, unsigned threads) {
    const Network network{settings, "http", threads};
    const bool one = threads == 1;
    Job job;
    job.name = name;
    if (depth == 1) {
        job.metrics = {{name, "rate", "k/s", one ? at_least_of_peer(0.98) : no_goal, true},
                       {name + "_p99", "p99", "us", one ? at_most_of_peer(1) : no_goal}};
    } else {
        job.metrics = {{name + "_cpu", "cpu", "us CPU", one ? at_most_of_peer(1.1) : no_goal, false, "epoll"},
                       {name, "rate", "k/s", no_goal, true},
                       {name + "_p99", "p99", "us", one ? at_most_of_peer(1) : no_goal}};
    }
    const std::string duration = settings.quick ? "1s" : "3s";
    job.run = [=](const Contestant& who) {
        return network.with_server(who, [&](const Server& server, const Places& places, Round& round) {
            (void)network.ask(server, places, "http", {});
            std::vector<std::string> command = {"wrk", "-t1", "-c50", "-d" + duration, "--latency"};
            if (depth > 1) command.insert(command.end(), {"-s", settings.pipeline});
            command.push_back(fmt::format("http://127.0.0.1:{}/", server.port()));
            const std::uint64_t cpu = server.process().cpu_time();
            const Output output = run_program(command, places.client, seconds(120));
            const std::uint64_t spent = server.process().cpu_time() - cpu;
            if (output.code != 0) throw std::runtime_error(fmt::format("wrk ended with {}", output.code));
            const WrkReport report(output.lines);
            round.values["rate"] = report.rate() / 1000;
            round.values["p99"] = report.p99_microseconds();
            round.values["cpu"] = static_cast<double>(spent) / 1000 / report.requests();
        });
    };
    return job;
}

/// How much the server's resident memory grows by connections that have echoed once and are held.
Job idle_job(const Settings& settings, unsigned threads) {
    const Network network{settings, "echo", threads};
    const unsigned connections = settings.quick ? 1000 : 5000;
    Job job;
    job.name = "idle_connection";
    // The bare loop keeps hardly more than the descriptor: it is shown, and no rival.
    job.metrics = {
        {job.name, "bytes", "bytes", threads == 1 ? at_most_of_peer(1) : no_goal, false, "", "epoll"}};
    job.run = [=](const Contestant& who) {
        return network.with_server(who, [&](const Server& server, const Places& places, Round& round) {
            (void)network.ask(server, places, "echo", {"1", "100"}); // what is made with the first connection
            const std::uint64_t before = server.process().resident_bytes();
            Child client(
                {network.load_client(), "idle", std::to_string(server.port()), std::to_string(connections)},
                places.client);
            const auto line = client.read_line(patience);
            const std::uint64_t after = server.process().resident_bytes();
            client.close_input();
            if (!line || client.wait(patience) != 0)
                throw std::runtime_error("errors: " + line.value_or("nothing was said"));
            round.values["bytes"] =
                (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(connections);
        });
    };
    return job;
}

} // namespace

std::vector<Job> network_jobs(const Settings& settings) {
    std::vector<Job> jobs;
    for (const unsigned threads : {1U, 2U}) {
        const bool one = threads == 1;
        const std::size_t first = jobs.size();
        jobs.push_back(echo_job(settings, 50, threads, one ? at_least_of_peer(0.98) : no_goal));
        jobs.push_back(echo_job(settings, 500, threads, one ? at_least_of_peer(0.97) : no_goal));
        jobs.push_back(http_job(settings, "http_50", 1, threads));
        jobs.push_back(http_job(settings, "http_pipelined", 16, threads));
        jobs.push_back(idle_job(settings, threads));
        for (std::size_t i = first; i < jobs.size(); ++i) {
            jobs[i].threads = threads;
            jobs[i].processes = settings.processes;
            for (const std::string& name : compare_names())
                jobs[i].contestants.push_back({name, jobs[i].name});
        }
    }
    return jobs;
}

} // namespace bench
