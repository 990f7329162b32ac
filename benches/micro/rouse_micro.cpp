// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The micro benchmarks; tokio/src/main.rs is the peer, with the same workloads under the same names.
//
// `rouse_micro WORKLOAD ROUNDS [SCALE]` prints one JSON line for each round, round 0 being the cold one of a
// fresh process; SCALE (1 if not given) multiplies the number of operations. `rouse_micro list` prints the
// workloads' names, `rouse_micro version` what the program was built with. `idle_bytes` is another program:
// idle_bytes.cpp.
//
// Everything runs on one current-thread runtime with the options that a user gets, made before round 0.

#include "workload.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace {

using micro::Workload;

std::vector<Workload> all_workloads() {
    std::vector<Workload> all;
    for (const auto& some : {micro::task_workloads(), micro::sync_workloads()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

void print_version() {
#if defined(__clang__)
    const char* const compiler = "clang " __clang_version__;
#else
    const char* const compiler = "g++ " __VERSION__;
#endif
    std::printf("rouse %s\n%s\n%s\n", ROUSE_BENCH_VERSION, compiler, ROUSE_BENCH_FLAGS);
}

template <class T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool measure(std::string_view name, std::optional<unsigned> rounds, std::optional<double> scale) {
    const std::vector<Workload> all = all_workloads();
    const auto workload =
        std::find_if(all.begin(), all.end(), [&](const Workload& w) { return w.name == name; });
    if (workload == all.end() || !rounds || !scale) return false;
    const auto ops = static_cast<std::uint64_t>(std::max(workload->ops * *scale, 1.0));
    rouse::Runtime runtime = rouse::Runtime::current_thread();
    for (unsigned round = 0; round < *rounds; ++round) {
        const double ns =
            static_cast<double>(workload->round(runtime, ops).count()) / static_cast<double>(ops);
        std::printf("{\"workload\":\"%s\",\"round\":%u,\"ns_per_op\":%.2f}\n", workload->name.data(), round,
                    ns);
    }
    return true;
}

bool run(std::span<const std::string_view> args) {
    if (args.size() == 1 && args[0] == "list") {
        for (const Workload& workload : all_workloads()) std::printf("%s\n", workload.name.data());
        return true;
    }
    if (args.size() == 1 && args[0] == "version") {
        print_version();
        return true;
    }
    if (args.size() != 2 && args.size() != 3) return false;
    return measure(args[0], number<unsigned>(args[1]), args.size() == 3 ? number<double>(args[2]) : 1.0);
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> args(argv + 1, argv + argc);
    if (run(args)) return 0;
    std::fputs("usage: rouse_micro WORKLOAD ROUNDS [SCALE] | list | version\n", stderr);
    return 2;
}
