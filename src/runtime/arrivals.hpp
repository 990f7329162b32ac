// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/parker.hpp"
#include "rouse/task/cell.hpp"
#include "runtime/stragglers.hpp"

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace rouse::detail {

/// What other threads send to a worker: tasks, with what is to be done with them.
///
/// [I1] A sender pushes under the mutex, then sets the flag, then unparks. [I2] The driver loads the flag,
/// then takes the list under the mutex. A driver that misses the store has not parked yet, and the parker's
/// token (K1/K2) keeps it from sleeping: it looks again. The unpark comes after the mutex, which the driver
/// takes first thing when it is awake: whoever tears the runtime down waits for that (Stragglers).
class Arrivals {
public:
    enum class Kind : std::uint8_t {
        woken, // to be polled
        fresh, // to be taken in, then polled
        ended, // taken in here, ended elsewhere: to be let go of
    };
    using Item = std::pair<Cell*, Kind>;

    explicit Arrivals(Parker& parker) noexcept : parker_(parker) {}

    // ---- any thread ----

    void add(Cell& cell, Kind kind) noexcept;
    void add_all(const std::vector<Cell*>& woken) noexcept;
    /// A fresh one, which belongs to `executor` then. False: closed.
    bool add_new(Cell& cell, Executor& executor);
    /// Makes the driver look, though nothing came.
    void nudge() noexcept;
    /// Those that are to be polled and may be polled by others.
    void take_woken(std::vector<Cell*>& out) noexcept;
    /// Some are to be polled, not only to be let go of.
    [[nodiscard]] bool any_to_poll() noexcept;
    /// No more fresh ones. False: it was closed before.
    bool close() noexcept;
    /// At the end, when nothing is owed any more: nobody is in here, nor in the parker, after that.
    void await_stragglers() const noexcept { announcing_.wait(); }
    [[nodiscard]] bool any() const noexcept { return flag_.load(memory_order_acquire); } // [I2]

    // ---- the driving thread ----

    /// All of them; valid until the next call.
    const std::vector<Item>& take() noexcept;

private:
    /// Pushes by `add` under the mutex, then announces it.
    template <class Add>
    void announce(Add add) noexcept;

    Parker& parker_;
    Stragglers announcing_;
    Atomic<bool> flag_{false};
    std::vector<Item> taken_; // of the driving thread: swapped with the other
    std::mutex mutex_;        // for what follows
    std::vector<Item> items_;
    bool closed_ = false;
};

} // namespace rouse::detail
