// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What can be made a task of.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/join_handle.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/typed_cell.hpp>

#include <utility>

rouse::Task<int> answer() { co_return 42; }

void use(rouse::JoinHandle<int> handle) {
    auto made = rouse::detail::make_task(rouse::SourceLocation(), answer);
    auto both = rouse::join(answer(), rouse::ready(1));
    auto any = rouse::select(answer(), rouse::never<int>());
    rouse::JoinHandle<int> moved = std::move(handle);
    (void)made, (void)both, (void)any, (void)moved;
}

#ifdef FAULTS
// clang-format off

class alignas(64) Wide {};
int no_future() { return 42; }
rouse::Task<int&> reference(int& number) { co_return number; }

// REFUSED: spawn takes a Task, a Future, or a function that returns one
void spawns_a_function() { auto wrong = rouse::detail::make_task(rouse::SourceLocation(), no_future); }
// REFUSED: no matching function for call to 'make_task
void spawns_a_number() { auto wrong = rouse::detail::make_task(rouse::SourceLocation(), 5); }
// REFUSED: (call to implicitly-deleted copy constructor of|use of deleted function) '.*rouse::JoinHandle<int>
void copies(rouse::JoinHandle<int>& handle) { rouse::JoinHandle<int> copy = handle; }
// REFUSED: no matching function for call to 'join
void joins_a_number() { auto wrong = rouse::join(answer(), 5); }
// REFUSED: no matching function for call to 'select
void selects_a_number() { auto wrong = rouse::select(5); }
// REFUSED: a closure, an argument or a future that is spawned may not be aligned to more than 16 bytes
void spawns_what_is_wide() {
    auto body = [wide = Wide()]() -> rouse::Task<> { (void)wide; co_return; };
    auto wrong = rouse::detail::make_task(rouse::SourceLocation(), body);
}
// REFUSED: a generator's values may not be aligned to more than two pointers are
rouse::Generator<Wide> yields_what_is_wide() { co_yield Wide(); }
// REFUSED: join, select and their like keep what their futures return
void joins_a_reference(int& number) { auto wrong = rouse::join(reference(number), answer()); }
#endif
