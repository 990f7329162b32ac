// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/stray_frames.hpp"

#include "rouse/base/threads.hpp"
#include "rouse/task/cell.hpp"

#include <unordered_map>

namespace rouse::detail {
namespace {

struct Strays {
    ThreadMutex mutex;
    std::unordered_map<void*, Cell*> frames;
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
    strays().frames.emplace(frame, &cell);
    count_.fetch_add(1, memory_order_relaxed);
}

bool StrayFrames::find(void* frame) noexcept {
    const std::lock_guard lock(strays().mutex);
    return strays().frames.contains(frame);
}

bool StrayFrames::take(void* frame) noexcept {
    Cell* cell;
    {
        const std::lock_guard lock(strays().mutex);
        const auto found = strays().frames.find(frame);
        if (found == strays().frames.end()) return false;
        cell = found->second;
        strays().frames.erase(found);
        count_.fetch_sub(1, memory_order_relaxed);
    }
    cell->drop_reference();
    return true;
}

} // namespace rouse::detail
