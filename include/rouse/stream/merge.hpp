// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/pipe.hpp"
#include "rouse/stream/upstream_child.hpp"

#include <array>
#include <string>
#include <tuple>

// Several streams become one. Each is a child of its own: one that can never be woken is found though the
// others can.

namespace rouse::stream {

/// See `merge`.
template <class... Ss>
class Merge {
    static constexpr std::size_t count = sizeof...(Ss);

public:
    using Item = std::tuple_element_t<0, std::tuple<detail::ItemOfArg<Ss>...>>;
    static_assert((std::is_same_v<Item, detail::ItemOfArg<Ss>> && ...),
                  "merge needs streams of the same items");

    template <class... Gs>
    explicit Merge(std::in_place_t, Gs&&... streams)
        : arms_(detail::UpstreamChild<Ss>(std::in_place, std::forward<Gs>(streams))...) {}
    /// Before the first poll.
    Merge(Merge&& other) noexcept : arms_(std::move(other.arms_)) {}

    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&] { return poll_arms(cx, std::make_index_sequence<count>()); });
    }
    void end() noexcept {
        std::apply([](auto&... arm) { (arm.end(), ...); }, arms_);
    }
    void cancel_next() noexcept {
        std::apply([](auto&... arm) { (arm.cancel_next(), ...); }, arms_);
    }
    void inspect(Inspector& to) const {
        int number = 0;
        std::apply([&](const auto&... arm) { (arm.inspect(to, role(++number)), ...); }, arms_);
    }

private:
    static std::string role(int number) { return "stream " + std::to_string(number) + " of merge"; }
    template <std::size_t... I>
    Poll<Maybe<Item>> poll_arms(Context& cx, std::index_sequence<I...>) {
        using PollArm = Poll<Maybe<Item>> (*)(Merge&, Context&);
        static constexpr std::array<PollArm, count> poll_arm{
            [](Merge& self, Context& with) { return std::get<I>(self.arms_).poll(with, self.set_); }...};
        std::size_t over = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t arm = (first_ + i) % count;
            auto next = poll_arm[arm](*this, cx);
            if (next.is_pending()) continue;
            if (next.value().has_value()) {
                first_ = (arm + 1) % count;
                return next;
            }
            ++over;
        }
        if (over == count) return detail::no_item<Item>();
        // One that gives nothing any more is told, not thrown: the others may go on.
        (tell_if_lost(std::get<I>(arms_), I + 1), ...);
        return Pending;
    }
    template <class Arm>
    static void tell_if_lost(Arm& arm, std::size_t number) {
        if (!arm.is_over() && arm.is_lost()) arm.report_lost(role(static_cast<int>(number)));
    }

    detail::ChildSet set_;
    std::tuple<detail::UpstreamChild<Ss>...> arms_;
    std::size_t first_ = 0; // to be looked at first: behind the one that gave the last item
};
template <class... Ss>
Merge(std::in_place_t, Ss&&...) -> Merge<Ss...>;

/// The items of all these streams, each as soon as it is there. It ends when all have ended.
/// Fairness: each poll begins with the stream after the one that gave the last item, so of streams that
///         always have one each has its turn.
/// Wake:   a wake of any polls all that have not ended; for many streams see `select_all`.
/// Cancel: a poll that is dropped loses nothing. Memory: no items.
/// Errors: what a stream throws ends them all. One that can never be woken again is reported to the hang
/// hook,
///         and the others go on; when none is left the await throws.
template <class... Ss>
    requires(sizeof...(Ss) > 1 && (detail::StreamArg<Ss> && ...))
[[nodiscard]] auto merge(Ss&&... streams) {
    return Merge<Ss...>(std::in_place, std::forward<Ss>(streams)...);
}
/// The same: `stream | merge(other)`.
template <class S>
    requires detail::StreamArg<S>
[[nodiscard]] auto merge(S&& other) {
    return detail::Pipe<Merge, S>(std::in_place, std::forward<S>(other));
}

