// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a `poll` returns.
// clang-format off
// FAULT 1: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<int>'
// FAULT 2: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<int>'
// FAULT 3: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<const std::
// FAULT 4: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<std::
// FAULT 5: no matching (constructor for initialization of|function for call to) '.*rouse::BoxFuture<std::
// FAULT 6: ignoring return.* value of type '.*Poll<int>',? declared with
// clang-format on

#include <rouse/core/box_future.hpp>
#include <rouse/core/future.hpp>
#include <rouse/core/poll.hpp>

#include <string>

rouse::Poll<int> value(bool known) {
    if (!known) return rouse::Pending;
#if FAULT == 1
    return 5; // Ready(5)
#elif FAULT == 2
    return rouse::Ready(std::string("text"));
#endif
    return rouse::Ready(5);
}

class Keeper {
public:
    rouse::Poll<const std::string&> poll() const {
#if FAULT == 3
        return rouse::Ready(text_); // a copy, and a reference to it
#endif
        return rouse::Ready<const std::string&>(text_);
    }
    rouse::Poll<std::string&> poll() {
#if FAULT == 4
        return rouse::Ready(text_);
#endif
        return rouse::Ready<std::string&>(text_);
    }

private:
    std::string text_;
};

void use() {
    (void)Keeper().poll();
    const rouse::BoxFuture<int> box(rouse::ready(1));
#if FAULT == 5
    const rouse::BoxFuture<std::string> wrong(rouse::ready(1));
#elif FAULT == 6
    value(true);
#endif
}
