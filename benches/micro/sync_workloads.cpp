// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workload.hpp"

#include <optional>

namespace micro {
namespace {

using rouse::Task;
using Sender = rouse::oneshot::Sender<std::uint64_t>;

/// One slot from the requester to the replier, both tasks of one thread, and a wake. The peer has Tokio's
/// `Notify` in its place, which is made for several waiters and costs more: `oneshot_spawn` has neither.
class Handover {
public:
    void put(Sender sender) {
        slot_.emplace(std::move(sender));
        filled_.wake();
    }
    /// A future of the sender that is put there next.
    class Taken {
    public:
        using Output = Sender;
        explicit Taken(Handover& handover) noexcept : handover_(&handover) {}
        rouse::Poll<Sender> poll(rouse::Context& cx) {
            if (!handover_->slot_) {
                handover_->filled_.register_by_ref(cx.waker());
                return rouse::Pending;
            }
            Sender sender = std::move(*handover_->slot_);
            handover_->slot_.reset();
            return rouse::Ready(std::move(sender));
        }

    private:
        Handover* handover_;
    };
    [[nodiscard]] Taken take() noexcept { return Taken(*this); }

private:
    std::optional<Sender> slot_;
    rouse::AtomicWaker filled_;
};

Task<> reply(Handover& handover, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        Sender sender = co_await handover.take();
        check(std::move(sender).send(i).has_value(), "oneshot: the receiver is gone");
    }
}

/// An iteration: this task makes a channel, hands the sender over, and awaits the receiver; the other takes
/// the sender and sends. Two task switches.
Task<Nanoseconds> oneshot_pair(std::uint64_t n) {
    Handover handover;
    auto replier = rouse::spawn(reply, std::ref(handover), n);
    co_await rouse::yield_now(); // it waits for its first sender now
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) {
        auto [tx, rx] = rouse::oneshot::channel<std::uint64_t>();
        handover.put(std::move(tx));
        const auto received = co_await rx;
        check(received == i, "oneshot: another value");
    }
    const Nanoseconds elapsed = watch.elapsed();
    co_await replier;
    co_return elapsed;
}

Task<> send(Sender sender, std::uint64_t value) {
    check(std::move(sender).send(value).has_value(), "oneshot_spawn: the receiver is gone");
    co_return;
}

/// An iteration: make a channel, spawn a task that sends (its handle is dropped at once), await the receiver.
Task<Nanoseconds> oneshot_spawn(std::uint64_t n) {
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) {
        auto [tx, rx] = rouse::oneshot::channel<std::uint64_t>();
        rouse::spawn(send, std::move(tx), i).detach();
        const auto received = co_await rx;
        check(received == i, "oneshot_spawn: another value");
    }
    co_return watch.elapsed();
}

/// Ready at once, with whether `future` was still Pending.
class PollOnce {
public:
    using Output = bool;
    explicit PollOnce(rouse::Sleep& future) noexcept : future_(&future) {}
    rouse::Poll<bool> poll(rouse::Context& cx) { return rouse::Ready(future_->poll(cx).is_pending()); }

private:
    rouse::Sleep* future_;
};

/// The timer goes into the wheel by its one poll, and out of it by its end. It lives in this frame.
Task<Nanoseconds> sleep_drop(std::uint64_t n) {
    std::uint64_t pending = 0;
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) {
        rouse::Sleep sleep = rouse::sleep(std::chrono::seconds(60));
        pending += co_await PollOnce(sleep);
    }
    const Nanoseconds elapsed = watch.elapsed();
    check(pending == n, "sleep_drop: a sleep was ready");
    co_return elapsed;
}

constexpr double million = 1e6;
constexpr Workload workloads[] = {
    {"oneshot", million, in_task<oneshot_pair>},
    {"oneshot_spawn", million, in_task<oneshot_spawn>},
    {"sleep_drop", million, in_task<sleep_drop>},
};

} // namespace

std::span<const Workload> sync_workloads() { return workloads; }

} // namespace micro
