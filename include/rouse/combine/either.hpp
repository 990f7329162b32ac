// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <variant>

namespace rouse {

/// One of two futures of the same output: what a function returns that has two ways to get it, without a box.
/// Wake, cancel, thread: those of the future inside.
///
/// ```cpp
/// using Lookup = rouse::Either<rouse::ReadyFuture<Entry>, rouse::Task<Entry>>;
/// Lookup lookup(Key key) {
///     if (auto found = cache.find(key)) return Lookup::left(rouse::ready(*found));
///     return Lookup::right(fetch(key));
/// }
/// ```
template <Future L, Future R>
class [[nodiscard]] Either {
    static_assert(std::same_as<OutputOf<L>, OutputOf<R>>,
                  "the two futures of an Either have one output type: map one of them to it");

public:
    using Output = OutputOf<L>;

    [[nodiscard]] static Either left(L future) { return Either(std::in_place_index<0>, std::move(future)); }
    [[nodiscard]] static Either right(R future) { return Either(std::in_place_index<1>, std::move(future)); }

    Poll<Output> poll(Context& cx) {
        return std::visit([&](auto& future) { return future.poll(cx); }, future_);
    }
    bool fail_await(std::exception_ptr error) {
        return std::visit(
            [&]<class F>(F& future) {
                if constexpr (detail::Failable<F>) return future.fail_await(std::move(error));
                else return false;
            },
            future_);
    }
    [[nodiscard]] bool is_left() const noexcept { return future_.index() == 0; }
    [[nodiscard]] bool is_right() const noexcept { return future_.index() == 1; }
    void inspect(Inspector& to) const {
        std::visit(
            [&]<class F>(const F& future) {
                to.leaf(type_name<F>());
                detail::inspect_future(future, to);
            },
            future_);
    }

private:
    template <std::size_t I, class F>
    Either(std::in_place_index_t<I> index, F future) : future_(index, std::move(future)) {}
    std::variant<L, R> future_;
};

} // namespace rouse
