// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/task/await.hpp"
#include "rouse/web/value.hpp"

#include <cstdint>
#include <utility>

namespace rouse::web {

class JsResult;

/// Awaits a Promise (or any thenable, or a plain value, as JavaScript's `await` does).
///
/// `co_await JsFuture(promise)` gives the value, or throws `js::Error` with what the Promise was rejected
/// with. Wake:   once, when the Promise settles, in the microtask in which a JavaScript `await` would go on.
/// Cancel: destroy it; a settlement that comes later finds nothing to touch.
/// A Promise that can never settle, because it and its resolvers were garbage collected, drops the waker,
/// when the collector pleases: then the task is lost, and the await throws LostWaker. A Promise that the
/// program still holds is never taken for one of those: this future lets go of its own handle once it has
/// registered, so that it is not the one that holds it. Registers when it is made: a rejection that comes
/// before the first poll is not reported as unhandled. May be moved at any time.
class [[nodiscard]] JsFuture {
public:
    using Output = js::Value;

    /// The first form refers to the Promise for the time of the call; the second takes the Value, and lets go
    /// of it.
    explicit JsFuture(const js::Value& promise);
    explicit JsFuture(js::Value&& promise) : JsFuture(std::as_const(promise)) { promise = js::Value(); }
    JsFuture(JsFuture&& other) noexcept : place_(std::exchange(other.place_, none)) {}
    JsFuture& operator=(JsFuture&& other) noexcept {
        JsFuture old(std::move(*this));
        place_ = std::exchange(other.place_, none);
        return *this;
    }
    ~JsFuture() {
        if (place_ != none) forget();
    }

    Poll<js::Value> poll(Context& cx) { return rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    js::Value take_ready();

    /// The value or the reason of the rejection, without an exception: `auto r = co_await
    /// JsFuture(promise).into_result();`
    [[nodiscard]] JsResult into_result() &&;

    void inspect(Inspector& to) const;

private:
    friend class JsResult;
    [[gnu::noinline]] bool register_waker(Context& cx);
    void forget() noexcept;
    js::Result take_result();

    static constexpr std::uint32_t none = UINT32_MAX;
    std::uint32_t place_ = none; // among the settlements that are awaited (src/settlements.hpp)
};

/// A future of `js::Result`: see `JsFuture::into_result`.
class [[nodiscard]] JsResult {
public:
    using Output = js::Result;
    explicit JsResult(JsFuture future) noexcept : future_(std::move(future)) {}
    Poll<js::Result> poll(Context& cx) { return rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return future_.poll_ready(cx); }
    js::Result take_ready() { return future_.take_result(); }
    void inspect(Inspector& to) const { future_.inspect(to); }

private:
    JsFuture future_;
};

inline JsResult JsFuture::into_result() && { return JsResult(std::move(*this)); }

} // namespace rouse::web

// Compiled once, for speed: see web/src/settled.cpp.
extern template class rouse::detail::FutureAwaiter<rouse::web::JsFuture>;
extern template class rouse::detail::FutureAwaiter<rouse::web::JsResult>;

namespace rouse::js {
inline web::JsFuture Value::await() const { return web::JsFuture(*this); }
} // namespace rouse::js
