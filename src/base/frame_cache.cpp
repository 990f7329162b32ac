// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/frame_cache.hpp"

#include <limits>
#include <new>

namespace rouse::detail {

thread_local constinit FrameCache::Lists FrameCache::lists_{};

/// Gives the lists back when the thread ends. Frames that die later, in other thread-locals' or in static
/// destructors, go to `operator delete`.
struct FrameCacheCloser {
    FrameCacheCloser() noexcept { FrameCache::lists_.open = true; }
    ~FrameCacheCloser() {
        FrameCache::clear();
        for (FrameCache::Bin& bin : FrameCache::lists_.bins) bin.made = 0;
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
    if (!ROUSE_FRAME_CACHE || bin_of(size) >= classes) return ::operator new(size);
    // A block is as large as its class, since it may be taken again for any size of it.
    void* block = ::operator new(rounded(size));
    if (!lists_.gone) {
        if (!lists_.open) open_lists();
        Bin& bin = lists_.bins[bin_of(size)];
        if (bin.made != std::numeric_limits<std::uint32_t>::max()) ++bin.made;
    }
    return block;
}

void FrameCache::trim() noexcept {
    for (Bin& bin : lists_.bins) {
        for (std::uint32_t drop = (bin.low + 1) / 2; drop > 0; --drop, --bin.count, --bin.made) {
            Block* block = bin.head;
            bin.head = block->next;
            ::operator delete(block);
        }
        bin.low = bin.count;
    }
}

std::size_t FrameCache::cached_bytes() noexcept {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < classes; ++i) bytes += std::size_t{lists_.bins[i].count} * (i + 1) * granule;
    return bytes;
}

void FrameCache::clear() noexcept {
    for (Bin& bin : lists_.bins) {
        while (Block* block = bin.head) {
            bin.head = block->next;
            ::operator delete(block);
        }
        bin.made -= bin.count;
        bin.count = bin.low = 0;
    }
}

} // namespace rouse::detail
