// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a coroutine of ours can await, and give back.
// FAULT 1: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
// FAULT 2: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
// FAULT 3: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
// FAULT 4: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
// FAULT 5: no member named 'return_value' in '
// FAULT 6: no member named 'yield_value' in '
// FAULT 7: (call to implicitly-deleted copy constructor of|use of deleted function) '.*rouse::Task<int>
// FAULT 8: ignoring return.* value of type '.*Task<int>',? declared with
// FAULT 9: no matching function for call to 'block_on
// FAULT 10: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and

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
