// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/stream/sink.hpp>

#include <deque>
#include <expected>
#include <optional>
#include <utility>

namespace rouse_test {

/// A sink with room for so many, which are flushed only when the test says so; and a stream of what was
/// flushed.
class Tank {
public:
    enum class Error { full_of_holes };
    using Result = std::expected<void, Error>;
    using Item = int;

    explicit Tank(std::size_t room) noexcept : room_(room) {}
    rouse::Poll<Result> poll_ready(rouse::Context& cx) {
        if (broken) return rouse::Poll<Result>(std::in_place, std::unexpect, Error::full_of_holes);
        if (taken.size() < room_) return rouse::Poll<Result>(std::in_place);
        return wait(cx);
    }
    Result start_send(int value) {
        if (value < 0) return std::unexpected(Error::full_of_holes);
        taken.push_back(value);
        return {};
    }
    rouse::Poll<Result> poll_flush(rouse::Context& cx) {
        if (taken.empty()) return rouse::Poll<Result>(std::in_place);
        return wait(cx);
    }
    rouse::Poll<Result> poll_close(rouse::Context& cx) {
        closed = taken.empty();
        return poll_flush(cx);
    }
    rouse::Poll<std::optional<int>> poll_next(rouse::Context& cx) {
        if (out.empty()) {
            reader_.clone_from(cx.waker());
            return rouse::Pending;
        }
        const int value = out.front();
        out.pop_front();
        return rouse::Ready(std::optional(value));
    }
    void inspect(rouse::Inspector& to) const { to.waits_for(rouse::WaitKind::io, this, "the tank"); }

    void drain() {
        out.insert(out.end(), taken.begin(), taken.end());
        taken.clear();
        std::move(writer_).wake();
        std::move(reader_).wake();
    }

    std::deque<int> taken;
    std::deque<int> out;
    bool closed = false;
    bool broken = false;

private:
    rouse::Poll<Result> wait(rouse::Context& cx) {
        writer_.clone_from(cx.waker());
        return rouse::Pending;
    }
    std::size_t room_;
    rouse::Waker writer_;
    rouse::Waker reader_;
};
} // namespace rouse_test
