// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off: the layout is part of the test

// What looks like the fault and is none: g++ 12.2 compiled and ran each of these forms. Nothing is to be found.

Task<> bound(int n) { const bool yes = co_await g(n); if (yes) h(); }
Task<> before(int n) { int z = n; if (co_await g(z)) h(); }
Task<> behind(int n) { if (co_await g(n)) h(); int z = n; use(z); }
Task<> in_an_inner_block(int n) { while (co_await g(n)) { int y = 0; use(y); } }
Task<> in_another_block(int n) { { std::vector<int> q; } if (co_await g(n)) h(); }
Task<> of_the_condition() { if (auto x = co_await g(0)) use(x); }
Task<> of_the_loop() { while (const auto x = co_await g(0)) use(x); }
Task<> of_a_for() { for (int i = 0; co_await g(i < 2); ++i) h(); }
Task<> of_a_range(Range range) { for (auto& one : range) if (co_await g(one)) h(); }
Task<> of_an_initialiser(int n) { if (const bool x = n; co_await g(x)) h(); }
Task<> of_a_handler() { try { if (co_await g(0)) h(); } catch (const std::exception& e) { use(e); } }
Task<> a_type() { using T = int; if (co_await g(T(0))) h(); }
Task<> a_class() { struct L { int v; }; if (co_await g(0)) h(); }
Task<> a_static() { static int calls = 0; if (co_await g(++calls)) h(); }
Task<> without_a_value(int n) { Data y; if (co_await g(n)) h(); }
Task<> with_arguments(int n) { ns::Data<int, 3> y(n), z{n}; if (co_await g(n)) h(); }
Task<> by_reference(Data& d) { Data* p, &r = d; if (co_await g(p)) h(); }
Task<> a_binding() { auto [a, b] = f(); if (co_await g(a)) h(); }
Task<> a_lambda() { run([] { return 1; }); if (co_await g(0)) h(); }
Task<> its_value(int n) { co_await g(n) && n; }
Task<> no_condition(int n) { if (n) co_await g(n); while (n-- > 0) { co_await h(); } }
Task<> in_a_step() { for (; n-- > 0; co_await g(n)) h(); }
auto coroutine = [](int n) -> Task<> { while (co_await g(n)) h(); };
Task<> excused() { if (co_await g(0)) h(); } // rouse-check: ok
