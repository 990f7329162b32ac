// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/notify.hpp"

namespace rouse {

using detail::WaitNode;

Notified::Notified(Notify& notify) noexcept
    : notify_(&notify), round_(notify.round_.load(memory_order_acquire)) {}

Notified::~Notified() {
    if (taken_) return;
    // [W4] Chosen, and never told: somebody else is.
    if (permit_ || notify_->queue_.leave(node_)) notify_->notify_one();
}

bool Notified::poll_ready(Context& cx) {
    if (taken_) [[unlikely]]
        detail::stop_polled_after_ready("Notified");
    if (!ready_ && node_.state() <= WaitNode::queued) {
        const bool fired = notify_->queue_.poll(node_, cx.waker(), [this] {
            if (notify_->round_.load(memory_order_relaxed) != round_) return ready_ = true;
            if (!notify_->permit_) return false;
            notify_->permit_ = false;
            return ready_ = permit_ = true;
        });
        if (!fired) return false;
    }
    if (node_.state() == WaitNode::granted) {
        notify_->queue_.take(node_);
        ready_ = permit_ = true;
    }
    return true;
}

bool Notified::enable() {
    if (ready_ || !node_.is_idle()) return ready_ || node_.state() > WaitNode::queued; // it has its place
    return notify_->queue_.poll(node_, Waker(), [this] {
        if (notify_->round_.load(memory_order_relaxed) != round_) return ready_ = true;
        if (!notify_->permit_) return false;
        notify_->permit_ = false;
        notify_->queue_.give(node_); // it may wait for its poll for long
        return true;
    });
}

void Notified::take_ready() {
    taken_ = true;
    if (node_.finish() == WaitNode::closed)
        detail::throw_abandoned("a Notify was destroyed while a task waited for its notification");
}

void Notified::inspect(Inspector& to) const {
    if (taken_ || node_.state() > WaitNode::queued) return;
    to.waits_for(WaitKind::notification, notify_, detail::describe_wait("a notification", notify_->name()));
}

} // namespace rouse
