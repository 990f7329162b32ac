// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs benchmarks of rouse and of its peers in turn, checks their answers, and prints them side by side.
// `micro` and `compare` are called by micro/run.sh and compare/run.sh, which build what they run.

#include "plot.hpp"
#include "process.hpp"
#include "suite.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include <nlohmann/json.hpp>
#include <sys/resource.h>

namespace {

using bench::Job;
using bench::Result;
using bench::Settings;
using bench::Version;

class Files {
public:
    std::string json;
    std::vector<std::string> svg;
};

void write(const std::string& name, const std::string& content) {
    std::ofstream file(name);
    file << content;
    if (!file.flush()) throw std::runtime_error("cannot write " + name);
}

std::vector<Job> chosen_jobs(std::vector<Job> jobs, const Settings& settings) {
    for (const std::string& name : settings.chosen)
        if (std::none_of(jobs.begin(), jobs.end(), [&](const Job& job) { return job.name == name; }))
            throw CLI::ValidationError("no workload is called " + name);
    std::erase_if(jobs, [&](const Job& job) {
        const auto& chosen = settings.chosen;
        return (settings.threads != 0 && job.threads != settings.threads) ||
               (!chosen.empty() && std::find(chosen.begin(), chosen.end(), job.name) == chosen.end());
    });
    return jobs;
}

void print_names(const std::vector<Job>& jobs) {
    std::vector<std::string> names; // each comes with 1 and with 2 threads
    for (const Job& job : jobs)
        if (std::find(names.begin(), names.end(), job.name) == names.end()) names.push_back(job.name);
    fmt::print("{}\n", fmt::join(names, "\n"));
}

/// The exit code: 1 when a program failed or computed something wrong. A target that is missed is no failure.
int run(const Settings& settings, const std::vector<Job>& jobs, const std::vector<Version>& versions,
        const std::string& commit, const Files& files) {
    const bench::Machine machine = bench::Machine::here();
    fmt::print("{}, {} CPUs, {}, load {}; commit {}\n", machine.cpu, machine.cpus, machine.system,
               machine.load, commit);
    nlohmann::json json = {
        {"machine",
         {{"cpu", machine.cpu}, {"cpus", machine.cpus}, {"system", machine.system}, {"load", machine.load}}},
        {"commit", commit},
        {"processes", settings.processes},
        {"quick", settings.quick},
        {"rows", nlohmann::json::array()}};
    for (const auto& [name, version] : versions) {
        fmt::print("{}: {}\n", name, version);
        json["programs"][name] = version;
    }
    fmt::print("{} processes of each in turn; cold is a process' first round{}\n\n", settings.processes,
               settings.quick ? " (--quick: for a first look only)" : "");

    bench::print_head();
    std::vector<Result> results;
    for (const Job& job : jobs) {
        results.emplace_back(job).measure();
        bench::print_lines(results.back());
    }
    bench::print_all(results);

    bool failed = false;
    for (const Result& result : results) {
        failed = failed || result.has_faults();
        for (const bench::Metric& metric : result.job().metrics)
            json["rows"].push_back(result.to_json(metric));
    }
    write(files.json, json.dump(1) + "\n");
    fmt::print("\nAll rounds: {}\n", files.json);
    for (const std::string& name : files.svg) {
        write(name,
              bench::plot(results, fmt::format("rouse and others: {}, {} CPUs, commit {}{}", machine.cpu,
                                               machine.cpus, commit, settings.quick ? " (quick)" : "")));
        fmt::print("Plot: {}\n", name);
    }
    return failed ? 1 : 0;
}

/// With `--check` nothing is run: 0 says that it could be, and this one that a question (for help, for the
/// list) has been answered. The scripts ask before they build everything.
constexpr int answered = 10;
bool check_asked(int argc, char** argv) {
    return std::any_of(argv, argv + argc,
                       [](const char* word) { return std::string_view(word) == "--check"; });
}

} // namespace

int main(int argc, char** argv) {
    Settings settings;
    Files files;
    std::string commit = "unknown";
    bool list = false;
    bool check = false;
    CLI::App app("Benchmarks of rouse beside its peers.", "./run bench");
    app.require_subcommand(1);
    CLI::App* const micro = app.add_subcommand("micro", "rouse's own parts beside Tokio's, on one thread");
    CLI::App* const compare =
        app.add_subcommand("compare", "rouse beside Tokio, Go, Boost.Asio, libuv and a bare epoll loop");
    CLI::Option* processes = nullptr;
    for (CLI::App* const suite : {micro, compare}) {
        suite->add_option("workloads", settings.chosen, "Only these")->type_name("WORKLOAD");
        suite->add_flag("--list", list, "Print the workloads' names");
        suite->add_flag("--quick", settings.quick, "A first look: fewer processes, rounds and operations");
        suite->add_option("--rounds", settings.processes, "Processes for each workload and program")
            ->check(CLI::Range(1, 1000));
        suite->add_flag("--check", check)->group("");
        suite->add_option("--commit", commit)->group("");
        suite->add_option("--folder", settings.folder)->group("")->required();
        suite->add_option("--json", files.json)->group("")->required();
        suite->add_option("--svg", files.svg)->allow_extra_args(false)->group("");
    }
    compare->add_option("--threads", settings.threads, "With so many threads only (1 or 2)")
        ->check(CLI::Range(1, 2));
    compare->add_option("--pipeline", settings.pipeline)->group("")->required();
    try {
        app.parse(argc, argv);
        CLI::App* const suite = app.got_subcommand(micro) ? micro : compare;
        processes = suite->get_option("--rounds");
        if (settings.quick && processes->empty()) settings.processes = suite == micro ? 3 : 2;
        const std::vector<Job> jobs = chosen_jobs(
            suite == micro ? bench::micro_jobs(settings) : bench::compare_jobs(settings), settings);
        if (list) {
            print_names(jobs);
            return check ? answered : 0;
        }
        if (check) return 0;
        bench::catch_interrupts();
        rlimit descriptors{};
        if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
            descriptors.rlim_cur = descriptors.rlim_max; // the servers inherit it
            setrlimit(RLIMIT_NOFILE, &descriptors);
        }
        const std::vector<Version> versions =
            suite == micro ? bench::micro_versions(settings) : bench::compare_versions(settings);
        return run(settings, jobs, versions, commit, files);
    } catch (const CLI::CallForHelp& help) {
        const int code = app.exit(help);
        return code == 0 && check_asked(argc, argv) ? answered : code;
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "./run bench: {}\n", error.what());
        return 2;
    } catch (const bench::Interrupted&) {
        fmt::print(stderr, "\n./run bench: interrupted\n");
        return 130;
    } catch (const std::exception& error) {
        fmt::print(stderr, "./run bench: {}\n", error.what());
        return 1;
    }
}
