// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/driver.hpp"

#include "base/fork.hpp"
#include "io/io_uring/calls.hpp"
#include "io/io_uring/polls.hpp"
#include "io/io_uring/ring.hpp"
#include "io/poll_bits.hpp"
#include "rouse/io/operation.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

auto poll_of(int fd, std::uint64_t mark, unsigned events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP) noexcept {
    return [=](io_uring_sqe* sqe) {
        io_uring_prep_poll_multishot(sqe, fd, events);
        io_uring_sqe_set_data64(sqe, mark);
    };
}

/// Readiness by multishot polls: one request for each descriptor, armed once, which reports each edge.
///
/// [U3] A poll ends by itself when the thread that submitted it is gone (ECANCELED, at its next event), or
/// when there was no room for its result. Who drives sees that by the missing F_MORE, and arms it again, for
/// itself; what is ready by then is reported at once, so no edge is lost. It looks under the mutex whether
/// the descriptor still is registered; `disarm` takes it out there first, and cancels what is in the kernel
/// then. So either the poll is not armed again, or it is, and the cancel finds it.
///
/// [U4] `disarm` is made by the thread that closes. The poll has a reference to the file, which is let go of
/// where the poll ends [U1]: if the closing thread submitted it, before its call returns; else that thread is
/// interrupted, asleep in the ring or not, and the closing one looks until the poll is gone. But not for
/// long: a thread in an uninterruptible wait lets go later.
///
/// [U5] What a poll reports are the bits of the event, not the state of the descriptor, and sockets say
/// "priority" with each piece of data. So for sockets poll(2) has the last word about that bit: once for all
/// that one wait brought.
///
/// [U7] While the kernel has more results than had room, it ends each poll that reports, also one that was
/// armed again just now. So polls that ended are armed again when the ring is calm: not while it is drained,
/// and not more than it has room for; nobody sleeps before. There is something in the ring until then, so a
/// foreign loop that polls its descriptor comes back.
///
/// [U8] For a result without room the kernel needs memory, and if there is none it drops the result, and
/// counts it. Who drives looks at that count. A poll that is armed twice then says all twice; both are
/// cancelled. A call on a file whose result was dropped is not found: it ends with its runtime.
class IoUringDriver final : public IoDriver {
public:
    IoUringDriver() noexcept = default;
    ~IoUringDriver() override {
        if (wake_ >= 0) ::close(wake_);
    }

    std::error_code start() noexcept {
        if (const std::error_code error = ring_.start(Calls::most)) return error;
        wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (wake_ < 0) return std::error_code(errno, std::system_category());
        return ring_.submit(poll_of(wake_, wake_mark, POLLIN));
    }

    void wait(std::optional<TimePoint> deadline) noexcept override {
        if (has_taken()) return; // an edge comes once: what was not dispatched must not be written over
        bool over = deadline == TimePoint::min();
        for (;;) {
            const bool unparked = collect();
            const bool armed = arm_ended();
            if (has_taken() || unparked) return;
            if (armed) continue; // what is ready is in the ring now
            if (over) return;
            over = !ring_.sleep(deadline);
        }
    }
    std::size_t dispatch() noexcept override {
        for (std::size_t i = 0; i < count_; ++i) ready(events_[i].key, readiness_of(events_[i].bits));
        return std::exchange(count_, 0) + calls_.dispatch();
    }
    void unpark() noexcept override {
        if (process_.is_fork()) return; // it would be the parent that wakes
        const int errno_before = errno;
        const std::uint64_t one = 1;
        // Fails only when the counter is full, 2^64 unparks on: then it is readable anyway.
        (void)!::write(wake_, &one, sizeof(one));
        errno = errno_before;
    }
    const char* backend() const noexcept override { return "io_uring"; }
    int descriptor() const noexcept override { return ring_.descriptor(); }

