// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/wait_list.hpp"

#include <string_view>
#include <utility>

namespace rouse {

class Event;

/// Completes when its event is set.
/// Wake:   by `set`.
/// Cancel: destroy it.
/// Errors: throws `Abandoned` when the event is destroyed meanwhile.
/// Thread: any, one at a time.
class [[nodiscard]] EventWait {
public:
    using Output = void;
    explicit EventWait(Event& event) noexcept : event_(&event) {}
    EventWait(EventWait&& other) noexcept = default;
    EventWait& operator=(EventWait&&) = delete;
    ~EventWait();

    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    void take_ready();
    void inspect(Inspector& to) const;

private:
    Event* event_;
    bool taken_ = false;
    detail::WaitNode node_;
};

/// A flag that tasks wait for: set once, it lets everybody through until it is reset.
///
/// Fairness: all are woken, in the order in which they came. Memory: what was done before `set` happens
/// before what is done after the wait. Destroyed with waiters it wakes them, and they throw `Abandoned`.
/// Thread: any.
/// Its destruction must not run beside a poll or a drop of one of its futures on another thread.
///
/// ```cpp
/// rouse::Event ready;
/// // any number of tasks: co_await ready.wait();
/// ready.set();
/// ```
class Event {
public:
    /// `name` is for the reader of a dump; it is not copied.
    explicit Event(bool set = false, std::string_view name = {}) noexcept : set_(set), name_(name) {}

    void set() noexcept {
        queue_.fire_all(detail::WaitNode::notified, [this] { set_.store(true, memory_order_release); });
    }
    void reset() noexcept { set_.store(false, memory_order_release); }
    [[nodiscard]] bool is_set() const noexcept { return set_.load(memory_order_acquire); }
    /// A wait that has seen `set` completes, also if the event was reset since.
    [[nodiscard]] EventWait wait() noexcept { return EventWait(*this); }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

private:
    friend class EventWait;
    Atomic<bool> set_;
    std::string_view name_;
    detail::WaitQueue queue_; // its end comes first
};

inline EventWait::~EventWait() {
    if (node_.state() == detail::WaitNode::queued) event_->queue_.remove(node_);
}
inline bool EventWait::poll_ready(Context& cx) {
    if (taken_) [[unlikely]]
        detail::stop_polled_after_ready("EventWait");
    if (node_.state() > detail::WaitNode::queued) return true;
    if (node_.is_idle() && event_->is_set()) return true;
    return event_->queue_.poll(node_, cx.waker(), [this] { return event_->is_set(); });
}
inline void EventWait::take_ready() {
    taken_ = true;
    if (node_.finish() == detail::WaitNode::closed)
        detail::throw_abandoned("an Event was destroyed while a task waited for it");
}
inline void EventWait::inspect(Inspector& to) const {
    if (taken_ || node_.state() > detail::WaitNode::queued) return;
    to.waits_for(WaitKind::notification, event_, detail::describe_wait("an event", event_->name()));
}

} // namespace rouse
