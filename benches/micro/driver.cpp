// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs the micro benchmarks of rouse and of Tokio in turn, and prints them side by side: see run.sh, which
// builds all three and calls this one.

#include "measure.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using bench::Samples;

/// What a row has to reach.
class Goal {
public:
    enum class Kind { none, at_most, of_peer }; // a figure, or a part of the peer's
    Kind kind = Kind::none;
    double limit = 0;

    [[nodiscard]] bool met(double ours, double theirs) const {
        return kind == Kind::none || ours <= (kind == Kind::at_most ? limit : limit * theirs);
    }
    [[nodiscard]] std::string text() const {
        if (kind == Kind::at_most) return fmt::format("<= {:g}", limit);
        if (kind == Kind::of_peer) return fmt::format("<= {:.2f} x", limit);
        return "-";
    }
};
constexpr Goal no_goal;
constexpr Goal at_most(double limit) { return {Goal::Kind::at_most, limit}; }
constexpr Goal of_peer(double limit) { return {Goal::Kind::of_peer, limit}; }

/// One workload. Where Tokio has several ways to do the same, all are measured and the fastest is compared.
class Row {
public:
    std::string name;
    std::vector<std::string> peers;
    Goal goal;
    double scale; // of the workload's own number of operations
};

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
        {"spawn_join_1m", {"spawn_join_1m"}, of_peer(0.25), 1},
        {"spawn_await", {"spawn_await", "spawn_await_spawned"}, of_peer(0.20), 1},
        {"spawn_await_spawned", {"spawn_await_spawned", "spawn_await"}, of_peer(0.20), 1},
        {"yield_depth1", {"yield_depth1", "yield_depth1_spawned", "yield_wake_spawned"}, at_most(12), 0.2},
        {"yield_depth1_spawned",
         {"yield_depth1_spawned", "yield_depth1", "yield_wake_spawned"},
         at_most(12),
         0.2},
        {"yield_wake_spawned", {"yield_wake_spawned"}, no_goal, 0.2},
        {"yield_depth100", {"yield_depth100", "yield_depth100_unboxed"}, at_most(14), 0.1},
        {"oneshot", {"oneshot"}, of_peer(0.50), 1},
        {"oneshot_spawn", {"oneshot_spawn"}, of_peer(0.50), 1},
        {"sleep_drop", {"sleep_drop"}, of_peer(0.15), 1},
        {"await_ready", {"await_ready", "await_ready_unboxed"}, at_most(11), 0.2},
        {"idle_bytes", {"idle_bytes"}, at_most(144), 1},
    };
    return all;
}

class Peer {
public:
    std::string name;
    Samples samples;
};

class Result {
public:
    Row row;
    Samples ours;
    std::vector<Peer> peers;

    [[nodiscard]] const Peer& best_peer() const {
        return *std::min_element(peers.begin(), peers.end(), [](const Peer& a, const Peer& b) {
            return a.samples.median() < b.samples.median();
        });
    }
    [[nodiscard]] bool met() const { return row.goal.met(ours.median(), best_peer().samples.median()); }
};

class Settings {
public:
    std::string rouse_folder;
    std::string tokio_folder;
    std::string json_file;
    std::string commit = "unknown";
    std::vector<std::string> workloads;
    bool quick = false;
    unsigned processes = 5;
    unsigned rounds = 6; // in a process, the cold one included
    double scale = 1;
};

Result measure(const Row& row, const Settings& settings) {
    Result result{row, {}, {}};
    for (const std::string& peer : row.peers) result.peers.push_back({peer, {}});
    const bool counts_bytes = row.name == "idle_bytes";
    const std::string ours = settings.rouse_folder + (counts_bytes ? "/rouse_idle_bytes" : "/rouse_micro ");
    const std::string theirs = settings.tokio_folder + (counts_bytes ? "/tokio_idle_bytes" : "/tokio_micro ");
    const std::string how_much =
        fmt::format(" {} {}", counts_bytes ? 2 : settings.rounds, row.scale * settings.scale);
    // Bytes do not vary from one process to the next.
    const unsigned processes = counts_bytes ? 1 : settings.processes;
    for (unsigned i = 0; i < processes; ++i) {
        result.ours.run(ours + (counts_bytes ? "" : row.name) + how_much);
        for (Peer& peer : result.peers) peer.samples.run(theirs + (counts_bytes ? "" : peer.name) + how_much);
    }
    return result;
}

std::string with_range(const Samples& samples) {
    return fmt::format("{:.1f} [{:.1f} - {:.1f}]", samples.median(), samples.lowest(), samples.highest());
}

void print_head() {
    fmt::print("{:<21} {:>24} {:>7} {:>25} {:>7} {:>6}  {:<9} {}\n", "workload", "rouse, warm [range]",
               "cold", "Tokio, warm [range]", "cold", "ratio", "goal", "");
}

