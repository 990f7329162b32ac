// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// malloc and what belongs to it, in the place of the one of wasi-libc, which has five times the code.
#include "platform/heap.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

extern "C" {
extern char __heap_base; // where the linker's data ends
int posix_memalign(void** to, std::size_t alignment, std::size_t size);
void* memalign(std::size_t alignment, std::size_t size);
std::size_t malloc_usable_size(void* memory);
}

namespace {

using rouse::web::detail::Heap;

constexpr std::size_t page = 65536;
constinit Heap heap;
constinit bool began = false;

/// Room for that much, of the engine. False: it has no more.
bool grow(std::size_t size) noexcept {
    if (!began) { // the pages of the data are not full
        began = true;
        const std::uintptr_t end = __builtin_wasm_memory_size(0) * page;
        const auto begin = reinterpret_cast<std::uintptr_t>(&__heap_base);
        if (end - begin >= 2 * Heap::granule) {
            heap.add(begin, end);
            return true;
        }
    }
    const std::size_t pages = (heap.lacks(size) + page - 1) / page;
    const std::size_t before = __builtin_wasm_memory_grow(0, pages);
    if (before == SIZE_MAX) return false;
    heap.add(before * page, (before + pages) * page);
    return true;
}

[[gnu::noinline]] void* allocate(std::size_t alignment, std::size_t size) noexcept {
    if (size <= Heap::largest && alignment <= Heap::largest - size) {
        do {
            if (void* const memory = heap.allocate_aligned(alignment, size)) return memory;
        } while (grow(size + alignment));
    }
    errno = ENOMEM;
    return nullptr;
}

} // namespace

extern "C" {

void* malloc(std::size_t size) { return allocate(1, size); }
void free(void* memory) {
    if (memory) heap.free(memory);
}
void* calloc(std::size_t count, std::size_t size) {
    std::size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) whole = SIZE_MAX;
    void* const memory = allocate(1, whole);
    return memory ? std::memset(memory, 0, whole) : nullptr;
}
void* realloc(void* memory, std::size_t size) {
    if (memory && size <= Heap::largest && heap.resize(memory, size)) return memory;
    void* const moved = allocate(1, size);
    if (moved && memory) {
        // It was not made smaller in its place, so all of it is to be kept.
        std::memcpy(moved, memory, Heap::capacity(memory));
        heap.free(memory);
    }
    return moved;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return allocate(alignment, size); }
void* memalign(std::size_t alignment, std::size_t size) { return allocate(alignment, size); }
int posix_memalign(void** to, std::size_t alignment, std::size_t size) {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void* const memory = allocate(alignment, size);
    if (!memory) return ENOMEM;
    *to = memory;
    return 0;
}
std::size_t malloc_usable_size(void* memory) { return memory ? Heap::capacity(memory) : 0; }

// By these names the rest of wasi-libc asks for them.
void* __libc_malloc(std::size_t size) __attribute__((alias("malloc")));
void* __libc_calloc(std::size_t count, std::size_t size) __attribute__((alias("calloc")));
void __libc_free(void* memory) __attribute__((alias("free")));

} // extern "C"
