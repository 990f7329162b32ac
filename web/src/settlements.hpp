// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/waker.hpp"
#include "rouse/web/imports.hpp"

#include <cstdint>
#include <vector>

namespace rouse::web::detail {

/// The Promises that C++ awaits, each by a place and the generation of its use: what rouse.mjs keeps in the
/// callbacks of the Promise. A settlement of a future that is gone finds another generation, and nothing to
/// touch.
class Settlements {
public:
    enum class State : std::uint8_t { waiting, resolved, rejected, collected };
    class Entry {
    public:
        Waker waker;
        js::Handle value = js::undefined_handle; // once it is settled: of the result, owned
        std::uint32_t generation = 0;
        std::uint32_t next_free = 0;
        std::uint32_t task = 0; // that polled last, for the trace
        State state = State::waiting;
    };

    static Settlements& all() noexcept;

    std::uint32_t take();
    void give_back(std::uint32_t place) noexcept;
    [[nodiscard]] Entry& at(std::uint32_t place) noexcept { return entries_[place]; }
    /// Null: that future is gone.
    [[nodiscard]] Entry* find(std::uint32_t place, std::uint32_t generation) noexcept {
        Entry& entry = entries_[place];
        return entry.generation == generation ? &entry : nullptr;
    }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    std::vector<Entry> entries_;
    std::uint32_t free_ = none; // the place that was used last comes first
};

} // namespace rouse::web::detail
