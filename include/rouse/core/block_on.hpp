// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/parker.hpp"
#include "rouse/core/future.hpp"
#include "rouse/core/hang.hpp"
#include "rouse/core/task_state.hpp"

#include <memory>

namespace rouse {

namespace detail {

/// What `block_on` needs beside the future: a counted waker, a parker, and the verdict. One use each.
class BlockOn {
public:
    explicit BlockOn(SourceLocation where);
    ~BlockOn();
    BlockOn(const BlockOn&) = delete;
    BlockOn& operator=(const BlockOn&) = delete;

    [[nodiscard]] TaskState* task() const noexcept;
    void begin_poll() noexcept;
    enum class Next : std::uint8_t { poll, lost };
    /// After a poll that returned Pending: sleeps until it is woken; or nobody can.
    Next end_poll() noexcept;
    /// The hang, reported; the exception to be thrown, or null to sleep on for ever, as the policy says.
    std::exception_ptr diagnose(const AwaitFrames& frames, std::string_view future_type);
    [[noreturn]] void sleep_for_ever() noexcept;

private:
    class Root;
    Root* task_;
    SourceLocation where_;
};

} // namespace detail

/// Drives one future on this thread, and sleeps between its wakes; returns its value or throws what it
/// throws. Any future, without a runtime: timers and `spawn` need `Runtime::block_on` or `rouse::run`. The
/// future is taken by value, or polled where it is if it is an lvalue. Throws `LostWaker` when nobody can
/// wake it any more: at the await of the outermost coroutine, or from here if it is none. Within a task, or
/// another block_on of the same thread, it stops the program with a message: the thread drives a future
/// already.
///
/// ```cpp
/// rouse::Task<int> answer() { co_return 42; }
/// int main() { return rouse::block_on(answer()) == 42 ? 0 : 1; }
/// ```
template <class F>
    requires Future<std::remove_reference_t<F>>
OutputOf<std::remove_reference_t<F>> block_on(F&& future,
                                              SourceLocation where = std::source_location::current()) {
    using Held = std::remove_reference_t<F>;
    detail::BlockOn driver(where);
    const detail::LentWaker waker(driver.task());
    std::exception_ptr lost;
    {
        F held(std::forward<F>(future)); // pinned here
        for (;;) {
            driver.begin_poll();
            Context cx(waker.get());
            if (Poll<OutputOf<Held>> poll = held.poll(cx); poll.is_ready()) return std::move(poll).value();
            if (driver.end_poll() != detail::BlockOn::Next::lost) continue;
            detail::AwaitFrames frames;
            detail::inspect_future(held, frames);
            lost = driver.diagnose(frames, type_name<Held>());
            if (!lost) driver.sleep_for_ever();
            if constexpr (detail::Failable<Held>)
                if (held.fail_await(lost)) continue;
            break;
        }
    }
    std::rethrow_exception(
        std::move(lost)); // a future that is no coroutine: it is destroyed, and its caller told
}

} // namespace rouse
