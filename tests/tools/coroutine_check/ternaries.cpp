// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off: the layout is part of the test

// Values of ?: in full-expressions that suspend.

Task<> certain(bool c, Data x) {
    auto a = c ? co_await f() : Data{};           // expect: ternary
    auto b = c ? Data{x} : co_await f();          // expect: ternary
    auto d = co_await f() ? Data{} : Data{x};     // expect: ternary
    auto e = c ? co_await f() : ns::Data<int>{x}; // expect: ternary
    co_await g(c ? Data{} : x);                   // expect: ternary
    k(c ? Data{} : x, co_await f());              // expect: ternary
    co_await (c ? read() : write());              // expect: ternary
    co_await (c ? read() : c ? write() : close()); // expect: ternary
    auto h = c ? x : d ? co_await f() : Data{};   // expect: ternary
    c ? co_await f() : Data{};                    // expect: ternary
    co_yield c ? Data{} : x;                      // expect: ternary
    co_return c ? co_await f() : Data{};          // expect: ternary
}

Task<> possible(bool c, Data x) {
    auto a = c ? co_await f() : x;             // warn: ternary
    auto b = c ? co_await f() : co_await g();  // warn: ternary
    auto i = c ? co_await task : x;            // warn: ternary
    auto d = c ? co_await f() : throw Error(); // warn: ternary
    std::string e = c ? co_await f() : "none"; // warn: ternary
    std::string h = c ? co_await f() : "none"s; // warn: ternary
    co_await g(c ? std::move(x) : y);          // warn: ternary
    co_await g(c ? make() : x);                // warn: ternary
    co_await g(c ? (make()) : x);              // warn: ternary
    co_await g(c ? ((make())) : (x));          // warn: ternary
    co_await g(make() ?: x);                   // warn: ternary
    co_await g(c ? "a"s : name);               // warn: ternary
    co_await g(a < b ? make() : x);            // warn: ternary
    co_await g(c ? a + b : x);                 // warn: ternary
    co_await g(c ? static_cast<Data>(a) : x);  // warn: ternary
}

Task<> healthy(bool c, Data x) {
    int a = c ? co_await f() : 3;
    int b = c ? co_await f() + 1 : n;
    int i = c ? co_await f() : (3);
    int j = co_await f() ?: 3;
    auto k = c ? co_await f() : (a < b || d);
    int d = c ? -1 : co_await f();
    bool e = c ? co_await f() : x == y;
    bool h = c ? co_await f() : !x;
    c ? (void)co_await f() : (void)0;
    auto size = c ? co_await f() : std::size_t{0};
    auto cast = c ? co_await f() : static_cast<int>(x);
    co_await g(c ? x : y);
    co_await g(c ? x.a : y->b[3]);
    co_await g(c ? "yes" : "no");
    co_await g(c ? std::move(x) : std::move(y));
    co_await std::move(c ? read : write);
    auto choice = c ? Data{} : x;
    co_await g(choice);
    Data r;
    if (c) {
        r = co_await f();
    } else {
        r = Data{};
    }
    co_await g([&] { return c ? Data{} : x; });
    auto kept = c ? co_await f() : Data{}; // rouse-check: ok
}
