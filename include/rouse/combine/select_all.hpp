// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"
#include "rouse/combine/indexed.hpp"
#include "rouse/combine/select.hpp"

#include <memory>
#include <vector>

namespace rouse {

/// A future on the heap: it stays where it is when this is moved, so that it may be moved after its first
/// poll. What `select_all` gives back. Wake, cancel, thread: those of the future.
template <Future F>
class [[nodiscard]] Pinned {
public:
    using Output = OutputOf<F>;
    explicit Pinned(F future) : future_(std::make_unique<F>(std::move(future))) {}
    Poll<Output> poll(Context& cx) { return future_->poll(cx); }
    bool fail_await(std::exception_ptr error) {
        if constexpr (detail::Failable<F>) return future_ && future_->fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const {
        to.leaf(type_name<F>());
        detail::inspect_future(*future_, to);
    }
    [[nodiscard]] F& operator*() noexcept { return *future_; }

private:
    std::unique_ptr<F> future_;
};

/// What `select_all` completes with.
template <class T, Future F>
class SelectedOf {
public:
    SelectedOf(T value, std::size_t index, std::vector<Pinned<F>> rest)
        : value(std::move(value)), index(index), rest(std::move(rest)) {}
    T value;                     ///< Of the first that was ready; `Unit` for void.
    std::size_t index;           ///< Its place in the range.
    std::vector<Pinned<F>> rest; ///< The others, in their order: as they are, polled or not.
};

/// See `select_all`.
template <Future F>
class [[nodiscard]] SelectAll {
    using Value = NonVoid<OutputOf<F>>;
    using Held = detail::Child<Pinned<F>>;

public:
    using Output = SelectedOf<Value, F>;

    template <detail::FutureRange Range>
    explicit SelectAll(bool biased, Range&& futures) : biased_(biased) {
        for (auto&& future : futures)
            arms_.push_back(std::make_unique<Held>(std::in_place, Pinned<F>(std::move(future))));
        if (arms_.empty()) detail::stop("select_all of an empty range: it would never complete");
    }
    explicit SelectAll(bool biased, std::vector<Pinned<F>> futures) : biased_(biased) {
        for (auto& future : futures)
            arms_.push_back(std::make_unique<Held>(std::in_place, std::move(future)));
        if (arms_.empty()) detail::stop("select_all of an empty range: it would never complete");
    }
    /// Before the first poll.
    SelectAll(SelectAll&& other) noexcept : arms_(std::move(other.arms_)), biased_(other.biased_) {}
    ~SelectAll() { arms_.clear(); }

    Poll<Output> poll(Context& cx) {
        if (arms_.empty()) [[unlikely]]
            detail::stop_polled_after_ready("SelectAll");
        const std::size_t count = arms_.size();
        const std::size_t start = biased_ ? 0 : detail::next_select_start() % count;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = (start + i) % count;
            auto poll = arms_[index]->poll(cx, set_);
            if (poll.is_pending()) continue;
            arms_[index]->end();
            if constexpr (std::is_void_v<OutputOf<F>>) return finish(index, Unit());
            else return finish(index, std::move(poll).value());
        }
        for (std::size_t i = 0; i < count; ++i)
            if (arms_[i]->is_lost()) arms_[i]->report_lost(role(i));
        return Pending;
    }
    void inspect(Inspector& to) const {
        for (std::size_t i = 0; i < arms_.size(); ++i) arms_[i]->inspect(to, role(i));
    }

private:
    static std::string role(std::size_t index) {
        return "future " + std::to_string(index + 1) + " of select_all";
    }
    Poll<Output> finish(std::size_t index, Value value) {
        std::vector<Pinned<F>> rest;
        rest.reserve(arms_.size() - 1);
        for (auto& arm : arms_)
            if (arm->pending()) rest.push_back(arm->release());
        arms_.clear();
        return Poll<Output>(std::in_place, std::move(value), index, std::move(rest));
    }

    detail::ChildSet set_;
    std::vector<std::unique_ptr<Held>> arms_; // empty after Ready
    bool biased_;
};

/// Completes with the first future of a range that does: its value, its index, and the others, which were not
/// touched otherwise, and may be given to the next `select_all`. The futures are moved out of the range, to
/// the heap, where they stay. Another one is looked at first in each poll; `select_all_biased` goes from
/// first to last. An empty range stops the program.
/// Wake:   a wake of any polls them all; for many use FuturesUnordered.
/// Cancel: destroys the futures.
/// Errors: what a future throws is thrown, and the others are destroyed with the select_all; with `capture`
///         they are kept. One that can never be woken again is reported to the hang hook, as in `select`.
///
/// ```cpp
/// auto first = co_await rouse::select_all(std::move(requests));
/// use(first.value);
/// auto second = co_await rouse::select_all(std::move(first.rest));
/// ```
template <detail::FutureRange Range>
[[nodiscard]] auto select_all(Range&& futures) {
    return SelectAll<std::ranges::range_value_t<Range>>(false, std::forward<Range>(futures));
}
template <Future F>
[[nodiscard]] auto select_all(std::vector<Pinned<F>>&& futures) {
    return SelectAll<F>(false, std::move(futures));
}
/// As `select_all`, from first to last in every poll.
template <detail::FutureRange Range>
[[nodiscard]] auto select_all_biased(Range&& futures) {
    return SelectAll<std::ranges::range_value_t<Range>>(true, std::forward<Range>(futures));
}
template <Future F>
[[nodiscard]] auto select_all_biased(std::vector<Pinned<F>>&& futures) {
    return SelectAll<F>(true, std::move(futures));
}

} // namespace rouse
