// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "measure.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <nlohmann/json.hpp>
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

std::vector<std::string> lines_of(const std::string& command) {
    std::FILE* const pipe = popen(command.c_str(), "r");
    if (!pipe) throw std::runtime_error("cannot start: " + command);
    std::string text;
    char buffer[4096];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
    if (pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
    std::vector<std::string> lines;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

void Samples::run(const std::string& command) {
    for (const std::string& line : lines_of(command)) {
        const nlohmann::json round = nlohmann::json::parse(line);
        const char* const unit = round.contains("ns_per_op") ? "ns_per_op" : "bytes_per_task";
        (round.at("round") == 0 ? cold_ : warm_).push_back(round.at(unit));
    }
}

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