/// See `zip`.
template <class A, class B>
class Zip {
    using First = detail::ItemOfArg<A>;
    using Second = detail::ItemOfArg<B>;

public:
    using Item = std::pair<First, Second>;
    template <class G, class H>
    Zip(std::in_place_t, G&& a, H&& b)
        : a_(std::in_place, std::forward<G>(a)), b_(std::in_place, std::forward<H>(b)) {}
    /// Before the first poll.
    Zip(Zip&& other) noexcept : a_(std::move(other.a_)), b_(std::move(other.b_)) {}

    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            for (;;) {
                if (!take_one(a_, first_, cx) || !take_one(b_, second_, cx)) {
                    end();
                    return detail::no_item<Item>();
                }
                if (first_ && second_) {
                    auto next =
                        detail::an_item<Item>(std::forward<First>(*first_), std::forward<Second>(*second_));
                    first_.reset();
                    second_.reset();
                    return next;
                }
                const bool first_lost = !first_ && a_.is_lost() && a_.fail_lost("stream 1 of zip");
                const bool second_lost = !second_ && b_.is_lost() && b_.fail_lost("stream 2 of zip");
                if (!first_lost && !second_lost) return Pending;
            }
        });
    }
    void end() noexcept {
        a_.end();
        b_.end();
        first_.reset();
        second_.reset();
    }
    void cancel_next() noexcept {
        a_.cancel_next();
        b_.cancel_next();
    }
    void inspect(Inspector& to) const {
        if (!first_) a_.inspect(to, "stream 1 of zip");
        if (!second_) b_.inspect(to, "stream 2 of zip");
    }

private:
    /// False: that stream is over.
    template <class Child, class M>
    bool take_one(Child& child, M& item, Context& cx) {
        if (item) return true;
        auto next = child.poll(cx, set_);
        if (next.is_pending()) return true;
        if (!next.value()) return false;
        item.emplace(std::forward<typename Child::Item>(*next.value()));
        return true;
    }
    detail::ChildSet set_;
    detail::UpstreamChild<A> a_;
    detail::UpstreamChild<B> b_;
    Maybe<First> first_;
    Maybe<Second> second_;
};
template <class A, class B>
Zip(std::in_place_t, A&&, B&&) -> Zip<A, B>;
/// Pairs of the items of two streams, the first with the first, and so on. It ends when either ends; an item
/// of the other one that has no partner then is lost.
/// Wake:   by either. Cancel: a poll that is dropped loses nothing. Memory: one item of the stream that is
///         ahead.
/// Errors: what a stream throws ends the pairs. One that can never be woken again makes it throw `LostWaker`.
template <class A, class B>
    requires(detail::StreamArg<A> && detail::StreamArg<B>)
[[nodiscard]] auto zip(A&& a, B&& b) {
    return Zip<A, B>(std::in_place, std::forward<A>(a), std::forward<B>(b));
}
/// The same: `stream | zip(other)`.
template <class B>
    requires detail::StreamArg<B>
[[nodiscard]] auto zip(B&& other) {
    return detail::Pipe<Zip, B>(std::in_place, std::forward<B>(other));
}

/// See `chain`.
template <class A, class B>
class Chain {
public:
    using Item = detail::ItemOfArg<A>;
    static_assert(std::is_same_v<Item, detail::ItemOfArg<B>>, "chain needs streams of the same items");
    template <class G, class H>
    Chain(std::in_place_t, G&& a, H&& b)
        : a_(std::in_place, std::forward<G>(a)), b_(std::in_place, std::forward<H>(b)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!a_.is_over()) {
            auto next = detail::or_end(b_, [&] { return a_.poll(cx); });
            if (!a_.is_over()) return next;
        }
        return b_.poll(cx);
    }
    void cancel_next() noexcept {
        if (a_.is_over()) b_.cancel_next();
        else a_.cancel_next();
    }
    void inspect(Inspector& to) const {
        if (a_.is_over()) b_.inspect(to);
        else a_.inspect(to);
    }

private:
    detail::Upstream<A> a_;
    detail::Upstream<B> b_;
};
template <class A, class B>
Chain(std::in_place_t, A&&, B&&) -> Chain<A, B>;
/// The items of one stream, then those of the other, which is not polled before.
/// Wake, cancel: as the stream whose turn it is. Memory: no items.
template <class A, class B>
    requires(detail::StreamArg<A> && detail::StreamArg<B>)
[[nodiscard]] auto chain(A&& a, B&& b) {
    return Chain<A, B>(std::in_place, std::forward<A>(a), std::forward<B>(b));
}
/// The same: `stream | chain(other)`.
template <class B>
    requires detail::StreamArg<B>
[[nodiscard]] auto chain(B&& other) {
    return detail::Pipe<Chain, B>(std::in_place, std::forward<B>(other));
}

} // namespace rouse::stream
