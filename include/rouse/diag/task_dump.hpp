// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/readable.hpp"
#include "rouse/core/inspect.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rouse {

/// A thing that a task waits for.
class WaitDump {
public:
    WaitDump(WaitKind kind, const void* address, std::string text)
        : kind(kind), address(address), text(std::move(text)) {}
    WaitKind kind;
    const void* address; ///< Tells two of a kind apart; not to be followed.
    std::string text;
};

/// An await stack, innermost first, and what its leaf waits for; the same of each child of a combinator.
class AwaitDump {
public:
    std::string role; ///< Of a child: "child 1 of join". Empty for the task itself.
    std::vector<SourceLocation> frames;
    std::string future_type; ///< The leaf; empty when it runs or has not begun.
    std::vector<WaitDump> waits;
    std::vector<AwaitDump> children;

    /// It waits for nothing but to be cancelled.
    [[nodiscard]] bool only_never() const;
};

enum class TaskPhase : std::uint8_t { idle, queued, running, aborting };

/// One task of a live runtime.
class TaskDump {
public:
    std::uint64_t id = 0; ///< 0: the future of `block_on`.
    std::string name;
    TaskPhase phase = TaskPhase::idle;
    std::chrono::milliseconds age{0};
    std::uint64_t polls = 0;
    std::uint64_t wakers = 0; ///< Clones that are alive.
    AwaitDump await;
    SourceLocation spawned_at;
};

/// All tasks of a runtime, as `Runtime::dump` found them.
class RuntimeDump {
public:
    std::string name = "rouse"; ///< Of the runtime: see RuntimeOptions.
    std::vector<TaskDump> tasks;
    std::size_t timers = 0;
    /// False: a task was in a long poll, and nothing could be read but which.
    bool complete = true;

    [[nodiscard]] std::string to_string() const;
};

namespace detail {

/// Fills an AwaitDump from what a future tells.
class AwaitCollector final : public Inspector {
public:
    explicit AwaitCollector(AwaitDump& into) { open_.push_back(&into); }
    void frame(const SourceLocation& where) override { open_.back()->frames.push_back(where); }
    void leaf(std::string_view future_type) override {
        open_.back()->future_type = readable_type(future_type);
    }
    void waits_for(WaitKind kind, const void* address, std::string_view text) override {
        open_.back()->waits.emplace_back(kind, address, std::string(text));
    }
    void begin_child(std::string_view role) override;
    void end_child() override { open_.pop_back(); }

private:
    std::vector<AwaitDump*> open_;
};

} // namespace detail
} // namespace rouse
