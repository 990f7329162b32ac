// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <vector>

namespace bench {

/// What `command` prints, by lines. Throws std::runtime_error when it fails.
std::vector<std::string> lines_of(const std::string& command);

/// The figures of one workload in one program, of several processes: each process' first round is its cold
/// one.
class Samples {
public:
    /// Runs `command` once, a benchmark that prints a JSON line for each round, and adds its rounds.
    void run(const std::string& command);

    [[nodiscard]] bool empty() const noexcept { return warm_.empty(); }
    [[nodiscard]] double cold() const; // the median
    [[nodiscard]] double median() const;
    [[nodiscard]] double lowest() const;
    [[nodiscard]] double highest() const;
    [[nodiscard]] const std::vector<double>& warm_rounds() const noexcept { return warm_; }
    [[nodiscard]] const std::vector<double>& cold_rounds() const noexcept { return cold_; }

private:
    std::vector<double> cold_;
    std::vector<double> warm_;
};

/// Where the figures were measured, for the reader.
class Machine {
public:
    static Machine here();
    std::string cpu;
    unsigned cpus = 0;
    std::string system;
    std::string load; // the average of the last minute
};

} // namespace bench