    bool start_call(FileCall& call) noexcept override {
        process_.refuse_fork();
        return calls_.start(ring_, call);
    }
    FileKind kind_of(int fd) noexcept override { return calls_.kind_of(fd); }
    std::size_t calls() const noexcept override { return calls_.under_way(); }
    void end_calls(TimePoint until) noexcept override {
        calls_.end(ring_);
        // What is interrupted ends at once, and a disk that is well answers soon: without any patience the
        // descriptor of an open would come when nobody is there to close it.
        until = std::max(until, std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
        while (calls_.under_way() != 0 && std::chrono::steady_clock::now() < until) park(until);
        calls_.abandon();
    }

protected:
    std::error_code arm(int fd, std::uint64_t key) noexcept override {
        process_.refuse_fork();
        if (const std::error_code error = polls_.add(fd, key)) return error;
        const std::error_code error = ring_.submit(poll_of(fd, key));
        if (error) polls_.remove(fd, key);
        return error;
    }
    void disarm(int fd, std::uint64_t key) noexcept override {
        if (process_.is_fork()) return;                                     // the poll is the parent's
        const bool is_own = polls_.remove(fd, key) == Polls::this_thread(); // [U3]
        ring_.cancel_all(key);
        // [U4]
        for (int tries = 0; !is_own && tries < most_looks && ring_.cancel(key); ++tries) {
            const timespec shortly{0, 100'000};
            if (tries < most_yields) sched_yield();
            else ::nanosleep(&shortly, nullptr);
        }
    }

private:
    static constexpr std::uint64_t wake_mark = no_source;
    /// Some 10 ms.
    static constexpr int most_yields = 16;
    static constexpr int most_looks = 100;
    /// A poll that ends so often in a row with a result has nothing to wait for: a terminal that hung up.
    static constexpr unsigned most_endings = 8;

    /// The counter is never read while it is polled: each write is an edge. It is set back before, so that an
    /// unpark that has been heard is not heard again.
    void arm_wake() noexcept {
        std::uint64_t count = 0;
        (void)!::read(wake_, &count, sizeof(count));
        ring_.submit_surely(poll_of(wake_, wake_mark, POLLIN));
    }
    /// [U8] Some polls have ended, and nobody knows which: all are armed again. Perhaps it was the unpark.
    void find_lost() noexcept {
        arm_wake();
        const std::lock_guard lock(polls_.mutex);
        polls_.for_each([&](std::uint64_t key) { ended_.push_back(key); });
    }

    /// [U7] True: some were.
    bool arm_ended() noexcept {
        if (ended_.empty()) return false;
        const std::lock_guard lock(polls_.mutex);
        bool armed = false;
        while (!ended_.empty() && ring_.is_calm()) {
            const std::uint64_t key = ended_.back();
            ended_.pop_back();
            Polls::Poll* const poll = polls_.find(key); // [U3]
            if (!poll) continue;
            poll->thread = Polls::this_thread();
            ring_.submit_surely(poll_of(poll->fd, key));
            armed = true;
        }
        return armed;
    }

    [[nodiscard]] bool has_taken() const noexcept { return count_ > 0 || calls_.any_taken(); }
    /// Takes in what is in the ring. True: an unpark came.
    bool collect() noexcept {
        bool unparked = false;
        bool more = false;
        unsigned looks = 32; // more than the ring holds; those that come meanwhile are for the next time
        do {
            more = take_results(unparked);
            if (more) continue; // many results of one descriptor are one event: others are behind them
            if (has_taken()) break;
            more = ring_.flush_overflow();
            overflowed_ = overflowed_ || more;
        } while (more && count_ < events_.size() && --looks != 0);
        if (ring_.has_lost()) {
            find_lost();
            unparked = true;
        }
        confirm_priority();
        return unparked;
    }
    /// True: there may be more.
    bool take_results(bool& unparked) noexcept {
        bool wake_ended = false;
        overflowed_ = overflowed_ || ring_.has_overflow();
        unsigned room = static_cast<unsigned>(events_.size() - count_);
        {
            const std::lock_guard lock(polls_.mutex);
            ring_.drain(room, [&](std::uint64_t mark, int result, unsigned flags) {
                --room;
                if (mark == wake_mark) {
                    unparked = true;
                    wake_ended = !(flags & IORING_CQE_F_MORE);
                } else if (Calls::is_call(mark)) {
                    calls_.take(ring_, mark, result);
                } else if (Polls::Poll* const poll = polls_.find(mark)) { // or a late one
                    take(*poll, mark, result, flags);
                }
            });
        }
        if (wake_ended) arm_wake();
        if (room != 0 && !ring_.has_overflow()) overflowed_ = false;
        return room == 0;
    }
    void take(Polls::Poll& poll, std::uint64_t key, int result, unsigned flags) noexcept {
        if (result != -ECANCELED) {
            // An error is of the descriptor, and for whichever call comes next.
            const unsigned bits = result < 0 ? unsigned{POLLERR} : static_cast<unsigned>(result);
            if (poll.event < count_ && events_[poll.event].key == key) { // one event for all that has come
                events_[poll.event].bits |= bits;
            } else {
                poll.event = static_cast<std::uint16_t>(count_);
                events_[count_++] = Event{key, bits, poll.is_socket ? poll.fd : -1};
            }
        }
        if (flags & IORING_CQE_F_MORE) {
            poll.endings = 0;
            return;
        }
        if (result < 0 && result != -ECANCELED) return;
        // By itself, and not for want of room.
        if (result >= 0 && !overflowed_ && ++poll.endings > most_endings) return;
        ended_.push_back(key); // [U7]
    }
    void confirm_priority() noexcept { // [U5]
        std::array<pollfd, 64> asked;
        std::array<std::size_t, 64> event_of;
        for (std::size_t i = 0; i < count_;) {
            nfds_t count = 0;
            for (; i < count_ && count < asked.size(); ++i) {
                if (!(events_[i].bits & POLLPRI) || events_[i].socket < 0) continue;
                asked[count] = pollfd{events_[i].socket, POLLPRI, 0};
                event_of[count++] = i;
            }
            // EINTR: what the kernel finishes on this thread interrupts it, for one.
            if (count == 0 || retry([&] { return ::poll(asked.data(), count, 0); }) < 0) continue;
            for (nfds_t j = 0; j < count; ++j)
                if (!(asked[j].revents & POLLPRI)) events_[event_of[j]].bits &= ~unsigned{POLLPRI};
        }
    }

    class Event {
    public:
        std::uint64_t key;
        unsigned bits;
        int socket; // or -1
    };

    ProcessMark process_;
    Ring ring_;
    Polls polls_;
    Calls calls_;
    int wake_ = -1;
    // Of the thread that drives:
    std::vector<std::uint64_t> ended_; // polls that are to be armed again, if they still are registered
    bool overflowed_ = false;          // what is in the ring may have come there late
    std::size_t count_ = 0;
    std::array<Event, 256> events_;
};

} // namespace

Result<std::shared_ptr<IoDriver>> make_io_uring_driver() {
    auto driver = std::make_shared<IoUringDriver>();
    if (const std::error_code error = driver->start()) return std::unexpected(error);
    return std::shared_ptr<IoDriver>(std::move(driver));
}

} // namespace rouse::detail
