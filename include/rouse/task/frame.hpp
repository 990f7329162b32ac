// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/frame_cache.hpp"
#include "rouse/task/strand.hpp"
#include "rouse/task/stray_frames.hpp"

namespace rouse::detail {

/// Where the frame of a coroutine goes that is being spawned: behind its task cell, in the same block (see
/// spawn.hpp). Arms the thread for the extent of one call; the first frame made in it takes the room if it
/// fits, and leaves its size.
class FrameArm {
public:
    FrameArm(void* room, std::size_t size) noexcept : room_(room), size_(size) {
        turn.armed = this;
        turn.armed_size = 0;
    }
    ~FrameArm() { turn.armed = nullptr; }
    FrameArm(const FrameArm&) = delete;
    FrameArm& operator=(const FrameArm&) = delete;

    void* take(std::size_t size) {
        turn.armed = nullptr;
        turn.armed_size = size;
        return size <= size_ ? room_ : FrameCache::allocate(size);
    }
    /// The size of the frame that was made, 0 if none was.
    [[nodiscard]] std::size_t frame_size() const noexcept { return turn.armed_size; }

private:
    void* room_;
    std::size_t size_;
};

inline void* PromiseBase::allocate_frame(std::size_t size) {
    if (turn.armed) [[unlikely]]
        return static_cast<FrameArm*>(turn.armed)->take(size);
    return FrameCache::allocate(size);
}

inline void PromiseBase::free_frame(void* frame, std::size_t size) noexcept {
    if (turn.embedded_frame == frame) turn.embedded_frame = nullptr; // the cell frees the block
    else if (!StrayFrames::remove(frame)) FrameCache::deallocate(frame, size);
}

} // namespace rouse::detail
