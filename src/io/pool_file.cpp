// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/pool_file.hpp"

#include "rouse/io/operation.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

// The bytes of one call: the buffer stays with the file.
constexpr std::size_t most_at_a_time = std::size_t{1} << 20;

} // namespace

QuietSignals::QuietSignals() noexcept {
    sigemptyset(&quiet_);
    sigaddset(&quiet_, SIGPIPE);
    sigaddset(&quiet_, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &quiet_, &before_);
    sigpending(&pending_);
}

QuietSignals::~QuietSignals() {
    const int error = errno;
    sigset_t now_pending;
    sigpending(&now_pending);
    const timespec now{};
    for (const int signal : {SIGPIPE, SIGXFSZ}) {
        if (sigismember(&now_pending, signal) != 1 || sigismember(&pending_, signal) == 1) continue;
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, signal);
        (void)retry([&] { return sigtimedwait(&one, nullptr, &now); });
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
}

Result<std::size_t> write_quietly(int fd, io::ConstBytes bytes) noexcept {
    const QuietSignals quiet;
    return retry_bytes([&] { return ::write(fd, bytes.data(), bytes.size()); });
}

Result<> write_all_quietly(int fd, io::ConstBytes bytes) noexcept {
    while (!bytes.empty()) {
        const auto count = write_quietly(fd, bytes);
        if (!count) return std::unexpected(count.error());
        if (*count == 0) return io_error(IoError::write_zero);
        bytes = bytes.subspan(*count);
    }
    return {};
}

class PoolFile::Buffer {
public:
    explicit Buffer(std::size_t size)
        : bytes(std::make_unique_for_overwrite<std::byte[]>(size)), size(size) {}
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
};

io::Bytes PoolFile::buffer(std::size_t size) {
    if (!buffer_ || buffer_->size < size) buffer_ = std::make_shared<Buffer>(size);
    return io::Bytes(buffer_->bytes.get(), size);
}

void PoolFile::submit(Busy busy, Call call) {
    begin(busy);
    in_kernel_ = false;
    auto run = [call = std::move(call), fd = fd_, buffer = buffer_]() mutable { return call(fd->get()); };
    job_ = BlockingRef<Value>::make(std::move(run));
    job_->submit(BlockingPool::current("an operation on a file"));
}

// The place of the file is where it was before.
bool PoolFile::redo() {
    if (!in_kernel_ || job_->refused() || !FileCall::is_not_done(*job_->value)) return false;
    if (!IoHost::current()) return false; // polled outside of a runtime: there is no pool
    in_kernel_ = false;
    job_ = BlockingRef<Value>(FileCall::again(static_cast<const FileCall&>(*job_.operator->())));
    job_->submit(BlockingPool::current("an operation on a file"));
    return true;
}

std::shared_ptr<IoDriver> PoolFile::driver_for(FileAction action) {
    if (kind_ == Kind::pool) return nullptr;
    IoHost* const host = IoHost::current();
    auto driver = host ? host->file_driver() : nullptr;
    if (!driver) return nullptr;
    if (kind_ == Kind::unknown) kind_ = driver->kind_of(fd());
    if (kind_ == Kind::pool || (kind_ == Kind::appends && action == FileAction::write)) return nullptr;
    return driver;
}

void PoolFile::start(Busy busy, FileAction action, io::Bytes room, std::shared_ptr<const void> keeps,
                     off_t place) {
    auto driver = driver_for(action);
    if (driver && (action == FileAction::read || action == FileAction::write))
        place = ::lseek(fd(), 0, SEEK_CUR);
    if (place < 0) driver.reset(); // the system knows what it makes of it; the ring has a meaning of its own
    begin(busy);
    auto* const call = new FileCall(action, fd_, place, room, std::move(keeps));
    job_ = BlockingRef<Value>(call);
    in_kernel_ = driver && driver->start_call(*call);
    if (!in_kernel_) job_->submit(BlockingPool::current("an operation on a file"));
}

bool PoolFile::poll_settle(Context& cx, Value& value) {
    if (!job_->poll(cx.waker()) || (redo() && !job_->poll(cx.waker()))) return false;
    const BlockingRef<Value> job = std::move(job_);
    if (job->refused()) value = std::unexpected(job->refused());
    else if (job->error) value = std::unexpected(std::make_error_code(std::errc::not_enough_memory));
    else value = *job->value;
    const Busy was = std::exchange(busy_, Busy::no);
    if (job->refused() && was != Busy::calls) buffer_.reset(); // the kernel may still use it
    if (was == Busy::reads) end_ = value ? static_cast<std::size_t>(*value) : 0;
    if (was == Busy::writes && given_up_ && !value && !job->refused()) late_ = value.error();
    return true;
}

