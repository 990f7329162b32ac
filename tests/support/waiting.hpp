// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/future.hpp>

#include <utility>
#include <vector>

namespace rouse_test {

/// Where `Waiting` futures leave their wakers: the other side of them, on one thread.
class Place {
public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    void complete() {
        ready_ = true;
        for (rouse::Waker& waker : std::exchange(wakers_, {})) std::move(waker).wake();
    }
    /// What a buggy producer does.
    void forget() { wakers_.clear(); }
    [[nodiscard]] std::vector<rouse::Waker> take() { return std::exchange(wakers_, {}); }
    void put_back(std::vector<rouse::Waker> wakers) { wakers_ = std::move(wakers); }
    [[nodiscard]] bool is_ready() const noexcept { return ready_; }
    [[nodiscard]] int polls() const noexcept { return polls_; }
    [[nodiscard]] std::size_t wakers() const noexcept { return wakers_.size(); }

private:
    friend class Waiting;
    std::vector<rouse::Waker> wakers_;
    bool ready_ = false;
    int polls_ = 0;
};

enum class Registers {
    never,
    once,           ///< In its first poll, and keeps that waker, whatever comes.
    each_poll,      ///< Replaces the waker by a clone of the new one.
    drop_then_clone ///< The same, but forgets the old one first.
};

/// Ready, with the number of its polls, when its place is complete.
class Waiting {
public:
    using Output = int;
    explicit Waiting(Place& place, Registers registers = Registers::each_poll) noexcept
        : place_(&place), registers_(registers) {}

    rouse::Poll<int> poll(rouse::Context& cx) {
        ++place_->polls_;
        ++polls_;
        if (place_->ready_) return rouse::Ready(polls_);
        switch (registers_) {
        case Registers::never:
            break;
        case Registers::once:
            if (polls_ == 1) place_->wakers_.push_back(cx.waker().clone());
            break;
        case Registers::each_poll:
            if (place_->wakers_.empty()) place_->wakers_.push_back(cx.waker().clone());
            else place_->wakers_.front().clone_from(cx.waker());
            break;
        case Registers::drop_then_clone:
            place_->wakers_.clear();
            place_->wakers_.push_back(cx.waker().clone());
            break;
        }
        return rouse::Pending;
    }

private:
    Place* place_;
    Registers registers_;
    int polls_ = 0;
};

} // namespace rouse_test
