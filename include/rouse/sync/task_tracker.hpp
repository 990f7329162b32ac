// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/wait_list.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace rouse {

class TaskTracker;

namespace detail {

/// [T1] One word: bit 0 is CLOSED, the rest counts two for each token. Whoever's RMW makes it CLOSED alone
/// wakes.
class TrackerState {
public:
    explicit TrackerState(std::string_view name) noexcept : name(name) {}
    static constexpr std::size_t closed = 1;
    static constexpr std::size_t one = 2;
    void add() noexcept { word.fetch_add(one, memory_order_relaxed); }
    void drop() noexcept {
        if (word.fetch_sub(one, memory_order_acq_rel) == one + closed) ended.fire_all(WaitNode::notified);
    }
    [[nodiscard]] bool is_over() const noexcept { return word.load(memory_order_acquire) == closed; }

    const std::string_view name;
    Atomic<std::size_t> word{0};
    WaitQueue ended;
};

} // namespace detail

/// Counts as a task of its tracker for as long as it lives.
class TaskTrackerToken {
public:
    explicit TaskTrackerToken(std::shared_ptr<detail::TrackerState> state) noexcept
        : state_(std::move(state)) {
        state_->add();
    }
    TaskTrackerToken(const TaskTrackerToken& other) noexcept : TaskTrackerToken(other.state_) {}
    TaskTrackerToken(TaskTrackerToken&&) noexcept = default;
    TaskTrackerToken& operator=(TaskTrackerToken other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~TaskTrackerToken() {
        if (state_) state_->drop();
    }

private:
    std::shared_ptr<detail::TrackerState> state_;
};

/// A future that counts in its tracker until it is destroyed. Wake, cancel, thread: those of the future
/// inside.
template <Future F>
class [[nodiscard]] TrackedFuture {
public:
    using Output = OutputOf<F>;
    TrackedFuture(TaskTrackerToken token, F future) : token_(std::move(token)), future_(std::move(future)) {}
    Poll<Output> poll(Context& cx) { return future_.poll(cx); }
    bool fail_await(std::exception_ptr error) {
        if constexpr (detail::Failable<F>) return future_.fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const { detail::inspect_future(future_, to); }

private:
    TaskTrackerToken token_; // its end comes last
    F future_;
};

/// Completes when its tracker is closed and has no task left.
/// Wake: then. Cancel: destroy it. Thread: any, one at a time.
class [[nodiscard]] TaskTrackerWait {
public:
    using Output = void;
    explicit TaskTrackerWait(std::shared_ptr<detail::TrackerState> state) noexcept
        : state_(std::move(state)) {}
    TaskTrackerWait(TaskTrackerWait&&) noexcept = default;
    TaskTrackerWait& operator=(TaskTrackerWait&&) = delete;
    ~TaskTrackerWait() {
        if (state_) state_->ended.remove(node_);
    }

    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("TaskTrackerWait");
        if (node_.state() > detail::WaitNode::queued) return true;
        return state_->ended.poll(node_, cx.waker(), [this] { return state_->is_over(); });
    }
    void take_ready() noexcept {
        taken_ = true;
        node_.reset();
    }
    void inspect(Inspector& to) const {
        const std::size_t left = state_->word.load(memory_order_relaxed) / detail::TrackerState::one;
        to.waits_for(
            WaitKind::task, state_.get(),
            detail::describe_wait("the end of " + std::to_string(left) +
                                      (state_->name.empty() ? " tracked tasks" : " tasks of the tracker"),
                                  state_->name));
    }

private:
    std::shared_ptr<detail::TrackerState> state_;
    bool taken_ = false;
    detail::WaitNode node_;
};

/// Waits for the end of tasks without keeping their handles: what a graceful shutdown needs. Copies are the
/// same tracker.
///
/// Fairness: all who wait are woken, in the order in which they came. Memory: what was done before the end of
/// a task happens before what is done after the wait. Thread: any.
///
/// ```cpp
/// rouse::TaskTracker tracker;
/// rouse::spawn(tracker.track_future(serve(client))).detach();
/// tracker.close();          // a wait completes from now on
/// co_await tracker.wait();  // all tracked futures are gone
/// ```
class TaskTracker {
public:
    TaskTracker() : TaskTracker(std::string_view()) {}
    /// `name` is for the reader of a dump; it is not copied.
    explicit TaskTracker(std::string_view name) : state_(std::make_shared<detail::TrackerState>(name)) {}

    /// `future`, which counts here until it is destroyed.
    template <Future F>
    [[nodiscard]] TrackedFuture<F> track_future(F future) const {
        return TrackedFuture<F>(token(), std::move(future));
    }
    [[nodiscard]] TaskTrackerToken token() const noexcept { return TaskTrackerToken(state_); }
    /// Lets `wait` complete when it is empty. False: it was closed. Tasks may still be added.
    bool close() const noexcept {
        const std::size_t before = state_->word.fetch_or(detail::TrackerState::closed, memory_order_acq_rel);
        if (before == 0) state_->ended.fire_all(detail::WaitNode::notified);
        return !(before & detail::TrackerState::closed);
    }
    /// The opposite. False: it was open.
    bool reopen() const noexcept {
        return state_->word.fetch_and(~detail::TrackerState::closed, memory_order_acq_rel) &
               detail::TrackerState::closed;
    }
    [[nodiscard]] bool is_closed() const noexcept {
        return state_->word.load(memory_order_acquire) & detail::TrackerState::closed;
    }
    [[nodiscard]] std::size_t len() const noexcept {
        return state_->word.load(memory_order_acquire) / detail::TrackerState::one;
    }
    [[nodiscard]] bool is_empty() const noexcept { return len() == 0; }
    /// Completes when it is closed and empty, or was in between.
    [[nodiscard]] TaskTrackerWait wait() const noexcept { return TaskTrackerWait(state_); }

private:
    std::shared_ptr<detail::TrackerState> state_;
};

} // namespace rouse
