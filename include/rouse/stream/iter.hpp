// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"

#include <initializer_list>
#include <iterator>
#include <string_view> // std::ranges::enable_view
#include <vector>

namespace rouse::stream {

/// See `iter`.
template <class R>
class Iter {
    static constexpr bool borrowed = std::is_reference_v<R>;
    using Range = std::remove_reference_t<R>;
    using Iterator = decltype(std::begin(std::declval<Range&>()));
    using Sentinel = decltype(std::end(std::declval<Range&>()));
    using Reference = decltype(*std::declval<Iterator&>());
    // The elements of a container that was given are ours to give; those that a view looks at are not.
    static constexpr bool moves = !borrowed && !std::ranges::enable_view<Range> &&
                                  std::is_lvalue_reference_v<Reference> &&
                                  !std::is_const_v<std::remove_reference_t<Reference>>;

public:
    using Item = std::conditional_t<moves, std::remove_cvref_t<Reference>, detail::AsItem<Reference>>;

    template <class G>
    explicit Iter(std::in_place_t, G&& range) : range_(std::in_place, std::forward<G>(range)) {}

    Poll<Maybe<Item>> poll_next(Context&) {
        if (!range_) return detail::no_item<Item>();
        return detail::or_end(*this, [&] { return take(); });
    }
    void end() noexcept {
        cursor_.reset();
        range_.reset();
    }

private:
    Poll<Maybe<Item>> take() {
        if (!cursor_) cursor_.emplace(*range_); // not before: it may have been moved
        if (cursor_->at == cursor_->end) {
            end();
            return detail::no_item<Item>();
        }
        if constexpr (moves) {
            auto next = detail::an_item<Item>(std::move(*cursor_->at));
            ++cursor_->at;
            return next;
        } else {
            auto next = detail::an_item<Item>(*cursor_->at);
            ++cursor_->at;
            return next;
        }
    }
    class Cursor {
    public:
        explicit Cursor(Range& range) : at(std::begin(range)), end(std::end(range)) {}
        Iterator at;
        [[no_unique_address]] Sentinel end;
    };
    detail::Held<R> range_;
    std::optional<Cursor> cursor_;
};

/// The elements of a range. One given as an lvalue stays where it is, and the items are what its iterators
/// give: references, mostly. A container that is given away has its elements moved out; a view is kept, and
/// the items are what it gives.
/// Wake: never Pending. Memory: the range, if it was given away; nothing is allocated.
///
/// ```cpp
/// std::vector<std::string> names = {"a", "b"};
/// stream::iter(names);                   // of std::string&
/// stream::iter(std::move(names));        // of std::string
/// stream::iter(std::views::iota(0, 10)); // of int
/// ```
template <class R>
    requires requires(std::remove_reference_t<R>& range) {
        std::begin(range);
        std::end(range);
    }
[[nodiscard]] auto iter(R&& range) {
    return Iter<R>(std::in_place, std::forward<R>(range));
}
/// Copies of these, in a vector. (GCC 12 takes no braces inside of a `co_await` expression: name the stream
/// first.)
template <class T>
[[nodiscard]] auto iter(std::initializer_list<T> items) {
    return Iter<std::vector<T>>(std::in_place, std::vector<T>(items));
}

} // namespace rouse::stream
