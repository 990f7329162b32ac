// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rouse::web::detail {

/// Memory in blocks, for one thread, in few bytes of code: what `malloc` is made of here.
///
/// Blocks lie side by side, each after a word with its size. A free one has its size in its last word, too,
/// so that its neighbours find it and become one with it: no two free blocks ever touch. Free blocks of about
/// a size are in a list, and one word says which lists have any. What fits is found without a search, but for
/// a bounded look into the list of the very size.
class Heap {
    using Word = std::size_t;
    static constexpr Word word = sizeof(Word);

public:
    /// Of every address that is handed out, and of every size.
    static constexpr Word granule = 4 * word; // the least block: its size, two links, its size
    static constexpr Word largest = SIZE_MAX / 2 - granule;

    constexpr Heap() noexcept = default;
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    /// More memory to make blocks of. What begins where the last ended goes on from there.
    void add(std::uintptr_t begin, std::uintptr_t end) noexcept {
        Block* block;
        Word before = 0;
        if (begin == end_) {
            block = at(begin - word); // the word that ended it
            before = block->head & before_free;
        } else {
            begin = round_up(begin + word, granule);
            block = at(begin - word);
        }
        end_ = end;
        block->head = (end - begin) | before;
        after(block)->head = 0; // of no size, and never free: the end
        release(block);
    }

    /// How much more must be added at least for `allocate(size)` to find room.
    [[nodiscard]] Word lacks(Word size) const noexcept {
        const Word need = block_size(size);
        const Block* const last = last_free();
        return need - (last ? std::min(need, size_of(last)) : 0) + 2 * granule;
    }

    /// Null: there is no such block.
    [[nodiscard]] void* allocate(Word size) noexcept {
        const Word need = block_size(size);
        const unsigned list = list_of(need);
        Block* block = lists_[list];
        for (int looks = 16; block && size_of(block) < need; block = block->next)
            if (--looks == 0) {
                block = nullptr;
                break;
            }
        if (!block) {
            if (const std::uint64_t larger = filled_ >> list >> 1; larger != 0)
                block = lists_[list + 1 + static_cast<unsigned>(std::countr_zero(larger))];
            else if (block = last_free(); !block || size_of(block) < need) return nullptr;
        }
        unlink(block);
        block->head &= ~is_free;
        after(block)->head &= ~before_free;
        trim(block, need);
        return memory_of(block);
    }

    /// `alignment`: a power of two.
    [[nodiscard]] void* allocate_aligned(Word alignment, Word size) noexcept {
        if (alignment <= granule) return allocate(size);
        void* const memory = allocate(size + alignment);
        if (!memory) return nullptr;
        Block* block = block_of(memory);
        const auto address = reinterpret_cast<std::uintptr_t>(memory);
        if (const Word gap = round_up(address, alignment) - address; gap != 0) {
            Block* const front = block;
            block = at(reinterpret_cast<std::uintptr_t>(front) + gap);
            block->head = size_of(front) - gap;
            front->head = gap | (front->head & before_free);
            release(front);
        }
        trim(block, block_size(size));
        return memory_of(block);
    }

    void free(void* memory) noexcept {
        Block* const block = block_of(memory);
        if (block->head & is_free) __builtin_trap(); // it was freed before
        release(block);
    }

    /// Where it is. False: there is no room for that.
    [[nodiscard]] bool resize(void* memory, Word size) noexcept {
        const Word need = block_size(size);
        Block* const block = block_of(memory);
        if (size_of(block) < need) {
            Block* const next = after(block);
            if (!(next->head & is_free) || size_of(block) + size_of(next) < need) return false;
            unlink(next);
            block->head += size_of(next);
            after(block)->head &= ~before_free;
        }
        trim(block, need);
        return true;
    }

    /// How many bytes one may use, of what was handed out.
    [[nodiscard]] static Word capacity(const void* memory) noexcept {
        return size_of(at(reinterpret_cast<std::uintptr_t>(memory) - word)) - word;
    }

