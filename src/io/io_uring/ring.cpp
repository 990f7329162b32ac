// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/ring.hpp"

#include "rouse/base/config.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>

namespace rouse::detail {
namespace {

std::error_code system_error(int negative) noexcept {
    return std::error_code(-negative, std::system_category());
}

// Submissions are made one by one. Results may be many when a sleeper wakes late: more than have room wait in
// the kernel, which costs it an allocation each.
constexpr unsigned submissions = 8;
constexpr unsigned results = 4096;

} // namespace

Ring::~Ring() {
    if (started_) io_uring_queue_exit(&ring_);
}

std::error_code Ring::start(unsigned workers) noexcept {
    io_uring_params params{};
    params.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = results;
    if (const int error = io_uring_queue_init_params(submissions, &ring_, &params))
        return system_error(error);
    started_ = true;
    constexpr unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
    if ((ring_.features & needed) != needed) return system_error(-EINVAL);
    io_uring_sync_cancel_reg reg{};
    reg.addr = nobody;
    reg.timeout.tv_sec = -1;
    reg.timeout.tv_nsec = -1;
    if (const int answer = io_uring_register_sync_cancel(&ring_, &reg); answer < 0 && answer != -ENOENT)
        return system_error(answer);          // EINVAL: Linux before 6.0
    std::array<unsigned, 2> most{workers, 0}; // 0: as it is
    (void)io_uring_register_iowq_max_workers(&ring_, most.data());
    if (io_uring_probe* const probe = io_uring_get_probe_ring(&ring_)) {
        for (unsigned i = 0; i < operations_.size(); ++i)
            operations_[i] = io_uring_opcode_supported(probe, static_cast<int>(i)) != 0;
        io_uring_free_probe(probe);
    }
    return {};
}

// What the kernel says of how many it took is no answer: it takes them in order, so what counts is whether
// any is left.
std::error_code Ring::submit_queue() noexcept {
    if (io_uring_sq_ready(&ring_) == 0) return {};
    const int submitted = io_uring_submit(&ring_);
    if (io_uring_sq_ready(&ring_) == 0) return {};
    return system_error(submitted < 0 ? submitted : -EAGAIN);
}

std::error_code Ring::submit_prepared(io_uring_sqe* sqe) noexcept {
    const std::error_code error = submit_queue();
    if (!error) return {};
    // The kernel has no memory for it, and has left it in the queue, where a later call would find it.
    io_uring_prep_nop(sqe);
    io_uring_sqe_set_data64(sqe, nobody);
    return error;
}

namespace {

int cancel_in(io_uring& ring, std::uint64_t mark, unsigned flags) noexcept {
    io_uring_sync_cancel_reg reg{};
    reg.addr = mark;
    reg.flags = flags;
    // No time: what a worker of the kernel is at is interrupted, and not waited for.
    return io_uring_register_sync_cancel(&ring, &reg);
}

} // namespace

bool Ring::cancel(std::uint64_t mark) noexcept { return cancel_in(ring_, mark, 0) != -ENOENT; }
void Ring::cancel_all(std::uint64_t mark) noexcept { cancel_in(ring_, mark, IORING_ASYNC_CANCEL_ALL); }

bool Ring::flush_overflow() noexcept {
    if (!has_overflow()) return false;
    return io_uring_enter2(static_cast<unsigned>(ring_.ring_fd), 0, 0, IORING_ENTER_GETEVENTS, nullptr,
                           _NSIG / 8) >= 0;
}

int Ring::enter_until(const __kernel_timespec* time) noexcept {
    io_uring_getevents_arg arg{};
    arg.sigmask_sz = _NSIG / 8;
    arg.ts = reinterpret_cast<std::uintptr_t>(time);
    return io_uring_enter2(static_cast<unsigned>(ring_.ring_fd), 0, 1,
                           IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, reinterpret_cast<sigset_t*>(&arg),
                           sizeof(arg));
}

bool Ring::sleep(std::optional<TimePoint> deadline) noexcept {
    for (;;) {
        __kernel_timespec time{};
        if (deadline) {
            const auto left = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                            *deadline - std::chrono::steady_clock::now())
                                                            .count());
            time.tv_sec = left / 1'000'000'000;
            time.tv_nsec = left % 1'000'000'000;
        }
        int answer = 0;
        if constexpr (ROUSE_TSAN) {
            // It holds signals back until the thread makes a call that it knows: one to sleep in.
            pollfd ready{ring_.ring_fd, POLLIN, 0};
            const timespec shorter{time.tv_sec, static_cast<long>(time.tv_nsec)};
            answer = ::ppoll(&ready, 1, deadline ? &shorter : nullptr, nullptr);
            answer = answer < 0 ? -errno : answer == 0 ? -ETIME : 0;
        } else {
            answer = enter_until(deadline ? &time : nullptr);
        }
        if (answer == -EINTR) continue; // a handler that means to wake unparks
        return answer != -ETIME;
    }
}

} // namespace rouse::detail
