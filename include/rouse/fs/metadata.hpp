// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <cstdint>

#include <sys/stat.h>

namespace rouse::fs {

/// What the system knows of a file, as it was when one asked. A value.
class Metadata {
public:
    Metadata() noexcept = default;
    explicit Metadata(const struct stat& raw) noexcept : raw_(raw) {}
    explicit Metadata(const struct statx& raw) noexcept;

    [[nodiscard]] bool is_file() const noexcept { return S_ISREG(raw_.st_mode); }
    [[nodiscard]] bool is_dir() const noexcept { return S_ISDIR(raw_.st_mode); }
    [[nodiscard]] bool is_symlink() const noexcept { return S_ISLNK(raw_.st_mode); }
    [[nodiscard]] std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(raw_.st_size); }
    /// The bits that chmod(1) sets: 0644, say.
    [[nodiscard]] unsigned permissions() const noexcept { return raw_.st_mode & 07777u; }
    [[nodiscard]] std::chrono::system_clock::time_point modified() const noexcept { return at(raw_.st_mtim); }
    [[nodiscard]] std::chrono::system_clock::time_point accessed() const noexcept { return at(raw_.st_atim); }
    /// All of it: stat(2).
    [[nodiscard]] const struct stat& raw() const noexcept { return raw_; }

private:
    static std::chrono::system_clock::time_point at(const timespec& time) noexcept {
        return std::chrono::system_clock::time_point(
            std::chrono::duration_cast<std::chrono::system_clock::duration>(
                std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
    }
    struct stat raw_{};
};

} // namespace rouse::fs
