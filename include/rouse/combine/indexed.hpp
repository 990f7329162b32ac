// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <cstddef>
#include <exception>
#include <expected>
#include <optional>
#include <ranges>
#include <utility>

namespace rouse::detail {

/// A future that brings a number along with its value.
template <Future F>
class Indexed {
public:
    using Value = NonVoid<OutputOf<F>>;
    using Output = std::pair<std::size_t, Value>;

    Indexed(std::size_t index, F future) : index_(index), future_(std::move(future)) {}
    Poll<Output> poll(Context& cx) {
        auto poll = future_.poll(cx);
        if (poll.is_pending()) return Pending;
        if constexpr (std::is_void_v<OutputOf<F>>) return Poll<Output>(std::in_place, index_, Unit());
        else return Poll<Output>(std::in_place, index_, std::move(poll).value());
    }
    bool fail_await(std::exception_ptr error) {
        if constexpr (Failable<F>) return future_.fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const {
        to.leaf(type_name<F>());
        inspect_future(future_, to);
    }

private:
    std::size_t index_;
    F future_;
};

/// The outcome of a future, as a value; it takes every error that it is told to throw.
template <Future F>
class Settled {
public:
    using Output = std::expected<OutputOf<F>, std::exception_ptr>;

    explicit Settled(F future) : future_(std::move(future)) {}
    Poll<Output> poll(Context& cx) {
        if (error_) return Poll<Output>(std::in_place, std::unexpect, std::exchange(error_, nullptr));
#if ROUSE_EXCEPTIONS
        try {
            return poll_value(cx);
        } catch (...) {
            return Poll<Output>(std::in_place, std::unexpect, std::current_exception());
        }
#else
        return poll_value(cx);
#endif
    }
    bool fail_await(std::exception_ptr error) {
        if constexpr (Failable<F>)
            if (future_.fail_await(error)) return true;
        error_ = std::move(error);
        return true;
    }
    void inspect(Inspector& to) const {
        to.leaf(type_name<F>());
        inspect_future(future_, to);
    }

private:
    Poll<Output> poll_value(Context& cx) {
        auto poll = future_.poll(cx);
        if (poll.is_pending()) return Pending;
        if constexpr (std::is_void_v<OutputOf<F>>) return Poll<Output>(std::in_place);
        else return Poll<Output>(std::in_place, std::move(poll).value());
    }

    F future_;
    std::exception_ptr error_;
};

/// A range whose elements are futures that may be moved out of it.
template <class Range>
concept FutureRange = std::ranges::input_range<Range> && Future<std::ranges::range_value_t<Range>>;

} // namespace rouse::detail
