// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The allocator of the modules: its blocks under random use, and malloc with its kin.
#include "platform/heap.hpp"

#include "rouse/base/stop.hpp"
#include "rouse/web/export.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

extern "C" {
int posix_memalign(void** to, std::size_t alignment, std::size_t size);
std::size_t malloc_usable_size(void* memory);
}

namespace {

using rouse::web::detail::Heap;

std::uintptr_t address(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

/// Memory that somebody has, filled with a byte of its own.
class Piece {
public:
    Piece(void* memory, std::size_t size, unsigned char byte)
        : memory(static_cast<unsigned char*>(memory)), size(size), byte(byte) {
        std::memset(memory, byte, size);
    }
    [[nodiscard]] bool holds(std::size_t first) const {
        for (std::size_t i = 0; i < first; ++i)
            if (memory[i] != byte) return false;
        return true;
    }
    [[nodiscard]] bool holds() const { return holds(size); }
    unsigned char* memory;
    std::size_t size;
    unsigned char byte;
};

/// A heap in memory of its own, used at random, with everything looked at in between.
class Stress {
public:
    explicit Stress(unsigned seed) : random_(seed) {
        begin_ = round_up(address(arena_.get()), 16) + 12; // as odd as a linker's data may end
        end_ = begin_ / 16 * 16 + 16 * first_part;
        heap_.add(begin_, end_);
    }

    std::string run(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            const unsigned what = random_() % 100;
            if (what < 45 || pieces_.empty()) allocate();
            else if (what < 60) resize();
            else free(random_() % pieces_.size());
            if (round == rounds / 2) { // it grows in its place
                heap_.add(end_, end_ + 16 * second_part);
                end_ += 16 * second_part;
            }
            if (round % 64 == 0) check();
            if (!fault_.empty()) return fault_ + " (round " + std::to_string(round) + ")";
        }
        while (!pieces_.empty()) free(pieces_.size() - 1);
        check();
        if (blocks_ != 1) fault("free blocks did not become one again");
        return fault_;
    }
    [[nodiscard]] int refused() const { return refused_; }

private:
    static constexpr std::size_t first_part = 3000, second_part = 5000; // granules
    static std::uintptr_t round_up(std::uintptr_t at, std::uintptr_t to) { return (at + to - 1) / to * to; }

    void fault(std::string what) {
        if (fault_.empty()) fault_ = std::move(what);
    }
    std::size_t any_size() {
        switch (random_() % 8) {
        case 0:
            return random_() % 4096;
        case 1:
            return random_() % 20000;
        default:
            return random_() % 300;
        }
    }
    void keep(void* memory, std::size_t size, std::size_t alignment) {
        if (address(memory) % alignment != 0) fault("an address is not aligned");
        if (address(memory) < begin_ || address(memory) + size > end_) fault("memory outside of the heap");
        if (Heap::capacity(memory) < size) fault("a block is too small");
        for (const Piece& piece : pieces_)
            if (address(memory) < address(piece.memory) + piece.size &&
                address(piece.memory) < address(memory) + size)
                fault("two blocks overlap");
        pieces_.emplace_back(memory, size, static_cast<unsigned char>(random_()));
    }
    void allocate() {
        const std::size_t size = any_size();
        const std::size_t alignment = random_() % 4 == 0 ? std::size_t{1} << (random_() % 11) : 1;
        if (void* const memory = heap_.allocate_aligned(alignment, size))
            keep(memory, size, std::max(alignment, Heap::granule));
        else ++refused_;
    }
    void resize() {
        Piece& piece = pieces_[random_() % pieces_.size()];
        const std::size_t size = any_size();
        const bool resized = heap_.resize(piece.memory, size);
        if (!piece.holds(std::min(size, piece.size))) fault("resizing lost what was there");
        if (!resized && size <= Heap::capacity(piece.memory)) fault("making a block smaller failed");
        if (resized) piece = Piece(piece.memory, size, piece.byte);
    }
    void free(std::size_t which) {
        if (!pieces_[which].holds()) fault("somebody wrote into memory that is in use");
        heap_.free(pieces_[which].memory);
        pieces_[which] = pieces_.back();
        pieces_.pop_back();
    }
    void check() {
        blocks_ = 0;
        std::size_t used = 0;
        const bool consistent = heap_.walk(begin_, [&](std::uintptr_t, std::size_t, bool is_free) {
            ++blocks_;
            used += !is_free;
        });
        if (!consistent) fault("the blocks contradict each other");
        if (used != pieces_.size()) fault("a block was lost");
    }

    std::unique_ptr<char[]> arena_ = std::make_unique<char[]>(16 * (first_part + second_part + 8));
    Heap heap_;
    std::uintptr_t begin_ = 0, end_ = 0;
    std::mt19937 random_;
    std::vector<Piece> pieces_;
    std::size_t blocks_ = 0;
    int refused_ = 0;
    std::string fault_;
};

std::string stress(unsigned seed, int rounds) {
    Stress stress(seed);
    std::string fault = stress.run(rounds);
    if (fault.empty() && stress.refused() == 0) return "the heap was never full: this tries too little";
    return fault;
}
ROUSE_EXPORT(stress)

/// What is wrong with malloc and its kin; empty: nothing.
std::string functions() {
    if (!std::malloc(0)) return "malloc(0)";
    for (std::size_t size = 1; size < 3000; size += 7) {
        void* const memory = std::malloc(size);
        if (address(memory) % alignof(std::max_align_t) != 0) return "malloc: alignment";
        if (malloc_usable_size(memory) < size) return "malloc_usable_size";
        std::free(memory);
    }
    std::free(nullptr);
    for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        const Piece aligned(std::aligned_alloc(alignment, 3 * alignment), 3 * alignment, 1);
        if (address(aligned.memory) % alignment != 0) return "aligned_alloc";
        const auto how = std::align_val_t(alignment);
        const Piece made(::operator new(100, how), 100, 2);
        if (address(made.memory) % alignment != 0) return "operator new of an alignment";
        void* placed = nullptr;
        const int error = posix_memalign(&placed, alignment, 50);
        if (alignment < sizeof(void*) ? error != EINVAL : error != 0 || address(placed) % alignment != 0)
            return "posix_memalign";
        if (!aligned.holds() || !made.holds()) return "aligned blocks overlap";
        std::free(placed);
        ::operator delete(made.memory, how);
        std::free(aligned.memory);
    }
    for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 31})
        if (::operator new(size, std::align_val_t(32), std::nothrow)) return "aligned new of too much";
    void* untouched = nullptr;
    if (posix_memalign(&untouched, 24, 50) != EINVAL || untouched) return "posix_memalign of no power of two";

    std::free(std::memset(std::malloc(5000), 7, 5000));
    auto* const zeros = static_cast<unsigned char*>(std::calloc(50, 100));
    for (int i = 0; i < 5000; ++i)
        if (zeros[i] != 0) return "calloc";
    std::free(zeros);

    auto* text = static_cast<char*>(std::realloc(nullptr, 10));
    std::strcpy(text, "012345678");
    for (const std::size_t size : {20, 5000, 400000, 100, 10}) {
        void* const after = size == 400000 ? std::malloc(1) : nullptr; // in the way
        text = static_cast<char*>(std::realloc(text, size));
        std::free(after);
        if (std::strcmp(text, "012345678") != 0) return "realloc to " + std::to_string(size);
    }
    std::free(text);
    return {};
}
ROUSE_EXPORT(functions)

