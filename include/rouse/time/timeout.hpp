// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/beside.hpp"
#include "rouse/time/sleep.hpp"

#include <expected>

namespace rouse {

/// The error of a `timeout` whose time ran out.
class Elapsed {
public:
    explicit constexpr Elapsed(bool had_no_waker) noexcept : had_no_waker_(had_no_waker) {}
    /// The future had no waker of its own when the time ran out: if nobody else could have woken it, it hung.
    /// (Where that is proven, `LostWaker` is thrown, and at once.)
    [[nodiscard]] constexpr bool had_no_waker() const noexcept { return had_no_waker_; }
    [[nodiscard]] const char* what() const noexcept {
        return had_no_waker_ ? "timed out; the future had no waker of its own, and may have hung"
                             : "timed out";
    }

private:
    bool had_no_waker_;
};

/// See `timeout`.
template <class F>
class [[nodiscard]] Timeout : detail::Beside<F, Sleep> {
    using Both = detail::Beside<F, Sleep>;
    using Both::child_, Both::signal_, Both::set_;

public:
    using Output = std::expected<typename Both::Value, Elapsed>;

    template <class G>
    Timeout(Sleep timer, std::in_place_t, G&& future)
        : Both(std::move(timer), std::in_place, std::forward<G>(future)) {}
    /// Before the first poll.
    Timeout(Timeout&& other) noexcept = default;

    Poll<Output> poll(Context& cx) {
        if (!child_.pending()) [[unlikely]]
            detail::stop_polled_after_ready("Timeout");
        for (;;) {
            auto poll = child_.poll(cx, set_);
            if (poll.is_ready()) return this->template finish<Output>(std::move(poll));
            if (signal_.poll(cx, set_).is_ready()) {
                const bool had_no_waker = child_.has_no_waker();
                this->end();
                return Poll<Output>(std::in_place, std::unexpect, had_no_waker);
            }
            if (!child_.is_lost() || !child_.fail_lost("future in timeout")) return Pending;
        }
    }
    void inspect(Inspector& to) const {
        child_.inspect(to, "future in timeout");
        signal_.inspect(to, "timer of timeout");
    }
};

/// `future`, if it completes within `duration` of the first poll; else the error `Elapsed`, and the future is
/// destroyed. It is polled first, so a value that is there wins. A future given as an lvalue is polled where
/// it is, and stays. Wake, thread: as the future and a Sleep. Errors: what the future throws; and
/// `LostWaker`, at once, when it is proven that nobody can wake it: elsewhere that takes the whole time, and
/// says only "timed out".
///
/// ```cpp
/// auto page = co_await rouse::timeout(5s, fetch(url));
/// if (!page) std::puts(page.error().what());
/// ```
template <class F>
    requires Future<std::remove_reference_t<F>>
auto timeout(Duration duration, F&& future) {
    return Timeout<F>(sleep(duration), std::in_place, std::forward<F>(future));
}
/// The same with a point in time.
template <class F>
    requires Future<std::remove_reference_t<F>>
auto timeout_at(Instant deadline, F&& future) {
    return Timeout<F>(sleep_until(deadline), std::in_place, std::forward<F>(future));
}

} // namespace rouse
