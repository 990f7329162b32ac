// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include <unwind.h>

/// C++ exceptions for wasm32: the functions that clang calls for `throw` and `catch` under -fwasm-exceptions,
/// and that libc++ calls for exception_ptr. Debian's libc++abi for wasm is built without exceptions and has
/// none of them. There is one thread.
namespace rouse::web::exceptions {

/// Lies right before the object that is thrown. A *dependent* exception, which `rethrow_exception` throws,
/// has no object of its own and refers to that of its primary.
class Exception {
public:
    using Destructor = void* (*)(void*); // on wasm a destructor returns `this`

    [[nodiscard]] static Exception& of_object(void* object) noexcept {
        return *(static_cast<Exception*>(object) - 1);
    }
    /// What a wasm `catch` hands out.
    [[nodiscard]] static Exception& of_thrown(void* thrown) noexcept {
        return *reinterpret_cast<Exception*>(static_cast<char*>(thrown) - offsetof(Exception, thrown));
    }
    [[nodiscard]] Exception& owner() noexcept { return primary ? *primary : *this; }
    [[nodiscard]] void* object() noexcept { return &owner() + 1; }

    std::size_t references; // of a primary: its throws, exception_ptrs and dependents
    const std::type_info* type;
    Destructor destructor;
    Exception* primary; // of a dependent one
    Exception* next;    // in the stack of those that are caught
    int handlers;       // catch blocks that it is in; below zero while it is being thrown again out of them
    void* adjusted;     // the object as the catch block that took it sees it
    alignas(16) _Unwind_Exception thrown;
};
static_assert(sizeof(Exception) % 16 == 0, "the object lies behind it, aligned");

} // namespace rouse::web::exceptions
