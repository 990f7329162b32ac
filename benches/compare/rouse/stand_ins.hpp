// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace compare {

/// Counts tasks without handles, and wakes the one that waits for the last of them. This is what a user can
/// write today; a group spawn of rouse's own takes its place when there is one.
class Group {
public:
    explicit Group(std::uint64_t size) : Group(size, rouse::oneshot::channel<bool>()) {}
    /// The group may be gone when this returns.
    void end_one() {
        if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        auto last = std::move(tell_);
        (void)std::move(last).send(true);
    }
    [[nodiscard]] rouse::oneshot::Receiver<bool>& all_ended() noexcept { return told_; }
    [[nodiscard]] std::uint64_t left() const noexcept { return left_.load(std::memory_order_acquire); }

private:
    using Channel = std::pair<rouse::oneshot::Sender<bool>, rouse::oneshot::Receiver<bool>>;
    Group(std::uint64_t size, Channel channel)
        : left_(size), tell_(std::move(channel.first)), told_(std::move(channel.second)) {}

    std::atomic<std::uint64_t> left_;
    rouse::oneshot::Sender<bool> tell_;
    rouse::oneshot::Receiver<bool> told_;
};

/// A place for one value on its way from one task or thread to one task: what a wake costs without a channel.
template <class T>
class Mailbox {
public:
    /// It must be empty.
    void put(T value) {
        slot_.emplace(std::move(value));
        full_.store(true, std::memory_order_release);
        filled_.wake();
    }
    /// A future of the value that is put there next.
    class Taken {
    public:
        using Output = T;
        explicit Taken(Mailbox& box) noexcept : box_(&box) {}
        rouse::Poll<T> poll(rouse::Context& cx) {
            if (!box_->full_.load(std::memory_order_acquire)) {
                box_->filled_.register_by_ref(cx.waker());
                if (!box_->full_.load(std::memory_order_acquire)) return rouse::Pending;
            }
            T value = std::move(*box_->slot_);
            box_->slot_.reset();
            box_->full_.store(false, std::memory_order_release);
            return rouse::Ready(std::move(value));
        }

    private:
        Mailbox* box_;
    };
    [[nodiscard]] Taken take() noexcept { return Taken(*this); }

private:
    std::optional<T> slot_;
    std::atomic<bool> full_ = false;
    rouse::AtomicWaker filled_;
};

} // namespace compare
