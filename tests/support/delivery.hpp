// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/atomic_waker.hpp>
#include <rouse/core/future.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

namespace rouse_test {

/// A result that another thread delivers, as a producer and a future share it.
template <class T>
class Delivery {
    struct Shared;

public:
    Delivery() : shared_(std::make_shared<Shared>()) {}

    void deliver(T value) const {
        shared_->value.emplace(std::move(value));
        shared_->there.store(true, std::memory_order_release);
        shared_->waker.wake();
    }
    /// Takes the consumer's waker out, unwoken.
    [[nodiscard]] rouse::Waker steal_waker() const { return shared_->waker.take(); }
    [[nodiscard]] int polls() const noexcept { return shared_->polls.load(); }

    class Arrival {
    public:
        using Output = T;
        rouse::Poll<T> poll(rouse::Context& cx) {
            shared_->polls.fetch_add(1);
            shared_->waker.register_by_ref(cx.waker());
            if (!shared_->there.load(std::memory_order_acquire)) return rouse::Pending;
            return rouse::Ready(std::move(*shared_->value));
        }

    private:
        friend Delivery;
        explicit Arrival(const Delivery& of) : shared_(of.shared_) {}
        std::shared_ptr<Shared> shared_;
    };
    [[nodiscard]] Arrival arrival() const { return Arrival(*this); }

private:
    struct Shared {
        rouse::AtomicWaker waker;
        std::atomic<bool> there{false};
        std::atomic<int> polls{0};
        std::optional<T> value;
    };
    std::shared_ptr<Shared> shared_;
};

} // namespace rouse_test
