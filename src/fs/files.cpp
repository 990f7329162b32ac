// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/fs/files.hpp"

#include "rouse/io/operation.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <span>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace rouse::fs {
namespace {

using detail::FileAction;
using detail::FileCall;
using detail::last_error;
using detail::retry;
using detail::UniqueFd;

Result<> done_if(bool done) noexcept {
    if (!done) return last_error();
    return {};
}
/// std::filesystem's errors are errno's, under another category.
std::unexpected<std::error_code> error_of(const std::error_code& error) noexcept {
    return std::unexpected(std::error_code(error.value(), std::system_category()));
}

Result<UniqueFd> open_fd(const std::string& path, int flags, unsigned mode = 0666) noexcept {
    UniqueFd fd(retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
    if (fd.get() < 0) return last_error();
    return fd;
}

template <class C>
Result<C> read_all(const std::string& path) {
    const auto fd = open_fd(path, O_RDONLY);
    if (!fd) return std::unexpected(fd.error());
    struct stat raw{};
    if (::fstat(fd->get(), &raw) != 0) return last_error();
    C all;
    // Files of /proc say 0. One more than it has, so that the end is met without growing.
    const std::size_t guess = raw.st_size > 0 ? static_cast<std::size_t>(raw.st_size) + 1 : 4096;
    for (std::size_t size = 0;;) {
        if (all.size() == size) all.resize(size == 0 ? guess : size + std::max<std::size_t>(size / 2, 4096));
        const auto count =
            detail::retry_bytes([&] { return ::read(fd->get(), all.data() + size, all.size() - size); });
        if (!count) return std::unexpected(count.error());
        size += *count;
        if (*count != 0) continue;
        all.resize(size);
        return all;
    }
}

template <class C>
Operation<> write_all(std::string path, C contents) {
    return Operation<>("fs::write", [path = std::move(path), contents = std::move(contents)]() -> Result<> {
        const auto fd = open_fd(path, O_WRONLY | O_CREAT | O_TRUNC);
        if (!fd) return std::unexpected(fd.error());
        return detail::write_all_quietly(fd->get(), std::as_bytes(std::span(contents)));
    });
}

Result<std::uint64_t> copy_file(const std::string& from, const std::string& to) {
    const auto in = open_fd(from, O_RDONLY);
    if (!in) return std::unexpected(in.error());
    struct stat raw{};
    if (::fstat(in->get(), &raw) != 0) return last_error();
    if (S_ISDIR(raw.st_mode)) return std::unexpected(std::error_code(EISDIR, std::system_category()));
    struct stat target{};
    const auto out = open_fd(to, O_WRONLY | O_CREAT, raw.st_mode & 07777);
    if (!out) return std::unexpected(out.error());
    if (::fstat(out->get(), &target) != 0) return last_error();
    if (target.st_dev == raw.st_dev && target.st_ino == raw.st_ino) // or it would be emptied
        return std::unexpected(std::error_code(EINVAL, std::system_category()));
    if (S_ISREG(target.st_mode)) {
        if (::ftruncate(out->get(), 0) != 0 || ::fchmod(out->get(), raw.st_mode & 07777) != 0)
            return last_error();
    }
    std::uint64_t copied = 0;
    const detail::QuietSignals quiet;
    for (;;) { // within the kernel, as far as it can do that for these two
        const ssize_t count = retry([&] {
            return ::copy_file_range(in->get(), nullptr, out->get(), nullptr, std::size_t{1} << 30, 0);
        });
        if (count < 0 && (copied != 0 || (errno != EXDEV && errno != EINVAL && errno != ENOSYS &&
                                          errno != EOPNOTSUPP && errno != EBADF && errno != EPERM)))
            return last_error();
        if (count <= 0) break; // also 0 at once: a file of /proc, which is to be read
        copied += static_cast<std::uint64_t>(count);
    }
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(std::size_t{1} << 17);
    for (;;) {
        const auto count =
            detail::retry_bytes([&] { return ::read(in->get(), buffer.get(), std::size_t{1} << 17); });
        if (!count) return std::unexpected(count.error());
        if (*count == 0) return copied;
        if (auto done = detail::write_all_quietly(out->get(), io::ConstBytes(buffer.get(), *count)); !done)
            return std::unexpected(done.error());
        copied += *count;
    }
}

Result<> finish_plain(FileCall&, const Result<std::uint64_t>& value) {
    if (!value) return std::unexpected(value.error());
    return {};
}
/// A call that has done it, or not.
Operation<> plain(const char* what, FileAction action, std::string path, std::string other = {},
                  int flags = 0, unsigned mode = 0) {
    return Operation<>(what, new FileCall(action, std::move(path), std::move(other), flags, mode),
                       &finish_plain);
}

FileCall* stat_path(std::string path, int flags) {
    auto out = std::make_shared<struct statx>();
    const io::Bytes room = std::as_writable_bytes(std::span(out.get(), 1));
    return new FileCall(FileAction::stat, std::move(path), {}, flags | AT_NO_AUTOMOUNT, 0, room, out);
}
Result<Metadata> finish_stat(FileCall& call, const Result<std::uint64_t>& value) {
    if (!value) return std::unexpected(value.error());
    return Metadata(*reinterpret_cast<const struct statx*>(call.room.data()));
}

DirEntry::Kind kind_of(unsigned char type) noexcept {
    switch (type) {
    case DT_REG:
        return DirEntry::Kind::file;
    case DT_DIR:
        return DirEntry::Kind::dir;
    case DT_LNK:
        return DirEntry::Kind::symlink;
    case DT_UNKNOWN:
        return DirEntry::Kind::unknown;
    default:
        return DirEntry::Kind::other;
    }
}

} // namespace

Operation<std::vector<std::byte>> read(std::string path) {
    return Operation<std::vector<std::byte>>(
        "fs::read", [path = std::move(path)] { return read_all<std::vector<std::byte>>(path); });
}
Operation<std::string> read_to_string(std::string path) {
    return Operation<std::string>("fs::read_to_string",
                                  [path = std::move(path)] { return read_all<std::string>(path); });
}
Operation<> write(std::string path, std::string contents) {
    return write_all(std::move(path), std::move(contents));
}
Operation<> write(std::string path, std::vector<std::byte> contents) {
    return write_all(std::move(path), std::move(contents));
}
Operation<std::uint64_t> copy(std::string from, std::string to) {
    return Operation<std::uint64_t>(
        "fs::copy", [from = std::move(from), to = std::move(to)] { return copy_file(from, to); });
}

Operation<> rename(std::string from, std::string to) {
    return plain("fs::rename", FileAction::rename, std::move(from), std::move(to));
}
Operation<> remove_file(std::string path) {
    return plain("fs::remove_file", FileAction::remove, std::move(path));
}
Operation<> hard_link(std::string original, std::string link) {
    return plain("fs::hard_link", FileAction::hard_link, std::move(original), std::move(link));
}
Operation<> symlink(std::string original, std::string link) {
    return plain("fs::symlink", FileAction::symlink, std::move(original), std::move(link));
}
Operation<std::string> read_link(std::string path) {
    return Operation<std::string>("fs::read_link", [path = std::move(path)]() -> Result<std::string> {
        std::string text(4096, '\0'); // PATH_MAX: there is no longer one
        const auto size =
            detail::retry_bytes([&] { return ::readlink(path.c_str(), text.data(), text.size()); });
        if (!size) return std::unexpected(size.error());
        text.resize(*size);
        return text;
    });
}
Operation<std::string> canonicalize(std::string path) {
    return Operation<std::string>("fs::canonicalize", [path = std::move(path)]() -> Result<std::string> {
        const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
        if (!real) return last_error();
        return std::string(real.get());
    });
}

Operation<> create_dir(std::string path, unsigned mode) {
    return plain("fs::create_dir", FileAction::create_dir, std::move(path), {}, 0, mode);
}
Operation<> create_dir_all(std::string path) {
    return Operation<>("fs::create_dir_all", [path = std::move(path)]() -> Result<> {
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) return error_of(error);
        return {};
    });
}
Operation<> remove_dir(std::string path) {
    return plain("fs::remove_dir", FileAction::remove, std::move(path), {}, AT_REMOVEDIR);
}
Operation<std::uint64_t> remove_dir_all(std::string path) {
    return Operation<std::uint64_t>(
        "fs::remove_dir_all", [path = std::move(path)]() -> Result<std::uint64_t> {
            std::error_code error;
            const auto count = std::filesystem::remove_all(path, error);
            if (error) return error_of(error);
            if (count == 0) // it was not there
                return std::unexpected(std::error_code(ENOENT, std::system_category()));
            return count;
        });
}

