// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/pipe.hpp"

#include <memory>

namespace rouse::stream {

/// See `peekable`.
template <class S>
class Peekable {
public:
    using Item = detail::ItemOfArg<S>;
    using Pointer = std::remove_reference_t<Item>*;
    template <class G>
    explicit Peekable(std::in_place_t, G&& stream) : upstream_(std::in_place, std::forward<G>(stream)) {}

    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!item_) return upstream_.poll(cx);
        auto next = detail::an_item<Item>(std::forward<Item>(*item_));
        item_.reset();
        return next;
    }
    /// The next item, which stays the next; null at the end.
    Poll<Pointer> poll_peek(Context& cx) {
        if (!item_) {
            auto next = upstream_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Poll<Pointer>(std::in_place, nullptr);
            item_.emplace(std::forward<Item>(*next.value()));
        }
        return Poll<Pointer>(std::in_place, std::addressof(*item_));
    }

    /// A future of a pointer to the next item; null at the end. See `Next`.
    class [[nodiscard]] Peek {
    public:
        using Output = Pointer;
        explicit Peek(Peekable& of) noexcept : of_(of) {}
        Poll<Pointer> poll(Context& cx) {
            if (!of_) [[unlikely]]
                detail::stop_polled_after_ready("Peekable::Peek");
            return of_.poll([&](Peekable& of) { return of.poll_peek(cx); });
        }
        void inspect(Inspector& to) const {
            if (of_) of_->inspect(to);
        }

    private:
        detail::NextRight<Peekable> of_;
    };
    [[nodiscard]] Peek peek() noexcept { return Peek(*this); }

    /// A future of the next item, if there is one and `fn(const item&)` says true; else of nothing, and the
    /// item stays.
    template <class F>
    class [[nodiscard]] NextIf {
    public:
        using Output = Maybe<Item>;
        NextIf(Peekable& of, F fn) : of_(of), fn_(std::move(fn)) {}
        Poll<Output> poll(Context& cx) {
            if (!of_) [[unlikely]]
                detail::stop_polled_after_ready("Peekable::NextIf");
            Peekable& of = *of_;
            if (of_.poll([&](Peekable& peeked) { return peeked.poll_peek(cx); }).is_pending()) return Pending;
            if (!of.item_ || !fn_(std::as_const(*of.item_))) return detail::no_item<Item>();
            return of.poll_next(cx);
        }
        void inspect(Inspector& to) const {
            if (of_) of_->inspect(to);
        }

    private:
        detail::NextRight<Peekable> of_;
        F fn_;
    };
    template <class F>
    [[nodiscard]] auto next_if(F fn) {
        return NextIf<F>(*this, std::move(fn));
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    Maybe<Item> item_;
};
template <class S>
Peekable(std::in_place_t, S&&) -> Peekable<S>;
/// The same items; the next one can be looked at, by `peek`, and be taken on a condition, by `next_if`.
/// Wake:   as the stream below. Cancel: a poll that is dropped loses nothing. Memory: one item.
///
/// ```cpp
/// auto words = text | stream::peekable();
/// if (auto* word = co_await words.peek(); word && *word == "let") parse_let(words);
/// ```
[[nodiscard]] inline auto peekable() { return detail::pipe<Peekable>(); }

/// See `fuse`.
template <class S>
class Fuse {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    explicit Fuse(std::in_place_t, G&& stream) : upstream_(std::in_place, std::forward<G>(stream)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) { return upstream_.poll(cx); }
    /// It has ended, or thrown.
    [[nodiscard]] bool is_over() const noexcept { return upstream_.is_over(); }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
};
template <class S>
Fuse(std::in_place_t, S&&) -> Fuse<S>;
/// The same items; and it may be polled after its end. So may all streams of this library: this is for
/// foreign ones, and for `is_over`. Wake, cancel: as the stream below. Memory: none.
[[nodiscard]] inline auto fuse() { return detail::pipe<Fuse>(); }

/// A stream of any type behind a pointer: what a function returns, or a container holds. One allocation.
/// Wake, cancel, thread: those of the stream inside.
template <class T>
class BoxStream {
public:
    using Item = T;
    template <class S>
        requires detail::StreamArg<S>
    explicit BoxStream(std::in_place_t, S&& of) : inner_(std::make_unique<Holder<S>>(std::forward<S>(of))) {
        static_assert(std::is_same_v<detail::ItemOfArg<S>, T>);
    }

    Poll<Maybe<T>> poll_next(Context& cx) {
        if (!inner_) detail::stop("a BoxStream was polled after it had been moved from");
        return inner_->poll_next(cx);
    }
    bool fail_await(std::exception_ptr error) { return inner_ && inner_->fail_await(std::move(error)); }
    void cancel_next() noexcept {
        if (inner_) inner_->cancel_next();
    }
    void inspect(Inspector& to) const {
        if (inner_) inner_->inspect(to);
    }

private:
    class Base {
    public:
        virtual ~Base() = default;
        virtual Poll<Maybe<T>> poll_next(Context& cx) = 0;
        virtual bool fail_await(std::exception_ptr error) = 0;
        virtual void cancel_next() noexcept = 0;
        virtual void inspect(Inspector& to) const = 0;
    };
    template <class S>
    class Holder final : public Base {
    public:
        explicit Holder(S&& of) : stream_(std::in_place, std::forward<S>(of)) {}
        Poll<Maybe<T>> poll_next(Context& cx) override { return stream_.poll(cx); }
        bool fail_await(std::exception_ptr error) override { return stream_.fail_await(std::move(error)); }
        void cancel_next() noexcept override { stream_.cancel_next(); }
        void inspect(Inspector& to) const override { stream_.inspect(to); }

    private:
        detail::Upstream<S> stream_;
    };
    std::unique_ptr<Base> inner_;
};

template <class S>
BoxStream(std::in_place_t, S&&) -> BoxStream<detail::ItemOfArg<S>>;
/// The stream, boxed. One given as an lvalue stays where it is.
[[nodiscard]] inline auto boxed() { return detail::pipe<BoxStream>(); }

} // namespace rouse::stream
