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

    /// Runs a future, or the future that a function returns, beside the others. What it throws ends the
    /// scope; its value is dropped. When the scope ends early it is destroyed where it is.
    template <class F>
        requires detail::ScopeChild<std::decay_t<F>>
    void spawn(F&& child);
    /// Runs `body(Scope&)` in a scope of its own within this one. When this one ends early that one is
    /// cancelled, and waited for: what it deferred is done.
    template <class F>
        requires detail::ScopeBody<std::decay_t<F>>
    void spawn(F&& body);
    /// Awaits a future, or the future that a function returns, when all that runs in the scope is gone,
    /// however it came to that: a destructor cannot await. The last one first. What it throws is thrown by
    /// the scope, if nothing else is.
    template <class F>
        requires detail::ScopeChild<std::decay_t<F>>
    void defer(F&& cleanup);

    /// Ends the scope early.
    void cancel() const noexcept { token_.cancel(); }
    [[nodiscard]] bool is_cancelled() const noexcept { return token_.is_cancelled(); }
    /// Is cancelled when the scope ends early.
    [[nodiscard]] const CancellationToken& token() const noexcept { return token_; }
    /// How many are running, the body among them.
    [[nodiscard]] std::size_t len() const noexcept { return children_.len() + scopes_.len(); }

private:
    friend class detail::ScopeRun;
    template <detail::ScopeBody Body>
    friend auto scope(CancellationToken outside, Body body)
        -> Task<OutputOf<std::invoke_result_t<Body&, Scope&>>>;

    CancellationToken token_;
    FuturesUnordered<Task<>> scopes_;
    FuturesUnordered<Task<>> children_;
    std::vector<Task<>> cleanups_;
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

/// Until all is gone: what it ended with, or null.
class [[nodiscard]] ScopeRun {
public:
    using Output = std::exception_ptr;
    explicit ScopeRun(Scope& scope) : scope_(&scope), cancelled_(scope.token_.cancelled()) {}

    Poll<Output> poll(Context& cx) {
        if (!ending_ && cancelled_->poll(cx).is_ready())
            end(std::make_exception_ptr(ScopeCancelled()), false);
        drain(scope_->children_, cx);
        drain(scope_->scopes_, cx); // an error here clears the others
        if (scope_->len() != 0) return Pending;
        if (!ending_ && scope_->is_cancelled()) end(std::make_exception_ptr(ScopeCancelled()), false);
        cancelled_.reset();
        return Ready(std::exchange(error_, nullptr));
    }
    /// It ended with an error, and not only because it was cancelled.
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    void inspect(Inspector& to) const {
        scope_->children_.inspect(to);
        scope_->scopes_.inspect(to);
    }

private:
    void drain(FuturesUnordered<Task<>>& set, Context& cx) {
        for (;;) {
            try {
                auto next = set.poll_next(cx);
                if (next.is_pending() || !next.value()) return;
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
        ending_ = true;
        scope_->children_.clear();
        scope_->token_.cancel();
    }

    Scope* scope_;
    std::optional<Cancelled> cancelled_;
    std::exception_ptr error_;
    bool ending_ = false;
    bool failed_ = false;
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
/// the same, and `ScopeCancelled` is thrown. Destroying the scope's own future, as `abort` does, destroys all
/// in it at once, the deferred unawaited: who needs those cancels by the token, and waits. Wake, thread: as
/// FuturesUnordered: each child is polled when it is woken. For children on several threads spawn tasks, in a
/// JoinSet.
template <detail::ScopeBody Body>
auto scope(CancellationToken outside, Body body) -> Task<OutputOf<std::invoke_result_t<Body&, Scope&>>> {
    using Value = OutputOf<std::invoke_result_t<Body&, Scope&>>;
    Scope scope(outside.child_token());
    std::optional<NonVoid<Value>> value;
    scope.children_.push(detail::scope_body(scope, body, value));
    detail::ScopeRun run(scope);
    std::exception_ptr error = co_await run;
    bool failed = run.failed();
    while (!scope.cleanups_.empty()) {
        Task<> cleanup = std::move(scope.cleanups_.back());
        scope.cleanups_.pop_back();
        std::exception_ptr thrown;
        try {
            co_await cleanup;
        } catch (...) {
            thrown = std::current_exception();
        }
        if (thrown && !std::exchange(failed, true)) error = std::move(thrown);
    }
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
    children_.push(detail::scope_child<std::decay_t<F>>(std::forward<F>(child)));
}
template <class F>
    requires detail::ScopeBody<std::decay_t<F>>
void Scope::spawn(F&& body) {
    scopes_.push(detail::inner_scope<std::decay_t<F>>(token_, std::forward<F>(body)));
}
template <class F>
    requires detail::ScopeChild<std::decay_t<F>>
void Scope::defer(F&& cleanup) {
    cleanups_.push_back(detail::scope_child<std::decay_t<F>>(std::forward<F>(cleanup)));
}

} // namespace rouse
