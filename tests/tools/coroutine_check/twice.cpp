// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Why there is a check: each coroutine below runs, and constructions and destructions of a member are
// counted. With GCC 12 those marked with what the check finds destroy something that was never made; all
// others, and everything with another compiler, do not. The check reads this file too. Ends with 0 if that is
// so.

#include <coroutine>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

namespace {

int made = 0;
int destroyed = 0;

struct Counted {
    Counted() { ++made; }
    Counted(const Counted&) { ++made; }
    Counted(Counted&&) noexcept { ++made; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { ++destroyed; }
};

struct Aggregate {
    Counted member;
};
struct TwoMembers {
    Counted first;
    Counted second;
};
struct WithConstructor {
    explicit WithConstructor(Counted x) : member(std::move(x)) {}
    Counted member;
};

// Suspends, and is resumed by whoever resumes the coroutine.
struct Pause : std::suspend_always {
    int await_resume() const noexcept { return 1; }
};
struct PauseForCounted : std::suspend_always {
    Counted await_resume() const noexcept { return {}; }
};
// An awaitable with a destructor, as tasks are.
struct Task : std::suspend_always {
    explicit Task(Counted x) : member(std::move(x)) {}
    Counted member;
};
struct AggregateTask {
    Counted member;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

class Coroutine {
public:
    struct promise_type {
        Coroutine get_return_object() { return Coroutine(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void unhandled_exception() { std::terminate(); }
        void return_void() {}
        template <typename T>
        std::suspend_always yield_value(T&&) {
            return {};
        }
    };

    explicit Coroutine(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Coroutine(Coroutine&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    ~Coroutine() {
        if (handle_) handle_.destroy();
    }

    void run() {
        while (!handle_.done()) handle_.resume();
    }

private:
    using Handle = std::coroutine_handle<promise_type>;
    Handle handle_;
};

template <typename T>
Pause take(T) {
    return {};
}
template <typename T>
Pause take_reference(const T&) {
    return {};
}
template <typename T>
int count(T) {
    return 1;
}
Pause take_aggregate(Aggregate) { return {}; }
Pause take_two(TwoMembers) { return {}; }
Pause take_default(Aggregate = {}) { return {}; }

volatile bool yes = true; // no compiler may decide the choices below

// --- closures ---

Coroutine by_copy(Counted x) {
    co_await take([x] {}); // expect: closure
}
Coroutine by_reference_parameter(Counted x) {
    co_await take_reference([x] {}); // expect: closure
}
Coroutine by_init_capture(Counted x) {
    co_await take([y = std::move(x)] {}); // expect: closure
}
Coroutine by_default_copy(Counted x) {
    co_await take([=] { static_cast<void>(x); }); // expect: closure
}
Coroutine called_at_once(Counted x) {
    co_await [x] { return Pause(); }(); // expect: closure
}
Coroutine in_a_nested_call(Counted x) {
    co_await take(count([x] {})); // expect: closure
}
Coroutine beside_the_await(Counted x) {
    take(count([x] {}) + co_await Pause()); // expect: closure
}
Coroutine behind_the_await(Counted x) {
    take(co_await Pause() + count([x] {})); // expect: closure
}
Coroutine capture_that_awaits() {
    auto closure = [y = co_await PauseForCounted()] {}; // expect: closure
    closure();
}
Coroutine in_a_condition(Counted x) {
    if (co_await take([x] {}) == 0) co_return; // expect: closure
}
Coroutine yielded(Counted x) {
    co_yield [x] {}; // expect: closure
}
Coroutine yielded_in_a_call(Counted x) {
    co_yield count([x] {}); // expect: closure
}
Coroutine named_closure(Counted x) {
    auto closure = [x] {};
    co_await take(std::move(closure));
}
Coroutine closure_in_another_statement(Counted x) {
    auto pause = take([x] {});
    co_await pause;
}
Coroutine closure_of_references(Counted x) {
    co_await take([&x] { static_cast<void>(x); });
}
Coroutine closure_of_numbers(int n) {
    co_await take([n] { static_cast<void>(n); });
}
Coroutine closure_of_nothing() {
    co_await take([] {});
}

// --- ?: ---

Coroutine awaited_or_made() {
    const Counted r = yes ? co_await PauseForCounted() : Counted{}; // expect: ternary
}
Coroutine made_or_awaited() {
    const Counted r = yes ? Counted{} : co_await PauseForCounted(); // expect: ternary
}
Coroutine chosen_argument(Counted x) {
    co_await take(yes ? Counted{} : x); // expect: ternary
}
Coroutine chosen_task(Counted x) {
    co_await (yes ? Task(x) : Task(x)); // expect: ternary
}
Coroutine awaited_or_lvalue(Counted x) {
    const Counted r = yes ? co_await PauseForCounted() : x; // warn: ternary
}
Coroutine chosen_lvalue(Counted x, Counted y) { co_await take(yes ? x : y); }
Coroutine chosen_number() { co_await take(yes ? co_await Pause() : 3); }
Coroutine chosen_by_if() {
    Counted r;
    if (yes) {
        r = co_await PauseForCounted();
    } else {
        r = Counted{};
    }
}

// --- aggregates ---

Coroutine braced_argument(Counted x) {
    co_await take_aggregate({x}); // warn: aggregate
}
Coroutine named_aggregate(Counted x) {
    co_await take(Aggregate{x}); // warn: aggregate
}
Coroutine awaited_aggregate(Counted x) {
    co_await AggregateTask{x}; // warn: aggregate
}
Coroutine yielded_aggregate(Counted x) {
    co_yield Aggregate{x}; // warn: aggregate
}
Coroutine two_members(Counted x) {
    co_await take_two({x, x}); // warn: aggregate
}
Coroutine awaited_member() {
    const Aggregate a{co_await PauseForCounted()}; // warn: braced-await
}
Coroutine awaited_members() {
    const TwoMembers two = {co_await PauseForCounted(), co_await PauseForCounted()}; // warn: braced-await
}
Coroutine bound_aggregate(Counted x) {
    Aggregate a{x};
    co_await take(std::move(a));
}
Coroutine with_a_constructor(Counted x) {
    co_await take(WithConstructor{x}); // rouse-check: ok, this is what the check cannot know
}
Coroutine with_parentheses(Counted x) { co_await take(WithConstructor(x)); }
Coroutine awaited_constructor() { const WithConstructor c(co_await PauseForCounted()); }
Coroutine returned_aggregate(Counted x) {
    const auto make = [&] { return Aggregate{x}; };
    co_await take(make());
}

// --- what the check does not see ---

Coroutine aggregate_with_parentheses(Counted x) {
#if defined(__cpp_aggregate_paren_init)
    co_await take(Aggregate(x));
#else
    co_await take(x);
#endif
}
Coroutine default_argument() { co_await take_default(); }

enum class Fault { none, found, unseen };

struct Case {
    const char* name;
    Fault fault;
    int extra; // destructions without a construction
};

template <typename... Arguments>
Case run(const char* name, Fault fault, Coroutine (*coroutine)(Arguments...)) {
    made = 0;
    destroyed = 0;
    coroutine(Arguments()...).run();
    return {name, fault, destroyed - made};
}

// Measured: 12.2 and 12.4 are, 13.3 and 14.2 are not.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
constexpr bool affected = true;
#else
constexpr bool affected = false;
#endif

} // namespace

#define CASE(name, fault) run(#name, Fault::fault, name)

int main() {
    const Case cases[] = {
        CASE(by_copy, found),
        CASE(by_reference_parameter, found),
        CASE(by_init_capture, found),
        CASE(by_default_copy, found),
        CASE(called_at_once, found),
        CASE(in_a_nested_call, found),
        CASE(beside_the_await, found),
        CASE(behind_the_await, found),
        CASE(capture_that_awaits, found),
        CASE(in_a_condition, found),
        CASE(yielded, found),
        CASE(yielded_in_a_call, found),
        CASE(named_closure, none),
        CASE(closure_in_another_statement, none),
        CASE(closure_of_references, none),
        CASE(closure_of_numbers, none),
        CASE(closure_of_nothing, none),
        CASE(awaited_or_made, found),
        CASE(made_or_awaited, found),
        CASE(chosen_argument, found),
        CASE(chosen_task, found),
        CASE(awaited_or_lvalue, found),
        CASE(chosen_lvalue, none),
        CASE(chosen_number, none),
        CASE(chosen_by_if, none),
        CASE(braced_argument, found),
        CASE(named_aggregate, found),
        CASE(awaited_aggregate, found),
        CASE(yielded_aggregate, found),
        CASE(two_members, found),
        CASE(awaited_member, found),
        CASE(awaited_members, found),
        CASE(bound_aggregate, none),
        CASE(with_a_constructor, none),
        CASE(with_parentheses, none),
        CASE(awaited_constructor, none),
        CASE(returned_aggregate, none),
        CASE(aggregate_with_parentheses, unseen),
        CASE(default_argument, unseen),
    };
    int wrong = 0;
    for (const Case& it : cases) {
        const bool expected = affected && it.fault != Fault::none;
        const bool twice = it.extra > 0;
        wrong += twice != expected;
        std::printf("  %-32s %s%s\n", it.name,
                    it.extra > 0   ? "destroyed twice"
                    : it.extra < 0 ? "leaked"
                                   : "right",
                    twice != expected ? "   (not as expected)" : "");
    }
    if (!affected) std::puts("not affected");
    return wrong == 0 ? 0 : 1;
}
