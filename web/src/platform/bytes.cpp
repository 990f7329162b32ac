// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What wasi-libc does in loops of many words has an instruction of wasm, or a short loop.
#include <cstddef>

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) {
    return __builtin_memcpy(to, from, size);
}
void* memmove(void* to, const void* from, std::size_t size) { return __builtin_memmove(to, from, size); }
void* memset(void* to, int byte, std::size_t size) { return __builtin_memset(to, byte, size); }

void* memchr(const void* in, int byte, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(in);
    for (; size != 0; ++at, --size)
        if (*at == static_cast<unsigned char>(byte)) return const_cast<unsigned char*>(at);
    return nullptr;
}
std::size_t strlen(const char* text) {
    const char* end = text;
    while (*end) ++end;
    return static_cast<std::size_t>(end - text);
}

} // extern "C"
