// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "table.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bench {

/// What is measured, and how thoroughly.
class Settings {
public:
    std::string folder;              // where all was built
    std::string pipeline;            // wrk's script
    bool quick = false;              // a first look: fewer processes, rounds and operations
    unsigned processes = 5;          // for each contestant and job
    std::vector<std::string> chosen; // jobs; empty: all
    unsigned threads = 0;            // of the comparison; 0: with 1 and with 2
};

/// A program's name and what it was built with.
using Version = std::pair<std::string, std::string>;

/// rouse's own parts beside Tokio, one thread.
std::vector<Job> micro_jobs(const Settings& settings);
std::vector<Version> micro_versions(const Settings& settings);

/// The workloads of ../compare/README.md.
std::vector<Job> compare_jobs(const Settings& settings);
std::vector<Version> compare_versions(const Settings& settings);
/// Those of them that are servers under load; ../compare/README.md says how each is measured.
std::vector<Job> network_jobs(const Settings& settings);

/// Of the program of that name in the comparison.
std::string compare_program(const Settings& settings, const std::string& name);
/// Who takes part, rouse first.
const std::vector<std::string>& compare_names();

/// What `program version` prints, on one line.
std::string version_of(const std::string& program);

} // namespace bench
