// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "measure.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include <sys/utsname.h>

namespace bench {
namespace {

double middle_of(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The value of the first line `key : value`.
std::string value_in(const char* file, const std::string& key) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        const std::size_t colon = line.find(':');
        if (line.starts_with(key) && colon != std::string::npos && colon + 2 <= line.size())
            return line.substr(colon + 2);
    }
    return "unknown";
}

} // namespace

double Samples::cold() const { return middle_of(cold_); }
double Samples::median() const { return middle_of(warm_); }
double Samples::lowest() const { return warm_.empty() ? 0 : *std::min_element(warm_.begin(), warm_.end()); }
double Samples::highest() const { return warm_.empty() ? 0 : *std::max_element(warm_.begin(), warm_.end()); }

Machine Machine::here() {
    Machine machine;
    machine.cpu = value_in("/proc/cpuinfo", "model name");
    machine.cpus = std::thread::hardware_concurrency();
    utsname names{};
    if (uname(&names) == 0) machine.system = std::string(names.sysname) + " " + names.release;
    std::ifstream("/proc/loadavg") >> machine.load;
    return machine;
}

} // namespace bench
