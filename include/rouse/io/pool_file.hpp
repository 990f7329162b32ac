// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/blocking.hpp"
#include "rouse/io/bytes.hpp"
#include "rouse/io/descriptor.hpp"
#include "rouse/io/file_call.hpp"

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>

namespace rouse::detail {

class IoDriver;

/// While it lives, this thread is not sent the signals by which the system comments on its writes: their
/// calls fail with EPIPE and EFBIG all the same.
class QuietSignals {
public:
    QuietSignals() noexcept;
    ~QuietSignals();
    QuietSignals(const QuietSignals&) = delete;
    QuietSignals& operator=(const QuietSignals&) = delete;

private:
    sigset_t quiet_;
    sigset_t before_;
    sigset_t pending_; // before: somebody else's
};

/// write(2) that says EPIPE and EFBIG and raises neither SIGPIPE nor SIGXFSZ.
Result<std::size_t> write_quietly(int fd, io::ConstBytes bytes) noexcept;
/// All of it.
Result<> write_all_quietly(int fd, io::ConstBytes bytes) noexcept;

/// A descriptor that blocks, as a stream: one call at a time, on the pool (or, where it is a regular file and
/// the runtime is on io_uring, by the kernel), with a buffer that the call and this share. The buffer which a
/// user lends is touched inside of a poll only. What a read that was given up has brought is kept for the
/// next read; a write that was given up is awaited before anything else happens, and its error goes to the
/// next write, flush or sync.
class PoolFile {
public:
    /// What a call gives: a number, whatever it means.
    using Value = Result<std::uint64_t>;
    using Call = std::move_only_function<Value(int fd)>;

    explicit PoolFile(UniqueFd fd) : fd_(std::make_shared<const UniqueFd>(std::move(fd))) {}
    /// `fd` was opened just now: nobody else moves its place. Only then the kernel may do the calls, which
    /// sets the place anew after each.
    static PoolFile opened(UniqueFd fd) {
        PoolFile file(std::move(fd));
        file.kind_ = Kind::unknown;
        return file;
    }
    PoolFile(PoolFile&&) noexcept = default;
    PoolFile& operator=(PoolFile&&) noexcept = default;

    [[nodiscard]] int fd() const noexcept { return fd_->get(); }
    /// For calls that do not care what else is done to it: it stays open until they end.
    [[nodiscard]] std::shared_ptr<const UniqueFd> shared_fd() const noexcept { return fd_; }

    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room);
    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes);
    /// Completes when no call is under way. The error of a write that nobody waited for.
    Poll<Result<>> poll_flush(Context& cx);
    void cancel_read() noexcept { cancel(); }
    void cancel_write() noexcept { cancel(); }

    /// Another call.
    class Work {
    public:
        /// For the pool.
        explicit Work(Call call) noexcept : call(std::move(call)) {}
        /// What the kernel can do, too: see FileCall.
        explicit Work(FileAction action, off_t place = 0, io::Bytes room = {},
                      std::shared_ptr<const void> keeps = nullptr) noexcept
            : action(action), place(place), room(room), keeps(std::move(keeps)) {}
        Call call;
        FileAction action = FileAction::none;
        off_t place = 0;
        io::Bytes room;
        std::shared_ptr<const void> keeps;
    };
    /// Its start: its ticket, or 0: one before it still runs, and the waker is registered. Then `poll_call`
    /// until it has the value, or `cancel`.
    std::uint64_t poll_start(Context& cx, Work& work, bool moves_cursor);
    bool poll_call(Context& cx, std::uint64_t ticket, Value& value);
    void cancel() noexcept;
    [[nodiscard]] std::error_code take_late_error() noexcept { return std::exchange(late_, {}); }

