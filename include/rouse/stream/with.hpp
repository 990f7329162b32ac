// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child_part.hpp"
#include "rouse/stream/sink.hpp"
#include "rouse/stream/stream.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse {
namespace detail {

/// What `with` may be answered: a value, a `std::expected` of one, or a future of either.
template <class R>
struct WithAnswer {
    using type = R;
    static constexpr bool waits = false;
};
template <Future R>
struct WithAnswer<R> {
    using type = OutputOf<R>;
    static constexpr bool waits = true;
};

} // namespace detail

namespace stream {

/// See `with`.
template <class T, class K, class F>
class With {
    using To = std::remove_reference_t<K>;
    using Made = std::invoke_result_t<F&, T>;
    using Answer = detail::WithAnswer<Made>::type;
    static constexpr bool waits = detail::WithAnswer<Made>::waits;

public:
    using Error = To::Error;
    using Result = std::expected<void, Error>;
    template <class G>
    With(std::in_place_t, G&& to, F fn) : to_(std::in_place, std::forward<G>(to)), fn_(std::move(fn)) {}
    /// Before the first poll.
    With(With&& other) noexcept : to_(std::move(other.to_)), fn_(std::move(other.fn_)) {}

    Poll<Result> poll_ready(Context& cx) { return after_answer(cx, &With::sink_ready); }
    Result start_send(T value) {
        if constexpr (waits) {
            asked_.begin(fn_, std::forward<T>(value));
            return {};
        } else {
            return send(std::invoke(fn_, std::forward<T>(value)));
        }
    }
    Poll<Result> poll_flush(Context& cx) { return after_answer(cx, &With::sink_flush); }
    Poll<Result> poll_close(Context& cx) { return after_answer(cx, &With::sink_close); }
    void inspect(Inspector& to) const {
        if constexpr (waits)
            if (asked_.answer) return detail::inspect_future(*asked_.answer, to);
        detail::inspect_future(*to_, to);
    }

private:
    /// What was answered goes to the sink first, which has room for it since the `poll_ready` before it was
    /// asked for.
    template <class Then>
    Poll<Result> after_answer(Context& cx, Then then) {
        if constexpr (waits) {
            if (asked_.answer) {
                auto answer = detail::or_end(asked_, [&] { return asked_.answer->poll(cx); });
                if (answer.is_pending()) return Pending;
                Answer value = std::move(answer).value();
                asked_.answer.reset();
                auto sent = send(std::move(value)); // may be a view of what was asked about
                asked_.end();
                if (!sent) return Poll<Result>(std::in_place, std::move(sent));
            }
        }
        return (this->*then)(cx);
    }
    Poll<Result> sink_ready(Context& cx) { return (*to_).poll_ready(cx); }
    Poll<Result> sink_flush(Context& cx) { return (*to_).poll_flush(cx); }
    Poll<Result> sink_close(Context& cx) { return (*to_).poll_close(cx); }
    Result send(Answer&& answer) {
        if constexpr (Sink<To, Answer>) {
            return (*to_).start_send(std::move(answer));
        } else {
            if (!answer) return Result(std::unexpect, std::move(answer).error());
            return (*to_).start_send(*std::move(answer));
        }
    }