    /// Calls `see(memory, capacity, is_free)` for each block of what was added last, in the order of
    /// addresses. False: what the blocks say of each other does not fit together.
    template <class See>
    [[nodiscard]] bool walk(std::uintptr_t begin, See see) const {
        bool free_before = false;
        const Block* block = at(round_up(begin + word, granule) - word);
        for (; size_of(block) != 0; block = after(block)) {
            const bool free = (block->head & is_free) != 0;
            if (((block->head & before_free) != 0) != free_before || (free && free_before)) return false;
            if (free && (size_before(after(block)) != size_of(block) || !is_listed(block))) return false;
            see(reinterpret_cast<std::uintptr_t>(block) + word, size_of(block) - word, free);
            free_before = free;
        }
        return reinterpret_cast<std::uintptr_t>(block) + word == end_;
    }

private:
    /// The word before the memory that is handed out, and the first words of it while nobody has it.
    class Block {
    public:
        Word head;
        Block* next;
        Block* previous;
    };
    // In a head beside the size.
    static constexpr Word is_free = 1;
    static constexpr Word before_free = 2; // the block before this one

    static constexpr unsigned list_count = 64;

    static Word round_up(Word size, Word to) noexcept { return (size + to - 1) & ~(to - 1); }
    static Word block_size(Word size) noexcept { return round_up(size + word, granule); }
    static Word size_of(const Block* block) noexcept { return block->head & ~(is_free | before_free); }
    static Word& size_before(const Block* block) noexcept {
        return *reinterpret_cast<Word*>(reinterpret_cast<std::uintptr_t>(block) - word);
    }
    static Block* at(std::uintptr_t address) noexcept { return reinterpret_cast<Block*>(address); }
    static Block* after(const Block* block) noexcept {
        return at(reinterpret_cast<std::uintptr_t>(block) + size_of(block));
    }
    /// The block before the end, if it is free: what is added comes to it.
    [[nodiscard]] Block* last_free() const noexcept {
        if (end_ == 0 || !(at(end_ - word)->head & before_free)) return nullptr;
        return at(end_ - word - size_before(at(end_ - word)));
    }
    static void* memory_of(Block* block) noexcept {
        return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(block) + word);
    }
    static Block* block_of(void* memory) noexcept {
        return at(reinterpret_cast<std::uintptr_t>(memory) - word);
    }

    /// One for each size up to 15 granules, then two for each power of two.
    static unsigned list_of(Word size) noexcept {
        const Word granules = size / granule;
        if (granules < 16) return static_cast<unsigned>(granules);
        const auto power = static_cast<unsigned>(std::bit_width(granules)) - 1;
        const unsigned list = 2 * power + 8 + static_cast<unsigned>((granules >> (power - 1)) & 1);
        return std::min(list, list_count - 1);
    }

    void unlink(Block* block) noexcept {
        const unsigned list = list_of(size_of(block));
        if (block->next) block->next->previous = block->previous;
        if (block->previous) block->previous->next = block->next;
        else if (!(lists_[list] = block->next)) filled_ &= ~(std::uint64_t{1} << list);
    }

    /// Makes a free block of it, and of the free ones beside it.
    void release(Block* block) noexcept {
        Word size = size_of(block);
        if (Block* const next = after(block); next->head & is_free) {
            unlink(next);
            size += size_of(next);
        }
        if (block->head & before_free) {
            const Word before = size_before(block);
            block = at(reinterpret_cast<std::uintptr_t>(block) - before);
            unlink(block);
            size += before;
        }
        block->head = size | is_free;
        Block* const next = after(block);
        next->head |= before_free;
        size_before(next) = size;

        const unsigned list = list_of(size);
        block->previous = nullptr;
        block->next = lists_[list];
        if (block->next) block->next->previous = block;
        lists_[list] = block;
        filled_ |= std::uint64_t{1} << list;
    }

    /// Gives back what a block in use has beyond `need`.
    void trim(Block* block, Word need) noexcept {
        const Word rest = size_of(block) - need;
        if (rest == 0) return;
        block->head -= rest;
        Block* const tail = after(block);
        tail->head = rest;
        release(tail);
    }

    [[nodiscard]] bool is_listed(const Block* block) const noexcept {
        const Block* listed = lists_[list_of(size_of(block))];
        while (listed && listed != block) listed = listed->next;
        return listed != nullptr;
    }

    Block* lists_[list_count] = {};
    std::uint64_t filled_ = 0; // which of them have any
    std::uintptr_t end_ = 0;
};

} // namespace rouse::web::detail
