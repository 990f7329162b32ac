// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/futures_unordered.hpp"
#include "rouse/sync/cancellation_token.hpp"
#include "rouse/task/task.hpp"

#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace rouse {

class Scope;

/// Thrown out of a scope that was cancelled, when all in it is gone.
class ScopeCancelled : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "the scope was cancelled"; }
};

namespace detail {
template <class F>
concept ScopeBody = std::invocable<F&, Scope&> && Future<std::invoke_result_t<F&, Scope&>>;
template <class F>
concept ScopeChild = Future<F> || (std::invocable<F&> && Future<std::invoke_result_t<F&>>);
class ScopeRun;
} // namespace detail

/// What runs within a `scope`: see there. Of the thread that polls it.
class Scope {
public:
    explicit Scope(CancellationToken token) noexcept : token_(std::move(token)) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

    /// Runs a future, or the future that a function returns, beside the others. What it throws ends the
    /// scope; its value is dropped. When the scope ends early it is destroyed where it is; and one that comes
    /// after that is destroyed here, before it began.
    template <class F>
        requires detail::ScopeChild<std::decay_t<F>>
    void spawn(F&& child);
    /// Runs `body(Scope&)` in a scope of its own within this one. When this one ends early that one is
    /// cancelled, and waited for: what it deferred is done.
    template <class F>
        requires detail::ScopeBody<std::decay_t<F>>
    void spawn(F&& body);
    /// Awaits a future, or the future that a function returns, when all that runs in the scope is gone,
    /// however it came to that: a destructor cannot await. The last one first; what it spawns runs beside it,
    /// and the next one begins when that is gone. What it throws is thrown by the scope, if nothing else is.
    template <class F>
        requires detail::ScopeChild<std::decay_t<F>>
    void defer(F&& cleanup);

    /// Ends the scope early.
    void cancel() const noexcept { token_.cancel(); }
    [[nodiscard]] bool is_cancelled() const noexcept { return token_.is_cancelled(); }
    /// Is cancelled when the scope ends early.
    [[nodiscard]] const CancellationToken& token() const noexcept { return token_; }
    /// How many are running, the body or what was deferred among them.
    [[nodiscard]] std::size_t len() const noexcept { return children_.len() + scopes_.len(); }

private:
    friend class detail::ScopeRun;
    template <detail::ScopeBody Body>
    friend auto scope(CancellationToken outside, Body body)
        -> Task<OutputOf<std::invoke_result_t<Body&, Scope&>>>;

    CancellationToken token_;
    FuturesUnordered<Task<>> scopes_;   // and what was deferred, one at a time: they end by themselves
    FuturesUnordered<Task<>> children_; // and the body: destroyed when the scope ends early
    std::vector<Task<>> cleanups_;
    bool ended_ = false; // early, or destroyed: nothing begins any more
};

namespace detail {

template <class F>
Task<> scope_child(F child) {
    if constexpr (Future<F>) {
        (void)co_await child;
    } else {
        auto future = child();
        (void)co_await future;
    }
}

template <class Body, class Value>
Task<> scope_body(Scope& scope, Body& body, std::optional<Value>& value) {
    auto future = body(scope);
    if constexpr (std::is_void_v<OutputOf<decltype(future)>>) {
        co_await future;
        value.emplace();
    } else {
        value.emplace(co_await future);
    }
}

/// Each time it is awaited: until all that runs is gone.
class [[nodiscard]] ScopeRun {
public:
    using Output = void;
    explicit ScopeRun(Scope& scope) : scope_(&scope) {}

    Poll<void> poll(Context& cx) {
        if (!scope_->ended_) {
            if (!cancelled_) cancelled_.emplace(scope_->token_.cancelled());
            if (cancelled_->poll(cx).is_ready()) end(std::make_exception_ptr(ScopeCancelled()), false);
        }
        // An empty set keeps no waker, and what runs in one set may spawn into the other: so it goes on until
        // each is empty or waits. One that waits is not polled again: it may have given way to other tasks.
        bool children_wait = false;
        bool scopes_wait = false;
        for (;;) {
            if (!children_wait && !scope_->children_.is_empty()) children_wait = drain(scope_->children_, cx);
            else if (!scopes_wait && !scope_->scopes_.is_empty()) scopes_wait = drain(scope_->scopes_, cx);
            else break;
        }
        if (scope_->len() != 0) return Pending;
        if (!scope_->ended_ && scope_->is_cancelled()) end(std::make_exception_ptr(ScopeCancelled()), false);
        cancelled_.reset();
        return Ready();
    }
    /// What was thrown at its await ends the scope as the error of a child does; the second time it destroys
    /// what does not end by itself.
    void fail(std::exception_ptr error) {
        if (std::exchange(failed_here_, true)) scope_->scopes_.clear();
        end(std::move(error), true);
    }
    /// Goes on with what was deferred last; false: there is nothing.
    bool begin_cleanup() {
        if (scope_->cleanups_.empty()) return false;
        scope_->scopes_.push(std::move(scope_->cleanups_.back()));
        scope_->cleanups_.pop_back();
        return true;
    }
    /// What the scope ends with, or null.
    [[nodiscard]] std::exception_ptr take_error() noexcept { return std::exchange(error_, nullptr); }
    void inspect(Inspector& to) const {
        scope_->children_.inspect(to);
        scope_->scopes_.inspect(to);
    }

private:
    /// True: the set waits, and has the waker. False: it is empty.
    bool drain(FuturesUnordered<Task<>>& set, Context& cx) {
        for (;;) {
            try {
                auto next = set.poll_next(cx);
                if (next.is_pending()) return true;
                if (!next.value()) return false;
            } catch (...) {
                end(std::current_exception(), true);
            }
        }
    }
    /// The first error counts; and more than that it was cancelled.
    void end(std::exception_ptr why, bool is_error) {
        if (is_error && !failed_) {
            error_ = std::move(why);
            failed_ = true;
        } else if (!error_) {
            error_ = std::move(why);
        }
        scope_->ended_ = true; // first: destructors may spawn
        scope_->children_.clear();
        scope_->token_.cancel();
    }

