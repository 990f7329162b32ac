// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/block_on.hpp>
#include <rouse/core/future.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace rouse_test {

/// Runs `body(i)`, a Task, for each i in [0, threads) on a thread of its own, and waits for all.
template <class Body>
void on_threads(std::size_t threads, Body body) {
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < threads; ++i) all.emplace_back([&body, i] { rouse::block_on(body(i)); });
}

/// Runs `main` on a runtime of four workers.
template <class F>
void on_workers(F main) {
    rouse::RuntimeOptions options;
    options.worker_threads = 4;
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    runtime.block_on(std::move(main));
}

/// Polls `future` once, and is ready then: with its value (a pointer to what it refers to; `true` for
/// nothing), or without one. The future goes with it.
template <class F>
class PollOnce {
    using Inner = rouse::OutputOf<F>;

public:
    using Output = std::optional<std::conditional_t<
        std::is_void_v<Inner>, bool,
        std::conditional_t<std::is_reference_v<Inner>, std::remove_reference_t<Inner>*, Inner>>>;
    explicit PollOnce(F future) : future_(std::move(future)) {}
    rouse::Poll<Output> poll(rouse::Context& cx) {
        auto poll = future_.poll(cx);
        if (poll.is_pending()) return rouse::Poll<Output>(std::in_place, std::nullopt);
        if constexpr (std::is_void_v<Inner>) return rouse::Poll<Output>(std::in_place, true);
        else if constexpr (std::is_reference_v<Inner>)
            return rouse::Poll<Output>(std::in_place, std::addressof(poll.value()));
        else return rouse::Poll<Output>(std::in_place, std::move(poll).value());
    }

private:
    F future_;
};

} // namespace rouse_test
