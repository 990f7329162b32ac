// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/runtime/runtime.hpp>

#include <gtest/gtest.h>

namespace rouse_test {

/// Options of a runtime with a paused clock in which whatever is told of is a failure of the test.
inline rouse::RuntimeOptions quiet_options() {
    rouse::RuntimeOptions options;
    options.paused_clock = true;
    options.on_hang = [](const rouse::HangReport& report) { ADD_FAILURE() << rouse::format_report(report); };
    options.on_unhandled = [](const rouse::UnhandledReport& report) {
        ADD_FAILURE() << rouse::format_report(report);
    };
    options.on_self_wake = [](const rouse::SelfWakeReport& report) {
        ADD_FAILURE() << rouse::format_report(report);
    };
    return options;
}

/// Runs `main` with these.
template <class F>
auto run_quietly(F main) {
    return rouse::run(std::move(main), quiet_options());
}

} // namespace rouse_test
