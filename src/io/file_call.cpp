// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/file_call.hpp"

#include "rouse/io/driver.hpp"
#include "rouse/io/operation.hpp"
#include "rouse/io/pool_file.hpp"

#include <exception>
#include <system_error>

#include <unistd.h>

namespace rouse::detail {

FileCall::FileCall(const FileCall& before, int) noexcept
    : action(before.action),
      place(before.place),
      room(before.room),
      path(before.path),
      other(before.other),
      flags(before.flags),
      mode(before.mode),
      fd_(before.fd_),
      keeps_(before.keeps_) {}

FileCall* FileCall::again(const FileCall& call) { return new FileCall(call, 0); }

void FileCall::take_in(int result) noexcept {
    if (result >= 0 && action == FileAction::open) opened_ = UniqueFd(result);
}

void FileCall::complete(int result) noexcept {
    const bool moves = action == FileAction::read || action == FileAction::write;
    if (moves && result > 0) ::lseek(fd(), place + result, SEEK_SET);
    take_in(result);
    if (result < 0) value.emplace(std::unexpect, -result, std::system_category());
    else value.emplace(static_cast<std::uint64_t>(result));
    if (!is_not_done(result)) let_go(); // else who waits may have it done again
    finish();
}

void FileCall::abandon() noexcept {
    share();
    give_up(make_error_code(IoError::runtime_ended));
}

void FileCall::end_abandoned(int result) noexcept {
    take_in(result);
    drop_reference();
}

void FileCall::call() noexcept {
    value.emplace(do_here());
    let_go();
}

Result<std::uint64_t> FileCall::do_here() noexcept {
    const auto number = [](auto fn) -> Result<std::uint64_t> {
        const auto result = retry(fn);
        if (result < 0) return last_error();
        return static_cast<std::uint64_t>(result);
    };
    switch (action) {
    case FileAction::read:
        return number([&] { return ::read(fd(), room.data(), room.size()); });
    case FileAction::write:
        return write_quietly(fd(), room);
    case FileAction::read_at:
        return number([&] { return ::pread(fd(), room.data(), room.size(), place); });
    case FileAction::write_at: {
        const QuietSignals quiet;
        return number([&] { return ::pwrite(fd(), room.data(), room.size(), place); });
    }
    case FileAction::sync_all:
        return number([&] { return ::fsync(fd()); });
    case FileAction::sync_data:
        return number([&] { return ::fdatasync(fd()); });
    case FileAction::set_len: {
        const QuietSignals quiet;
        return number([&] { return ::ftruncate(fd(), place); });
    }
    case FileAction::stat:
        return number([&] {
            return ::statx(fd(), path.c_str(), stat_flags(), STATX_BASIC_STATS,
                           reinterpret_cast<struct statx*>(room.data()));
        });
    case FileAction::open: {
        auto opened = number([&] { return ::openat(AT_FDCWD, path.c_str(), flags, mode); });
        if (opened) opened_ = UniqueFd(static_cast<int>(*opened));
        return opened;
    }
    case FileAction::remove:
        return number([&] { return ::unlinkat(AT_FDCWD, path.c_str(), flags); });
    case FileAction::rename:
        return number([&] { return ::rename(path.c_str(), other.c_str()); });
    case FileAction::create_dir:
        return number([&] { return ::mkdir(path.c_str(), mode); });
    case FileAction::hard_link:
        return number([&] { return ::link(path.c_str(), other.c_str()); });
    case FileAction::symlink:
        return number([&] { return ::symlink(path.c_str(), other.c_str()); });
    case FileAction::none:
        break;
    }
    return 0;
}

// ---- FileCallWait ----

void FileCallWait::begin(const char* what) {
    begun_ = true;
    IoHost* const host = IoHost::current();
    const auto driver = host ? host->file_driver() : nullptr;
    FileCall& call = call_of(job_);
    // At a place: nobody's place is moved, so it may be a file that was not opened here.
    in_kernel_ = driver && call.place >= 0 &&
                 (call.is_by_path() || driver->kind_of(call.fd()) != FileKind::pool) &&
                 driver->start_call(call);
    if (!in_kernel_) job_->submit(BlockingPool::current(what));
}

bool FileCallWait::poll_ready(Context& cx, const char* what) {
    if (!job_) [[unlikely]]
        stop_polled_after_ready(what);
    if (!begun_) begin(what);
    if (!job_->poll(cx.waker())) return false;
    // Nothing was done. Polled outside of a runtime there is no pool.
    if (!in_kernel_ || job_->refused() || !FileCall::is_not_done(*job_->value) || !IoHost::current())
        return true;
    in_kernel_ = false;
    job_ = Job(FileCall::again(call_of(job_)));
    job_->submit(BlockingPool::current(what));
    return job_->poll(cx.waker());
}

Result<std::uint64_t> FileCallWait::value_of(const Job& job) {
    if (job->refused()) return std::unexpected(job->refused());
    if (FileCall::is_not_done(*job->value)) return io_error(IoError::runtime_ended);
    return *job->value;
}

} // namespace rouse::detail
