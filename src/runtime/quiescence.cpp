// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/quiescence.hpp"

#include "rouse/base/config.hpp"
#include "rouse/io/signal_claim.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/dump_signal.hpp"
#include "runtime/watchdog.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <dirent.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

// Set by the sanitizers' own runtime, and never for a wake.
constexpr bool is_fault(int signal) noexcept {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
           signal == SIGTRAP || signal == SIGABRT;
}

/// A thread that the kernel made for io_uring: it never runs code of the program's, and what it completes is
/// seen by a thread of ours, which then is not idle.
bool is_of_kernel(const std::string& folder, const std::string& name) {
    if (!name.starts_with("iou-")) return false;
    std::ifstream stat(folder + "/stat");
    std::string line;
    std::getline(stat, line);
    const std::size_t end = line.rfind(')'); // of the name, which may have any character
    if (end == std::string::npos) return false;
    std::istringstream rest(line.substr(end + 1));
    std::string skipped;
    for (int i = 0; i < 6; ++i) rest >> skipped; // state, parent, group, session, terminal, its group
    unsigned long flags = 0;
    constexpr unsigned long io_worker = 0x10; // PF_IO_WORKER: a thread of the program's cannot have it
    return (rest >> flags) && (flags & io_worker);
}

std::string foreign_thread(std::span<const long> ours) {
    DIR* threads = opendir("/proc/self/task");
    if (!threads) return "the threads of the process cannot be listed";
    std::string found;
    while (const dirent* entry = readdir(threads)) {
        const long id = std::strtol(entry->d_name, nullptr, 10);
        if (id == 0 || id == gettid() || (id == watchdog_thread_id() && !watchdog_tells()) ||
            ThreadPool::is_resting(id) || std::ranges::find(ours, id) != ours.end())
            continue;
        const std::string folder = "/proc/self/task/" + std::string(entry->d_name);
        std::ifstream comm(folder + "/comm");
        std::string name;
        std::getline(comm, name);
        if (is_of_kernel(folder, name)) continue;
        found = "thread " + std::to_string(id) + " (" + name + ") might wake one";
        break;
    }
    closedir(threads);
    return found;
}

std::string foreign_signal() {
    for (int signal = 1; signal < NSIG; ++signal) {
        if (signal == watchdog_signal() || is_dump_signal(signal) || is_quiet_signal(signal) ||
            (ROUSE_ASAN && is_fault(signal)))
            continue;
        struct sigaction action{};
        if (sigaction(signal, nullptr, &action) != 0) continue;
        if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) continue;
        return "the handler of signal " + std::to_string(signal) + " might wake one";
    }
    return {};
}

} // namespace

std::string who_might_wake(std::span<const long> ours) {
    if (ROUSE_TSAN) return "the thread sanitizer has a thread of its own, so no thread can be ruled out";
    std::string why = foreign_thread(ours);
    return why.empty() ? foreign_signal() : why;
}

std::optional<Duration> QuiescenceWatch::until_look() const noexcept {
    if (grace_.count() == 0 || told_) return std::nullopt;
    if (looks_ < 2) return grace_ / 2;
    return std::min<Duration>(grace_ * (1u << std::min(looks_, 5u)), std::chrono::minutes(1));
}

QuiescenceWatch::Verdict QuiescenceWatch::look(std::string& why, std::span<const long> ours) {
    why = who_might_wake(ours);
    const bool proven = why.empty();
    const bool again = proven_before_;
    proven_before_ = proven;
    const unsigned look = ++looks_;
    if (look < 2) return Verdict::wait;
    if (proven) return again ? Verdict::proven : Verdict::wait;
    return look == 2 ? Verdict::suspect : Verdict::wait;
}

} // namespace rouse::detail
