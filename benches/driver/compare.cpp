// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process.hpp"
#include "suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

/// What a workload must have computed.
enum class Check { operations, replies, producers, leaves, listeners, pipeline };
/// What is left of i * 3 by `filter`, each with its number.
std::uint64_t sum_of_pipeline(std::uint64_t operations) {
    std::uint64_t sum = 0;
    for (std::uint64_t index = 0; 2 * index < operations; ++index) sum += index ^ (2 * index * 3);
    return sum;
}
std::uint64_t expected(Check check, std::uint64_t operations) {
    const std::uint64_t each = operations / 4;
    switch (check) {
    case Check::operations:
        return operations;
    case Check::replies:
        return operations * (operations + 1) / 2;
    case Check::producers:
        return 4 * (each * (each + 1) / 2);
    case Check::leaves:
        return operations * (operations - 1) / 2;
    case Check::listeners:
        return 8 * (operations * (operations + 1) / 2);
    case Check::pipeline:
        return sum_of_pipeline(operations);
    }
    return 0;
}

/// At most this part of what that peer needs: the one that was the best of Debian when the target was set.
class Target {
public:
    double limit;
    std::string peer;
};

class CompareRow {
public:
    std::string name;
    std::uint64_t operations;
    std::uint64_t quick_operations; // with --quick
    Check check;
    Target targets[2]; // with 1 thread, with 2
    std::string key = "ns";
    std::string unit = "ns";
    unsigned rounds = 3; // in a process, the cold one included; 1: none is told apart
};

constexpr std::uint64_t n = 1000000;
constexpr Check count = Check::operations;
/// Of the rows that no figure was set for.
const Target not_behind = {1.00, "Tokio"};
const CompareRow rows[] = {
    {"spawn_all", n, n / 10, count, {{0.25, "Tokio"}, {0.45, "Tokio"}}},
    {"spawn_group", n, n / 10, count, {{0.17, "Tokio"}, {0.40, "Tokio"}}},
    {"spawn_await", n, n / 10, count, {{0.20, "Tokio"}, {0.50, "Tokio"}}},
    {"yield_1", 2 * n, n / 5, count, {{0.25, "Go"}, {0.27, "Go"}}},
    {"yield_1000", 5 * n, n / 2, count, {{0.38, "Tokio"}, {0.40, "Tokio"}}},
    {"ping_pong", n, n / 10, Check::replies, {{0.30, "Tokio"}, {0.50, "Tokio"}}},
    {"oneshot", n, n / 10, Check::replies, {{0.50, "Tokio"}, {0.60, "Tokio"}}},
    {"mpsc", 4 * n, n / 5, Check::producers, {{0.50, "Go"}, {0.80, "Go"}}},
    {"unbounded", 4 * n, n / 5, Check::producers, {not_behind, not_behind}},
    {"broadcast_8", n, n / 10, Check::listeners, {not_behind, not_behind}},
    {"mutex_free", 4 * n, n / 5, count, {not_behind, not_behind}},
    {"mutex_100", n, n / 10, count, {not_behind, not_behind}},
    {"semaphore", n, n / 10, count, {not_behind, not_behind}},
    {"notify", n, n / 10, count, {not_behind, not_behind}},
    {"select_2", n, n / 10, Check::replies, {not_behind, not_behind}},
    {"select_16", n / 2, n / 20, Check::replies, {not_behind, not_behind}},
    {"futures_unordered", n, n / 10, Check::replies, {not_behind, not_behind}},
    {"stream_5", 20 * n, 2 * n, Check::pipeline, {not_behind, not_behind}},
    {"sleeps", n, n / 10, count, {{0.25, "Tokio"}, {0.25, "Go"}}, "cpu", "ns CPU", 2},
    {"timeout", n, n / 10, count, {{0.25, "Go"}, {0.25, "Go"}}},
    {"timers", n, n / 10, count, {{0.12, "Asio"}, {0.12, "Go"}}},
    {"idle_bytes", n, n / 10, count, {{0.75, "Tokio"}, {0.75, "Tokio"}}, "bytes", "bytes", 1},
    {"wake_foreign", n / 200, n / 2000, count, {{1.10, "epoll"}, {1.10, "epoll"}}, "p50", "us"},
    {"skynet", n, n / 10, Check::leaves, {{0.20, "Tokio"}, {0.35, "Tokio"}}},
};

