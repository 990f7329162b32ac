// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// One future that hangs takes with it all that wait for it. One report names the cause, and those who wait.

#include <rouse/rouse.hpp>

#include "support/buggy_future.hpp"
#include "support/console.hpp"

#include <string>

rouse::Task<std::string> fetch_config() {
    BuggyFuture future(2000);
    co_return co_await future;
}
rouse::Task<std::string> fetch_user(std::string config) { co_return "a user of " + config; }
rouse::Task<std::string> process(std::string user) { co_return "processed " + user; }

/// Three steps in a row, each a task of its own. The second and the third are never reached.
rouse::Task<std::string> complex_operation() {
    auto config = rouse::spawn(fetch_config());
    auto user = rouse::spawn(fetch_user(co_await config));
    auto done = rouse::spawn(process(co_await user));
    co_return co_await done;
}

rouse::Task<std::string> request_handler() {
    auto operation = rouse::spawn(complex_operation());
    co_return co_await operation;
}

rouse::Task<> main_task() {
    // `into_result` gives the failure as a value: a JoinError, which says of what kind it is.
    const auto result = co_await rouse::spawn(request_handler()).into_result();
    if (result) {
        say("{}", *result);
        co_return;
    }
    say("{}", result.error().what());

    // What came up through three tasks is the exception that was thrown at the bottom, with its report.
    try {
        std::rethrow_exception(result.error().error());
    } catch (const rouse::LostWaker& lost) {
        const rouse::HangReport& report = lost.report();
        say("root cause: hang #{}, task {} `{}`, and {} tasks that wait for it", report.id, report.task_id,
            report.task_name, report.waiters.size());
    }
}

int main() {
    rouse::run(main_task());

    note(
        "Three tasks were waiting when the fourth hung, each for the one below it. All of them fail with the same "
        "error, one after another, and nothing more is printed: the report is about the one that is to blame.");
}