private:
    class Buffer;
    enum class Busy : std::uint8_t { no, reads, writes, calls };
    using Kind = FileKind;
    void begin(Busy busy) noexcept {
        busy_ = busy;
        given_up_ = false;
        ++tickets_;
    }
    void submit(Busy busy, Call call);
    /// By the kernel, or else the pool.
    void start(Busy busy, FileAction action, io::Bytes room, std::shared_ptr<const void> keeps,
               off_t place = 0);
    /// Null: the kernel is not to do it.
    std::shared_ptr<IoDriver> driver_for(FileAction action);
    /// Has the pool do what the kernel was to do, and did not. False: there is nothing to do again.
    bool redo();
    /// Waits for the call that is under way, and takes its result in. False: it still runs.
    bool poll_settle(Context& cx, Value& value);
    io::Bytes buffer(std::size_t size);
    /// How far the descriptor is ahead of what was read from here; it is set back by the next call.
    std::uint64_t take_unread() noexcept {
        const std::size_t unread = end_ - begin_;
        begin_ = end_ = 0;
        return unread;
    }

    std::shared_ptr<const UniqueFd> fd_; // the calls have it too: it is closed after the last
    BlockingRef<Value> job_;
    std::shared_ptr<Buffer> buffer_; // the job's, while there is one
    std::size_t begin_ = 0;          // what was read into the buffer, and not taken yet
    std::size_t end_ = 0;
    std::error_code late_;
    std::uint64_t tickets_ = 0;
    Busy busy_ = Busy::no;
    Kind kind_ = Kind::pool;
    bool in_kernel_ = false; // is the call that is under way
    bool given_up_ = false;  // nobody waits for it
};

/// The future of another call on a PoolFile. Cancel: a call that has not begun never does.
/// What it fills becomes a T.
template <class T, class Out = T>
class [[nodiscard]] PoolFileCall {
public:
    using Output = Result<T>;

    /// `reports_late`: with the error of an earlier write that nobody waited for. `out` is what `work` fills.
    PoolFileCall(PoolFile& file, const char* what, PoolFile::Work work, bool moves_cursor, bool reports_late,
                 std::shared_ptr<Out> out = nullptr)
        : file_(&file),
          work_(std::move(work)),
          out_(std::move(out)),
          what_(what),
          moves_cursor_(moves_cursor),
          reports_late_(reports_late) {}
    /// Only before the first poll.
    PoolFileCall(PoolFileCall&& other) noexcept
        : file_(std::exchange(other.file_, nullptr)),
          work_(std::move(other.work_)),
          out_(std::move(other.out_)),
          what_(other.what_),
          moves_cursor_(other.moves_cursor_),
          reports_late_(other.reports_late_) {}
    PoolFileCall& operator=(PoolFileCall&&) = delete;
    ~PoolFileCall() {
        if (file_ && polled_) file_->cancel();
    }

    Poll<Output> poll(Context& cx) { return poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!file_) [[unlikely]]
            stop_polled_after_ready(what_);
        polled_ = true;
        if (ticket_ == 0) ticket_ = file_->poll_start(cx, work_, moves_cursor_);
        return ticket_ != 0 && file_->poll_call(cx, ticket_, value_);
    }
    Output take_ready() {
        PoolFile& file = *std::exchange(file_, nullptr);
        if (reports_late_)
            if (const std::error_code late = file.take_late_error()) return Output(std::unexpect, late);
        if (!value_) return Output(std::unexpect, value_.error());
        if constexpr (std::is_void_v<T>) return Output();
        else if constexpr (std::is_same_v<T, std::uint64_t>) return Output(*value_);
        else return Output(std::in_place, *out_);
    }
    void inspect(Inspector& to) const { to.waits_for(WaitKind::future, file_, what_); }

private:
    PoolFile* file_;
    PoolFile::Work work_;
    std::shared_ptr<Out> out_;
    PoolFile::Value value_;
    const char* what_;
    std::uint64_t ticket_ = 0;
    bool moves_cursor_;
    bool reports_late_;
    bool polled_ = false;
};

} // namespace rouse::detail