class Run {
public:
    std::string program;
    CompareRow row;
    unsigned threads;
    unsigned rounds;
    std::uint64_t operations;

    [[nodiscard]] std::optional<std::vector<Round>> operator()() const {
        const Output output = run_program({program, "run", row.name, std::to_string(threads),
                                           std::to_string(rounds), std::to_string(operations)});
        if (output.code == 3) return std::nullopt;
        if (output.code != 0) throw std::runtime_error(fmt::format("exit code {}", output.code));
        if (output.lines.size() != rounds) throw std::runtime_error("another number of rounds");
        std::vector<Round> all;
        for (const std::string& line : output.lines) all.push_back(round_of(nlohmann::json::parse(line)));
        return all;
    }

private:
    [[nodiscard]] Round round_of(const nlohmann::json& json) const {
        if (json.at("workload") != row.name || json.at("threads") != threads ||
            json.at("operations") != operations)
            throw std::runtime_error("something else was measured");
        if (json.at("check") != expected(row.check, operations))
            throw std::runtime_error(fmt::format("wrong result: {} instead of {}", json.at("check").dump(),
                                                 expected(row.check, operations)));
        const auto number = static_cast<double>(operations);
        Round round{json.at("round") == 0 && rounds > 1, {}};
        round.values["ns"] = json.at("nanoseconds").get<double>() / number;
        round.values["cpu"] = json.at("cpu").get<double>() / number;
        if (json.contains("bytes")) round.values["bytes"] = json.at("bytes").get<double>() / number;
        for (const char* key : {"p50", "p99"})
            if (json.contains(key)) round.values[key] = json.at(key).get<double>() / 1000;
        return round;
    }
};

Job job_of(const CompareRow& row, unsigned threads, const Settings& settings) {
    Job job;
    job.name = row.name;
    job.threads = threads;
    for (const std::string& name : compare_names()) job.contestants.push_back({name, row.name});
    const Target& target = row.targets[threads - 1];
    job.metrics.push_back({row.name, row.key, row.unit, at_most_of_peer(target.limit), false, target.peer});
    if (row.key == "p50") job.metrics.push_back({row.name + "_p99", "p99", row.unit, no_goal});
    job.processes = settings.processes;
    const unsigned rounds = settings.quick ? std::min(row.rounds, 2U) : row.rounds;
    const std::uint64_t operations = settings.quick ? row.quick_operations : row.operations;
    job.run = [=](const Contestant& who) {
        return Run{compare_program(settings, who.program), row, threads, rounds, operations}();
    };
    return job;
}

} // namespace

const std::vector<std::string>& compare_names() {
    static const std::vector<std::string> names = {"rouse", "Tokio", "Go", "Asio", "libuv", "epoll"};
    return names;
}

std::string compare_program(const Settings& settings, const std::string& name) {
    if (name == "rouse") return settings.folder + "/benches/rouse_compare";
    if (name == "Tokio") return settings.folder + "/tokio_compare/release/tokio_compare";
    if (name == "Go") return settings.folder + "/go/go_compare";
    if (name == "Asio") return settings.folder + "/peers/asio_compare";
    return settings.folder + "/peers/" + name + "_compare";
}

std::vector<Job> compare_jobs(const Settings& settings) {
    std::vector<Job> jobs;
    for (const CompareRow& row : rows)
        for (const unsigned threads : {1U, 2U}) jobs.push_back(job_of(row, threads, settings));
    for (Job& job : network_jobs(settings)) jobs.push_back(std::move(job));
    return jobs;
}

std::vector<Version> compare_versions(const Settings& settings) {
    std::vector<Version> versions;
    for (const std::string& name : compare_names())
        versions.emplace_back(name, version_of(compare_program(settings, name)));
    // wrk says what it is when it is asked for its version, and ends with an error.
    const Output wrk = run_program({"wrk", "-v"});
    versions.emplace_back("wrk", wrk.lines.empty() ? "unknown" : wrk.lines.front());
    return versions;
}

} // namespace bench
