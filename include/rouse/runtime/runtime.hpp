// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/runtime/handle.hpp"
#include "rouse/runtime/options.hpp"

#include <memory>

namespace rouse {

namespace detail {
std::shared_ptr<RuntimeCore> make_current_thread(RuntimeOptions options);
std::shared_ptr<RuntimeCore> make_multi_thread(RuntimeOptions options);

template <class F, class... Args>
concept TaskSource = Future<std::remove_reference_t<F>> || std::invocable<std::decay_t<F>&>;
} // namespace detail

/// Runs tasks and timers. Wakers, handles and `Handle::spawn` work from any thread.
///
/// Its destructor cancels the tasks that are left; their JoinHandles say so. Call it from a thread that is
/// not driving it.
class Runtime : public detail::Spawner<Runtime> {
public:
    /// Everything runs on the thread that calls `block_on`, while it does: tasks, timers and hooks.
    [[nodiscard]] static Runtime current_thread(RuntimeOptions options = RuntimeOptions()) {
        return Runtime(detail::make_current_thread(std::move(options)));
    }
    /// Tasks run on threads of its own (`RuntimeOptions::worker_threads`), from now until it is destroyed;
    /// `block_on` waits for one of them. A task may go on on another thread after each of its awaits
    /// (`spawn_local`: it does not).
    [[nodiscard]] static Runtime multi_thread(RuntimeOptions options = RuntimeOptions()) {
        return Runtime(detail::make_multi_thread(std::move(options)));
    }
    Runtime(Runtime&&) noexcept = default;
    Runtime& operator=(Runtime&& other) noexcept {
        if (core_ && core_ != other.core_) core_->shutdown();
        core_ = std::move(other.core_);
        return *this;
    }
    ~Runtime() {
        if (core_) core_->shutdown();
    }

    /// Runs a Task, a Future, or the task of a function, until it ends, and all other tasks of the runtime
    /// meanwhile; sleeps when none is runnable. Returns its value or throws what it threw: `LostWaker` when
    /// it can never be woken again, `RuntimeDeadlock` when it is proven that nothing can. Tasks that are left
    /// over stay, and go on with the next call. Not from within a task: the thread cannot drive twice.
    template <class F>
        requires detail::TaskSource<F>
    decltype(auto) block_on(F&& main, SourceLocation where = std::source_location::current()) {
        auto [cell, type] = detail::make_task(where, std::forward<F>(main));
        JoinHandle<typename decltype(type)::type> handle(cell);
        core_->drive(*cell);
        return take(handle);
    }

    /// For a loop that is not ours (a GUI's, another library's), instead of `block_on`; on `current_thread`
    /// only. Polls what is runnable, some sixty times at most, and never sleeps. Then: how long the loop may
    /// sleep until a timer is due, zero if there is more to do, or none if no timer is set; and at any time
    /// before that, `run_once` is to be called when `poll_descriptor` is readable. Tasks are spawned by a
    /// Handle. Deadlocks are not looked for.
    ///
    /// ```cpp
    /// pollfd wait{rouse::or_throw(runtime.poll_descriptor()), POLLIN, 0};
    /// for (;;) {
    ///     const auto time = runtime.run_once();
    ///     poll(&wait, 1, time ? static_cast<int>(ceil<milliseconds>(*time).count()) : -1);
    /// }
    /// ```
    std::optional<Duration> run_once() { return core_->run_once(); }
    /// Readable when a wake, a spawn or I/O has come since `run_once`. Ask for it before the first
    /// `run_once`. It stays the runtime's. Errors: EMFILE, ENFILE, ENOMEM.
    [[nodiscard]] Result<int> poll_descriptor() { return core_->poll_descriptor(); }

    /// Ends the runtime as its destructor does, but waits for the polls that run, and the blocking work, no
    /// longer than `patience`. False: some still go on; what is left of the runtime ends with them, on a
    /// thread of its own. To drop it without waiting: `shutdown(0s)`.
    bool shutdown(Duration patience);

    [[nodiscard]] Handle handle() const { return Handle(core_); }
    /// See `Handle::dump`.
    [[nodiscard]] RuntimeDump dump() const { return core_->dump(); }
    [[nodiscard]] std::size_t alive_tasks() const noexcept { return core_->alive_tasks(); }
    /// Counters, at the cost of reading them. Thread: any.
    [[nodiscard]] RuntimeMetrics metrics() const { return core_->metrics(); }
    void submit(detail::Cell& cell) const { core_->spawn(cell); }

private:
    explicit Runtime(std::shared_ptr<detail::RuntimeCore> core) noexcept : core_(std::move(core)) {}
    template <class T>
    static T take(JoinHandle<T>& handle) {
        return handle.take_ready();
    }

    std::shared_ptr<detail::RuntimeCore> core_;
};

/// Runs `main` on a runtime of its own: the common case of a program.
///
/// ```cpp
/// int main() { return rouse::run([]() -> rouse::Task<int> { co_await rouse::sleep(10ms); co_return 0; }); }
/// ```
template <class F>
    requires detail::TaskSource<F>
decltype(auto) run(F&& main, RuntimeOptions options = RuntimeOptions(),
                   SourceLocation where = std::source_location::current()) {
    return Runtime::current_thread(std::move(options)).block_on(std::forward<F>(main), where);
}

/// The clock of the runtime that drives this thread, for tests: it stands still, and jumps to the next timer
/// when nothing is runnable.
void pause_clock();
void resume_clock();
/// Moves a paused clock on; what is due fires when the task that calls this has given way.
void advance_clock(Duration by);

} // namespace rouse
