// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/hang.hpp>
#include <rouse/task/join_handle.hpp>
#include <rouse/task/typed_cell.hpp>

#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

namespace rouse_test {

/// What an executor owes its task cells, and nothing else: no timers, no hooks, no sleep. The thread that
/// makes it drives it.
class MiniExecutor final : public rouse::detail::Executor {
    using Cell = rouse::detail::Cell;
    using State = rouse::detail::TaskState;

public:
    MiniExecutor() : outer_(std::exchange(rouse::detail::turn.runtime, static_cast<Executor*>(this))) {}
    ~MiniExecutor() {
        cells.for_each([](Cell& cell) { cell.abort(); });
        run();
        rouse::detail::turn.runtime = outer_;
    }

    template <class... Args>
    auto spawn(Args&&... args) {
        auto [cell, type] = rouse::detail::make_task(rouse::SourceLocation(), std::forward<Args>(args)...);
        cell->belong_to(*this, next_task_id());
        adopt(*cell);
        last_spawned = cell;
        return rouse::JoinHandle<typename decltype(type)::type>(cell);
    }
    /// Polls what is queued until nothing is.
    void run() {
        for (;;) {
            take_injected();
            Cell* cell = queue.pop();
            if (!cell) return;
            poll(*cell);
        }
    }
    std::size_t polls = 0;
    std::size_t lost = 0;
    Cell* last_spawned = nullptr;

    void inject(Cell& cell) noexcept override {
        const std::lock_guard lock(mutex_);
        injected_.push_back(&cell);
    }
    void schedule_lost(Cell& cell, std::string) noexcept override { inject(cell); }
    void note_wake(Cell&) noexcept override {}

private:
    void take_injected() {
        const std::lock_guard lock(mutex_);
        for (Cell* cell : injected_) queue.push(*cell);
        injected_.clear();
    }
    void poll(Cell& cell) {
        ++polls;
        auto& turn = rouse::detail::turn;
        turn.current = &cell;
        turn.delta = 0;
        turn.woken = turn.yielded = false;
        const std::uint64_t word = cell.begin_poll();
        if (word & State::aborted) return end(cell, nullptr, true);
        std::exception_ptr error;
        if (word & State::lost) {
            ++lost;
            rouse::HangReport report;
            error = std::make_exception_ptr(
                rouse::LostWaker(std::make_shared<const rouse::HangReport>(std::move(report))));
            cell.clear_lost();
            if (!cell.strand().has_coroutine()) {
                if (!cell.strand().fail_leaf(error)) return end(cell, error, false);
                error = nullptr;
            }
        }
        const rouse::detail::LentWaker waker(&cell);
        rouse::Context cx(waker.get());
        if (cell.strand().poll(cx, error)) return end(cell, std::move(error), false);
        turn.current = nullptr;
        const auto settled = cell.settle(std::exchange(turn.delta, 0), turn.woken || turn.yielded);
        if (settled != State::Settled::idle) queue.push(cell);
    }
    void end(Cell& cell, std::exception_ptr error, bool cancelled) {
        if (cancelled) cell.cancel();
        else cell.finish(std::move(error));
        rouse::detail::turn.current = nullptr;
        cell.unlink();
        count(ended);
        cell.publish(std::exchange(rouse::detail::turn.delta, 0));
    }

    void* outer_;
    std::mutex mutex_;
    std::deque<Cell*> injected_;
};

/// Keeps a task's cell, and sees who else does: nobody, when all is over.
class CellWatch {
public:
    explicit CellWatch(rouse::detail::Cell* cell) noexcept : cell_(cell) { cell_->add_reference(); }
    ~CellWatch() { cell_->drop_reference(); }
    CellWatch(const CellWatch&) = delete;
    CellWatch& operator=(const CellWatch&) = delete;

    [[nodiscard]] bool is_done() const noexcept { return cell_->load() & rouse::detail::TaskState::done; }
    /// References, wakers and slots that are not ours.
    [[nodiscard]] std::uint64_t others() const noexcept { return (cell_->load() >> 8) - 1; }
    [[nodiscard]] rouse::detail::Cell& cell() const noexcept { return *cell_; }

private:
    rouse::detail::Cell* cell_;
};

} // namespace rouse_test
