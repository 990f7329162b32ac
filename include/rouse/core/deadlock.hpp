// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"
#include "rouse/core/hang.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rouse {

/// Tasks wait for each other, and none of them can ever go on. What is thrown is one of its two kinds:
/// `LockDeadlock`, at the await that closed a cycle of locks and joins, or `RuntimeDeadlock`, by
/// `Runtime::block_on`.
class Deadlock : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return what_->c_str(); }

protected:
    explicit Deadlock(std::string what) : what_(std::make_shared<const std::string>(std::move(what))) {}

private:
    std::shared_ptr<const std::string> what_;
};

/// A task in a LockCycle: what it waits for, and what of it the one before it waits for: a lock, or its end.
class LockCycleTask {
public:
    std::uint64_t task_id = 0; ///< 0: the future of `block_on`.
    std::string task_name;
    std::string has;         ///< "a mutex `accounts`", "the end of task 7 `loader`", ...
    SourceLocation taken_at; ///< Where it took that, or was spawned; nowhere, if that is not known.
    std::string waits_for;   ///< What the next one in the cycle has; of the last one, what the first has.
    SourceLocation waits_at;
    /// It was granted that in a future which it polls no longer: an arm of a select that another arm won,
    /// say.
    bool granted_unpolled = false;
    /// The one before it awaits its JoinHandle.
    bool is_joined = false;
};

/// Tasks each of which waits for a lock that the next one has, or for its end. The first one closed the
/// cycle. A task that waits for what it has itself, or for its own end, is a cycle of one.
class LockCycle {
public:
    std::vector<LockCycleTask> tasks;
    HangPolicy policy = HangPolicy::throw_error;
};

/// Thrown by the await of a lock or of a JoinHandle that closed a cycle. Only on proof: each task of the
/// cycle awaits its lock or handle with nothing beside it (no timeout, no select), and each guard lies where
/// it was made, in the coroutines of the task itself. The lock, or the handle, is as it was, and a wait for a
/// lock has lost its place; when the exception unwinds the task's frame the guards in it go, and the others
/// go on. One that is awaited again looks again.
class LockDeadlock final : public Deadlock {
public:
    explicit LockDeadlock(std::shared_ptr<const LockCycle> cycle);
    [[nodiscard]] const LockCycle& cycle() const noexcept { return *cycle_; }

private:
    std::shared_ptr<const LockCycle> cycle_;
};

namespace detail {
/// Reports; then the exception to be thrown, or null where the policy says to leave the tasks as they are.
std::exception_ptr diagnose_cycle(LockCycle cycle);
/// Hook point: the whole report. Defined by the diag layer.
std::string cycle_text(const LockCycle& cycle);
} // namespace detail

} // namespace rouse
