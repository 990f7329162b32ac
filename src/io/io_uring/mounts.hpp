// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/descriptor.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rouse::detail {

/// What is mounted where, for this process. It tells whether a path leads to a file system that needs neither
/// another machine nor another process, without a step on the way: each might be one too many.
class Mounts {
public:
    /// As it is written: symbolic links may lead elsewhere. False also where that cannot be told: there is no
    /// /proc, or the path has `..` in it.
    [[nodiscard]] bool is_local(std::string_view path);

    /// Of the mount that statx(2) names for an open file.
    [[nodiscard]] bool is_local(std::uint64_t mount);

    /// The table as the kernel has it in /proc/self/mountinfo.
    void parse(std::string_view table);
    /// By the table of the last `parse`; of an absolute path.
    [[nodiscard]] bool is_local_by_table(std::string_view path) const;

private:
    class Mount {
    public:
        std::uint64_t id = 0;
        std::uint64_t parent = 0; // what it was mounted on
        std::string point;        // with a / at its end
        bool is_local = false;
    };
    bool refresh();

    UniqueFd table_;
    std::vector<Mount> mounts_;
};

} // namespace rouse::detail
