// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/parker.hpp"
#include "rouse/io/result.hpp"
#include "rouse/io/source.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

namespace rouse::detail {

class BlockingPool;
class FileCall;

/// What the kernel may do with an open file: nothing, all but to write, or all.
enum class FileKind : std::uint8_t { pool, unknown, appends, regular };

/// Watches descriptors for one runtime (for one worker, where there are several), and is what its thread
/// sleeps in. A backend says how; what is known of the descriptors and who waits for them is the same for
/// all: see IoSource.
///
/// Thread: `wait` and `dispatch` by whoever drives, one at a time; all else by any. Objects share it: it is
/// there as long as one of them is, also when its runtime has ended.
///
/// Sources are never freed before their driver, and an event names its source by index and generation: one
/// that comes late, for a descriptor that is gone (its source may serve another by now), finds another
/// generation and is ignored. So nothing needs to wait until the kernel has forgotten a descriptor.
class IoDriver : public ParkDevice {
public:
    using TimePoint = ParkDevice::TimePoint;

    IoDriver(const IoDriver&) = delete;
    IoDriver& operator=(const IoDriver&) = delete;
    virtual ~IoDriver();

    // From ParkDevice: `wait` waits for events, an `unpark` or the deadline, and keeps what came; `unpark`.

    /// Wakes those who wait for what the last `wait` brought. The number of descriptors with an event.
    virtual std::size_t dispatch() noexcept = 0;
    /// Both: how a thread parks in its driver if it has nothing to do in between.
    std::size_t park(std::optional<TimePoint> deadline) noexcept {
        wait(deadline);
        return dispatch();
    }
    /// Dispatches what is ready, without waiting.
    std::size_t poll_now() noexcept { return park(TimePoint::min()); }
    [[nodiscard]] virtual const char* backend() const noexcept = 0;
    /// Readable when `poll_now` has something to do, or an unpark came.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;

    /// A source for a descriptor, of which `ready` (see io::Readiness) is taken for granted until a call says
    /// otherwise. Errors: the system's (EPERM: a regular file; EEXIST: registered here already), or
    /// `runtime_ended`.
    Result<IoSource*> add(int fd, std::uint32_t ready);
    /// Closes the source and wakes all who wait for it; after that the driver has nothing to do with the
    /// descriptor, which still is open. False: it was closed before.
    bool close(IoSource& source, std::uint32_t generation, int fd) noexcept;
    /// Gives the source of a closed descriptor back.
    void remove(IoSource& source) noexcept;

    /// Has a call on a file done by the kernel, and shares it until then. False: it cannot, now or ever. By
    /// the thread that drives.
    virtual bool start_call(FileCall&) noexcept { return false; }
    /// Which calls on an open file it has done so, as it is now; never `unknown`. Asks no file system that
    /// may need another machine or process for the answer.
    [[nodiscard]] virtual FileKind kind_of(int) noexcept { return FileKind::pool; }
    /// Of which so many are under way.
    [[nodiscard]] virtual std::size_t calls() const noexcept { return 0; }
    /// The end of them, after which none is started: they are interrupted if that can be, and waited for. By
    /// who would drive. What still is under way when the time has come goes on alone, and is over
    /// for those who wait: `runtime_ended`.
    virtual void end_calls(TimePoint) noexcept {}
    /// Something may come from it.
    [[nodiscard]] bool is_used() const noexcept { return registrations() != 0 || calls() != 0; }

    /// The end of the runtime: everyone who waits is woken, with `runtime_ended`, and so is who comes later.
    void shutdown() noexcept;

    [[nodiscard]] std::size_t registrations() const noexcept {
        return registrations_.load(memory_order_relaxed);
    }
    /// Events dispatched so far; unparks do not count.
    [[nodiscard]] std::uint64_t ready_events() const noexcept {
        return ready_events_.load(memory_order_relaxed);
    }
    /// Somebody waits for a descriptor, or the kernel does a call. Looks at all of them.
    [[nodiscard]] bool anyone_waits() noexcept;
    /// The same, but looks at a few of them only: false may be wrong. By whoever drives.
    [[nodiscard]] bool seems_awaited() noexcept;

    static constexpr std::uint64_t key(const IoSource& source, std::uint32_t generation) noexcept {
        return (static_cast<std::uint64_t>(generation) << 32) | source.index;
    }
    /// An index that no source has, for what a backend registers for itself.
    static constexpr std::uint64_t no_source = 0xffff'ffff;

protected:
    IoDriver() noexcept = default;

    /// The kernel is to report every change of readiness from now on, and what is ready already, under `key`.
    virtual std::error_code arm(int fd, std::uint64_t key) noexcept = 0;
    /// And no longer. By then the file is the owner's alone: a close that follows is one, for the peer as
    /// well. (A descriptor that its owner closed before may have stayed open until now. And on io_uring, if
    /// the thread that registered it is not to be interrupted, the file is kept until it is.)
    virtual void disarm(int fd, std::uint64_t key) noexcept = 0;
    /// An event, by `dispatch`.
    void ready(std::uint64_t key, std::uint32_t bits) noexcept {
        ready_events_.store(ready_events_.load(memory_order_relaxed) + 1, memory_order_relaxed);
        source_at(static_cast<std::uint32_t>(key)).set_ready(static_cast<std::uint32_t>(key >> 32), bits);
    }

private:
    // Page n holds 32 << n sources: they never move, and finding one needs no lock.
    static constexpr unsigned first_page_bits = 5;
    static constexpr unsigned most_pages = 26;
    IoSource& source_at(std::uint32_t index) const noexcept;
    IoSource* take_source();

    Atomic<IoSource*> pages_[most_pages] = {};
    Atomic<std::uint32_t> made_{0}; // sources in the pages; grows under the mutex
    std::uint32_t looked_at_ = 0;   // of `seems_awaited`: where it found one that was waited for
    Atomic<std::size_t> registrations_{0};
    Atomic<std::uint64_t> ready_events_{0};
    std::mutex mutex_; // for what follows
    IoSource* free_ = nullptr;
    bool ended_ = false;
};

/// Where a thread gets its driver from: a runtime makes it when it is needed first.
class IoHost {
public:
    virtual Result<std::shared_ptr<IoDriver>> io_driver() = 0;
    /// And its threads for calls that block. Null: there are none.
    virtual std::shared_ptr<BlockingPool> blocking_pool() { return nullptr; }
    /// The driver that may have calls on files done by the kernel. Null: they are for the pool.
    virtual std::shared_ptr<IoDriver> file_driver() { return nullptr; }

    /// The one that is driven on this thread, or null.
    static IoHost* current() noexcept;
    static void set_current(IoHost* host) noexcept;

protected:
    ~IoHost() = default;
};

/// A driver on epoll. Errors: EMFILE, ENFILE, ENOMEM.
Result<std::shared_ptr<IoDriver>> make_epoll_driver();
/// A driver on io_uring. Errors: ENOTSUP where rouse was built without it, ENOSYS and EPERM where there is
/// none or it may not be used, EINVAL for a kernel that is too old, EMFILE, ENFILE, ENOMEM.
Result<std::shared_ptr<IoDriver>> make_io_uring_driver();

} // namespace rouse::detail