Operation<Metadata> metadata(std::string path) {
    return Operation<Metadata>("fs::metadata", stat_path(std::move(path), 0), &finish_stat);
}
Operation<Metadata> symlink_metadata(std::string path) {
    return Operation<Metadata>("fs::symlink_metadata", stat_path(std::move(path), AT_SYMLINK_NOFOLLOW),
                               &finish_stat);
}
Operation<bool> exists(std::string path) {
    const auto finish = [](FileCall&, const Result<std::uint64_t>& value) -> Result<bool> {
        if (value) return true;
        if (value.error() == std::errc::no_such_file_or_directory ||
            value.error() == std::errc::not_a_directory)
            return false;
        return std::unexpected(value.error());
    };
    return Operation<bool>("fs::exists", stat_path(std::move(path), 0), finish);
}
Operation<> set_permissions(std::string path, unsigned mode) {
    return Operation<>("fs::set_permissions",
                       [path = std::move(path), mode] { return done_if(::chmod(path.c_str(), mode) == 0); });
}

// ---- directories ----

/// Shared with the call that reads on: what it finds stays, also when nobody waits for it any more.
class ReadDir::State {
public:
    State(DIR* dir, std::string path) : dir_(dir), path_(std::move(path)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { ::closedir(dir_); }

    [[nodiscard]] bool has_more() {
        const std::lock_guard lock(mutex_);
        return !entries_.empty() || ended_;
    }
    std::optional<DirEntry> take() {
        const std::lock_guard lock(mutex_);
        if (entries_.empty()) return std::nullopt;
        DirEntry entry = std::move(entries_.front());
        entries_.pop_front();
        return entry;
    }
    Result<> fill() {
        constexpr std::size_t at_a_time = 64;
        const std::lock_guard lock(mutex_);
        while (entries_.size() < at_a_time && !ended_) {
            errno = 0;
            const dirent* const entry = ::readdir(dir_);
            if (!entry && errno != 0) return last_error();
            if (!entry) {
                ended_ = true;
                break;
            }
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..")
                entries_.emplace_back(path_, std::string(name), kind_of(entry->d_type));
        }
        return {};
    }

private:
    std::mutex mutex_;
    DIR* dir_;
    std::string path_;
    std::deque<DirEntry> entries_;
    bool ended_ = false;
};

bool ReadDir::Next::poll_ready(Context& cx) {
    if (!state_) [[unlikely]]
        detail::stop_polled_after_ready("fs::ReadDir::next");
    for (;;) {
        if (!fill_) {
            if (state_->has_more()) return true;
            fill_.emplace("fs::ReadDir::next", [state = state_] { return state->fill(); });
        }
        if (!fill_->poll_ready(cx)) return false;
        const auto filled = fill_->take_ready();
        fill_.reset();
        if (filled) continue;
        error_ = filled.error();
        return true;
    }
}

Result<std::optional<DirEntry>> ReadDir::Next::take_ready() {
    const auto state = std::move(state_);
    if (error_) return std::unexpected(error_);
    return state->take();
}

Operation<ReadDir> read_dir(std::string path) {
    return Operation<ReadDir>("fs::read_dir", [path = std::move(path)]() -> Result<ReadDir> {
        DIR* const dir = ::opendir(path.c_str());
        if (!dir) return last_error();
        return ReadDir(std::make_shared<ReadDir::State>(dir, path));
    });
}

} // namespace rouse::fs
