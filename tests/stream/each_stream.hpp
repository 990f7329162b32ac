// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/stream/stream.hpp>

#include "stream/script.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace rouse_test {

/// A stream behind a pointer, so that the tests over all of them are no templates. Unlike a BoxStream it does
/// nothing of its own: what is seen is what the stream inside does.
class AnyStream {
public:
    using Item = int;
    template <rouse::Stream S>
        requires(!std::same_as<S, AnyStream>)
    explicit AnyStream(S of) : inner_(std::make_unique<Holder<S>>(std::move(of))) {}
    rouse::Poll<std::optional<int>> poll_next(rouse::Context& cx) { return inner_->poll_next(cx); }
    void cancel_next() noexcept { inner_->cancel_next(); }
    void inspect(rouse::Inspector& to) const { inner_->inspect(to); }

private:
    class Base {
    public:
        virtual ~Base() = default;
        virtual rouse::Poll<std::optional<int>> poll_next(rouse::Context& cx) = 0;
        virtual void cancel_next() noexcept = 0;
        virtual void inspect(rouse::Inspector& to) const = 0;
    };
    template <class S>
    class Holder final : public Base {
    public:
        explicit Holder(S of) : stream_(std::move(of)) {}
        rouse::Poll<std::optional<int>> poll_next(rouse::Context& cx) override {
            return stream_.poll_next(cx);
        }
        void cancel_next() noexcept override { rouse::detail::cancel_next(stream_); }
        void inspect(rouse::Inspector& to) const override { rouse::detail::inspect_future(stream_, to); }

    private:
        S stream_;
    };
    std::unique_ptr<Base> inner_;
};

/// A stream of each kind, over what a script hands out.
class StreamCase {
public:
    std::string_view name;
    AnyStream (*make)(Script& script);
    bool needs_runtime = false;    // it goes by a clock
    bool may_lose_an_item = false; // when its end comes first
};
const std::vector<StreamCase>& each_stream();

/// A future behind a pointer, whatever it gives.
class AnyFuture {
public:
    using Output = void;
    template <rouse::Future F>
        requires(!std::same_as<F, AnyFuture>)
    explicit AnyFuture(F future) : inner_(std::make_unique<Holder<F>>(std::move(future))) {}
    rouse::Poll<> poll(rouse::Context& cx) {
        if (!inner_->poll(cx)) return rouse::Pending;
        return rouse::Ready();
    }

private:
    class Base {
    public:
        virtual ~Base() = default;
        virtual bool poll(rouse::Context& cx) = 0;
    };
    template <class F>
    class Holder final : public Base {
    public:
        explicit Holder(F future) : future_(std::move(future)) {}
        bool poll(rouse::Context& cx) override { return future_.poll(cx).is_ready(); }

    private:
        F future_;
    };
    std::unique_ptr<Base> inner_;
};

/// A future of each kind that uses a stream up, over a stream that it owns.
class UseCase {
public:
    std::string_view name;
    AnyFuture (*make)(Script& script);
};
const std::vector<UseCase>& each_use();

} // namespace rouse_test
