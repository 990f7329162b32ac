// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/strand.hpp"

#include "rouse/base/config.hpp"

namespace rouse::detail {

bool Strand::poll(Context& cx, std::exception_ptr& error) {
    PollScope scope{turn.scope, this, &cx, &error};
    if (!scope.outer) turn.budget = poll_budget;
    turn.scope = &scope;
    ++polls_;
    const bool ready = run(scope, cx);
    turn.scope = scope.outer;
    return ready;
}

bool Strand::run(PollScope& scope, Context& cx) {
    if (leaf_ops_) {
        if (!*scope.in_flight) {
#if ROUSE_EXCEPTIONS
            // The leaf has no coroutine around its second poll: what it throws is kept for `await_resume`, so
            // that the coroutine's own catch sees it.
            try {
                if (!leaf_ops_->poll(leaf(), cx)) return false;
            } catch (...) {
                *scope.in_flight = std::current_exception();
            }
#else
            if (!leaf_ops_->poll(leaf(), cx)) return false;
#endif
        }
        leaf_ops_ = nullptr;
        if (!top_) return true;
    }
    for (;;) {
        top_->resume();
        if (leaf_ops_) return false;
        if (scope.finished) return true;
        if (!spend_budget() && !*scope.in_flight) [[unlikely]] {
            request_yield(cx);
            return false;
        }
    }
}

void Strand::cancel() noexcept {
    leaf_ops_ = nullptr;
    PromiseBase* promise = std::exchange(top_, nullptr);
    while (promise) {
        PromiseBase* below = nullptr;
        if (PromiseBase::Await* await = promise->awaiting()) {
            await->child = nullptr; // its frame goes now; the awaiting frame must not destroy it again
            below = await->parent;
        }
        promise->destroy();
        promise = below;
    }
}

void Strand::inspect(Inspector& to) const {
    for (PromiseBase* promise = top_; promise;) {
        if (promise->await_at()) to.frame(promise->await_at());
        PromiseBase::Await* await = promise->awaiting();
        promise = await ? await->parent : nullptr;
    }
    if (leaf_ops_) {
        to.leaf(leaf_ops_->type);
        leaf_ops_->inspect(leaf(), to);
    }
}

} // namespace rouse::detail
