// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/stream.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace rouse::detail {

/// What stands right of a `|`: an adaptor that waits for its stream, with its other arguments. A stream given
/// as an lvalue is used where it is, and stays usable afterwards; so is an argument.
template <template <class...> class Adaptor, class... Args>
class [[nodiscard]] Pipe {
public:
    template <class... Given>
    explicit Pipe(std::in_place_t, Given&&... args) : args_(std::forward<Given>(args)...) {}

    template <class S>
        requires StreamArg<S>
    friend auto operator|(S&& stream, Pipe pipe) {
        return std::apply(
            [&](auto&... args) {
                return Adaptor(std::in_place, std::forward<S>(stream), std::forward<Args>(args)...);
            },
            pipe.args_);
    }

private:
    std::tuple<Args...> args_;
};

/// `map(f) | take(3)`, without a stream yet.
template <class First, class Second>
class [[nodiscard]] Pipes {
public:
    Pipes(First first, Second second) : first_(std::move(first)), second_(std::move(second)) {}
    template <class S>
        requires StreamArg<S>
    friend auto operator|(S&& stream, Pipes pipes) {
        return (std::forward<S>(stream) | std::move(pipes.first_)) | std::move(pipes.second_);
    }

private:
    First first_;
    Second second_;
};

template <class T>
inline constexpr bool is_pipe = false;
template <template <class...> class Adaptor, class... Args>
inline constexpr bool is_pipe<Pipe<Adaptor, Args...>> = true;
template <class First, class Second>
inline constexpr bool is_pipe<Pipes<First, Second>> = true;

template <class First, class Second>
    requires(is_pipe<First> && is_pipe<Second>)
auto operator|(First first, Second second) {
    return Pipes<First, Second>(std::move(first), std::move(second));
}

/// The pipe of `Adaptor(std::in_place, stream, args...)`. An argument that is not moved is copied.
template <template <class...> class Adaptor, class... Args>
auto pipe(Args&&... args) {
    return Pipe<Adaptor, std::decay_t<Args>...>(std::in_place, std::forward<Args>(args)...);
}

} // namespace rouse::detail
