// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/waker.hpp"
#include "rouse/web/imports.hpp"

#include <cstdint>
#include <utility>

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
        /// Tells of it that it is awaited, or has settled.
        [[gnu::noinline]] void trace();
    };

    static Settlements& all() noexcept { return only_; }

    std::uint32_t take() {
        if (free_ == none) [[unlikely]]
            return grow();
        const std::uint32_t place = free_;
        free_ = entries_[place].next_free;
        return place;
    }
    void give_back(std::uint32_t place) noexcept {
        Entry& entry = entries_[place];
        ++entry.generation;
        entry.next_free = std::exchange(free_, place);
        entry.state = State::waiting;
        drop(std::exchange(entry.value, js::undefined_handle));
        // Last: what the drop of a waker leads to may use the place again.
        if (entry.waker) [[unlikely]]
            drop(entry);
    }
    [[gnu::noinline]] void keep(std::uint32_t place, const Waker& waker);
    static void drop(js::Handle value) noexcept {
        if (js::is_owned(value)) js::detail::sys::rouse_js_drop(value);
    }
    [[nodiscard]] Entry& at(std::uint32_t place) noexcept { return entries_[place]; }
    /// Null: that future is gone.
    [[nodiscard]] Entry* find(std::uint32_t place, std::uint32_t generation) noexcept {
        Entry& entry = entries_[place];
        return entry.generation == generation ? &entry : nullptr;
    }

private:
    constexpr Settlements() noexcept = default;
    [[gnu::noinline]] std::uint32_t grow();
    [[gnu::noinline]] static void drop(Entry& entry) noexcept;
    static Settlements only_; // never destroyed, as the module is not
    static constexpr std::uint32_t none = UINT32_MAX;
    Entry* entries_ = nullptr; // `size_` of them
    std::uint32_t size_ = 0;
    std::uint32_t free_ = none; // the place that was used last comes first
};

} // namespace rouse::web::detail
