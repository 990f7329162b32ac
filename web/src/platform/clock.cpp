// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The clocks of C++ are those of JavaScript.
#include "rouse/web/imports.hpp"

#include <chrono>

namespace sys = rouse::js::detail::sys;

namespace {

template <class Clock>
typename Clock::time_point at(double milliseconds) noexcept {
    const std::chrono::duration<double, std::milli> since(milliseconds);
    return typename Clock::time_point(std::chrono::duration_cast<typename Clock::duration>(since));
}

} // namespace

namespace std::chrono {

steady_clock::time_point steady_clock::now() noexcept { return at<steady_clock>(sys::rouse_js_now()); }
system_clock::time_point system_clock::now() noexcept { return at<system_clock>(sys::rouse_js_date()); }
time_t system_clock::to_time_t(const time_point& when) noexcept {
    return duration_cast<seconds>(when.time_since_epoch()).count();
}
system_clock::time_point system_clock::from_time_t(time_t when) noexcept {
    return system_clock::time_point(seconds(when));
}

} // namespace std::chrono