/// What is wrong when the last block of the heap fits, and lies behind more than are looked at.
std::string last_behind_many() {
    constexpr std::size_t most_looks = 16;
    const std::unique_ptr<std::byte[]> arena(new std::byte[60000]);
    const std::uintptr_t begin = address(arena.get()) / 16 * 16 + 16;
    Heap heap;
    heap.add(begin, begin + 50000 / 16 * 16);
    std::vector<void*> smaller;
    for (std::size_t i = 0; i <= most_looks; ++i) {
        smaller.push_back(heap.allocate(1020));
        (void)heap.allocate(20); // so that they do not become one
    }
    while (heap.lacks(1000) > 2 * Heap::granule + 1000) (void)heap.allocate(100);
    std::size_t rest = 0; // the free block at the end
    (void)heap.walk(
        begin, [&](std::uintptr_t, std::size_t capacity, bool is_free) { rest = is_free ? capacity : 0; });
    if (rest < 1500) return "nothing is left at the end";
    (void)heap.allocate(rest - 1500);
    for (void* const block : smaller) heap.free(block);
    if (heap.lacks(1200) != 2 * Heap::granule) return "lacks";
    if (!heap.allocate(1200)) return "it was not found";
    return {};
}
ROUSE_EXPORT(last_behind_many)

