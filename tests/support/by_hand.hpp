// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/future.hpp>

#include <optional>
#include <utility>

namespace rouse_test {

/// The test's end of a `ByHand` future: completes it, and sees what is done to it.
template <class T>
class ByHandSource {
public:
    ByHandSource() = default;
    ByHandSource(const ByHandSource&) = delete;
    ByHandSource& operator=(const ByHandSource&) = delete;

    void complete(T value) {
        value_.emplace(std::move(value));
        std::move(waker_).wake();
    }
    /// Forgets the waker, as a buggy producer does.
    void drop_waker() { waker_ = rouse::Waker(); }
    [[nodiscard]] rouse::Waker take_waker() { return std::move(waker_); }
    [[nodiscard]] bool has_waker() const noexcept { return static_cast<bool>(waker_); }
    [[nodiscard]] int polls() const noexcept { return polls_; }

private:
    template <class>
    friend class ByHand;
    std::optional<T> value_;
    rouse::Waker waker_;
    int polls_ = 0;
};

/// A future that the test completes through its source, on one thread.
template <class T>
class ByHand {
public:
    using Output = T;
    explicit ByHand(ByHandSource<T>& source) noexcept : source_(&source) {}
    rouse::Poll<T> poll(rouse::Context& cx) {
        ++source_->polls_;
        if (source_->value_) return rouse::Ready(*std::exchange(source_->value_, std::nullopt));
        source_->waker_.clone_from(cx.waker());
        return rouse::Pending;
    }

private:
    ByHandSource<T>* source_;
};

/// Returns Pending and forgets the waker: the bug that this library finds.
class Forgetful {
public:
    using Output = int;
    Forgetful() noexcept = default;
    rouse::Poll<int> poll(rouse::Context&) noexcept { return rouse::Pending; }
};

/// Pending `times` times, waking itself each time; then Ready with the number of its polls.
class SelfWaking {
public:
    using Output = int;
    explicit SelfWaking(int times) noexcept : left_(times) {}
    rouse::Poll<int> poll(rouse::Context& cx) {
        ++polls_;
        if (left_-- == 0) return rouse::Ready(polls_);
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    int left_;
    int polls_ = 0;
};

} // namespace rouse_test
