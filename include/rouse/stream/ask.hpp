// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/stream.hpp"
#include "rouse/task/strand.hpp"

#include <type_traits>
#include <utility>

namespace rouse::detail {

/// `fn(args...)`; a pointer to a member is a function of its object.
template <class F, class Arg, class... Args>
decltype(auto) call(F& fn, Arg&& arg, Args&&... args) {
    if constexpr (std::is_member_object_pointer_v<F>) return (std::forward<Arg>(arg).*fn);
    else if constexpr (std::is_member_function_pointer_v<F>)
        return (std::forward<Arg>(arg).*fn)(std::forward<Args>(args)...);
    else return fn(std::forward<Arg>(arg), std::forward<Args>(args)...);
}
template <class F>
decltype(auto) call(F& fn) {
    return fn();
}
template <class F, class... Args>
using CallResult = decltype(detail::call(std::declval<F&>(), std::declval<Args>()...));

/// What `T` is as an item: a reference stays one, everything else is a value.
template <class T>
using AsItem = std::conditional_t<std::is_lvalue_reference_v<T>, T, std::remove_cvref_t<T>>;

/// What a function of the user's answers: it may give a value, or a future of one, which is waited for then.
template <class R>
class Answer {
public:
    static constexpr bool waits = false;
    using Value = NonVoid<AsItem<R>>;
    [[nodiscard]] bool is_awaited() const noexcept { return false; }
    void end() noexcept {}
    template <class Ask>
    Poll<Value> poll(Context&, Ask&& ask) {
        if constexpr (std::is_void_v<R>) {
            ask();
            return Poll<Value>(std::in_place);
        } else if constexpr (std::is_reference_v<Value>) {
            return Poll<Value>(std::in_place, std::addressof(ask()));
        } else {
            return Poll<Value>(std::in_place, ask());
        }
    }
    void inspect(Inspector&) const {}
};
template <Future F>
class Answer<F> {
public:
    static constexpr bool waits = true;
    using Value = NonVoid<OutputOf<F>>;
    [[nodiscard]] bool is_awaited() const noexcept { return future_.has_value(); }
    void end() noexcept { future_.reset(); }
    /// `ask` is called unless an answer is awaited.
    template <class Ask>
    Poll<Value> poll(Context& cx, Ask&& ask) {
        if (!future_) future_.emplace(ask());
        auto poll = future_->poll(cx);
        if (poll.is_ready()) future_.reset();
        if constexpr (!std::is_void_v<OutputOf<F>>) {
            return poll;
        } else {
            if (poll.is_pending()) return Pending;
            return Poll<Value>(std::in_place);
        }
    }
    void inspect(Inspector& to) const {
        if (future_) inspect_future(*future_, to);
    }

private:
    std::optional<F> future_;
};

/// An item, and what was answered about it.
template <class Item, class Value>
class Judged {
public:
    Judged(Item&& item, Value&& value) : item(std::forward<Item>(item)), value(std::forward<Value>(value)) {}
    Item item;
    Value value;
};

/// Gives each item of a stream to a function, and waits for the answer. It hands out the answer; if it
/// `keeps` the item, which the function then sees as const, both. While an answer is awaited the item stays
/// here: a coroutine may have taken it by reference.
template <class S, class F, bool keeps = false>
class Asked {
    using Item = ItemOfArg<S>;
    using Given = std::conditional_t<keeps, const std::remove_reference_t<Item>&, Item>;
    using Reply = Answer<CallResult<F, Given>>;

public:
    using Value = typename Reply::Value;
    using Out = std::conditional_t<keeps, Judged<Item, Value>, Value>;

    template <class G>
    Asked(std::in_place_t, G&& stream, F fn)
        : upstream_(std::in_place, std::forward<G>(stream)), fn_(std::move(fn)) {}

    Poll<stream::Maybe<Out>> poll(Context& cx) {
        if constexpr (Reply::waits) {
            if (!reply_.is_awaited()) {
                auto next = upstream_.poll(cx);
                if (!has_item(next)) return without_item<Out>(next);
                item_.emplace(std::forward<Item>(*next.value()));
            }
            auto value = ask(cx, *item_);
            if (value.is_pending()) return Pending;
            auto out = answered(*item_, std::move(value));
            item_.reset();
            return out;
        } else {
            auto next = upstream_.poll(cx);
            if (!has_item(next)) return without_item<Out>(next);
            auto& item = *next.value();
            return answered(item, ask(cx, item));
        }
    }
    [[nodiscard]] bool is_over() const noexcept { return upstream_.is_over() && !reply_.is_awaited(); }
    void end() noexcept {
        reply_.end();
        item_.reset();
        upstream_.end();
    }
    void cancel_next() noexcept {
        if (!reply_.is_awaited()) upstream_.cancel_next();
    }
    Upstream<S>& upstream() noexcept { return upstream_; }
    F& fn() noexcept { return fn_; }
    void inspect(Inspector& to) const {
        if (reply_.is_awaited()) reply_.inspect(to);
        else upstream_.inspect(to);
    }

private:
    class Nothing {
    public:
        Nothing() noexcept = default;
        void reset() noexcept {}
    };
    using Stored = std::remove_reference_t<Item>;
    Poll<Value> ask(Context& cx, Stored& item) {
        return detail::or_end(*this, [&] {
            return reply_.poll(cx, [&]() -> decltype(auto) {
                if constexpr (keeps) return call(fn_, std::as_const(item));
                else return call(fn_, std::forward<Item>(item));
            });
        });
    }
    static Poll<stream::Maybe<Out>> answered(Stored& item, Poll<Value>&& value) {
        if constexpr (keeps) return an_item<Out>(std::forward<Item>(item), std::move(value).value());
        else return an_item<Out>(std::move(value).value());
    }

    Upstream<S> upstream_;
    F fn_;
    [[no_unique_address]] std::conditional_t<Reply::waits, stream::Maybe<Item>, Nothing> item_;
    [[no_unique_address]] Reply reply_; // may refer to the item and to the function
};

} // namespace rouse::detail
