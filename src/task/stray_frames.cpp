// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/stray_frames.hpp"

#include "rouse/base/threads.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

namespace rouse::detail {
namespace {

class Stray {
public:
    std::uintptr_t frame;
    Cell* cell;
};
class Strays {
public:
    ThreadMutex mutex;
    std::vector<Stray> sorted; // by frame: hardly any program has one
    std::vector<Stray>::iterator place_of(void* frame) noexcept {
        return std::ranges::lower_bound(sorted, reinterpret_cast<std::uintptr_t>(frame), {}, &Stray::frame);
    }
    bool has(std::vector<Stray>::iterator place, void* frame) const noexcept {
        return place != sorted.end() && place->frame == reinterpret_cast<std::uintptr_t>(frame);
    }
};
Strays& strays() {
    static auto* all = new Strays; // never destroyed: a frame may outlive every static
    return *all;
}

} // namespace

constinit Atomic<std::size_t> StrayFrames::count_{0};

void StrayFrames::add(void* frame, Cell& cell) noexcept {
    cell.add_reference();
    const std::lock_guard lock(strays().mutex);
    strays().sorted.insert(strays().place_of(frame), Stray(reinterpret_cast<std::uintptr_t>(frame), &cell));
    count_.fetch_add(1, memory_order_relaxed);
}

bool StrayFrames::find(void* frame) noexcept {
    const std::lock_guard lock(strays().mutex);
    return strays().has(strays().place_of(frame), frame);
}

bool StrayFrames::take(void* frame) noexcept {
    Cell* cell;
    {
        const std::lock_guard lock(strays().mutex);
        const auto place = strays().place_of(frame);
        if (!strays().has(place, frame)) return false;
        cell = place->cell;
        strays().sorted.erase(place);
        count_.fetch_sub(1, memory_order_relaxed);
    }
    cell->drop_reference();
    return true;
}

} // namespace rouse::detail
