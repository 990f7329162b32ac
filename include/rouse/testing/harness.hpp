// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <memory>

namespace rouse::testing {

/// Makes wakers that count: how often they were woken, how many clones are alive. Thread: any.
class CountingWaker {
public:
    CountingWaker();
    ~CountingWaker();
    CountingWaker(const CountingWaker&) = delete;
    CountingWaker& operator=(const CountingWaker&) = delete;

    /// The waker to poll with; its clones are counted, it itself is not.
    [[nodiscard]] const Waker& waker() const noexcept { return waker_; }
    /// Wakes since the beginning, by value and by reference.
    [[nodiscard]] std::size_t wakes() const noexcept;
    /// Clones that somebody holds.
    [[nodiscard]] std::size_t clones_alive() const noexcept;
    /// Wakes since the last call.
    std::size_t take_wakes() noexcept;

private:
    class State;
    std::shared_ptr<State> state_;
    Waker waker_;
    std::size_t taken_ = 0;
};

/// A future under a test: polled by hand, with a counting waker.
///
/// ```cpp
/// auto [tx, rx] = rouse::oneshot::channel<int>();
/// rouse::testing::Harness test(std::move(rx));
/// EXPECT_TRUE(test.poll().is_pending());
/// EXPECT_EQ(test.clones_alive(), 1u); // it registered
/// (void)std::move(tx).send(7);
/// EXPECT_EQ(test.take_wakes(), 1u);
/// EXPECT_EQ(*test.poll().value(), 7);
/// EXPECT_EQ(test.clones_alive(), 0u); // and let go
/// ```
template <Future F>
class Harness {
public:
    using Output = OutputOf<F>;
    explicit Harness(F future) : future_(std::in_place, std::move(future)) {}

    Poll<Output> poll() {
        ++polls_;
        Context cx(waker_.waker());
        return future().poll(cx);
    }
    /// Polls as long as it is woken; Pending when it waits for somebody else.
    Poll<Output> poll_while_woken() {
        for (;;) {
            waker_.take_wakes();
            Poll<Output> result = poll();
            if (result.is_ready() || waker_.take_wakes() == 0) return result;
        }
    }
    /// Destroys the future: cancels it.
    void drop() { future_.reset(); }

    [[nodiscard]] F& future() {
        if (!future_) detail::stop("Harness: the future was dropped");
        return *future_;
    }
    [[nodiscard]] std::size_t wakes() const noexcept { return waker_.wakes(); }
    [[nodiscard]] bool is_woken() const noexcept { return waker_.wakes() != 0; }
    std::size_t take_wakes() noexcept { return waker_.take_wakes(); }
    [[nodiscard]] std::size_t clones_alive() const noexcept { return waker_.clones_alive(); }
    [[nodiscard]] std::size_t polls() const noexcept { return polls_; }

private:
    CountingWaker waker_;
    std::optional<F> future_;
    std::size_t polls_ = 0;
};

} // namespace rouse::testing
