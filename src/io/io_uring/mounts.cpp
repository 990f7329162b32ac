// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/mounts.hpp"

#include "rouse/io/operation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <ranges>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

/// Those that need neither another machine nor another process. (`overlay`, of containers: what is below
/// nearly always is one of these.)
constexpr std::array<std::string_view, 10> local_types{"ext2", "ext3", "ext4",     "xfs",   "btrfs",
                                                       "f2fs", "zfs",  "bcachefs", "tmpfs", "overlay"};

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

/// 0: it is none.
std::uint64_t number(std::string_view digits) noexcept {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
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
        Mount mount;
        mount.id = number(word(line));
        mount.parent = number(word(line));
        for (int i = 0; i < 2; ++i) word(line);
        mount.point = normal(unescaped(word(line)));
        while (!line.empty() && word(line) != "-") {}
        mount.is_local = std::ranges::find(local_types, word(line)) != local_types.end();
        mounts_.push_back(std::move(mount));
    }
}

// As the kernel goes: at each mount on the way, into what was mounted there on the one that it is in. So what
// lies under a later mount of a folder above it is not met.
bool Mounts::is_local_by_table(std::string_view path) const {
    const std::string whole = normal(path);
    const auto is_root = [this](const Mount& mount) {
        return mount.point == "/" &&
               std::ranges::none_of(mounts_, [&](const Mount& other) { return other.id == mount.parent; });
    };
    const auto root = std::ranges::find_if(mounts_, is_root);
    if (root == mounts_.end()) return false;
    const Mount* in = &*root;
    for (std::size_t steps = 0; steps < mounts_.size(); ++steps) {
        const Mount* next = nullptr;
        for (const Mount& mount : mounts_)
            if (mount.parent == in->id && &mount != in && whole.starts_with(mount.point) &&
                (!next || mount.point.size() < next->point.size()))
                next = &mount;
        if (!next) return in->is_local && !whole.empty();
        in = next;
    }
    return false;
}

bool Mounts::is_local(std::uint64_t mount) {
    if (!refresh()) return false;
    const auto found = std::ranges::find(mounts_, mount, &Mount::id);
    return found != mounts_.end() && found->is_local;
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
