// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// std::exception_ptr and nested_exception. Those of libc++ for wasm, built without exceptions, lose a
// reference whenever a nested exception is thrown again.
#include <exception>
#include <utility>

extern "C" {
void* __cxa_current_primary_exception() noexcept;
void __cxa_increment_exception_refcount(void*) noexcept;
void __cxa_decrement_exception_refcount(void*) noexcept;
void __cxa_rethrow_primary_exception(void*);
unsigned __cxa_uncaught_exceptions() noexcept;
}

namespace std {

exception_ptr exception_ptr::__from_native_exception_pointer(void* object) noexcept {
    exception_ptr made;
    made.__ptr_ = object;
    __cxa_increment_exception_refcount(object);
    return made;
}
exception_ptr::exception_ptr(const exception_ptr& other) noexcept : __ptr_(other.__ptr_) {
    __cxa_increment_exception_refcount(__ptr_);
}
exception_ptr& exception_ptr::operator=(const exception_ptr& other) noexcept {
    exception_ptr copy(other);
    return *this = std::move(copy);
}
exception_ptr::~exception_ptr() noexcept { __cxa_decrement_exception_refcount(__ptr_); }

exception_ptr current_exception() noexcept {
    exception_ptr current;
    current.__ptr_ = __cxa_current_primary_exception(); // with a reference
    return current;
}
void rethrow_exception(exception_ptr error) {
    __cxa_rethrow_primary_exception(error.__ptr_);
    terminate(); // it was null
}

nested_exception::nested_exception() noexcept : __ptr_(current_exception()) {}
nested_exception::~nested_exception() noexcept {}
void nested_exception::rethrow_nested() const {
    if (!__ptr_) terminate();
    rethrow_exception(__ptr_);
}

int uncaught_exceptions() noexcept { return static_cast<int>(__cxa_uncaught_exceptions()); }

} // namespace std
