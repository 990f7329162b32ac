// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off: the layout is part of the test

// What looks like the fault and is none: nothing in this file is to be found.

Task<> named(Data x) {
    auto g = [x] { use(x); };
    co_await f(g);
    co_await f(std::move(g));
    auto task = f([x] { use(x); });
    co_await std::move(task);
    auto&& extended = [x] {};
    co_await f(extended);
    if (auto h = [x] {}; co_await f(h)) co_return;
    auto first = [x] {}, second = first;
    auto one = co_await f(g), two = k([x] {});
    std::function<void()> later;
    later = [x] {};
    co_await f(later);
    co_return k([x] {});
}

Task<> harmless(Data x, int n, Data* p, const char* name, std::size_t size, const bool flag, std::string_view text,
                const int& count, int const most, std::vector<Data>* list, Data *old, int row[3]) {
    co_await f([] {});
    co_await f([](auto v) { return v; });
    co_await f([&] { use(x); });
    co_await f([&x, &y = x] { use(x, y); });
    co_await f([&... xs] { use(xs...); });
    co_await f([this] { use(); });
    co_await f([this, &x] { use(x); });
    co_await f([n, p, name, size, flag, text] { use(n, p, name, size, flag, text); });
    co_await f([count, most, list, old, row] { use(count, most, list, old, row); });
    co_await f([&r = k<int, Data>(x)] { use(r); });
    co_await f([i = 3, c = 'c', b = true, q = nullptr, self = this, address = &x] {});
    auto zero = 0;
    for (int i = 0; i < 3; ++i) {
        long j{4};
        co_await f([i, j, zero] {});
    }
    co_await f([](Data copy) -> Task<> { co_return; }(x));
}

// The co_await is in another function, or in another full-expression.
Task<> elsewhere(Data x) {
    auto task = spawn([x]() -> Task<> { co_await g(); });
    auto scope = spawn([x](int n) -> Task<> {
        for (auto v : range()) co_await g(v);
    });
    task.then([x] { use(x); });
    co_await task;
    if (k([x] {})) co_await g();
    for (auto i = k([x] {}); i < 3; ++i) co_await g();
    while (k([x] {})) {
        co_await g();
    }
    EXPECT_EQ(block_on([x]() -> Task<int> { co_return co_await g(); }()), 3);
    co_await f(sizeof(decltype([x] {})));
}

int plain(Data x) { return k([x] {}) + k([=] {}); }

// Brackets that introduce nothing.
Task<> brackets(Data x, int (&array)[3]) {
    int a[3]{};
    co_await f(a[x], array[x], table[x]{1});
    auto [b, c] = co_await f();
    auto& [d, e] = co_await g();
    for (const auto& [key, value] : co_await f()) use(key);
    auto* q = new int[co_await f()];
    k(co_await f(), new Data*[x]{});
    k(co_await f(), new ns::Data**[x]{});
    auto& [v, w]{co_await g()};
    auto&& [y, z]{co_await g()};
    delete[] q;
    [[maybe_unused]] auto h = co_await f();
    operator[](co_await f());
}

// Text that only looks like code.
Task<> text() {
    co_await f("[x] { }", R"(co_await f([x] {}))", R"(", [x] {}, ")", 'x');
    co_await f(R"mark(
        )" [x] {} // " )mark", u8"\"[x] {}", L'\'', 1'000'000);
    // co_await f([x] {});
    /* co_await f([x] {}); */
    // a line that goes on \
    co_await f([x] {});
#define TWICE(x) \
    co_await f([x] {})
#  if 0
#define ONE 1
    co_await f([x] {}); // isn't compiled
#endif
}

// Only one branch of these makes sense with the rest.
Task<> conditional(Data x) {
#ifdef ONE
    if (one()) {
#else
    if (two()) {
#endif
        co_await g();
    }
    auto h = [x] {};
    co_await f(h);
}

Task<> alternatives(int n) {
    auto task = spawn([&] {
#if defined(ONE)
        one();
    });
#elif defined(TWO)
        two();
    });
#else
        three();
    });
#endif
    co_await f([n] {}); // still in the function, and so n is still a number
}

Task<> excused(Data x) {
    co_await f([x] { use(x); }); // rouse-check: ok, its destructor does nothing
    co_await f([x] { use(x); }); /* rouse-check: ok */
    // rouse-check: ok
    co_await f([x] { use(x); });
    co_await f(1,
               [x] { use(x); }); // rouse-check: ok
}

// Classes of which every member has a body.
struct OnlyBodies {
    Task<> run(int n) { co_await f([n] {}); }
};
namespace only_bodies {
template <typename T = int>
class Template : Base<T> {
    auto run(int n) -> Task<> { co_await f([n] {}); }
};
}

Task<> blocking(Data d) {
    auto call = [d] { use(d); };
    co_await spawn_blocking(std::move(call));
    auto handle = spawn_blocking([d] { use(d); });
    co_await handle;
    co_await spawn_blocking([] { use(); });
    co_await spawn_blocking(use, d);
}
