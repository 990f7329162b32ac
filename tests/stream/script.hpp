// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/stream/stream.hpp>

#include <deque>
#include <stdexcept>
#include <utility>

namespace rouse_test {

/// The other side of streams that hand out numbers, each of them, and the end, only when the test says so.
/// For one thread at a time.
class Script {
    class Part {
    public:
        int next;
        int last;
        bool may = false; // go on by one
        bool over = false;
        rouse::Waker waker;
    };

public:
    Script() = default;
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    /// A stream of `first`, `first + 1`, ..., so many.
    class Numbers;
    Numbers numbers(int first, int count);

    /// Lets a stream that waits go on by one step. False: none waits.
    bool fire() {
        for (Part& part : parts_) {
            if (!part.waker) continue;
            part.may = true;
            std::move(part.waker).wake();
            return true;
        }
        return false;
    }
    [[nodiscard]] int alive() const noexcept { return alive_; }
    [[nodiscard]] int taken() const noexcept { return taken_; }
    /// What must never be: that a stream was polled which was over, or had thrown.
    [[nodiscard]] int polls_after_end() const noexcept { return polls_after_end_; }
    /// The number in whose place there is an exception.
    int throw_at = -1;

private:
    std::deque<Part> parts_;
    int alive_ = 0;
    int taken_ = 0;
    int polls_after_end_ = 0;
};

class Script::Numbers {
public:
    using Item = int;
    Numbers(Script& script, Part& part) noexcept : script_(&script), part_(&part) { ++script_->alive_; }
    Numbers(Numbers&& other) noexcept : script_(other.script_), part_(std::exchange(other.part_, nullptr)) {}
    Numbers& operator=(Numbers&&) = delete;
    ~Numbers() {
        if (!part_) return;
        part_->waker = rouse::Waker();
        --script_->alive_;
    }
    rouse::Poll<std::optional<int>> poll_next(rouse::Context& cx) {
        if (part_->over) ++script_->polls_after_end_;
        if (!part_->may) {
            part_->waker.clone_from(cx.waker());
            return rouse::Pending;
        }
        part_->may = false;
        part_->waker = rouse::Waker();
        if (part_->next == script_->throw_at) {
            part_->over = true;
            throw std::runtime_error("as the script says");
        }
        part_->over = part_->next == part_->last;
        if (part_->over) return rouse::Ready(std::optional<int>());
        ++script_->taken_;
        return rouse::Ready(std::optional<int>(part_->next++));
    }
    void cancel_next() noexcept { part_->waker = rouse::Waker(); }
    void inspect(rouse::Inspector& to) const { to.waits_for(rouse::WaitKind::future, part_, "the script"); }

private:
    Script* script_;
    Part* part_;
};

inline Script::Numbers Script::numbers(int first, int count) {
    Part& part = parts_.emplace_back();
    part.next = first;
    part.last = first + count;
    return Numbers(*this, part);
}

} // namespace rouse_test
