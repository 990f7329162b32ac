// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/mounts.hpp"

#include "rouse/io/operation.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <ranges>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

/// The same as of PoolFile, by name. (`overlay`, of containers: what is below nearly always is one of these.)
constexpr std::array<std::string_view, 9> local_types{"ext2", "ext3", "ext4",  "xfs",    "btrfs",
                                                      "f2fs", "zfs",  "tmpfs", "overlay"};

/// Without what the kernel writes for blanks and the like: \040.
std::string unescaped(std::string_view text) {
    const auto octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && std::ranges::all_of(text.substr(i + 1, 3), octal)) {
            plain +=
                static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

/// Takes the next word off.
std::string_view word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view taken = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return taken;
}

/// Without `//` and `.`, and with a / at its end; empty if there is a `..`.
std::string normal(std::string_view path) {
    std::string out = "/";
    for (const auto part : std::views::split(path, '/')) {
        const std::string_view name(part.begin(), part.end());
        if (name.empty() || name == ".") continue;
        if (name == "..") return {};
        out.append(name) += '/';
    }
    return out;
}

} // namespace

// 36 35 98:0 /inside /point options optional... - type source options
void Mounts::parse(std::string_view table) {
    mounts_.clear();
    while (!table.empty()) {
        const std::size_t end = std::min(table.find('\n'), table.size());
        std::string_view line = table.substr(0, end);
        table.remove_prefix(std::min(end + 1, table.size()));
        for (int i = 0; i < 4; ++i) word(line);
        Mount mount;
        mount.point = normal(unescaped(word(line)));
        while (!line.empty() && word(line) != "-") {}
        mount.is_local = std::ranges::find(local_types, word(line)) != local_types.end();
        mounts_.push_back(std::move(mount));
    }
}

// Of those that the path is in, it is in the longest.
bool Mounts::is_local_by_table(std::string_view path) const {
    const std::string whole = normal(path);
    const Mount* found = nullptr;
    for (const Mount& mount : mounts_)
        if (whole.starts_with(mount.point) && (!found || mount.point.size() >= found->point.size()))
            found = &mount;
    return found && found->is_local;
}

/// The table says by POLLERR, once, that it has changed.
bool Mounts::refresh() {
    if (table_.get() >= 0) {
        pollfd changed{table_.get(), POLLPRI, 0};
        if (retry([&] { return ::poll(&changed, 1, 0); }) == 0) return true;
        ::lseek(table_.get(), 0, SEEK_SET);
    } else {
        table_ = UniqueFd(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    }
    std::string all;
    std::array<char, 4096> piece;
    for (;;) {
        const auto count = retry_bytes([&] { return ::read(table_.get(), piece.data(), piece.size()); });
        if (!count) {
            mounts_.clear();
            table_ = UniqueFd();
            return false;
        }
        if (*count == 0) break;
        all.append(piece.data(), *count);
    }
    parse(all);
    return true;
}

bool Mounts::is_local(std::string_view path) {
    if (!refresh()) return false;
    if (path.starts_with('/')) return is_local_by_table(path);
    std::array<char, PATH_MAX> here;
    if (!::getcwd(here.data(), here.size()) || here[0] != '/') return false;
    return is_local_by_table(std::string(here.data()) + '/' + std::string(path));
}

} // namespace rouse::detail
