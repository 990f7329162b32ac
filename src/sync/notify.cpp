// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/notify.hpp"

namespace rouse {

using detail::WaitNode;

Notified::Notified(Notify& notify) noexcept
    : notify_(&notify), round_(notify.round_.load(memory_order_acquire)) {}

Notified::~Notified() {
    if (taken_) return;
    if (node_.state() == WaitNode::queued) notify_->queue_.remove(node_);
    // [W4] Chosen, and never told: somebody else is.
    if (node_.state() == WaitNode::granted || permit_) notify_->notify_one();
}

bool Notified::poll_with(const Waker& waker) {
    if (ready_ || node_.state() > WaitNode::queued) return true;
    return notify_->queue_.poll(node_, waker, [this] {
        if (notify_->round_.load(memory_order_relaxed) != round_) return ready_ = true;
        if (!notify_->permit_) return false;
        notify_->permit_ = false;
        return ready_ = permit_ = true;
    });
}

bool Notified::poll_ready(Context& cx) {
    if (taken_) [[unlikely]]
        detail::stop_polled_after_ready("Notified");
    return poll_with(cx.waker());
}

bool Notified::enable() { return poll_with(Waker()); }

void Notified::take_ready() {
    taken_ = true;
    if (node_.state() == WaitNode::closed)
        throw Abandoned("a Notify was destroyed while a task waited for its notification");
}

void Notified::inspect(Inspector& to) const {
    if (taken_ || node_.state() > WaitNode::queued) return;
    to.waits_for(WaitKind::notification, notify_, detail::describe_wait("a notification", notify_->name()));
}

} // namespace rouse
