// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/frame_cache.hpp"

#include <new>

namespace rouse::detail {

thread_local constinit FrameCache::Lists FrameCache::lists_{};

/// Gives the lists back when the thread ends. Frames that die later, in other thread-locals' or in static
/// destructors, go to `operator delete`.
struct FrameCacheCloser {
    FrameCacheCloser() noexcept { FrameCache::lists_.open = true; }
    ~FrameCacheCloser() {
        FrameCache::clear();
        FrameCache::lists_.open = false;
        FrameCache::lists_.gone = true;
    }
};

namespace {
constexpr std::size_t rounded(std::size_t size) noexcept {
    return (size + FrameCache::granule - 1) / FrameCache::granule * FrameCache::granule;
}
[[maybe_unused]] void open_lists() noexcept {
    static thread_local FrameCacheCloser closer;
    (void)closer;
}
} // namespace

void* FrameCache::allocate_slow(std::size_t size) {
    // A block is as large as its class, since it may be taken again for any size of it.
    return ::operator new(ROUSE_FRAME_CACHE && bin_of(size) < classes ? rounded(size) : size);
}

void FrameCache::deallocate_slow(void* block, std::size_t size) noexcept {
    if constexpr (ROUSE_FRAME_CACHE) {
        if (bin_of(size) < classes && !lists_.gone && !lists_.open) {
            open_lists();
            return deallocate(block, size);
        }
    }
    ::operator delete(block);
}

void FrameCache::trim() noexcept {
    for (Bin& bin : lists_.bins) {
        for (std::size_t drop = (bin.low + 1) / 2; drop > 0; --drop, --bin.count) {
            Block* block = bin.head;
            bin.head = block->next;
            ::operator delete(block);
        }
        bin.low = bin.count;
    }
}

std::size_t FrameCache::cached_bytes() noexcept {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < classes; ++i) bytes += lists_.bins[i].count * (i + 1) * granule;
    return bytes;
}

void FrameCache::clear() noexcept {
    for (Bin& bin : lists_.bins) {
        while (Block* block = bin.head) {
            bin.head = block->next;
            ::operator delete(block);
        }
        bin.count = bin.low = 0;
    }
}

} // namespace rouse::detail
