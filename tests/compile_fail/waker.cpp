// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Wakers are moved, and copied only in the open; a context stays in its poll.
// clang-format off
// FAULT 1: (call to implicitly-deleted copy constructor of|use of deleted function) '.*rouse::Waker
// FAULT 2: (copy assignment operator is implicitly deleted|use of deleted function '.*operator=.const rouse::Waker&.')
// FAULT 3: ('wake' is an lvalue, but function has rvalue|passing 'rouse::Waker' as 'this' argument discards qualifiers)
// FAULT 4: (call to deleted constructor of|use of deleted function) '.*rouse::Context
// FAULT 5: ignoring return value of .*nodiscard
// FAULT 6: no matching function for call to 'waker_from
// clang-format on

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
#if FAULT == 1
    rouse::Waker copy = callback;
#elif FAULT == 2
    other = callback;
#elif FAULT == 3
    callback.wake(); // it consumes the waker: std::move(callback).wake(), or wake_by_ref
#elif FAULT == 4
    const rouse::Context kept = cx;
#elif FAULT == 5
    cx.waker().clone(); // dropped where it is made
#elif FAULT == 6
    const auto unusable = rouse::waker_from(5);
#endif
}
