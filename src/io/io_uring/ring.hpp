// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/parker.hpp"

#include <bitset>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <liburing.h>
#include <sched.h>

namespace rouse::detail {

/// One pair of rings, which any thread may submit to. It is drained and slept in by one thread at a time, not
/// always the same one.
///
/// [U1] A request belongs to the thread that submits it: the kernel finishes it there, by interrupting that
/// thread wherever it is (in a system call, in code of the user's), and only then is its result in the ring.
/// So a thread that is stuck in a long poll need not come back for others to see what its requests brought;
/// a ring that wanted it to (DEFER_TASKRUN, COOP_TASKRUN, SINGLE_ISSUER) could not be taken over. When the
/// thread has ended a worker of the kernel takes its place, and a request that would have gone on ends with
/// ECANCELED.
///
/// [U2] Each submission is a system call of its own, made by the thread that wants it, under the mutex, and
/// the queue is empty again after it: or has one request that does nothing, in place of one that was refused.
/// Nothing waits for the thread that drives: not the close of a socket,
/// which the peer is to see, nor a foreign loop that polls the ring's descriptor.
class Ring {
public:
    using TimePoint = ParkDevice::TimePoint;

    Ring() noexcept = default;
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    /// Errors: ENOSYS, EPERM (sandboxes, kernel.io_uring_disabled), EMFILE, ENFILE, ENOMEM, and EINVAL for a
    /// kernel before 6.0, which is too old. `workers`: how many threads the kernel may have for each thread
    /// that submits, for what ends by itself.
    std::error_code start(unsigned workers) noexcept;
    [[nodiscard]] int descriptor() const noexcept { return ring_.ring_fd; }

    /// The kernel has this operation.
    [[nodiscard]] bool can(unsigned operation) const noexcept {
        return operation < operations_.size() && operations_[operation];
    }

    /// `fill` prepares the request. Under a mutex; `fill` must not submit.
    template <class Fill>
    std::error_code submit(Fill fill) noexcept {
        const std::lock_guard lock(mutex_);
        if (const std::error_code error = submit_queue()) return error;
        io_uring_sqe* const sqe = io_uring_get_sqe(&ring_); // [U2] there is room
        fill(sqe);
        return submit_prepared(sqe);
    }
    /// The same for what must not fail: tries again as long as the kernel has no memory.
    template <class Fill>
    void submit_surely(Fill fill) noexcept {
        while (is_for_now(submit(fill))) sched_yield();
    }
    /// Cancels a request with this mark; its result comes as those of others do. Any thread. False: there is
    /// none, and none has its file any more.
    bool cancel(std::uint64_t mark) noexcept;
    /// The same of all with this mark.
    void cancel_all(std::uint64_t mark) noexcept;

    // ---- the thread that drives ----

    /// Hands each result to `take(mark, result, flags)`, in order, at most `room`.
    template <class Take>
    void drain(unsigned room, Take take) noexcept {
        unsigned head = 0;
        unsigned taken = 0;
        const io_uring_cqe* cqe = nullptr;
        io_uring_for_each_cqe(&ring_, head, cqe) {
            if (taken == room) break;
            take(cqe->user_data, cqe->res, cqe->flags);
            ++taken;
        }
        io_uring_cq_advance(&ring_, taken);
    }
    /// The kernel has more results than had room in the ring.
    [[nodiscard]] bool has_overflow() const noexcept { return io_uring_cq_has_overflow(&ring_); }
    /// It had, and has put them there now, if there is some.
    bool flush_overflow() noexcept;
    /// There is room for the results of what is submitted now.
    [[nodiscard]] bool is_calm() const noexcept {
        return !has_overflow() && io_uring_cq_ready(&ring_) < ring_.cq.ring_entries / 2;
    }
    /// The kernel has dropped results since it was asked last.
    bool has_lost() noexcept {
        const unsigned lost = IO_URING_READ_ONCE(*ring_.cq.koverflow);
        return std::exchange(lost_, lost) != lost;
    }
    /// Until there is a result: perhaps for nothing. False: the deadline has passed.
    bool sleep(std::optional<TimePoint> deadline) noexcept;

    /// A result nobody asked for.
    static constexpr std::uint64_t nobody = ~std::uint64_t{0};

private:
    static bool is_for_now(std::error_code error) noexcept {
        return error.value() == EAGAIN || error.value() == ENOMEM || error.value() == EBUSY;
    }
    std::error_code submit_prepared(io_uring_sqe* sqe) noexcept;
    std::error_code submit_queue() noexcept;
    int enter_until(const __kernel_timespec* time) noexcept;

    io_uring ring_{};
    bool started_ = false;
    unsigned lost_ = 0;
    std::bitset<256> operations_;
    std::mutex mutex_; // over the submission queue
};

} // namespace rouse::detail
