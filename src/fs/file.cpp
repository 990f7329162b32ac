// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/fs/file.hpp"

#include "rouse/io/operation.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace rouse::fs {
namespace {

Result<std::uint64_t> number_of(int result) noexcept {
    if (result < 0) return detail::last_error();
    return 0;
}

// As of a read or write without a place.
constexpr std::size_t most_at_a_time = std::size_t{1} << 20;

FileOperation<std::uint64_t> seek_file(detail::PoolFile& file, off_t distance, int whence) {
    auto call = [distance, whence](int fd) -> Result<std::uint64_t> {
        const off_t place = ::lseek(fd, distance, whence);
        if (place < 0) return detail::last_error();
        return static_cast<std::uint64_t>(place);
    };
    return FileOperation<std::uint64_t>(file, "fs::File::seek", std::move(call), true, false);
}

} // namespace

Result<int> OpenOptions::flags() const noexcept {
    const bool writes = write_ || append_;
    const bool creates = create_ || create_new_;
    const bool contradicts =
        (!read_ && !writes) || (creates && !writes) || (truncate_ && (!write_ || append_) && !create_new_);
    if (contradicts) return std::unexpected(std::error_code(EINVAL, std::system_category()));
    int flags = O_CLOEXEC | (read_ && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY);
    if (append_) flags |= O_APPEND;
    if (create_new_) flags |= O_CREAT | O_EXCL;
    else if (create_) flags |= O_CREAT;
    if (truncate_ && !create_new_) flags |= O_TRUNC;
    return flags | (custom_ & ~O_ACCMODE);
}

Operation<File> OpenOptions::open(std::string path) const {
    auto call = [path = std::move(path), flags = flags(), mode = mode_]() -> Result<File> {
        if (!flags) return std::unexpected(flags.error());
        detail::UniqueFd fd(detail::retry([&] { return ::open(path.c_str(), *flags, mode); }));
        if (fd.get() < 0) return detail::last_error();
        return File(detail::PoolFile::opened(std::move(fd)));
    };
    return Operation<File>("fs::File::open", std::move(call));
}

ReadAt::ReadAt(std::shared_ptr<const detail::UniqueFd> fd, std::uint64_t place, io::Bytes room)
    : ReadAt(std::move(fd), place, room.first(std::min(room.size(), most_at_a_time)),
             std::make_shared_for_overwrite<std::byte[]>(std::min(room.size(), most_at_a_time))) {}
ReadAt::ReadAt(std::shared_ptr<const detail::UniqueFd> fd, std::uint64_t place, io::Bytes room, Buffer buffer)
    : read_("fs::File::read_at",
            [fd = std::move(fd), buffer, size = room.size(), place] {
                return detail::retry_bytes(
                    [&] { return ::pread(fd->get(), buffer.get(), size, static_cast<off_t>(place)); });
            }),
      buffer_(std::move(buffer)),
      room_(room) {}

Result<std::size_t> ReadAt::take_ready() {
    auto count = read_.take_ready();
    if (count && *count != 0) std::memcpy(room_.data(), buffer_.get(), *count);
    return count;
}

Operation<std::size_t> File::write_at(std::uint64_t place, io::ConstBytes bytes) const {
    bytes = bytes.first(std::min(bytes.size(), most_at_a_time));
    auto call = [fd = file_.shared_fd(), own = std::vector(bytes.begin(), bytes.end()), place] {
        const detail::QuietSignals quiet;
        return detail::retry_bytes(
            [&] { return ::pwrite(fd->get(), own.data(), own.size(), static_cast<off_t>(place)); });
    };
    return Operation<std::size_t>("fs::File::write_at", std::move(call));
}

FileOperation<std::uint64_t> File::seek(std::uint64_t place) {
    return seek_file(file_, static_cast<off_t>(place), SEEK_SET);
}
FileOperation<std::uint64_t> File::seek_by(std::int64_t distance) {
    return seek_file(file_, distance, SEEK_CUR);
}
FileOperation<std::uint64_t> File::seek_from_end(std::int64_t distance) {
    return seek_file(file_, distance, SEEK_END);
}

FileOperation<> File::sync_all() {
    auto call = [](int fd) { return number_of(detail::retry([&] { return ::fsync(fd); })); };
    return FileOperation<>(file_, "fs::File::sync_all", call, false, true, nullptr,
                           detail::FileAction::sync_all);
}
FileOperation<> File::sync_data() {
    auto call = [](int fd) { return number_of(detail::retry([&] { return ::fdatasync(fd); })); };
    return FileOperation<>(file_, "fs::File::sync_data", call, false, true, nullptr,
                           detail::FileAction::sync_data);
}

FileOperation<> File::set_len(std::uint64_t size) {
    auto call = [size](int fd) {
        const detail::QuietSignals quiet;
        return number_of(detail::retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); }));
    };
    return FileOperation<>(file_, "fs::File::set_len", call, false, false);
}

FileOperation<Metadata> File::metadata() {
    auto out = std::make_shared<Metadata>();
    auto call = [out](int fd) -> Result<std::uint64_t> {
        struct stat raw{};
        if (::fstat(fd, &raw) != 0) return detail::last_error();
        *out = Metadata(raw);
        return 0;
    };
    return FileOperation<Metadata>(file_, "fs::File::metadata", call, false, false, out);
}

FileOperation<> File::set_permissions(unsigned mode) {
    auto call = [mode](int fd) { return number_of(::fchmod(fd, mode)); };
    return FileOperation<>(file_, "fs::File::set_permissions", call, false, false);
}

} // namespace rouse::fs
