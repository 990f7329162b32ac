// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// clang-format off: the layout is part of the test

// Closures in full-expressions that suspend. Read by the check and never compiled: the names mean nothing.

Task<> arguments(Data x) {
    co_await f([x] { use(x); });                     // expect: closure
    co_await f([x]() mutable noexcept { use(x); });  // expect: closure
    co_await f([=] { use(x); });                     // expect: closure
    co_await f([y = x] { use(y); });                 // expect: closure
    co_await f([y = std::move(x)] { use(y); });      // expect: closure
    co_await f([y{x}] { use(y); });                  // expect: closure
    co_await f([y(x)] { use(y); });                  // expect: closure
    co_await f([xs...] { use(xs...); });             // expect: closure
    co_await f([... ys = x] { use(ys...); });        // expect: closure
    co_await f([m = std::map<int, int>()] {});       // expect: closure
    co_await f([&, x] { use(x); });                  // expect: closure
    co_await f([*this] { use(); });                  // expect: closure
    co_await f([x](auto v) -> int { return g(v); }); // expect: closure
    co_await f([x]<typename T>(T v) { use(v); });    // expect: closure
    co_await f([x]<typename T, int n = (1 > 0)>(T v) -> std::pair<T, int> // expect: closure
                   requires std::integral<T>
               { return {v, n}; });
    co_await f([x] [[nodiscard]] { return x; });     // expect: closure
    co_await f(1, "[y]{", [p = std::make_unique<Data>()] { use(*p); }); // expect: closure
    co_await f([x] {}, [x] {});                      // expect: closure closure
}

// The one that everybody writes first.
Task<> blocking(Data d) {
    co_await spawn_blocking([d] { use(d); });                              // expect: closure
    auto a = co_await rouse::spawn_blocking([d = std::move(d)] { return g(d); }); // expect: closure
    co_await handle.spawn_blocking([=] { use(d); });                       // expect: closure
    co_await rouse::spawn_blocking([d](int n) { use(d, n); }, 3);          // expect: closure
    auto r = co_await timeout(1s, spawn_blocking([d] { use(d); }));        // expect: closure
}

Task<> places(Data x, bool c) {
    auto a = co_await f(g(h([x] {})));                // expect: closure
    co_await [x]() -> Task<> { co_return; }();        // expect: closure
    co_await g(std::function<void()>([x] {}));        // expect: closure
    co_await s.with([x] {}).go();                     // expect: closure
    sink(co_await f(), [x] {});                       // expect: closure
    sink([x] {}, co_await f());                       // expect: closure
    [x](int) {}(co_await f());                        // expect: closure
    auto b = [y = co_await f()] { use(y); };          // expect: closure
    std::function<void()> g;
    g = [x] {}, co_await f(); // expect: closure
    *p = [x] {}, q = co_await f(); // expect: closure
    auto one = k<int, Data>(co_await f(), [x] {}); // expect: closure
    if (co_await f([x] {})) return;                   // expect: closure
    if (auto r = co_await f(); g([x] {})) co_return;
    if (auto r = g(); co_await f([x] {})) co_return;  // expect: closure
    while (c && co_await f([x] {})) ++n;              // expect: closure
    for (int i = co_await f([x] {}); i < 3; ++i) {}   // expect: closure
    for (auto& v : g(co_await f(), [x] {})) use(v);   // expect: closure
    switch (co_await f([x] {})) { default: break; }   // expect: closure
    do {
        ++n;
    } while (co_await f([x] {}));                     // expect: closure
    try { co_await f([x] {}); } catch (...) {}        // expect: closure
    if (c) co_await f([x] {}); else co_await g();     // expect: closure
    if constexpr (true) co_await f([x] {});           // expect: closure
    if (c) [[likely]] {
        co_await f([x] {});                           // expect: closure
    }
    co_await f(a[i], b[j], [x] {});                   // expect: closure
    co_return co_await f([x] {});                     // expect: closure
}

Generator<Data> yields(Data x) {
    co_yield [x] {};     // expect: closure
    co_yield f([x] {});  // expect: closure
    co_yield x;
}

// A body is a function of its own, in whatever it stands.
Task<> bodies(Data x) {
    auto task = spawn([x]() -> Task<> {
        co_await f([x] {}); // expect: closure
    });
    co_await f([&x]() -> Task<> {
        auto ready = [x] {};
        co_await g([x] {}); // expect: closure
    });
    struct Local {
        Task<> run(Data y) { co_await f([y] {}); } // expect: closure
    };
    EXPECT_THROW({ co_await f([x] {}); }, Error); // expect: closure
    EXPECT_EQ(co_await f([x] {}), 3);             // expect: closure
}

struct Member {
    Member() : a_{1}, run_{[this]() -> Task<> { co_await f([x = a_] {}); }} {} // expect: closure
    Task<> run() const& { co_await f([a = a_] {}); }                           // expect: closure
    std::function<Task<>()> run_ = []() -> Task<> { co_await f([x = Data()] {}); }; // expect: closure
    template <typename T = int>
    auto trailing(T x) -> Task<T> { co_return co_await f([x] {}); } // expect: closure
    int a_;
};

template <typename T = Data>
struct Inline {
    Task<> run(T x) { co_await f([x] {}); } // expect: closure
};

// Whether a name is a number is told by its nearest declaration, of those that are still in scope.
Task<> shadows(int n, Data other) {
    {
        Data n;
        co_await f([n] {}); // expect: closure
    }
    std::string m;
    auto inner = [](int m) { return m; };
    co_await f([m] {}); // expect: closure
    auto [i, j] = pair();
    co_await f([j] {}); // expect: closure
    {
        auto& [n, k] = pair();
        co_await f([n] {}); // expect: closure
        co_await f([k] {}); // expect: closure
    }
    {
        auto [k, n] = pair();
        co_await f([n] {}); // expect: closure
    }
    {
        auto [k, n, l] = pair();
        co_await f([n] {}); // expect: closure
    }
    auto product = other * n;
    co_await f([product] {}); // expect: closure
    co_await f([from_elsewhere] {}); // expect: closure
    const std::string& text = name();
    co_await f([text] {}); // expect: closure
    Data big;
    total = n * big; /* a comment */
    co_await f([big] {}); // expect: closure
    total = n*big;
    co_await f([big] {}); // expect: closure
}

// Both branches are read.
Task<> branches(Data x) {
#define OPEN "/*"
#ifdef ONE
    one(1);
    co_await f([x] {}); // expect: closure
#else
    co_await f([x] {}); // expect: closure
#endif
}

// Literals end where they end.
Task<> literals(Data x) {
    co_await f("a", [x] {}, "ab"); // expect: closure
    co_await f("", [x] {}, ""); // expect: closure
    co_await f("\\", [x] {}, "\\\""); // expect: closure
    co_await f('"', [x] {}, L'"', u'\''); // expect: closure
    co_await f(1'000, [x] {}, 0x1p+3, 1e-5, .5, 'a'); // expect: closure
    co_await f(R"(")", u8R"(
        ")", [x] {}, LR"--(")--)--"); // expect: closure
    co_await f(NAME"text", [x] {}, "text"_s); // expect: closure
}
