// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Wakers are moved, and copied only in the open; a context stays in its poll.

#include <rouse/core/context.hpp>
#include <rouse/core/waker.hpp>
#include <rouse/core/waker_from.hpp>

#include <utility>

void use(rouse::Context& cx) {
    rouse::Waker waker = cx.waker().clone();
    rouse::Waker other;
    other = std::move(waker);
    std::move(other).wake();
    rouse::Waker callback = rouse::waker_from([] {});
}

#ifdef FAULTS
// clang-format off

// REFUSED: (call to implicitly-deleted copy constructor of|use of deleted function) '.*rouse::Waker
void copies(rouse::Waker& waker) { rouse::Waker copy = waker; }
// REFUSED: (copy assignment operator is implicitly deleted|use of deleted function '.*operator=.const rouse::Waker&.')
void assigns(rouse::Waker& waker, rouse::Waker& other) { other = waker; }
// REFUSED: ('wake' is an lvalue, but function has rvalue|passing 'rouse::Waker' as 'this' argument discards qualifiers)
void wakes_and_keeps(rouse::Waker& waker) { waker.wake(); } // consumes it: std::move(waker).wake(), or wake_by_ref
// REFUSED: (call to deleted constructor of|use of deleted function) '.*rouse::Context
void keeps_a_context(rouse::Context& cx) { const rouse::Context kept = cx; }
// REFUSED: ignoring return value of .*nodiscard
void drops_a_clone(rouse::Context& cx) { cx.waker().clone(); }
// REFUSED: no matching function for call to 'waker_from
void makes_one_of_a_number() { const auto unusable = rouse::waker_from(5); }
#endif