Poll<Result<std::size_t>> PoolFile::poll_read(Context& cx, io::Bytes room) {
    using Output = Result<std::size_t>;
    if (room.empty()) return Poll<Output>(std::in_place, 0);
    for (;;) {
        if (begin_ != end_ && busy_ == Busy::no) {
            const std::size_t count = std::min(room.size(), end_ - begin_);
            std::memcpy(room.data(), buffer_->bytes.get() + begin_, count);
            begin_ += count;
            if (begin_ == end_) begin_ = end_ = 0;
            return Poll<Output>(std::in_place, count);
        }
        if (busy_ == Busy::no) {
            const io::Bytes into = buffer(std::min(room.size(), most_at_a_time));
            begin_ = end_ = 0;
            start(Busy::reads, FileAction::read, into, buffer_);
        }
        const bool reads = busy_ == Busy::reads;
        Value value;
        if (!poll_settle(cx, value)) {
            given_up_ = given_up_ && !reads; // somebody waits for it again
            return Pending;
        }
        if (!reads || (!value && given_up_)) continue;
        if (!value) return Poll<Output>(std::in_place, std::unexpect, value.error());
        if (*value == 0) return Poll<Output>(std::in_place, 0);
    }
}

Poll<Result<std::size_t>> PoolFile::poll_write(Context& cx, io::ConstBytes bytes) {
    using Output = Result<std::size_t>;
    for (;;) {
        if (busy_ == Busy::no) {
            if (const std::error_code late = take_late_error())
                return Poll<Output>(std::in_place, std::unexpect, late);
            if (bytes.empty()) return Poll<Output>(std::in_place, 0);
            auto back = static_cast<off_t>(take_unread());
            const io::Bytes from = buffer(std::min(bytes.size(), most_at_a_time));
            std::memcpy(from.data(), bytes.data(), from.size());
            // Of a regular file that is no matter of waiting.
            if (back != 0 && kind_ == Kind::regular && ::lseek(fd(), -back, SEEK_CUR) >= 0) back = 0;
            if (back == 0) {
                start(Busy::writes, FileAction::write, from, buffer_);
            } else {
                submit(Busy::writes, [from, back](int fd) -> Value {
                    if (::lseek(fd, -back, SEEK_CUR) < 0) return last_error();
                    return write_quietly(fd, from);
                });
            }
        }
        const bool writes = busy_ == Busy::writes && !given_up_;
        Value value;
        if (!poll_settle(cx, value)) return Pending;
        if (!writes) continue;
        if (!value) return Poll<Output>(std::in_place, std::unexpect, value.error());
        return Poll<Output>(std::in_place, std::min(bytes.size(), static_cast<std::size_t>(*value)));
    }
}

Poll<Result<>> PoolFile::poll_flush(Context& cx) {
    Value value;
    if (busy_ != Busy::no) {
        const bool gives_up = busy_ == Busy::writes;
        given_up_ = given_up_ || gives_up;
        if (!poll_settle(cx, value)) return Pending;
    }
    if (const std::error_code late = take_late_error())
        return Poll<Result<>>(std::in_place, std::unexpect, late);
    return Poll<Result<>>(std::in_place);
}

std::uint64_t PoolFile::poll_start(Context& cx, Work& work, bool moves_cursor) {
    Value value;
    if (busy_ != Busy::no) {
        given_up_ = true;
        if (!poll_settle(cx, value)) return 0;
    }
    if (const auto back = static_cast<off_t>(moves_cursor ? take_unread() : 0)) {
        submit(Busy::calls, [call = std::move(work.call), back](int fd) mutable -> Value {
            if (::lseek(fd, -back, SEEK_CUR) < 0) return last_error();
            return call(fd);
        });
    } else if (work.call) {
        submit(Busy::calls, std::move(work.call));
    } else {
        start(Busy::calls, work.action, work.room, std::move(work.keeps), work.place);
    }
    return tickets_;
}

bool PoolFile::poll_call(Context& cx, std::uint64_t ticket, Value& value) {
    if (busy_ != Busy::calls || ticket != tickets_) [[unlikely]]
        stop("two operations of one file at the same time: await one before the other begins");
    return poll_settle(cx, value);
}

void PoolFile::cancel() noexcept {
    if (busy_ == Busy::no) return;
    given_up_ = true;
    job_->forget_waker();
    job_->abort();
}

} // namespace rouse::detail
