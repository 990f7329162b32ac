// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off: the layout is part of the test

// Conditions that await, in coroutines that declare no name. Read by the check and never compiled.

Task<> branch(int n) { if (co_await g(n)) h(); }                 // expect: condition
Task<> loop(int n) { while (co_await g(n)) h(); }                // expect: condition
Task<> counted() { for (; co_await g(0);) h(); }                 // expect: condition
Task<> chosen() { switch (co_await g(0)) { default: h(); } }     // expect: condition
Task<> at_the_end() { do { h(); } while (co_await g(0)); }       // expect: condition
Task<> negated() {
    co_await g(0);
    if (!co_await g(1)) co_return;                               // expect: condition
    ns::h(x, y);
    x = y;
    p->member();
    return_value(), other();
}
Task<> inside(int n) {
    if (n) {
        if (f(co_await g(n))) h();                               // expect: condition
    } else if (co_await g(0)) {                                  // expect: condition
        h();
    }
    while (n-- > 0)
        if (co_await g(n)) h();                                  // expect: condition
    for (;;) {
        if (co_await g(n) && n) break;                           // expect: condition
    }
    try {
        if (co_await g(n)) h();                                  // expect: condition
    } catch (...) {
        throw;
    }
}
Task<std::pair<int, int>> with_a_result() { if (co_await g(0)) co_return {1, 2}; co_return {3, 4}; } // expect: condition
class Set {
    Task<> drain() { while (co_await next()) {} }                // expect: condition
    template <class T>
    Task<> each(T value) requires std::integral<T> { while (co_await next(value)) ++seen_; } // expect: condition
    int seen_;
};
namespace deep {
    Task<> here() { if (co_await g(0)) h(); }                    // expect: condition
}
