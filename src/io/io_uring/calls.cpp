// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/calls.hpp"

#include <utility>

namespace rouse::detail {
namespace {

// A read that finds all in the page cache is done at once, by the thread that asks: but not one so large that
// others would wait for the copying.
constexpr std::size_t most_at_once = std::size_t{64} << 10;

// Linux 6.9; liburing's header may be older.
constexpr int op_ftruncate = 55;

/// The kernel's own word for "interrupted, do it again", ERESTARTSYS and its like, which no program is to
/// see. Of reads and writes the ring makes EINTR of it, of an open it does not.
int without_restart(int result) noexcept {
    switch (-result) {
    case 512:
    case 513:
    case 514:
    case 516:
        return -EINTR;
    default:
        return result;
    }
}

std::uint32_t slot_of(std::uint64_t mark) noexcept { return static_cast<std::uint32_t>(mark >> 32); }

} // namespace

void Calls::prepare(io_uring_sqe* sqe, const FileCall& call, std::uint64_t mark) noexcept {
    const auto size = static_cast<unsigned>(call.room.size());
    const auto place = static_cast<std::uint64_t>(call.place);
    switch (call.action) {
    case FileAction::read:
    case FileAction::read_at:
        io_uring_prep_read(sqe, call.fd(), call.room.data(), size, place);
        if (size > most_at_once) sqe->flags |= IOSQE_ASYNC;
        break;
    case FileAction::write:
    case FileAction::write_at:
        io_uring_prep_write(sqe, call.fd(), call.room.data(), size, place);
        // By a worker of the kernel, which takes the SIGXFSZ that comes of it; and it may take long.
        sqe->flags |= IOSQE_ASYNC;
        break;
    case FileAction::sync_all:
        io_uring_prep_fsync(sqe, call.fd(), 0);
        break;
    case FileAction::sync_data:
        io_uring_prep_fsync(sqe, call.fd(), IORING_FSYNC_DATASYNC);
        break;
    case FileAction::set_len:
        io_uring_prep_rw(op_ftruncate, sqe, call.fd(), nullptr, 0, place);
        break;
    case FileAction::stat:
        io_uring_prep_statx(sqe, call.fd(), call.path.c_str(), call.stat_flags(), STATX_BASIC_STATS,
                            reinterpret_cast<struct statx*>(call.room.data()));
        break;
    case FileAction::open:
        io_uring_prep_openat(sqe, AT_FDCWD, call.path.c_str(), call.flags, call.mode);
        // At once the kernel opens as with O_NONBLOCK: a FIFO then does not wait for its other end, or is
        // ENXIO.
        sqe->flags |= IOSQE_ASYNC;
        break;
    case FileAction::remove:
        io_uring_prep_unlinkat(sqe, AT_FDCWD, call.path.c_str(), call.flags);
        break;
    case FileAction::rename:
        io_uring_prep_renameat(sqe, AT_FDCWD, call.path.c_str(), AT_FDCWD, call.other.c_str(), 0);
        break;
    case FileAction::create_dir:
        io_uring_prep_mkdirat(sqe, AT_FDCWD, call.path.c_str(), call.mode);
        break;
    case FileAction::hard_link:
        io_uring_prep_linkat(sqe, AT_FDCWD, call.path.c_str(), AT_FDCWD, call.other.c_str(), 0);
        break;
    case FileAction::symlink:
        io_uring_prep_symlinkat(sqe, call.path.c_str(), AT_FDCWD, call.other.c_str());
        break;
    case FileAction::none:
        io_uring_prep_nop(sqe);
        break;
    }
    io_uring_sqe_set_data64(sqe, mark);
}

bool Calls::can(const Ring& ring, const FileCall& call) {
    io_uring_sqe sqe{};
    prepare(&sqe, call, 0);
    if (!ring.can(sqe.opcode)) return false;
    if (!call.is_by_path()) return true;
    // A thread that ends waits for its calls: also for those that wait for a server that is gone.
    const bool follows = call.action != FileAction::symlink; // the other one only says `path`
    return (!follows || mounts_.is_local(call.path)) && (call.other.empty() || mounts_.is_local(call.other));
}

// A pipe or a terminal may block for ever, and writing to one raises signals where the kernel finishes it.
// Nobody knows where a write ends that appends, but for write(2). Of O_NONBLOCK the kernel thinks that a read
// at once cannot block, whatever the file system makes of it, and says EAGAIN where read(2) would wait.
FileKind Calls::kind_of(int fd) noexcept {
    const int flags = ::fcntl(fd, F_GETFL);
    struct statx about;
    // What the file system knows without asking its server.
    if (flags < 0 || (flags & (O_DIRECT | O_NONBLOCK | O_PATH)) ||
        ::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MNT_ID, &about) != 0 ||
        !S_ISREG(about.stx_mode) || !(about.stx_mask & STATX_MNT_ID))
        return FileKind::pool;
    const std::lock_guard lock(mutex_);
    if (!mounts_.is_local(about.stx_mnt_id)) return FileKind::pool;
    return flags & O_APPEND ? FileKind::appends : FileKind::regular;
}

bool Calls::start(Ring& ring, FileCall& call) noexcept {
    const std::lock_guard lock(mutex_);
    if (ended_ || under_way() >= most || !can(ring, call)) return false;
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.push_back(nullptr);
    }
    const std::uint32_t slot = free_.back();
    const std::uint64_t mark = (static_cast<std::uint64_t>(slot) << 32) | low_mark;
    if (ring.submit([&](io_uring_sqe* sqe) { prepare(sqe, call, mark); })) return false;
    call.share();
    free_.pop_back();
    slots_[slot] = &call;
    under_way_.fetch_add(1, memory_order_release);
    return true;
}

void Calls::take(Ring& ring, std::uint64_t mark, int result) noexcept {
    result = without_restart(result);
    const std::lock_guard lock(mutex_);
    FileCall* const call = slots_[slot_of(mark)];
    if (!ended_ && FileCall::is_not_done(result) && ++call->tries < most_tries) { // [U6]
        ring.submit_surely([&](io_uring_sqe* sqe) { prepare(sqe, *call, mark); });
        return;
    }
    slots_[slot_of(mark)] = nullptr;
    free_.push_back(slot_of(mark));
    if (abandoned_) return call->end_abandoned(result);
    taken_.emplace_back(call, result);
}

std::size_t Calls::dispatch() noexcept {
    const auto taken = std::exchange(taken_, {}); // a waker may come to drive
    for (const auto& [call, result] : taken) {
        call->complete(result);
        under_way_.fetch_sub(1, memory_order_release); // whom it woke is queued by now
    }
    return taken.size();
}

void Calls::end(Ring& ring) noexcept {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot)
        if (slots_[slot]) ring.cancel_all((static_cast<std::uint64_t>(slot) << 32) | low_mark);
}

void Calls::abandon() noexcept {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    for (FileCall* const call : slots_) {
        if (!call) continue;
        call->abandon();
        under_way_.fetch_sub(1, memory_order_release);
    }
}

} // namespace rouse::detail
