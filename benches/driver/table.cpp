// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "table.hpp"

#include "process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

/// Three digits or more.
std::string short_number(double value) {
    if (value >= 100) return fmt::format("{:.0f}", value);
    return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}
std::string with_range(const Samples& samples) {
    return fmt::format("{} [{} - {}]", short_number(samples.median()), short_number(samples.lowest()),
                       short_number(samples.highest()));
}
std::string cold_of(const Samples& samples) {
    return samples.cold_rounds().empty() ? "-" : short_number(samples.cold());
}

nlohmann::json samples_to_json(const Samples& samples) {
    nlohmann::json json = {{"median", samples.median()}, {"warm_rounds", samples.warm_rounds()}};
    if (!samples.cold_rounds().empty()) {
        json["cold"] = samples.cold();
        json["cold_rounds"] = samples.cold_rounds();
    }
    return json;
}

} // namespace

bool Goal::met(double ours, double ratio) const {
    switch (kind) {
    case Kind::none:
        return true;
    case Kind::at_most:
        return ours <= limit;
    case Kind::at_most_of_peer:
        return ratio <= limit;
    case Kind::at_least_of_peer:
        return ratio >= limit;
    }
    return false;
}

std::string Goal::text() const {
    switch (kind) {
    case Kind::none:
        break;
    case Kind::at_most:
        return fmt::format("<= {:g} itself", limit);
    case Kind::at_most_of_peer:
        return fmt::format("<= {:.2f}", limit);
    case Kind::at_least_of_peer:
        return fmt::format(">= {:.2f}", limit);
    }
    return "-";
}

Samples Entry::samples(const std::string& key) const {
    Samples samples;
    for (const Round& round : rounds)
        if (const auto at = round.values.find(key); at != round.values.end())
            samples.add(round.cold, at->second);
    return samples;
}

Result::Result(const Job& job) : job_(&job) {
    for (const Contestant& who : job.contestants) entries_.push_back({who, {}, {}});
}

void Result::measure() {
    std::vector<Entry*> present;
    for (Entry& entry : entries_) present.push_back(&entry);
    for (unsigned i = 0; i < job_->processes; ++i) {
        std::erase_if(present, [&](Entry* entry) {
            try {
                const auto rounds = job_->run(entry->who);
                if (!rounds) return true;
                entry->rounds.insert(entry->rounds.end(), rounds->begin(), rounds->end());
            } catch (const Interrupted&) {
                throw;
            } catch (const std::exception& error) {
                entry->fault = error.what();
                entry->rounds.clear();
                return true;
            }
            return false;
        });
    }
}

bool Result::has_faults() const {
    return std::any_of(entries_.begin(), entries_.end(), [](const Entry& e) { return !e.fault.empty(); });
}

std::string Result::label(const Entry& entry) const {
    const auto same = std::count_if(entries_.begin(), entries_.end(), [&](const Entry& other) {
        return other.who.program == entry.who.program;
    });
    return same > 1 ? entry.who.program + " " + entry.who.workload : entry.who.program;
}

const Entry* Result::ours(const Metric& metric) const {
    for (const Entry& entry : entries_)
        if (entry.who.is_ours() && !entry.samples(metric.key).empty()) return &entry;
    return nullptr;
}

const Entry* Result::best_of(const Metric& metric, const std::string& program) const {
    const Entry* best = nullptr;
    double best_figure = 0;
    for (const Entry& entry : entries_) {
        if (entry.who.is_ours() || (!program.empty() && entry.who.program != program)) continue;
        const Samples samples = entry.samples(metric.key);
        if (samples.empty()) continue;
        const double figure = samples.median();
        if (best && (metric.more_is_better ? figure <= best_figure : figure >= best_figure)) continue;
        if (program.empty() && entry.who.program == metric.no_rival) continue;
        best = &entry;
        best_figure = figure;
    }
    return best;
}

const Entry* Result::best_peer(const Metric& metric) const { return best_of(metric, ""); }
const Entry* Result::goal_peer(const Metric& metric) const { return best_of(metric, metric.goal_peer); }

std::optional<double> Result::ratio(const Metric& metric, const Entry* peer) const {
    const Entry* const us = ours(metric);
    if (!us || !peer) return std::nullopt;
    const double theirs = peer->samples(metric.key).median();
    if (theirs <= 0) return std::nullopt;
    return us->samples(metric.key).median() / theirs;
}

