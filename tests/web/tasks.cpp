// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tasks.test.mjs calls.
#include "rouse/web/web.hpp"

namespace {

using rouse::Task;
namespace js = rouse::js;

Task<double> two_tasks() {
    auto a = rouse::spawn([]() -> Task<double> {
        for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
        co_return 1;
    });
    auto b = rouse::spawn_local([]() -> Task<double> { co_return 2; });
    const double first = co_await a;
    const double second = co_await b;
    co_return first + second;
}
ROUSE_EXPORT_ASYNC(two_tasks)

} // namespace
