// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// operator new and delete. Those of Debian's libc++abi for wasm are built without exceptions, and print by
// way of stdio when memory is at its end; these throw, or stop with a message.
#include "rouse/base/config.hpp"
#include "rouse/base/stop.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

std::new_handler handler = nullptr;

[[noreturn]] void fail() {
#if ROUSE_EXCEPTIONS
    throw std::bad_alloc();
#else
    rouse::detail::stop("out of memory");
#endif
}

template <class Allocate>
void* allocate(Allocate allocate) {
    for (;;) {
        if (void* const memory = allocate()) return memory;
        if (!handler) return nullptr;
        handler();
    }
}
void* allocate(std::size_t size) {
    return allocate([=] { return std::malloc(std::max<std::size_t>(size, 1)); });
}
void* allocate(std::size_t size, std::align_val_t alignment) {
    const auto align = static_cast<std::size_t>(alignment);
    // A multiple of the alignment; beyond the last one there is no memory anyway.
    const std::size_t whole =
        size > SIZE_MAX - align ? SIZE_MAX : (std::max<std::size_t>(size, 1) + align - 1) / align * align;
    return allocate([=] { return std::aligned_alloc(align, whole); });
}
void* must(void* memory) {
    if (!memory) fail();
    return memory;
}

} // namespace

namespace std {
new_handler set_new_handler(new_handler next) noexcept { return std::exchange(handler, next); }
new_handler get_new_handler() noexcept { return handler; }
const nothrow_t nothrow{};
} // namespace std

void* operator new(std::size_t size) { return must(allocate(size)); }
void* operator new[](std::size_t size) { return must(allocate(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return must(allocate(size, alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return must(allocate(size, alignment)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { std::free(memory); }