std::optional<bool> Result::met(const Metric& metric) const {
    const Entry* const us = ours(metric);
    const auto to_peer = ratio(metric, goal_peer(metric));
    const bool needs_peer = metric.goal.kind != Goal::Kind::at_most;
    if (!us || metric.goal.kind == Goal::Kind::none || (needs_peer && !to_peer)) return std::nullopt;
    return metric.goal.met(us->samples(metric.key).median(), to_peer.value_or(0));
}

std::string Result::goal_text(const Metric& metric) const {
    std::string text = metric.goal.text();
    if (metric.goal_peer.empty() || metric.goal.kind == Goal::Kind::none) return text;
    text += " " + metric.goal_peer;
    if (const auto r = ratio(metric, goal_peer(metric)); r && goal_peer(metric) != best_peer(metric))
        text += fmt::format(" ({:.2f})", *r);
    return text;
}

nlohmann::json Result::to_json(const Metric& metric) const {
    nlohmann::json json = {{"workload", metric.name},
                           {"threads", job_->threads},
                           {"unit", metric.unit},
                           {"more_is_better", metric.more_is_better}};
    nlohmann::json& programs = json["programs"] = nlohmann::json::object();
    for (const Entry& entry : entries_) {
        const Samples samples = entry.samples(metric.key);
        if (!entry.fault.empty()) json["faults"][label(entry)] = entry.fault;
        if (!samples.empty()) programs[label(entry)] = samples_to_json(samples);
    }
    if (const Entry* const best = best_peer(metric)) json["best_peer"] = label(*best);
    if (const auto r = ratio(metric, best_peer(metric))) json["ratio"] = *r;
    if (metric.goal.kind != Goal::Kind::none) {
        json["target"] = metric.goal.text();
        if (const Entry* const peer = goal_peer(metric)) json["target_peer"] = label(*peer);
        if (const auto r = ratio(metric, goal_peer(metric))) json["target_ratio"] = *r;
    }
    if (const auto m = met(metric)) json["met"] = *m;
    return json;
}

void print_head() {
    fmt::print("{:<21} {:>2} {:<7} {:>24} {:>7}   {:<10} {:>24} {:>7} {:>6}  {:<19} {}\n", "workload", "th",
               "unit", "rouse, warm [range]", "cold", "best peer", "warm [range]", "cold", "ratio", "target",
               "");
    std::fflush(stdout);
}

void print_lines(const Result& result) {
    for (const Metric& metric : result.job().metrics) {
        const Entry* const us = result.ours(metric);
        const Entry* const them = result.best_peer(metric);
        const Samples ours = us ? us->samples(metric.key) : Samples();
        const Samples theirs = them ? them->samples(metric.key) : Samples();
        const auto ratio = result.ratio(metric, them);
        const auto met = result.met(metric);
        fmt::print("{:<21} {:>2} {:<7} {:>24} {:>7}   {:<10} {:>24} {:>7} {:>6}  {:<19} {}\n", metric.name,
                   result.job().threads, metric.unit, us ? with_range(ours) : "-", cold_of(ours),
                   them ? them->who.program : "-", them ? with_range(theirs) : "-", cold_of(theirs),
                   ratio ? fmt::format("{:.2f}", *ratio) : "-", result.goal_text(metric),
                   !met ? "" : (*met ? "met" : "MISSED"));
    }
    std::fflush(stdout);
}

void print_all(const std::vector<Result>& results) {
    fmt::print("\nMedians of all, warm:\n");
    for (const Result& result : results) {
        for (const Metric& metric : result.job().metrics) {
            std::string all;
            for (const Entry& entry : result.entries()) {
                const Samples samples = entry.samples(metric.key);
                if (samples.empty()) continue;
                all += fmt::format("{}{} {}", all.empty() ? "" : ", ", result.label(entry),
                                   short_number(samples.median()));
            }
            fmt::print("{:<21} {} {:<7} {}\n", metric.name, result.job().threads, metric.unit,
                       all.empty() ? "-" : all);
        }
    }
    for (const Result& result : results)
        for (const Entry& entry : result.entries())
            if (!entry.fault.empty())
                fmt::print("FAILED: {}, {} threads, {}: {}\n", result.job().name, result.job().threads,
                           result.label(entry), entry.fault);
}

} // namespace bench
