// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exceptions/exception.hpp"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace rouse::web::exceptions {
namespace {

Exception* caught = nullptr; // innermost first
unsigned uncaught = 0;
Exception* thrown_last = nullptr; // and not caught yet

/// For one small exception when there is no other memory: that is what std::bad_alloc has to say.
alignas(Exception) char reserve[sizeof(Exception) + 48];
bool reserve_is_used = false;

void* allocate(std::size_t size) noexcept {
    if (void* const memory = std::aligned_alloc(alignof(Exception), size)) return memory;
    if (size > sizeof(reserve) || std::exchange(reserve_is_used, true)) std::terminate();
    return reserve;
}
void free(Exception& exception) noexcept {
    if (static_cast<void*>(&exception) == reserve) reserve_is_used = false;
    else std::free(&exception);
}

void drop_reference(Exception& owner) noexcept {
    if (--owner.references > 0) return;
    if (owner.destructor) owner.destructor(owner.object());
    free(owner);
}

/// The last catch block is through with it.
void release(Exception& exception) noexcept {
    Exception& owner = exception.owner();
    if (&owner != &exception) free(exception);
    drop_reference(owner);
}

[[noreturn]] void raise(Exception& exception) {
    ++uncaught;
    thrown_last = &exception;
    __builtin_wasm_throw(0, &exception.thrown); // the first tag, __cpp_exception
}

} // namespace
} // namespace rouse::web::exceptions

using rouse::web::exceptions::Exception;
namespace exceptions = rouse::web::exceptions;

// The tag of every C++ exception. Clang leaves its definition to the unwinding library.
__asm__(".globl __cpp_exception\n.tagtype __cpp_exception i32\n__cpp_exception:\n");

namespace __cxxabiv1 {
struct __cxa_exception;
} // namespace __cxxabiv1

extern "C" {

void* __cxa_allocate_exception(std::size_t size) noexcept {
    constexpr std::size_t alignment = alignof(Exception);
    void* const memory =
        exceptions::allocate((sizeof(Exception) + size + alignment - 1) / alignment * alignment);
    std::memset(memory, 0, sizeof(Exception));
    return static_cast<Exception*>(memory) + 1;
}
void __cxa_free_exception(void* object) noexcept { exceptions::free(Exception::of_object(object)); }

__cxxabiv1::__cxa_exception* __cxa_init_primary_exception(void* object, std::type_info* type,
                                                          Exception::Destructor destructor) noexcept {
    Exception& exception = Exception::of_object(object);
    exception.type = type;
    exception.destructor = destructor;
    return reinterpret_cast<__cxxabiv1::__cxa_exception*>(&exception);
}

[[noreturn]] void __cxa_throw(void* object, std::type_info* type, Exception::Destructor destructor) {
    __cxa_init_primary_exception(object, type, destructor);
    Exception& exception = Exception::of_object(object);
    exception.references = 1;
    exceptions::raise(exception);
}

[[noreturn]] void __cxa_rethrow() {
    Exception* const exception = exceptions::caught;
    if (!exception) std::terminate();
    exception->handlers = -exception->handlers; // `__cxa_end_catch`, on the way out, must not destroy it
    exceptions::raise(*exception);
}

void* __cxa_get_exception_ptr(void* thrown) noexcept { return Exception::of_thrown(thrown).adjusted; }

void* __cxa_begin_catch(void* thrown) noexcept {
    Exception& exception = Exception::of_thrown(thrown);
    exception.handlers = (exception.handlers < 0 ? -exception.handlers : exception.handlers) + 1;
    if (exceptions::caught != &exception) {
        exception.next = exceptions::caught;
        exceptions::caught = &exception;
    }
    --exceptions::uncaught;
    exceptions::thrown_last = nullptr;
    return exception.adjusted;
}

void __cxa_end_catch() {
    Exception* const exception = exceptions::caught;
    if (!exception) return;
    if (exception->handlers < 0) { // it is on its way again
        if (++exception->handlers == 0) exceptions::caught = exception->next;
        return;
    }
    if (--exception->handlers > 0) return;
    exceptions::caught = exception->next;
    exceptions::release(*exception);
}

std::type_info* __cxa_current_exception_type() {
    return exceptions::caught ? const_cast<std::type_info*>(exceptions::caught->owner().type) : nullptr;
}

// ---- exception_ptr ----

void __cxa_increment_exception_refcount(void* object) noexcept {
    if (object) ++Exception::of_object(object).references;
}
void __cxa_decrement_exception_refcount(void* object) noexcept {
    if (object) exceptions::drop_reference(Exception::of_object(object));
}
void* __cxa_current_primary_exception() noexcept {
    if (!exceptions::caught) return nullptr;
    void* const object = exceptions::caught->object();
    __cxa_increment_exception_refcount(object);
    return object;
}
void __cxa_rethrow_primary_exception(void* object) {
    if (!object) return;
    Exception& dependent = Exception::of_object(__cxa_allocate_exception(0));
    dependent.primary = &Exception::of_object(object);
    ++dependent.primary->references;
    exceptions::raise(dependent);
}

unsigned __cxa_uncaught_exceptions() noexcept { return exceptions::uncaught; }
bool __cxa_uncaught_exception() noexcept { return exceptions::uncaught != 0; }

/// What `std::terminate` was called for, if it was: on wasm the end of a noexcept function does not catch.
void* rouse_exception_in_flight() noexcept {
    return exceptions::thrown_last ? exceptions::thrown_last->object() : nullptr;
}

// ---- what an expression throws by itself ----

[[noreturn]] void __cxa_bad_cast() { throw std::bad_cast(); }
[[noreturn]] void __cxa_bad_typeid() { throw std::bad_typeid(); }
[[noreturn]] void __cxa_throw_bad_array_new_length() { throw std::bad_array_new_length(); }

} // extern "C"
