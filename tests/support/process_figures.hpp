// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/types.h>
#include <unistd.h>

namespace rouse_test {

/// A file of a process in /proc.
inline std::string proc_path(pid_t pid, const char* name) {
    return "/proc/" + std::to_string(pid) + '/' + name;
}

/// Bytes of a process that lie in memory: its resident set. What the kernel holds for it is not in there.
inline std::size_t resident_bytes(pid_t pid) {
    std::ifstream statm(proc_path(pid, "statm"));
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// How many descriptors a process has open.
inline std::size_t open_descriptors(pid_t pid) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(proc_path(pid, "fd")))
        ++count;
    return pid == ::getpid() ? count - 1 : count; // without the one that looks
}

/// Those of them that are sockets.
inline std::size_t open_sockets(pid_t pid) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(proc_path(pid, "fd"))) {
        std::error_code gone; // closed meanwhile
        if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with("socket:")) ++count;
    }
    return count;
}

/// Seconds that the processors have spent on a process.
inline double cpu_seconds(pid_t pid) {
    std::ifstream stat(proc_path(pid, "stat"));
    std::string text;
    std::getline(stat, text);
    text.erase(0, text.rfind(')') + 2); // the name may have anything in it
    // From the state on, which is the third field, to utime and stime, the 14th and 15th.
    std::size_t at = 0;
    for (int field = 3; field < 14; ++field) at = text.find(' ', at) + 1;
    std::size_t used = 0;
    const auto utime = std::stoull(text.substr(at), &used);
    const auto stime = std::stoull(text.substr(at + used));
    return static_cast<double>(utime + stime) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace rouse_test
