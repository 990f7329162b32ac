// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <map>
#include <string>
#include <vector>

namespace bench {

/// What a program measured in one round, by name. The first round of a process is a cold one: page faults,
/// empty caches.
class Round {
public:
    bool cold = false;
    std::map<std::string, double> values;
};

/// One figure in all the rounds of one program, over several processes.
class Samples {
public:
    void add(bool cold, double value) { (cold ? cold_ : warm_).push_back(value); }

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
