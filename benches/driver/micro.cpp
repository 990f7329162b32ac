// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process.hpp"
#include "suite.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

class MicroRow {
public:
    std::string name;
    std::vector<std::string> peers; // where Tokio has several ways to do the same, the fastest is compared
    Goal goal;
    double scale; // of the workload's own number of operations
};

const MicroRow rows[] = {
    {"spawn_join_1m", {"spawn_join_1m"}, at_most_of_peer(0.25), 1},
    {"spawn_await", {"spawn_await", "spawn_await_spawned"}, at_most_of_peer(0.20), 1},
    {"spawn_await_spawned", {"spawn_await_spawned", "spawn_await"}, at_most_of_peer(0.20), 1},
    {"yield_depth1", {"yield_depth1", "yield_depth1_spawned", "yield_wake_spawned"}, at_most(12), 0.2},
    {"yield_depth1_spawned",
     {"yield_depth1_spawned", "yield_depth1", "yield_wake_spawned"},
     at_most(12),
     0.2},
    {"yield_wake_spawned", {"yield_wake_spawned"}, no_goal, 0.2},
    {"yield_depth100", {"yield_depth100", "yield_depth100_unboxed"}, at_most(14), 0.1},
    {"oneshot", {"oneshot"}, at_most_of_peer(0.50), 1},
    {"oneshot_spawn", {"oneshot_spawn"}, at_most_of_peer(0.50), 1},
    {"sleep_drop", {"sleep_drop"}, at_most_of_peer(0.15), 1},
    {"await_ready", {"await_ready", "await_ready_unboxed"}, at_most(11), 0.2},
    {"idle_bytes", {"idle_bytes"}, at_most(144), 1},
};
const std::string bytes_row =
    "idle_bytes"; // a program of its own; its round 0 has the run queue's share in it

std::string program(const Settings& settings, bool ours, bool bytes) {
    return settings.folder + (ours ? "/benches/rouse_" : "/tokio/release/tokio_") +
           (bytes ? "idle_bytes" : "micro");
}

std::vector<Round> run(const std::vector<std::string>& command) {
    const Output output = run_program(command);
    if (output.code != 0) throw std::runtime_error(fmt::format("exit code {}", output.code));
    std::vector<Round> rounds;
    for (const std::string& line : output.lines) {
        const auto json = nlohmann::json::parse(line);
        Round round{json.at("round") == 0, {}};
        for (const char* key : {"ns_per_op", "bytes_per_task"})
            if (json.contains(key)) round.values["figure"] = json.at(key);
        rounds.push_back(std::move(round));
    }
    return rounds;
}

} // namespace

std::vector<Job> micro_jobs(const Settings& settings) {
    std::vector<Job> jobs;
    for (const MicroRow& row : rows) {
        const bool bytes = row.name == bytes_row;
        Job job;
        job.name = row.name;
        job.contestants.push_back({"rouse", row.name});
        for (const std::string& peer : row.peers) job.contestants.push_back({"Tokio", peer});
        job.metrics.push_back({row.name, "figure", bytes ? "bytes" : "ns", row.goal});
        job.processes = bytes ? 1 : settings.processes; // bytes do not vary from one process to the next
        const unsigned rounds = bytes ? 2 : settings.quick ? 4 : 6; // the cold one included
        const std::string scale = fmt::format("{}", row.scale * (settings.quick ? 0.5 : 1));
        job.run = [settings, bytes, rounds, scale](const Contestant& who) {
            std::vector<std::string> command = {program(settings, who.is_ours(), bytes)};
            if (!bytes) command.push_back(who.workload);
            command.push_back(std::to_string(rounds));
            command.push_back(scale);
            return std::optional(bench::run(command));
        };
        jobs.push_back(std::move(job));
    }
    return jobs;
}

std::vector<Version> micro_versions(const Settings& settings) {
    return {{"rouse", version_of(program(settings, true, false)) + ", one thread, default options"},
            {"Tokio", version_of(program(settings, false, false)) + ", current-thread runtime"}};
}

std::string version_of(const std::string& program) {
    const Output output = run_program({program, "version"});
    if (output.code != 0) throw std::runtime_error(fmt::format("{} version: {}", program, output.code));
    return fmt::format("{}", fmt::join(output.lines, ", "));
}

} // namespace bench