    Scope* scope_;
    std::optional<Cancelled> cancelled_;
    std::exception_ptr error_;
    bool failed_ = false;      // with an error, and not only because it was cancelled
    bool failed_here_ = false; // by `fail`
};

} // namespace detail

/// Structured concurrency: runs `body(Scope&)`, and what it spawns in the scope, at the same time in this
/// task, and completes with the body's value when all of that is done. Children may refer to whatever lives
/// around the scope: they cannot outlive it. (Not to the body's own variables: the body may be done before
/// them.)
///
/// ```cpp
/// std::string user, page;
/// co_await rouse::scope([&](rouse::Scope& s) -> rouse::Task<> {
///     s.spawn(load_user(user));
///     s.spawn(load_page(page));
///     co_return;
/// }); // both are there
/// ```
/// Errors: the first that the body or a child throws ends the scope: the others are destroyed where they are,
/// inner scopes are cancelled and waited for, what was deferred is awaited, and then the error is thrown. A
/// child that nobody can wake throws `LostWaker` at its await. Cancel: by `Scope::cancel`, or by `outside`:
/// the same, and `ScopeCancelled` is thrown; until the last that was deferred is done. Destroying the scope's
/// own future, as `abort` does, destroys all in it at once, the deferred unawaited: who needs those cancels
/// by the token, and waits. Wake, thread: as FuturesUnordered: each child is polled when it is woken. For
/// children on several threads spawn tasks, in a JoinSet.
template <detail::ScopeBody Body>
auto scope(CancellationToken outside, Body body) -> Task<OutputOf<std::invoke_result_t<Body&, Scope&>>> {
    using Value = OutputOf<std::invoke_result_t<Body&, Scope&>>;
    Scope scope(outside.child_token());
    std::optional<NonVoid<Value>> value;
    scope.children_.push(detail::scope_body(scope, body, value));
    detail::ScopeRun run(scope);
    do {
        std::exception_ptr thrown;
        do {
            thrown = nullptr;
            try {
                co_await run;
            } catch (...) {
                thrown = std::current_exception();
            }
            if (thrown) run.fail(thrown); // by who drives the task, a deadlock say: what was deferred is done
        } while (thrown);
    } while (run.begin_cleanup());
    std::exception_ptr error = run.take_error();
    if (error) std::rethrow_exception(std::move(error));
    if constexpr (!std::is_void_v<Value>) co_return std::move(*value);
}
template <detail::ScopeBody Body>
auto scope(Body body) {
    return scope(CancellationToken(), std::move(body));
}

namespace detail {
template <class Body>
Task<> inner_scope(CancellationToken outside, Body body) {
    try {
        auto inner = scope(outside, std::move(body));
        (void)co_await inner;
    } catch (const ScopeCancelled&) {
        if (!outside.is_cancelled()) throw; // by itself
    }
}
} // namespace detail

template <class F>
    requires detail::ScopeChild<std::decay_t<F>>
void Scope::spawn(F&& child) {
    auto task = detail::scope_child<std::decay_t<F>>(std::forward<F>(child));
    if (!ended_) children_.push(std::move(task));
}
template <class F>
    requires detail::ScopeBody<std::decay_t<F>>
void Scope::spawn(F&& body) {
    auto task = detail::inner_scope<std::decay_t<F>>(token_, std::forward<F>(body));
    if (!ended_) scopes_.push(std::move(task));
}
template <class F>
    requires detail::ScopeChild<std::decay_t<F>>
void Scope::defer(F&& cleanup) {
    cleanups_.push_back(detail::scope_child<std::decay_t<F>>(std::forward<F>(cleanup)));
}

inline Scope::~Scope() {
    ended_ = true;
    children_.clear();
    scopes_.clear();
    // One at a time: the destructor of what one of them holds may defer another.
    while (!cleanups_.empty()) {
        const Task<> dropped = std::move(cleanups_.back());
        cleanups_.pop_back();
    }
}

} // namespace rouse
