// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "../common/bench.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace compare {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T, asio::io_context::executor_type>;
using Executor = asio::io_context::executor_type;

/// Channels need locks only where there are several threads, and Asio has one kind for each case.
template <bool concurrent, class T>
using Channel =
    std::conditional_t<concurrent,
                       asio::experimental::concurrent_channel<Executor, void(boost::system::error_code, T)>,
                       asio::experimental::channel<Executor, void(boost::system::error_code, T)>>;

/// Runs the context on `threads` threads, this one included, until it has no more work.
inline void run_on(asio::io_context& context, unsigned threads) {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([&context] { context.run(); });
    context.run();
}

/// What `workload(operations)`, a Task<bench_round>, returns. With one thread the context is told so, which
/// spares it locks and wakes.
template <auto workload>
bench_round run_workload(unsigned threads, std::uint64_t operations) {
    asio::io_context context(static_cast<int>(threads));
    std::optional<bench_round> result;
    asio::co_spawn(context.get_executor(), workload(operations),
                   [&](const std::exception_ptr& error, bench_round round) {
                       if (error) std::rethrow_exception(error);
                       result = round;
                   });
    run_on(context, threads);
    if (!result) std::abort();
    return *result;
}

/// Counts tasks without handles, and resumes the one that waits for the last of them.
class Group {
public:
    explicit Group(const Executor& executor, std::uint64_t size)
        : left_(size), done_(std::make_shared<Channel<true, int>>(executor, 1)) {}
    /// The completion handler of each task.
    auto on_end() {
        return [this](const std::exception_ptr& error) {
            if (error) std::rethrow_exception(error);
            if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
            const auto done = done_; // the group may be gone before try_send returns
            done->try_send(boost::system::error_code(), 0);
        };
    }
    auto all_ended() { return done_->async_receive(asio::deferred); }
    [[nodiscard]] std::uint64_t left() const { return left_.load(std::memory_order_acquire); }

private:
    std::atomic<std::uint64_t> left_;
    std::shared_ptr<Channel<true, int>> done_;
};

} // namespace compare
