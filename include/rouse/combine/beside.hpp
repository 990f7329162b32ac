// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <type_traits>
#include <utility>

namespace rouse::detail {

/// A future beside another one that may end it first: what Timeout, Abortable and UntilCancelled have in
/// common. Which of them is polled first is theirs. If the future is lost that is thrown at once, though the
/// signal might still come: it would hide a hang.
template <class F, class Signal>
class Beside {
public:
    Beside& operator=(const Beside&) = delete;

protected:
    using Value = OutputOf<std::remove_reference_t<F>>;

    template <class G>
    Beside(Signal signal, std::in_place_t, G&& future)
        : child_(std::in_place, std::forward<G>(future)), signal_(std::in_place, std::move(signal)) {}
    /// Before the first poll.
    Beside(Beside&& other) noexcept : child_(std::move(other.child_)), signal_(std::move(other.signal_)) {}
    ~Beside() = default;

    /// What the future returned, after both have ended; for a future of nothing, made of `nothing`.
    template <class Output, class P, class... Nothing>
    Poll<Output> finish(P&& poll, Nothing... nothing) {
        if constexpr (std::is_void_v<Value>) {
            end();
            return Poll<Output>(std::in_place, nothing...);
        } else {
            Poll<Output> result(std::in_place, std::forward<P>(poll).value());
            end();
            return result;
        }
    }
    void end() noexcept {
        child_.end();
        signal_.end();
    }

    ChildSet set_;
    Child<F> child_;
    Child<Signal> signal_;
};

} // namespace rouse::detail
