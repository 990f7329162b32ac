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

constexpr std::uint64_t million = 1000000;

/// What a workload must have computed.
enum class Check { operations, replies, producers, leaves };
std::uint64_t expected(Check check, std::uint64_t n) {
    const std::uint64_t each = n / 4;
    switch (check) {
    case Check::operations:
        return n;
    case Check::replies:
        return n * (n + 1) / 2;
    case Check::producers:
        return 4 * (each * (each + 1) / 2);
    case Check::leaves:
        return n * (n - 1) / 2;
    }
    return 0;
}

class CompareRow {
public:
    std::string name;
    std::uint64_t operations;
    std::uint64_t quick_operations; // with --quick
    Check check;
    std::string key;
    std::string unit;
    Goal goals[2]; // with 1 thread, with 2
    std::string rival = {};
    unsigned rounds = 3; // in a process, the cold one included; 1: none is told apart
};

const CompareRow rows[] = {
    {"spawn_all",
     million,
     million / 10,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.25), at_most_of_peer(0.45)}},
    {"spawn_group",
     million,
     million / 10,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.17), at_most_of_peer(0.40)}},
    {"spawn_await",
     million,
     million / 10,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.20), at_most_of_peer(0.50)}},
    {"yield_1",
     2 * million,
     million / 5,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.25), at_most_of_peer(0.27)}},
    {"yield_1000",
     5 * million,
     million / 2,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.38), at_most_of_peer(0.40)}},
    {"ping_pong",
     million,
     million / 10,
     Check::replies,
     "ns",
     "ns",
     {at_most_of_peer(0.30), at_most_of_peer(0.50)}},
    {"oneshot",
     million,
     million / 10,
     Check::replies,
     "ns",
     "ns",
     {at_most_of_peer(0.50), at_most_of_peer(0.60)}},
    {"mpsc",
     4 * million,
     million / 5,
     Check::producers,
     "ns",
     "ns",
     {at_most_of_peer(0.50), at_most_of_peer(0.80)}},
    {"sleeps",
     million,
     million / 10,
     Check::operations,
     "cpu",
     "ns CPU",
     {at_most_of_peer(0.25), at_most_of_peer(0.25)},
     "",
     2},
    {"timeout",
     million,
     million / 10,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.25), at_most_of_peer(0.25)}},
    {"timers",
     million,
     million / 10,
     Check::operations,
     "ns",
     "ns",
     {at_most_of_peer(0.12), at_most_of_peer(0.12)}},
    {"idle_bytes",
     million,
     million / 10,
     Check::operations,
     "bytes",
     "bytes",
     {at_most_of_peer(0.75), at_most_of_peer(0.75)},
     "",
     1},
    {"wake_foreign",
     5000,
     500,
     Check::operations,
     "p50",
     "us",
     {at_most_of_peer(1.10), at_most_of_peer(1.10)},
     "epoll"},
    {"skynet",
     million,
     million / 10,
     Check::leaves,
     "ns",
     "ns",
     {at_most_of_peer(0.20), at_most_of_peer(0.35)}},
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
        const auto count = static_cast<double>(operations);
        Round round{json.at("round") == 0 && rounds > 1, {}};
        round.values["ns"] = json.at("nanoseconds").get<double>() / count;
        round.values["cpu"] = json.at("cpu").get<double>() / count;
        if (json.contains("bytes")) round.values["bytes"] = json.at("bytes").get<double>() / count;
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
    job.metrics.push_back({row.name, row.key, row.unit, row.goals[threads - 1], false, row.rival});
    if (row.key == "p50")
        job.metrics.push_back({row.name + "_p99", "p99", row.unit, no_goal, false, row.rival});
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
