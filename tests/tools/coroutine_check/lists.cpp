// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off: the layout is part of the test

// Braced lists in full-expressions that suspend: findings that depend on a type, and so are warnings.

Task<> temporaries(Data x) {
    co_await f({x, 1});                    // warn: aggregate
    co_await f(1, {.name = x});            // warn: aggregate
    co_await f({});                        // warn: aggregate
    co_await f(Options{x});                // warn: aggregate
    co_await f(ns::Options<int>{x});       // warn: aggregate
    co_await f(std::array<Data, 2>{x, x}); // warn: aggregate
    co_await Options{x};                   // warn: aggregate
    co_await g(h(Options{{x}, {x}}));      // warn: aggregate
    k(co_await f(), Options{x});           // warn: aggregate
    k({x}, co_await f());                  // warn: aggregate
    co_await f({x}, {x});                  // warn: aggregate aggregate
    const bool yes = co_await f({x});      // warn: aggregate
    if (yes) co_return;
}

Generator<Data> yields(Data x) {
    co_yield {x, 1};     // warn: aggregate
    co_yield Options{x}; // warn: aggregate
}

Task<> awaited(Data x) {
    Options a{co_await f()};                  // warn: braced-await
    Options b = {co_await f(), co_await g()}; // warn: braced-await
    ns::Options<Data> d{1, co_await f()};     // warn: braced-await
    Options e{.name = co_await f()};          // warn: braced-await
    a = {co_await f()};                       // warn: braced-await
    k({co_await f()});                        // warn: braced-await
    auto made = Options{co_await f()};        // warn: braced-await
    for (auto& v : {co_await f(), x}) use(v); // warn: braced-await
    co_return {co_await f(), x};              // warn: braced-await
}

Task<> healthy(Data x, const Options& options) {
    Options a{x, 1};
    co_await f(a);
    Options b = {x};
    co_await f(std::string{x}, std::vector<int>{}, ::std::pair<Data, Data>{x, x}, std::chrono::seconds{5});
    co_await f(rouse::Interval{5}, int{3}, std::size_t{4}, size_t{5});
    int n{co_await f()};
    auto m{co_await f()};
    auto& r{co_await f()};
    int numbers[] = {co_await f(), co_await g()};
    std::string s{co_await f()};
    std::pair<int, Data> p = {co_await f(), x};
    const std::size_t size{co_await f()};
    use({x, 1});
    co_await f([&] { return Options{x}; });
    co_await f([](Options o = Options{}) { use({o}); });
    if (co_await f()) { use({x}); }
    co_await f({x}); // rouse-check: ok
    struct Local { int a; } local{3};
    switch (co_await f()) {
        case 1: { use({x}); break; }
        default: { use(Options{x}); }
    }
    co_return Options{x};
}

namespace outer {
enum class Kind : int { one, two };
namespace {
struct Base { Options options{1, 2}; };
struct Derived final : Base<int> { Data data{}; };
auto trailing(int n) -> Task<int> { co_return n; }
template <typename T> requires C<T> Task<> constrained(T t) { co_await f(t); }
} // namespace
} // namespace outer
extern "C" { int other(Options o); }
