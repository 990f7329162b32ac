// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/expected.hpp"
#include "rouse/combine/select_all.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <vector>

namespace rouse {

/// See `select_ok`.
template <Future F>
    requires detail::Expected<OutputOf<F>>
class [[nodiscard]] SelectOk {
    using Answer = OutputOf<F>;
    using Value = NonVoid<typename Answer::value_type>;
    using Error = Answer::error_type;
    using Held = detail::Child<Pinned<F>>;

public:
    using Output = std::expected<SelectedOf<Value, F>, Error>;

    template <detail::FutureRange Range>
    explicit SelectOk(Range&& futures) {
        for (auto&& future : futures)
            arms_.push_back(std::make_unique<Held>(std::in_place, Pinned<F>(std::move(future))));
        start();
    }
    explicit SelectOk(std::vector<Pinned<F>> futures) {
        for (auto& future : futures)
            arms_.push_back(std::make_unique<Held>(std::in_place, std::move(future)));
        start();
    }
    /// Before the first poll.
    SelectOk(SelectOk&& other) noexcept : arms_(std::move(other.arms_)), left_(other.left_) {}

    Poll<Output> poll(Context& cx) {
        if (arms_.empty()) [[unlikely]]
            detail::stop_polled_after_ready("SelectOk");
        const std::size_t count = arms_.size();
        const std::size_t start = detail::next_select_start() % count;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = (start + i) % count;
            Held& arm = *arms_[index];
            if (!arm.pending()) continue;
            auto poll = arm.poll(cx, set_);
            if (poll.is_pending()) continue;
            arm.end();
            Answer answer = std::move(poll).value();
            if (answer) {
                if constexpr (std::is_void_v<typename Answer::value_type>) return finish(index, Unit());
                else return finish(index, std::move(*answer));
            }
            if (--left_ != 0) continue;
            arms_.clear();
            return Poll<Output>(std::in_place, std::unexpect, std::move(answer).error());
        }
        for (std::size_t i = 0; i < count; ++i)
            if (arms_[i]->is_lost()) arms_[i]->report_lost(role(i));
        return Pending;
    }
    void inspect(Inspector& to) const {
        for (std::size_t i = 0; i < arms_.size(); ++i)
            if (arms_[i]->pending()) arms_[i]->inspect(to, role(i));
    }

private:
    void start() {
        if (arms_.empty()) detail::stop("select_ok of an empty range: it has neither a value nor an error");
        left_ = arms_.size();
    }
    static std::string role(std::size_t index) {
        return "future " + std::to_string(index + 1) + " of select_ok";
    }
    Poll<Output> finish(std::size_t index, Value value) {
        std::vector<Pinned<F>> rest;
        for (auto& arm : arms_)
            if (arm->pending()) rest.push_back(arm->release());
        arms_.clear();
        return Poll<Output>(std::in_place, std::in_place, std::move(value), index, std::move(rest));
    }

    detail::ChildSet set_;
    std::vector<std::unique_ptr<Held>> arms_; // empty after Ready
    std::size_t left_ = 0;
};

/// As `select_all`, of futures of `std::expected`: completes with the first that has a value, its index, and
/// the others that are not over. Those that have an error are dropped; when all have, it is the last one's
/// error. An empty range stops the program.
/// Wake:   a wake of any polls them all.
/// Cancel: destroys the futures.
/// Errors: what a future throws is thrown, and the others are destroyed with the select_ok. One that can
/// never
///         be woken again is reported to the hang hook, as in `select`.
///
/// ```cpp
/// auto page = co_await rouse::select_ok(std::move(mirrors));
/// if (page) use(page->value);
/// ```
template <detail::FutureRange Range>
[[nodiscard]] auto select_ok(Range&& futures) {
    return SelectOk<std::ranges::range_value_t<Range>>(std::forward<Range>(futures));
}
template <Future F>
[[nodiscard]] auto select_ok(std::vector<Pinned<F>>&& futures) {
    return SelectOk<F>(std::move(futures));
}

} // namespace rouse
