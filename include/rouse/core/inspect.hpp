// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace rouse {

/// What kind of thing a task waits for.
enum class WaitKind : std::uint8_t {
    future,
    never,
    timer,
    task,
    channel,
    children,
    yield,
    io,
    lock,
    semaphore,
    notification,
    promise,
};

/// Told by a suspended future what it waits for. A future that has something to say has `void
/// inspect(Inspector&) const`: it only reads.
class Inspector {
public:
    virtual ~Inspector() = default;
    /// An await in which the next outer coroutine is suspended; innermost first.
    virtual void frame(const SourceLocation& where) = 0;
    /// The leaf: the type of the future that returned Pending.
    virtual void leaf(std::string_view future_type) = 0;
    /// What it waits for: its kind, the address that tells two of them apart, and words for the reader.
    virtual void waits_for(WaitKind kind, const void* address, std::string_view text) = 0;
    /// After `waits_for`: the task that has what is waited for, where that is known.
    virtual void held_by(std::uint64_t /*task_id*/) {}
    /// The next calls, up to `end_child`, speak of a child of a combinator.
    virtual void begin_child(std::string_view role) = 0;
    virtual void end_child() = 0;
};

namespace detail {
/// The await stack alone, and the type of the leaf.
class AwaitFrames final : public Inspector {
public:
    void frame(const SourceLocation& where) override {
        if (depth_ == 0) frames.push_back(where);
    }
    void leaf(std::string_view future_type) override {
        if (depth_ == 0) type = future_type;
    }
    void waits_for(WaitKind, const void*, std::string_view) override {}
    void begin_child(std::string_view) override { ++depth_; }
    void end_child() override { --depth_; }

    std::vector<SourceLocation> frames;
    std::string_view type;

private:
    int depth_ = 0;
};

template <class F>
concept Inspectable = requires(const F& future, Inspector& to) { future.inspect(to); };
/// `future.inspect(to)` if it has one.
template <class F>
void inspect_future(const F& future, Inspector& to) {
    if constexpr (Inspectable<F>) future.inspect(to);
}
} // namespace detail
} // namespace rouse
