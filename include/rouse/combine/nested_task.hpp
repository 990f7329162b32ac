// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/frame_cache.hpp"
#include "rouse/core/future.hpp"
#include "rouse/core/task_state.hpp"

#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace rouse::detail {

/// A future inside of a task that has a state word, and so wakers, of its own: it is polled when it was
/// woken, by whichever task polls what it belongs to; and when its own last waker goes, it is known to be
/// lost, whatever wakers the task has.
///
/// ACTIVE means what it does for a task. Two references are made with it: one is its owner's, until the
/// future is destroyed; one goes with ACTIVE, and is given up with DONE by whoever then has ACTIVE, or else
/// by the owner.
class NestedTask : public TaskState {
public:
    NestedTask(const NestedTask&) = delete;
    NestedTask& operator=(const NestedTask&) = delete;

    // ---- by the owner of ACTIVE ----

    enum class Turned : std::uint8_t {
        idle,  // Pending; ACTIVE is given up
        again, // Pending, and was woken meanwhile
        over,  // Ready: the value is where `out` points to
    };
    /// Polls once. A lost one throws at its own await; or out of here, if it has no coroutine that could.
    /// `role`: what it is to what it belongs to. `yielded` is set if it gave way.
    Turned take_turn(void* out, std::string_view role, bool& yielded);
    [[nodiscard]] bool is_done() const noexcept { return load() & done; }

    virtual void inspect(Inspector& to) const = 0;
    /// Of the future.
    [[nodiscard]] virtual std::string_view type() const noexcept = 0;

protected:
    explicit NestedTask(const TaskOps* ops) noexcept : TaskState(ops, active | 2 * one_reference) {}
    virtual ~NestedTask() = default;

    /// True: ready, and the value is where `out` points to.
    virtual bool poll_future(Context& cx, void* out) = 0;
    /// See Failable.
    virtual bool fail(std::exception_ptr error) = 0;
    /// Destroys the future: it is ready, or threw. In its own turn, so that what it drops is counted there.
    virtual void over() noexcept = 0;

    /// By the thread that dropped the last waker, which has ACTIVE.
    void note_drop() { dropped_by_ = std::make_unique<std::string>(describe_drop()); }
    /// Gives up references; true: they were the last.
    [[nodiscard]] bool give_up(std::uint64_t references) noexcept {
        references *= one_reference;
        return unreferenced(word().fetch_sub(references, memory_order_acq_rel) - references);
    }

private:
    static std::string describe_drop();
    bool poll_once(void* out, std::uint64_t& delta, bool& again, bool& yielded);
    bool leave_it(std::string_view role);

    std::unique_ptr<std::string> dropped_by_; // with LOST: written by who turned ACTIVE on for it
};

} // namespace rouse::detail
