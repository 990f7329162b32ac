// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <memory>

namespace rouse {

/// A future of any type behind a pointer: what a virtual function returns, or a container holds. One
/// allocation. Wake, cancel, thread: those of the future inside.
template <class T = void>
class [[nodiscard]] BoxFuture {
public:
    using Output = T;

    template <Future F>
        requires(!std::same_as<F, BoxFuture> && std::same_as<OutputOf<F>, T>)
    explicit BoxFuture(F future) : inner_(std::make_unique<Holder<F>>(std::move(future))) {}

    Poll<T> poll(Context& cx) {
        if (!inner_) detail::stop("a BoxFuture was polled after it had been moved from");
        return inner_->poll(cx);
    }
    bool fail_await(std::exception_ptr error) { return inner_ && inner_->fail_await(std::move(error)); }
    void inspect(Inspector& to) const {
        if (inner_) inner_->inspect(to);
    }

private:
    class Base {
    public:
        virtual ~Base() = default;
        virtual Poll<T> poll(Context& cx) = 0;
        virtual bool fail_await(std::exception_ptr error) = 0;
        virtual void inspect(Inspector& to) const = 0;
    };
    template <class F>
    class Holder final : public Base {
    public:
        explicit Holder(F future) : future_(std::move(future)) {}
        Poll<T> poll(Context& cx) override { return future_.poll(cx); }
        bool fail_await(std::exception_ptr error) override {
            if constexpr (detail::Failable<F>) return future_.fail_await(std::move(error));
            else return false;
        }
        void inspect(Inspector& to) const override {
            to.leaf(type_name<F>());
            detail::inspect_future(future_, to);
        }

    private:
        F future_;
    };
    std::unique_ptr<Base> inner_;
};

/// `future`, boxed.
template <Future F>
[[nodiscard]] auto boxed(F future) {
    return BoxFuture<OutputOf<F>>(std::move(future));
}

} // namespace rouse
