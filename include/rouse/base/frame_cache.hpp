// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/config.hpp"

#include <cstddef>
#include <cstdint>
#include <new>

namespace rouse::detail {

/// Memory for coroutine frames and task cells. Each thread keeps freed blocks in lists of 16-byte classes, up
/// to the most that it lately used at once: a list holds no more blocks than this thread has made, so that
/// one that only frees what others make does not hoard, and `trim` gives back half of what a class did not
/// touch since the last trim. Blocks come from `operator new` one by one, so any thread may free any block,
/// into its own lists, and a thread that ends (or is past its thread-local teardown) frees to `operator
/// delete`.
class FrameCache {
public:
    static constexpr std::size_t granule = 16;
    static constexpr std::size_t classes = 64; // blocks up to 1 KiB; larger ones go to operator new

    static void* allocate(std::size_t size);
    static void deallocate(void* block, std::size_t size) noexcept;
    /// Called by a thread that is about to sleep.
    static void trim() noexcept;
    /// Bytes that this thread holds in its lists.
    static std::size_t cached_bytes() noexcept;
    /// Gives all of this thread's lists back.
    static void clear() noexcept;

private:
    struct Block {
        Block* next;
    };
    struct Bin {
        Block* head;
        std::uint32_t count;
        std::uint32_t low; // the fewest blocks since the last trim: those were of no use
        std::uint32_t
            made; // by this thread, less those that its list gave back; the most that `count` may be
    };
    struct Lists {
        Bin bins[classes];
        bool open; // something clears the lists when this thread ends
        bool gone; // past that: nothing is kept
    };
    static thread_local constinit Lists lists_ ROUSE_TLS;

    static void* allocate_slow(std::size_t size);
    friend struct FrameCacheCloser;

    static constexpr std::size_t bin_of(std::size_t size) noexcept { return (size - 1) / granule; }
};

inline void* FrameCache::allocate(std::size_t size) {
    if constexpr (ROUSE_FRAME_CACHE) {
        if (bin_of(size) < classes) {
            Bin& bin = lists_.bins[bin_of(size)];
            if (Block* block = bin.head) {
                bin.head = block->next;
                if (--bin.count < bin.low) bin.low = bin.count;
                return block;
            }
        }
    }
    return allocate_slow(size);
}

inline void FrameCache::deallocate(void* memory, std::size_t size) noexcept {
    if constexpr (ROUSE_FRAME_CACHE) {
        if (bin_of(size) < classes) {
            Bin& bin = lists_.bins[bin_of(size)];
            if (bin.count < bin.made) [[likely]] {
                bin.head = ::new (memory) Block{bin.head};
                ++bin.count;
                return;
            }
        }
    }
    ::operator delete(memory);
}

} // namespace rouse::detail