void print_row(const Result& result) {
    const Peer& peer = result.best_peer();
    const bool has_goal = result.row.goal.kind != Goal::Kind::none;
    fmt::print("{:<21} {:>24} {:>7.1f} {:>25} {:>7.1f} {:>6.2f}  {:<9} {}\n", result.row.name,
               with_range(result.ours), result.ours.cold(), with_range(peer.samples), peer.samples.cold(),
               result.ours.median() / peer.samples.median(), result.row.goal.text(),
               !has_goal ? "" : (result.met() ? "met" : "MISSED"));
    std::fflush(stdout);
}

/// What a reader has to know to read the table right.
void print_notes(const std::vector<Result>& results) {
    fmt::print(
        "\nNanoseconds per operation (idle_bytes: bytes per task); medians of the warm rounds.\n"
        "cold: the median of the processes' first rounds (idle_bytes: the run queue's share is in it).\n");
    for (const Result& result : results) {
        if (result.peers.size() < 2) continue;
        std::string all;
        for (const Peer& peer : result.peers)
            all += fmt::format("{}{} {:.1f}", all.empty() ? "" : ", ", peer.name, peer.samples.median());
        fmt::print("{}: the fastest of Tokio's {}\n", result.row.name, all);
    }
}

nlohmann::json to_json(const Samples& samples) {
    return {{"median", samples.median()},
            {"cold", samples.cold()},
            {"warm_rounds", samples.warm_rounds()},
            {"cold_rounds", samples.cold_rounds()}};
}

nlohmann::json to_json(const Result& result) {
    nlohmann::json peers;
    for (const Peer& peer : result.peers) peers[peer.name] = to_json(peer.samples);
    nlohmann::json json = {{"workload", result.row.name},
                           {"rouse", to_json(result.ours)},
                           {"tokio", peers},
                           {"ratio", result.ours.median() / result.best_peer().samples.median()}};
    if (result.row.goal.kind != Goal::Kind::none) {
        json["goal"] = result.row.goal.text();
        json["met"] = result.met();
    }
    return json;
}

std::vector<Row> chosen_rows(const std::vector<std::string>& names) {
    if (names.empty()) return rows();
    std::vector<Row> chosen;
    for (const std::string& name : names) {
        const auto row =
            std::find_if(rows().begin(), rows().end(), [&](const Row& r) { return r.name == name; });
        if (row == rows().end()) throw CLI::ValidationError("no workload is called " + name);
        chosen.push_back(*row);
    }
    return chosen;
}

int run(const Settings& settings, const std::vector<Row>& chosen) {
    const bench::Machine machine = bench::Machine::here();
    const auto ours = bench::lines_of(settings.rouse_folder + "/rouse_micro version");
    const auto theirs = bench::lines_of(settings.tokio_folder + "/tokio_micro version");
    fmt::print("{}, {} CPUs, {}, load {}\n", machine.cpu, machine.cpus, machine.system, machine.load);
    fmt::print("{}, commit {}: {}\n", fmt::join(ours, ", "), settings.commit, "one thread, default options");
    fmt::print("{}: current-thread runtime\n", fmt::join(theirs, ", "));
    fmt::print("{} processes in turn, each 1 cold and {} warm rounds{}\n\n", settings.processes,
               settings.rounds - 1, settings.quick ? " (--quick: for a first look only)" : "");

    print_head();
    std::vector<Result> results;
    for (const Row& row : chosen) {
        results.push_back(measure(row, settings));
        print_row(results.back());
    }
    print_notes(results);

    nlohmann::json json = {
        {"machine",
         {{"cpu", machine.cpu}, {"cpus", machine.cpus}, {"system", machine.system}, {"load", machine.load}}},
        {"rouse", ours},
        {"tokio", theirs},
        {"commit", settings.commit},
        {"processes", settings.processes},
        {"quick", settings.quick}};
    for (const Result& result : results) json["rows"].push_back(to_json(result));
    std::ofstream file(settings.json_file);
    file << json.dump(1) << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + settings.json_file);
    fmt::print("\nAll rounds: {}\n", settings.json_file);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    Settings settings;
    bool list = false;
    CLI::App app("Micro benchmarks of rouse beside Tokio.", "./run bench");
    app.add_option("workloads", settings.workloads, "Only these rows")->type_name("WORKLOAD");
    app.add_flag("--list", list, "Print the workloads' names");
    app.add_flag("--quick", settings.quick, "A first look: fewer processes, rounds and operations");
    CLI::Option* processes =
        app.add_option("--processes", settings.processes, "Processes for each row and program")
            ->check(CLI::PositiveNumber);
    app.add_option("--commit", settings.commit)->group("");
    app.add_option("--rouse", settings.rouse_folder)->group("")->required();
    app.add_option("--tokio", settings.tokio_folder)->group("")->required();
    app.add_option("--json", settings.json_file)->group("")->required();
    try {
        app.parse(argc, argv);
        if (list) {
            for (const Row& row : rows()) fmt::print("{}\n", row.name);
            return 0;
        }
        if (settings.quick) {
            if (processes->empty()) settings.processes = 3;
            settings.rounds = 4;
            settings.scale = 0.5;
        }
        return run(settings, chosen_rows(settings.workloads));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "bench: {}\n", error.what());
        return 1;
    }
}