/// What is wrong when even small blocks are at their end; empty: nothing.
std::string last_bytes() {
    void* kept = nullptr;
    for (std::size_t size = Heap::largest; size >= sizeof(void*); size /= 2)
        while (void* const memory = std::malloc(size)) kept = ::new (memory) void*(kept);
    int thrown = 0;
    for (int i = 0; i < 3; ++i) {
        try {
            (void)::operator new(4);
        } catch (const std::bad_alloc&) {
            ++thrown;
        }
    }
    while (kept) {
        void* const next = *static_cast<void**>(kept);
        std::free(kept);
        kept = next;
    }
    return thrown == 3 ? "" : "new is to throw each time";
}
ROUSE_EXPORT(last_bytes)

/// Stops when there is no memory left.
void stop_without_memory() {
    void* volatile kept = nullptr;
    for (std::size_t size = Heap::largest; size >= sizeof(void*); size /= 2)
        while (void* const memory = std::malloc(size)) kept = ::new (memory) void*(kept);
    rouse::detail::stop("the last words");
}
ROUSE_EXPORT(stop_without_memory)

/// What is wrong when there is no more memory; empty: nothing.
std::string exhaustion() {
    const auto refused = [](void* memory) { return !memory && std::exchange(errno, 0) == ENOMEM; };
    errno = 0;
    if (!refused(std::malloc(SIZE_MAX)) || !refused(std::malloc(SIZE_MAX - 40))) return "malloc of too much";
    if (!refused(std::calloc(65536, 65536 + 1))) return "calloc that overflows";
    if (!refused(std::aligned_alloc(std::size_t{1} << 31, SIZE_MAX / 2))) return "aligned_alloc of too much";
    void* const kept = std::strcpy(static_cast<char*>(std::malloc(10)), "kept");
    if (!refused(std::realloc(kept, SIZE_MAX))) return "realloc of too much";
    // Two halves of all there can be do not go beside what is there already.
    constexpr std::size_t half = Heap::largest;
    void* const first = std::malloc(half);
    if (!refused(std::malloc(half))) return "malloc of the second half";
    if (::operator new(half, std::nothrow)) return "nothrow new";
    bool thrown = false;
    try {
        (void)::operator new(half);
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    if (!thrown) return "new";
    std::free(first);
    if (std::strcmp(static_cast<char*>(kept), "kept") != 0) return "what was there";
    std::free(kept);
    std::free(std::malloc(1000));
    return {};
}
ROUSE_EXPORT(exhaustion)

// ---- patterns that must not take more and more ----

/// A string and a vector grow side by side, and go.
void grow_side_by_side() {
    std::string text;
    std::vector<int> numbers;
    for (int i = 0; i < 20000; ++i) {
        text += "abc";
        numbers.push_back(i);
    }
}
/// A queue of messages of all sizes.
void pass_messages() {
    std::deque<std::string> queue;
    for (std::size_t i = 0; i < 5000; ++i) {
        queue.emplace_back(1 + i * 37 % 2000, 'x');
        if (queue.size() > 50) queue.pop_front();
    }
}
/// Small ones that stay for a while between large ones that do not.
void mix_lifetimes() {
    std::vector<std::string> small(400);
    for (std::size_t i = 0; i < 4000; ++i) {
        const std::string large(3000 + i * 101 % 9000, 'x');
        small[i % small.size()] = std::string(20 + i % 60, 'x');
    }
}
/// A block that outgrows its place again and again, with neighbours.
void outgrow() {
    std::vector<void*> neighbours;
    void* block = nullptr;
    for (std::size_t size = 100; size < 300000; size = size * 3 / 2) {
        block = std::realloc(block, size);
        neighbours.push_back(std::malloc(64));
    }
    std::free(block);
    for (void* const neighbour : neighbours) std::free(neighbour);
}

/// Pages of memory that a pattern takes when it is run 30 times more.
double pages_grown(std::string pattern) {
    const auto run = pattern == "grow_side_by_side" ? grow_side_by_side
                     : pattern == "pass_messages"   ? pass_messages
                     : pattern == "mix_lifetimes"   ? mix_lifetimes
                                                    : outgrow;
    for (int i = 0; i < 3; ++i) run();
    const std::size_t before = __builtin_wasm_memory_size(0);
    for (int i = 0; i < 30; ++i) run();
    return static_cast<double>(__builtin_wasm_memory_size(0) - before);
}
ROUSE_EXPORT(pages_grown)

void free_twice() {
    void* volatile memory = std::malloc(100); // the compiler must not see that nothing is lost
    std::free(memory);
    std::free(memory);
}
ROUSE_EXPORT(free_twice)

} // namespace
