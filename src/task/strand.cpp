// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/strand.hpp"

#include "rouse/base/config.hpp"

namespace rouse::detail {

void keep_in_flight(PollScope& scope) noexcept { *scope.in_flight = std::current_exception(); }

void throw_in_flight() { std::rethrow_exception(std::exchange(*turn.scope->in_flight, nullptr)); }

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

void Strand::inspect_frames(Inspector& to) const {
    for (PromiseBase* promise = top_; promise;) {
        if (promise->await_at()) to.frame(promise->await_at());
        PromiseBase::Await* await = promise->awaiting();
        promise = await ? await->parent : nullptr;
    }
}

void Strand::inspect(Inspector& to) const {
    inspect_frames(to);
    if (leaf_ops_) {
        to.leaf(leaf_ops_->type);
        leaf_ops_->inspect(leaf(), to);
    }
}

} // namespace rouse::detail
