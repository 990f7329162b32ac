// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

#include <memory>
#include <mutex>
#include <optional>

/// A future over any function that takes a callback: written once, used wherever there is such a function.
///
///     auto future = callback_future<std::string>([](auto done) { fetch_with_callback(500, std::move(done));
///     });
///
/// `start` is called at the first poll; `done(value)` may be called from any thread, and at once.
template <class T, class Start>
class CallbackFuture {
public:
    using Output = T;
    explicit CallbackFuture(Start start) : start_(std::move(start)) {}

    rouse::Poll<T> poll(rouse::Context& cx) {
        if (start_) begin();
        shared_->waker.register_by_ref(
            cx.waker()); // first register, then look: so no result falls in between
        const std::lock_guard lock(shared_->mutex);
        if (!shared_->value) return rouse::Pending;
        return rouse::Ready(std::move(*shared_->value));
    }

private:
    struct Shared {
        std::mutex mutex;
        std::optional<T> value;
        rouse::AtomicWaker waker;
    };

    void begin() {
        Start start = std::move(*start_);
        start_.reset();
        start([shared = shared_](T value) {
            {
                const std::lock_guard lock(shared->mutex);
                shared->value = std::move(value);
            }
            shared->waker.wake(); // first the value, then the wake
        });
    }

    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
    std::optional<Start> start_;
};

template <class T, class Start>
auto callback_future(Start start) {
    return CallbackFuture<T, Start>(std::move(start));
}
