// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a coroutine of ours can await, and give back.

#include <rouse/core/block_on.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>

#include <coroutine>
#include <utility>

rouse::Task<int> answer() { co_return 42; }
rouse::Generator<int> numbers() { co_yield 1; }

rouse::Task<> awaits() {
    const int value = co_await answer();
    (void)value;
    auto generator = numbers();
    while (auto next = co_await generator.next()) {}
}

void plain() {
    rouse::block_on(awaits());
    rouse::Task<int> task = answer();
    rouse::Task<int> moved = std::move(task);
    (void)moved;
}

#ifdef FAULTS
// clang-format off

/// `poll` returns a bare bool.
class AlmostAFuture {
public:
    using Output = bool;
    bool poll(rouse::Context&) { return true; }
};

// REFUSED: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
rouse::Task<> a_number() { co_await 5; }
// REFUSED: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
rouse::Task<> a_foreign_awaitable() { co_await std::suspend_always(); }
// REFUSED: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
rouse::Task<> a_generator() { auto generator = numbers(); co_await generator; } // its next() is meant
// REFUSED: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
rouse::Task<> almost_a_future() { co_await AlmostAFuture(); }
// REFUSED: static assertion failed.*: a rouse coroutine awaits rouse Futures: a type with .Output. and
rouse::Task<> a_constant_task() { const rouse::Task<int> constant = answer(); co_await constant; }
// REFUSED: no member named 'return_value' in '
rouse::Task<> returns_a_value() { co_return 5; }
// REFUSED: no member named 'yield_value' in '
rouse::Task<> yields_a_value() { co_yield 5; }
// REFUSED: (call to implicitly-deleted copy constructor of|use of deleted function) '.*rouse::Task<int>
void copies(rouse::Task<int>& task) { rouse::Task<int> copy = task; }
// REFUSED: ignoring return.* value of (type '.*Task<int>',?|function) declared with
void forgets() { answer(); } // a task that nobody awaits does nothing
// REFUSED: no matching function for call to 'block_on
void blocks_on_a_number() { rouse::block_on(5); }
#endif
