// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "measure.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace bench {

/// Who takes part, and by which of its workloads.
class Contestant {
public:
    std::string program; // "rouse" is ours
    std::string workload;
    [[nodiscard]] bool is_ours() const { return program == "rouse"; }
};

/// What a figure has to reach.
class Goal {
public:
    enum class Kind { none, at_most, at_most_of_peer, at_least_of_peer }; // a figure, or a part of a peer's
    Kind kind = Kind::none;
    double limit = 0;

    /// `ratio`: ours to the peer's.
    [[nodiscard]] bool met(double ours, double ratio) const;
    [[nodiscard]] std::string text() const;
};
constexpr Goal no_goal;
constexpr Goal at_most(double limit) { return {Goal::Kind::at_most, limit}; }
constexpr Goal at_most_of_peer(double limit) { return {Goal::Kind::at_most_of_peer, limit}; }
constexpr Goal at_least_of_peer(double limit) { return {Goal::Kind::at_least_of_peer, limit}; }

/// One figure of a job: a line of the table.
class Metric {
public:
    std::string name;
    std::string key; // in Round::values
    std::string unit;
    Goal goal;
    bool more_is_better = false;
    std::string goal_peer = {}; // whom the goal is about; empty: the best of them
    std::string no_rival = {};  // who is shown only
};

/// A measurement that all contestants take part in, in turn.
class Job {
public:
    std::string name;
    unsigned threads = 1;
    std::vector<Contestant> contestants;
    std::vector<Metric> metrics;
    unsigned processes = 1; // for each contestant
    /// One process of a contestant: its rounds, or nothing when it does not have the workload. Throws
    /// std::runtime_error when it fails, or its answers are wrong.
    std::function<std::optional<std::vector<Round>>(const Contestant&)> run;
};

/// A contestant's rounds.
class Entry {
public:
    Contestant who;
    std::vector<Round> rounds;
    std::string fault; // what went wrong
    [[nodiscard]] Samples samples(const std::string& key) const;
};

class Result {
public:
    explicit Result(const Job& job);
    /// Runs all processes of all contestants, taking turns.
    void measure();

    [[nodiscard]] const Job& job() const noexcept { return *job_; }
    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
    [[nodiscard]] bool has_faults() const;
    /// The program, and its workload where it takes part with several.
    [[nodiscard]] std::string label(const Entry& entry) const;
    /// Null where there is none with figures.
    [[nodiscard]] const Entry* ours(const Metric& metric) const;
    [[nodiscard]] const Entry* best_peer(const Metric& metric) const;
    [[nodiscard]] const Entry* goal_peer(const Metric& metric) const;
    /// Ours to the peer's.
    [[nodiscard]] std::optional<double> ratio(const Metric& metric, const Entry* peer) const;
    [[nodiscard]] std::optional<bool> met(const Metric& metric) const;

    /// The goal, and where the peer that it is about is not the best one, our ratio to that.
    [[nodiscard]] std::string goal_text(const Metric& metric) const;
    [[nodiscard]] nlohmann::json to_json(const Metric& metric) const;

private:
    [[nodiscard]] const Entry* best_of(const Metric& metric, const std::string& program) const;

    const Job* job_;
    std::vector<Entry> entries_;
};

void print_head();
void print_lines(const Result& result);
/// After the table: every program's figures, and what went wrong.
void print_all(const std::vector<Result>& results);

} // namespace bench