    class Nothing {};
    /// The answer that is awaited, and the value it is about: a coroutine may have taken that by reference.
    class Asked {
    public:
        void begin(F& fn, T&& about) {
            end();
            value.emplace(std::forward<T>(about));
            detail::or_end(*this, [&] { answer.emplace(std::invoke(fn, std::forward<T>(*value))); });
        }
        void end() noexcept {
            answer.reset();
            value.reset();
        }
        Maybe<T> value;
        std::optional<Made> answer;
    };
    detail::Held<K> to_;
    F fn_;
    [[no_unique_address]] std::conditional_t<waits, Asked, Nothing> asked_;
};

/// A sink of `T`s: what `fn(T)` makes of each goes to `to`. `fn` returns a value, a `std::expected` (its
/// error is the sink's), or a future of one of these; one answer at a time is awaited, and the next value
/// waits meanwhile. A coroutine may take the value by reference. A value whose answer throws is not sent, and
/// the next one is asked about. The sink is given away, or stays where it is. Wake: as the sink, and as the
/// answer. Cancel: a value that is being answered is sent by the next poll.
///
/// ```cpp
/// auto numbers = stream::with<int>(std::move(lines), [](int n) { return std::to_string(n); });
/// (void)co_await stream::send(numbers, 42);
/// ```
template <class T, class K, class F>
    requires(detail::SinkArg<K> && std::invocable<F&, T>)
[[nodiscard]] auto with(K&& to, F fn) {
    return With<T, K, F>(std::in_place, std::forward<K>(to), std::move(fn));
}

/// See `fanout`.
template <class A, class B>
class Fanout {
    using First = std::remove_reference_t<A>;
    using Second = std::remove_reference_t<B>;
    static_assert(std::is_same_v<typename First::Error, typename Second::Error>,
                  "fanout takes sinks with one type of error");

public:
    using Error = First::Error;
    using Result = std::expected<void, Error>;
    template <class G, class H>
    Fanout(std::in_place_t, G&& first, H&& second)
        : first_(std::in_place, std::forward<G>(first)), second_(std::in_place, std::forward<H>(second)) {}
    /// Before the first poll.
    Fanout(Fanout&& other) noexcept : first_(std::move(other.first_)), second_(std::move(other.second_)) {}
    Fanout& operator=(Fanout&&) = delete;
    ~Fanout() {
        second_slot_.end([this] { second_.reset(); });
        first_slot_.end([this] { first_.reset(); });
    }

    Poll<Result> poll_ready(Context& cx) {
        return both(cx, [](auto& to, bool&, Context& own) { return to.poll_ready(own); });
    }
    template <class T>
        requires(Sink<First, T> && Sink<Second, T> && std::copy_constructible<T>)
    Result start_send(T value) {
        T copy(value);
        auto first = (*first_).start_send(std::move(copy));
        auto second = (*second_).start_send(std::move(value));
        return first ? second : first;
    }
    Poll<Result> poll_flush(Context& cx) {
        return both(cx, [](auto& to, bool&, Context& own) { return to.poll_flush(own); });
    }
    /// One that is closed is not asked again.
    Poll<Result> poll_close(Context& cx) {
        return both(cx, [](auto& to, bool& closed, Context& own) { return close(to, closed, own); });
    }
    void inspect(Inspector& to) const {
        to.begin_child("the first sink");
        detail::inspect_future(*first_, to);
        to.end_child();
        to.begin_child("the second sink");
        detail::inspect_future(*second_, to);
        to.end_child();
    }

private:
    /// Both are polled, so that both go on; the first error counts.
    template <class Op>
    Poll<Result> both(Context& cx, Op op) {
        auto first = first_slot_.poll(cx, set_, [&](Context& own) { return op(*first_, closed_[0], own); });
        auto second =
            second_slot_.poll(cx, set_, [&](Context& own) { return op(*second_, closed_[1], own); });
        if (first.is_ready() && !first.value()) return first;
        if (second.is_ready() && !second.value()) return second;
        if (first_slot_.is_lost()) first_slot_.fail_lost("sink 1 of fanout", *first_);
        if (second_slot_.is_lost()) second_slot_.fail_lost("sink 2 of fanout", *second_);
        if (first.is_pending()) return Pending;
        return second;
    }
    template <class To>
    static Poll<Result> close(To& to, bool& closed, Context& cx) {
        if (closed) return Poll<Result>(std::in_place);
        auto done = to.poll_close(cx);
        closed = done.is_ready();
        return done;
    }
    detail::ChildSet set_;
    detail::ChildPart first_slot_;
    detail::ChildPart second_slot_;
    detail::Held<A> first_;
    detail::Held<B> second_;
    bool closed_[2] = {false, false};
};

/// A sink that gives each value to two others, which it is ready with when both are: a copy to the first. The
/// sinks are given away, or stay where they are.
/// Wake, cancel: as the two. After an error of one of them neither is used again. One that can never be woken
/// again throws `LostWaker`, at once, though the other one still can.
template <class A, class B>
    requires(detail::SinkArg<A> && detail::SinkArg<B>)
[[nodiscard]] auto fanout(A&& first, B&& second) {
    return Fanout<A, B>(std::in_place, std::forward<A>(first), std::forward<B>(second));
}

} // namespace stream
} // namespace rouse
