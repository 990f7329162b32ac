// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/cancellation_token.hpp"

namespace rouse::detail {

CancelNode::CancelNode(std::shared_ptr<CancelNode> parent, std::string_view name)
    : parent_(std::move(parent)), name_(name) {}

/// [K3]
void CancelNode::leave_parent() noexcept {
    if (!parent_) return;
    const std::lock_guard lock(parent_->lock_);
    if (linked()) unlink();
}

namespace {
/// Where a node that is destroyed by the end of its child leaves its own parent; null: it is not.
thread_local std::shared_ptr<CancelNode>* parents_place = nullptr;
} // namespace

CancelNode::~CancelNode() {
    leave_parent();
    // A long line of parents that only their children kept goes in a loop, not by nested destructors: each
    // one leaves its parent to the outermost. (Whether a parent has another owner only its last release can
    // tell.)
    if (parents_place && !*parents_place) {
        parents_place->swap(parent_);
        return;
    }
    std::shared_ptr<CancelNode> next;
    auto* const outer = std::exchange(parents_place, &next);
    while (parent_) {
        parent_.reset();
        parent_.swap(next);
    }
    parents_place = outer;
}

std::shared_ptr<CancelNode> CancelNode::make_child(const std::shared_ptr<CancelNode>& parent,
                                                   std::string_view name) {
    auto child = std::make_shared<CancelNode>(parent, name);
    const std::lock_guard lock(parent->lock_); // [K2]
    if (parent->cancelled_.load(memory_order_relaxed)) child->cancelled_.store(true, memory_order_release);
    else parent->children_.push_back(*child);
    return child;
}

/// [K1]
void CancelNode::cancel_one(std::vector<std::shared_ptr<CancelNode>>& then) noexcept {
    {
        const std::lock_guard lock(lock_);
        if (cancelled_.exchange(true, memory_order_acq_rel)) return;
        while (CancelNode* const child = children_.pop_front())
            if (auto alive = child->weak_from_this().lock()) then.push_back(std::move(alive));
    }
    waiting_.fire_all(WaitNode::notified);
}

void CancelNode::cancel() noexcept {
    std::vector<std::shared_ptr<CancelNode>> left;
    cancel_one(left);
    while (!left.empty()) {
        const std::shared_ptr<CancelNode> next = std::move(left.back());
        left.pop_back();
        next->cancel_one(left);
    }
}

} // namespace rouse::detail
