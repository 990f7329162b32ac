// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/io/write.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace rouse_test {

/// A stream in memory that a test feeds: what is in `input` can be read, what is written is in `output`. How
/// much of it at a time, and whether at once, `Pace` says: `Pace::next()` is a number of bytes, or 0 for
/// Pending.
template <class Pace>
class SlowStream {
    using Poll = rouse::Poll<rouse::Result<std::size_t>>;
    using Done = rouse::Poll<rouse::Result<>>;

public:
    explicit SlowStream(std::string_view text, Pace reads = Pace(), Pace writes = Pace())
        : input(text), reads_(std::move(reads)), writes_(std::move(writes)) {}

    Poll poll_read(rouse::Context& cx, rouse::io::Bytes room) {
        const std::size_t most = reads_.next(cx);
        if (most == 0) return rouse::Pending;
        const std::size_t count = std::min({most, room.size(), input.size()});
        std::copy_n(rouse::io::bytes(input).begin(), count, room.begin());
        input.erase(0, count);
        return Poll(std::in_place, count);
    }
    Poll poll_write(rouse::Context& cx, rouse::io::ConstBytes bytes) {
        const std::size_t most = writes_.next(cx);
        if (most == 0) return rouse::Pending;
        const std::size_t count = std::min(most, bytes.size());
        output.append(rouse::io::text(bytes.first(count)));
        return Poll(std::in_place, count);
    }
    Done poll_flush(rouse::Context& cx) {
        if (writes_.next(cx) == 0) return rouse::Pending;
        flushed = output.size();
        return Done(std::in_place);
    }
    Done poll_shutdown(rouse::Context& cx) {
        if (writes_.next(cx) == 0) return rouse::Pending;
        is_shut = true;
        return Done(std::in_place);
    }
    void cancel_read() { reads_.cancel(); }
    void cancel_write() { writes_.cancel(); }
    void inspect(rouse::Inspector& to, rouse::io::Interest) const {
        to.waits_for(rouse::WaitKind::io, this, "a slow stream");
    }
    [[nodiscard]] Pace& reads() noexcept { return reads_; }
    [[nodiscard]] Pace& writes() noexcept { return writes_; }

    std::string input;
    std::string output;
    std::size_t flushed = 0;
    bool is_shut = false;

private:
    Pace reads_;
    Pace writes_;
};

/// Pending each time until the test lets it `go`; then a few bytes, once.
class StepByStep {
public:
    explicit StepByStep(std::size_t bytes = 3) noexcept : bytes_(bytes) {}
    std::size_t next(rouse::Context& cx) {
        if (std::exchange(may_go_, false)) {
            waker_ = rouse::Waker();
            return bytes_;
        }
        waker_.clone_from(cx.waker());
        return 0;
    }
    void cancel() noexcept { waker_ = rouse::Waker(); }
    void go() {
        if (!waker_) return;
        may_go_ = true;
        std::move(waker_).wake();
    }

private:
    std::size_t bytes_;
    rouse::Waker waker_;
    bool may_go_ = false;
};

/// By chance: now and then Pending, with a wake at once; else a few bytes, or many.
class ByChance {
public:
    explicit ByChance(std::uint32_t seed = 1, std::size_t most = 16) : random_(seed), most_(most) {}
    std::size_t next(rouse::Context& cx) {
        if (random_() % 4 == 0) {
            cx.waker().wake_by_ref();
            return 0;
        }
        return 1 + random_() % most_;
    }
    void cancel() noexcept {}

private:
    std::minstd_rand random_;
    std::size_t most_;
};

using StepStream = SlowStream<StepByStep>;
using ChanceStream = SlowStream<ByChance>;

/// Lets whoever waits for `stream` go on.
inline void step(StepStream& stream) {
    stream.reads().go();
    stream.writes().go();
}

} // namespace rouse_test
