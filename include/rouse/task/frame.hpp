// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/frame_cache.hpp"
#include "rouse/task/strand.hpp"
#include "rouse/task/stray_frames.hpp"

namespace rouse::detail {

/// Where the frame of a coroutine goes that is being spawned: behind its task cell, in the same block (see
/// spawn.hpp). Arms the thread for the extent of one call; the first frame made in it takes the room if it
/// fits, and leaves its size. What is called may do anything: spawn, which arms the thread anew, or destroy
/// the coroutine that it made and make another. So the arms nest, and as `embedded_frame` the room is never
/// freed on its own: a cleared `embedded_frame` says that it is free again. A frame that lies in the room at
/// the end, and is not the task's, is a stray one, also when the call throws.
class FrameArm {
public:
    FrameArm(void* room, std::size_t size, Cell* cell) noexcept
        : room_(size ? room : nullptr),
          size_(size),
          cell_(cell),
          outer_(std::exchange(turn.armed, this)),
          outer_frame_(std::exchange(turn.embedded_frame, room_)) {}
    ~FrameArm() {
        if (task_frame_ != room_ && room_is_taken()) [[unlikely]]
            StrayFrames::add(room_, *cell_);
        turn.armed = outer_;
        turn.embedded_frame = outer_frame_;
    }
    FrameArm(const FrameArm&) = delete;
    FrameArm& operator=(const FrameArm&) = delete;

    void* take(std::size_t size) {
        if (frame_size_ || size > size_) [[unlikely]]
            return take_elsewhere(size);
        frame_size_ = size;
        return room_;
    }
    /// The size of the frame that was made, 0 if none was.
    [[nodiscard]] std::size_t frame_size() const noexcept { return frame_size_; }
    /// The coroutine that was spawned in the end.
    void task_is(void* frame) noexcept {
        // Clang takes a frame that it sees being made for an object of its own, and its address for unequal
        // to any that it knows (`noalias` on llvm.coro.begin). This frame may be the room, so it must not
        // see.
        asm("" : "+r"(frame));
        task_frame_ = frame;
    }
    /// A frame lies in the room.
    [[nodiscard]] bool room_is_taken() const noexcept {
        return frame_size_ && frame_size_ <= size_ && turn.embedded_frame == room_;
    }

private:
    ROUSE_NOINLINE void* take_elsewhere(std::size_t size) {
        if (frame_size_ && turn.embedded_frame != room_) { // the one that took the room is gone
            turn.embedded_frame = room_;
            frame_size_ = 0;
            return take(size);
        }
        if (!frame_size_) frame_size_ = size;
        return FrameCache::allocate(size);
    }

    void* room_;
    std::size_t size_;
    Cell* cell_;
    std::size_t frame_size_ = 0;
    void* task_frame_ = nullptr;
    void* outer_;
    void* outer_frame_;
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
