// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What can be made a task of.
// FAULT 1: spawn takes a Task, a Future, or a function that returns one
// FAULT 2: no matching function for call to 'make_task
// FAULT 3: (call to implicitly-deleted copy constructor of|use of deleted function) '.*rouse::JoinHandle<int>
// FAULT 4: no matching function for call to 'join
// FAULT 5: no matching function for call to 'select
// FAULT 6: a closure, an argument or a future that is spawned may not be aligned to more than 16 bytes
// FAULT 7: a generator's values may not be aligned to more than two pointers are
// FAULT 8: join, select and their like keep what their futures return

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/join_handle.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/typed_cell.hpp>

#include <utility>

class alignas(64) Wide {};
rouse::Task<int> answer() { co_return 42; }
int no_future() { return 42; }

void use(rouse::JoinHandle<int> handle) {
    auto made = rouse::detail::make_task(rouse::SourceLocation(), answer);
    auto both = rouse::join(answer(), rouse::ready(1));
    auto any = rouse::select(answer(), rouse::never<int>());
    rouse::JoinHandle<int> moved = std::move(handle);
#if FAULT == 6
    auto body = [wide = Wide()]() -> rouse::Task<> {
        (void)wide;
        co_return;
    };
    auto wrong = rouse::detail::make_task(rouse::SourceLocation(), body);
#elif FAULT == 7
    const auto generator = []() -> rouse::Generator<Wide> { co_yield Wide(); };
    auto wrong = generator();
#elif FAULT == 8
    static int number = 5;
    const auto reference = []() -> rouse::Task<int&> { co_return number; };
    auto wrong = rouse::join(reference(), answer());
#elif FAULT == 1
    auto wrong = rouse::detail::make_task(rouse::SourceLocation(), no_future);
#elif FAULT == 2
    auto wrong = rouse::detail::make_task(rouse::SourceLocation(), 5);
#elif FAULT == 3
    rouse::JoinHandle<int> copy = moved;
#elif FAULT == 4
    auto wrong = rouse::join(answer(), 5);
#elif FAULT == 5
    auto wrong = rouse::select(5);
#endif
    (void)made, (void)both, (void)any, (void)moved;
}
