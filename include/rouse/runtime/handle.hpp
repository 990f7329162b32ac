// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/runtime/blocking.hpp"
#include "rouse/runtime/spawn.hpp"

#include <memory>

namespace rouse {

/// A way to a runtime from anywhere. Cheap to copy. Thread: any; also after the end of the runtime, when its
/// spawns are cancelled at once.
class Handle : public detail::Spawner<Handle> {
public:
    /// Of the runtime that drives this thread; stops the program with a message where there is none.
    [[nodiscard]] static Handle current() { return Handle(detail::RuntimeCore::current("Handle::current")); }

    // `spawn(...)`: as rouse::spawn, from any thread. What is spawned from another thread moves to the
    // runtime's: nothing in it may be bound to this one.

    /// As rouse::spawn_blocking, on this runtime's pool, from any thread.
    template <class Fn, class... Args>
    auto spawn_blocking(Fn&& fn, Args&&... args) const {
        return detail::start_blocking(core_->blocking_pool(), std::forward<Fn>(fn),
                                      std::forward<Args>(args)...);
    }

    /// Every task with its state, await stack and what it waits for. Reads, and never polls. From another
    /// thread it waits for the poll that runs, a second at most: then it says so (`complete`).
    [[nodiscard]] RuntimeDump dump() const { return core_->dump(); }
    /// Tasks that have not ended.
    [[nodiscard]] std::size_t alive_tasks() const noexcept { return core_->alive_tasks(); }
    /// Counters, at the cost of reading them. Thread: any.
    [[nodiscard]] RuntimeMetrics metrics() const { return core_->metrics(); }

    explicit Handle(std::shared_ptr<detail::RuntimeCore> core) noexcept : core_(std::move(core)) {}
    void submit(detail::Cell& cell) const { core_->spawn(cell); }

private:
    std::shared_ptr<detail::RuntimeCore> core_;
};

} // namespace rouse
