// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/hang.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/time/driver.hpp"
#include "rouse/web/trace.hpp"
#include "rouse/web/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rouse::detail {
class BirthLog;
} // namespace rouse::detail

namespace rouse::web::detail {

/// The tasks of this module, polled on the event loop of JavaScript.
///
/// A turn is a call from JavaScript: a microtask that was asked for, a Promise that settled, a timer. It
/// polls the tasks that are queued, in the order of their wake-ups, and asks for one microtask when a batch
/// of polls was not enough, so that the microtasks of JavaScript have their turns in between. What runs since
/// the last macrotask has a budget of time: when it is spent the tasks wait for a macrotask, and timers,
/// input and rendering come first. That a macrotask has passed is known by asking for one at the beginning of
/// each busy time.
///
/// As an Executor it is a crew of one: so what is made runnable comes by a virtual call, which sees to a
/// turn.
class Scheduler final : public rouse::detail::Executor,
                        public rouse::detail::TimeDriver,
                        public rouse::detail::Diagnosis {
    using Cell = rouse::detail::Cell;

public:
    /// The one there is; made with the first task, or the first call.
    static Scheduler& here() noexcept { return only_ ? *only_ : make(); }

    /// A call from JavaScript that may make tasks runnable. At the end of the outermost one they run, if it
    /// is a turn; what it did to the timers is passed on in any case.
    class Turn {
    public:
        enum class From : std::uint8_t { call, microtask, settlement, macrotask, timer };
        Turn(Scheduler& scheduler, From from) noexcept;
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        Scheduler& scheduler_;
        From from_;
    };

    /// Who drops wakers from here to the end of the scope, for the report.
    class Dropper {
    public:
        explicit Dropper(std::string_view who) noexcept
            : before_(std::exchange(Scheduler::here().dropper_, who)) {}
        ~Dropper() { Scheduler::here().dropper_ = before_; }
        Dropper(const Dropper&) = delete;
        Dropper& operator=(const Dropper&) = delete;

    private:
        std::string_view before_;
    };
    [[nodiscard]] std::string_view dropper() const noexcept { return dropper_; }

    void set_policy(HangPolicy policy) noexcept { policy_ = policy; }
    /// The end of the module: every task is destroyed where it waits, and what it owed is rejected.
    void close() noexcept;
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    /// What the task was destroyed for whose end is being told; empty (undefined): it was aborted. Without
    /// exceptions a lost task cannot be told otherwise.
    [[nodiscard]] js::Value take_failure() noexcept { return std::exchange(failure_, js::Value()); }
    /// Calls `rouse_js_task` for each.
    void list_tasks();

    // ---- the trace ----
    [[nodiscard]] bool is_traced() const noexcept { return ROUSE_WEB_TRACE && traced_; }
    void set_traced(bool traced) noexcept { traced_ = traced; }
    void trace(Event event, std::uint64_t task);
    [[gnu::noinline]] void trace(Event event, Cell& cell);
    void trace(Event event, Cell& cell, std::string_view detail);

    /// As `std::move(waker).wake()`, in a turn; a task of ours, as most are, is spared the way through its
    /// executor.
    void wake(Waker& waker) noexcept;

    // Executor
    void inject(Cell& cell) noexcept override { deliver_in_crew(cell); }
    void schedule_lost(Cell& cell, std::string by) noexcept override;
    void note_wake(Cell& cell) noexcept override;
    void deliver_in_crew(Cell& cell) noexcept override;
    void adopt_in_crew(Cell& cell) override;
    // TimeDriver
    void interrupt() noexcept override {}
    // Diagnosis
    HangPolicy hang_policy() const noexcept override { return policy_; }
    void hang(HangReport& report) override;
    void cycle(const LockCycle& cycle, std::string (&text)(const LockCycle&)) override;

private:
    Scheduler();
    static Scheduler& make() noexcept;
    void fire();
    void begin_slice();
    void run(Turn::From from);
    void ask_for_turn() noexcept;
    void poll(Cell& cell);
    void note_poll(Cell& cell, std::size_t timers_before);
    bool judge(Cell& cell, std::uint64_t word);
    void destroy_lost(Cell& cell);
    [[nodiscard]] HangReport report_of(Cell& cell);
    void end_task(Cell& cell);
    void cancel_task(Cell& cell);
    void publish(Cell& cell);
    [[nodiscard]] static std::string unhandled_text(const Cell& cell);
    static void report_unhandled(std::string text, std::uint64_t task, const std::exception_ptr& error);
    [[gnu::noinline]] static void wake_other(Waker& waker) noexcept;
    void arm_timer();
    void note_births();

    static constinit inline Scheduler* only_ = nullptr; // never destroyed, as the module is not
    static constexpr double slice = 5;                  // milliseconds between two macrotasks

    int depth_ = 0;
    bool turn_runs_ = false; // what becomes runnable in this call runs at its end
    bool running_ = false;
    bool firing_ = false; // timers, which are due
    bool closed_ = false;
    bool traced_ = false;
    bool microtask_asked_ = false;
    bool in_slice_ = false; // a macrotask was asked for, and has not come yet
    bool slice_spent_ = false;
    int unchecked_ = 0; // polls since the clock was looked at
    double slice_end_ = 0;
    double timer_at_ = 0; // 0: no timer of JavaScript is set
    HangPolicy policy_ = HangPolicy::throw_error;
    std::exception_ptr thrown_; // by the poll that goes on, or to be thrown in it
    std::string_view dropper_;
    js::Value failure_;
    class LostNote {
    public:
        LostNote(const Cell& cell, std::string by) : cell(&cell), by(std::move(by)) {}
        const Cell* cell;
        std::string by;
    };
    std::vector<LostNote> lost_notes_;
    rouse::detail::BirthLog* births_; // never destroyed, as the scheduler is not
    std::uint64_t births_at_ = 0;
};

} // namespace rouse::web::detail
