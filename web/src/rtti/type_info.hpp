// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <typeinfo>

/// What clang's code says of types, in the layout of the Itanium C++ ABI (2.9.5): a `type_info` is of one of
/// these classes. Those of libc++abi bring five times the code.
namespace __cxxabiv1 {

enum class Kind : std::uint8_t { other, function, plain_class, with_base, with_bases, pointer, member };

class Type : public std::type_info {
public:
    [[nodiscard]] virtual Kind kind() const noexcept = 0;
    [[nodiscard]] bool is_class() const noexcept {
        const Kind kind = this->kind();
        return kind >= Kind::plain_class && kind <= Kind::with_bases;
    }

protected:
    ~Type() override = default;
};

// Clang writes the type_infos of `int` and its like beside the destructor of this class.
class __fundamental_type_info : public Type {
public:
    ~__fundamental_type_info() override;
    Kind kind() const noexcept override;
};
class __array_type_info : public Type {
public:
    Kind kind() const noexcept override;
};
class __enum_type_info : public Type {
public:
    Kind kind() const noexcept override;
};
class __function_type_info : public Type {
public:
    Kind kind() const noexcept override;
};

/// A class without bases.
class __class_type_info : public Type {
public:
    Kind kind() const noexcept override;
};
/// One that has a single base: public, not virtual, at its beginning.
class __si_class_type_info : public __class_type_info {
public:
    Kind kind() const noexcept override;
    const __class_type_info* base;
};
/// One with any other bases.
class __vmi_class_type_info : public __class_type_info {
public:
    Kind kind() const noexcept override;
    class Base {
    public:
        const __class_type_info* type;
        long where; // flags, and the offset: of the base, or in the vtable of the entry that has it
        [[nodiscard]] bool is_virtual() const noexcept { return (where & 1) != 0; }
        [[nodiscard]] bool is_public() const noexcept { return (where & 2) != 0; }
        [[nodiscard]] long offset() const noexcept { return where >> 8; }
    };
    unsigned flags;
    unsigned base_count;
    Base bases[1]; // base_count of them
};

class __pbase_type_info : public Type {
public:
    enum Flags : unsigned {
        is_const = 1,
        qualifiers = 7,    // const, volatile, restrict: a handler may add them
        incomplete = 0x18, // in what it points to, or the class of a member: the source file saw no more
        promises = 0x60,   // transaction_safe, noexcept: it may drop them
    };
    unsigned flags;
    const Type* pointee;
};
class __pointer_type_info : public __pbase_type_info {
public:
    Kind kind() const noexcept override;
};
class __pointer_to_member_type_info : public __pbase_type_info {
public:
    Kind kind() const noexcept override;
    const __class_type_info* of;
};

} // namespace __cxxabiv1

namespace rouse::web::rtti {

using __cxxabiv1::Kind;
using __cxxabiv1::Type;
using Class = __cxxabiv1::__class_type_info;

/// A base of an object, as a walk comes to it.
class Subobject {
public:
    const Class* type;
    std::uintptr_t at;
    bool is_public; // on this way
};
/// Calls `see(state, subobject)` for the object and each of its bases, once for each way that leads there.
/// An object that is `imagined`, what a null pointer points to, has its virtual bases at the addresses of
/// their types: each is in one place.
void walk(const Subobject& whole, bool imagined, void (*see)(void* state, const Subobject& found),
          void* state);

/// Whether a handler of this type takes an exception of that one; then `object` is made what the handler is
/// to see.
[[nodiscard]] bool can_catch(const Type& wanted, const Type& thrown, void*& object) noexcept;

} // namespace rouse::web::rtti
