// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/fs/file.hpp"

#include "rouse/io/operation.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include <fcntl.h>
#include <unistd.h>

namespace rouse::fs {
namespace {

using detail::FileAction;
using Work = detail::PoolFile::Work;

Result<std::size_t> finish_count(detail::FileCall&, const Result<std::uint64_t>& value) {
    if (!value) return std::unexpected(value.error());
    return static_cast<std::size_t>(*value);
}

// As of a read or write without a place.
constexpr std::size_t most_at_a_time = std::size_t{1} << 20;

FileOperation<std::uint64_t> seek_file(detail::PoolFile& file, off_t distance, int whence) {
    auto call = [distance, whence](int fd) -> Result<std::uint64_t> {
        const off_t place = ::lseek(fd, distance, whence);
        if (place < 0) return detail::last_error();
        return static_cast<std::uint64_t>(place);
    };
    return FileOperation<std::uint64_t>(file, "fs::File::seek", Work(std::move(call)), true, false);
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
    constexpr const char* what = "fs::File::open";
    const auto flags = this->flags();
    if (!flags) {
        auto refuse = [error = flags.error()]() -> Result<File> { return std::unexpected(error); };
        return Operation<File>(what, std::move(refuse));
    }
    const auto finish = [](detail::FileCall& call, const Result<std::uint64_t>& value) -> Result<File> {
        if (!value) return std::unexpected(value.error());
        return File(detail::PoolFile::opened(call.take_opened()));
    };
    return Operation<File>(what, new detail::FileCall(FileAction::open, std::move(path), {}, *flags, mode_),
                           finish);
}

ReadAt::ReadAt(std::shared_ptr<const detail::UniqueFd> fd, std::uint64_t place, io::Bytes room)
    : ReadAt(std::move(fd), place, room.first(std::min(room.size(), most_at_a_time)),
             std::make_shared_for_overwrite<std::byte[]>(std::min(room.size(), most_at_a_time))) {}
ReadAt::ReadAt(std::shared_ptr<const detail::UniqueFd> fd, std::uint64_t place, io::Bytes room, Buffer buffer)
    : read_("fs::File::read_at",
            new detail::FileCall(FileAction::read_at, std::move(fd), static_cast<off_t>(place),
                                 io::Bytes(buffer.get(), room.size()), buffer),
            &finish_count),
      buffer_(std::move(buffer)),
      room_(room) {}

Result<std::size_t> ReadAt::take_ready() {
    auto count = read_.take_ready();
    if (count && *count != 0) std::memcpy(room_.data(), buffer_.get(), *count);
    return count;
}

Operation<std::size_t> File::write_at(std::uint64_t place, io::ConstBytes bytes) const {
    bytes = bytes.first(std::min(bytes.size(), most_at_a_time));
    auto own = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
    std::ranges::copy(bytes, own.get());
    auto* const call =
        new detail::FileCall(FileAction::write_at, file_.shared_fd(), static_cast<off_t>(place),
                             io::Bytes(own.get(), bytes.size()), own);
    return Operation<std::size_t>("fs::File::write_at", call, &finish_count);
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
    return FileOperation<>(file_, "fs::File::sync_all", Work(FileAction::sync_all), false, true);
}
FileOperation<> File::sync_data() {
    return FileOperation<>(file_, "fs::File::sync_data", Work(FileAction::sync_data), false, true);
}

FileOperation<> File::set_len(std::uint64_t size) {
    return FileOperation<>(file_, "fs::File::set_len", Work(FileAction::set_len, static_cast<off_t>(size)),
                           false, false);
}

detail::PoolFileCall<Metadata, struct statx> File::metadata() {
    auto out = std::make_shared<struct statx>();
    Work work(FileAction::stat, 0, std::as_writable_bytes(std::span(out.get(), 1)), out);
    return {file_, "fs::File::metadata", std::move(work), false, false, std::move(out)};
}

FileOperation<> File::set_permissions(unsigned mode) {
    auto call = [mode](int fd) -> Result<std::uint64_t> {
        if (::fchmod(fd, mode) != 0) return detail::last_error();
        return 0;
    };
    return FileOperation<>(file_, "fs::File::set_permissions", Work(std::move(call)), false, false);
}

} // namespace rouse::fs
