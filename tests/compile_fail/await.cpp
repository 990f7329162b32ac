// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a coroutine of ours can await, and give back.
// FAULT 1: a rouse coroutine awaits rouse Futures: a type with .Output. and .Poll<Output> poll\(Context&\).
// FAULT 2: a rouse coroutine awaits rouse Futures
// FAULT 3: a rouse coroutine awaits rouse Futures
// FAULT 4: a rouse coroutine awaits rouse Futures
// FAULT 5: (no|has no) member named .*(yield_value|return_value)|return_value
// FAULT 6: yield_value
// FAULT 7: (call to implicitly-deleted copy constructor|use of deleted function) .*Task
// FAULT 8: ignoring return.* .nodiscard.|ignoring returned value of type .rouse::Task|-Werror=unused
// FAULT 9: no matching function for call to .block_on
// FAULT 10: a rouse coroutine awaits rouse Futures

#include <rouse/core/block_on.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>

#include <coroutine>
#include <string>
#include <utility>

rouse::Task<int> answer() { co_return 42; }
rouse::Generator<int> numbers() { co_yield 1; }

/// `poll` returns a bare bool.
class AlmostAFuture {
public:
    using Output = bool;
    bool poll(rouse::Context&) { return true; }
};

rouse::Task<> awaits() {
    const int value = co_await answer();
    (void)value;
    auto generator = numbers();
    while (auto next = co_await generator.next()) {}
#if FAULT == 1
    co_await 5;
#elif FAULT == 2
    co_await std::suspend_always();
#elif FAULT == 3
    co_await generator; // its next() is meant
#elif FAULT == 4
    co_await AlmostAFuture();
#elif FAULT == 5
    co_return 5;
#elif FAULT == 6
    co_yield 5;
#elif FAULT == 10
    const rouse::Task<int> constant = answer();
    co_await constant;
#endif
}

void plain() {
    rouse::block_on(awaits());
    rouse::Task<int> task = answer();
    rouse::Task<int> moved = std::move(task);
#if FAULT == 7
    rouse::Task<int> copy = moved;
#elif FAULT == 8
    answer(); // a task that nobody awaits does nothing
#elif FAULT == 9
    rouse::block_on(5);
#endif
    (void)moved;
}
