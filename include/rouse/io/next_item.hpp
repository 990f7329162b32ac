// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace rouse::detail {

/// The next item of something with `Item`, `poll_next` and `cancel_next`; nothing is the end. Cancel: destroy
/// it; no item is lost, and no waker is kept.
template <class S>
class [[nodiscard]] NextItem {
public:
    using Output = std::optional<typename S::Item>;
    explicit NextItem(S& items) noexcept : items_(std::addressof(items)) {}
    NextItem(NextItem&& other) noexcept
        : items_(other.items_), pending_(std::exchange(other.pending_, false)) {}
    NextItem& operator=(NextItem&&) = delete;
    ~NextItem() {
        if (pending_) items_->cancel_next();
    }
    Poll<Output> poll(Context& cx) {
        auto poll = items_->poll_next(cx);
        pending_ = poll.is_pending();
        return poll;
    }
    void inspect(Inspector& to) const { items_->inspect(to); }

private:
    S* items_;
    bool pending_ = false;
};

} // namespace rouse::detail
