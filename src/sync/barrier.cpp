// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/barrier.hpp"

namespace rouse {

using detail::WaitNode;

BarrierWait::~BarrierWait() {
    if (node_.state() != WaitNode::queued) return;
    barrier_->queue_.remove(node_, [this] {
        // The last one has come, and has not got to this one yet: it counts no more.
        if (round_ == barrier_->round_) --barrier_->came_;
    });
}

bool BarrierWait::poll_ready(Context& cx) {
    if (taken_) [[unlikely]]
        detail::stop_polled_after_ready("BarrierWait");
    if (leader_ || node_.state() > WaitNode::queued) return true;
    // The last one to come starts the next round in the step in which it takes all of this one out.
    const bool ready = barrier_->queue_.poll_or_fire_all(node_, cx.waker(), [this] {
        round_ = barrier_->round_;
        if (++barrier_->came_ < barrier_->count_) return false;
        barrier_->came_ = 0;
        ++barrier_->round_;
        return leader_ = true;
    });
    return ready;
}

BarrierWaitResult BarrierWait::take_ready() {
    taken_ = true;
    if (node_.finish() == WaitNode::closed)
        detail::throw_abandoned("a Barrier was destroyed while a task waited at it");
    return BarrierWaitResult(leader_);
}

void BarrierWait::inspect(Inspector& to) const {
    if (taken_ || node_.state() > WaitNode::queued) return;
    to.waits_for(WaitKind::notification, barrier_, detail::describe_wait("a barrier", barrier_->name()));
}

} // namespace rouse
