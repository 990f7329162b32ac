// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a `poll` returns.

#include <rouse/core/box_future.hpp>
#include <rouse/core/future.hpp>
#include <rouse/core/poll.hpp>

#include <string>

rouse::Poll<int> value(bool known) {
    if (!known) return rouse::Pending;
    return rouse::Ready(5);
}

class Keeper {
public:
    rouse::Poll<const std::string&> poll() const { return rouse::Ready<const std::string&>(text_); }
    rouse::Poll<std::string&> poll() { return rouse::Ready<std::string&>(text_); }

private:
    std::string text_;
};

void use() {
    (void)Keeper().poll();
    const rouse::BoxFuture<int> box(rouse::ready(1));
}

#ifdef FAULTS
// clang-format off

// REFUSED: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<int>'
rouse::Poll<int> a_bare_value() { return 5; } // Ready(5)
// REFUSED: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<int>'
rouse::Poll<int> another_type() { return rouse::Ready(std::string("text")); }
// REFUSED: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<const std::
rouse::Poll<const std::string&> reference_to_a_copy(const std::string& text) { return rouse::Ready(text); }
// REFUSED: (no viable conversion from .*to function return type|could not convert .* to) 'rouse::Poll<std::
rouse::Poll<std::string&> reference_to_another_copy(std::string& text) { return rouse::Ready(text); }
// REFUSED: no matching (constructor for initialization of|function for call to) '.*rouse::BoxFuture<std::
void boxes_another_type() { const rouse::BoxFuture<std::string> wrong(rouse::ready(1)); }
// REFUSED: ignoring return.* value of (type '.*Poll<int>',?|function) declared with
void forgets() { value(true); }
#endif
