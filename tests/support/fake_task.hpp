// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/task_state.hpp>
#include <rouse/core/turn.hpp>
#include <rouse/core/waker.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

namespace rouse_test {

/// A state word with an executor that only counts what it is told. Made as a spawned task is: queued, with
/// the executor's reference.
class FakeTask : public rouse::detail::TaskState {
public:
    using State = rouse::detail::TaskState;

    explicit FakeTask(std::uint64_t word = active | one_reference) noexcept : State(&ops_table, word) {}
    /// Not queued, with so many wakers.
    static std::uint64_t idle(std::uint64_t wakers, std::uint64_t references = 1) noexcept {
        return wakers * one_waker + references * one_reference;
    }

    /// What an executor does for one poll: `body` runs as the task would.
    template <class Body>
    Settled poll(Body body) {
        begin(this);
        begin_poll();
        body();
        rouse::detail::turn.current = nullptr;
        return settle(std::exchange(rouse::detail::turn.delta, 0),
                      rouse::detail::turn.woken || rouse::detail::turn.yielded);
    }
    /// [S6], by the owner of ACTIVE.
    void complete() noexcept {
        std::uint64_t old = word().load();
        while (!word().compare_exchange_weak(old, (old | done) & ~(active | notified))) {}
        drop_reference();
    }
    /// A waker that is counted already.
    [[nodiscard]] rouse::Waker counted_waker() noexcept {
        return rouse::Waker::from_raw(rouse::RawWaker(this, &rouse::detail::task_waker_vtable));
    }

    [[nodiscard]] bool has(std::uint64_t flag) const noexcept { return load() & flag; }
    [[nodiscard]] std::uint64_t waker_count() const noexcept { return wakers(load()); }
    [[nodiscard]] std::uint64_t slot_count() const noexcept { return slots(load()); }
    [[nodiscard]] std::uint64_t reference_count() const noexcept {
        return (load() & references_mask) / one_reference;
    }

    std::atomic<int> scheduled{0};
    std::atomic<int> lost_deliveries{0};
    std::atomic<int> freed{0};

private:
    static void begin(State* task) noexcept {
        rouse::detail::turn.current = task;
        rouse::detail::turn.delta = 0;
        rouse::detail::turn.woken = rouse::detail::turn.yielded = false;
    }
    static FakeTask& of(State* state) noexcept { return static_cast<FakeTask&>(*state); }
    static void on_schedule(State* state) noexcept { ++of(state).scheduled; }
    static void on_lost(State* state) noexcept { ++of(state).lost_deliveries; }
    static void on_free(State* state) noexcept { ++of(state).freed; }
    static constexpr rouse::detail::TaskOps ops_table{on_schedule, on_lost, on_free};
};

/// Runs `act` on another thread, and waits for it.
template <class Act>
void elsewhere(Act act) {
    std::thread([&act] { act(); }).join();
}

} // namespace rouse_test
