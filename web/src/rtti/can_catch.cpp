// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rtti/type_info.hpp"

#include <cstring>

namespace rouse::web::rtti {
namespace {

using Pointer = __cxxabiv1::__pbase_type_info;

/// The one base of a type, if there is one.
class OneBase {
public:
    explicit OneBase(const Type& wanted) noexcept : wanted_(wanted) {}
    static void see(void* state, const Subobject& found) { static_cast<OneBase*>(state)->add(found); }
    [[nodiscard]] bool is_usable() const noexcept { return count_ == 1 && is_public_; }
    [[nodiscard]] void* at() const noexcept { return reinterpret_cast<void*>(at_); }

private:
    void add(const Subobject& found) noexcept {
        if (*found.type != wanted_) return;
        if (count_ == 0 || found.at != at_) ++count_;
        at_ = found.at;
        is_public_ |= found.is_public;
    }
    const Type& wanted_;
    std::uintptr_t at_ = 0;
    int count_ = 0;
    bool is_public_ = false;
};

/// From an object of a class to its base, which must be public and the only one of its type.
bool to_base(const Type& derived, const Type& base, void*& object) noexcept {
    if (!derived.is_class() || !base.is_class()) return false;
    OneBase found(base);
    walk({static_cast<const Class*>(&derived), reinterpret_cast<std::uintptr_t>(object), true}, !object,
         OneBase::see, &found);
    if (!found.is_usable()) return false;
    if (object) object = found.at();
    return true;
}

/// How two types are compared. A source file in which a class is incomplete has a type_info of its own for
/// it, and for each pointer to it: only the names are those of other files.
enum class By : bool { address, name };

bool same(const Type& a, const Type& b, By by) noexcept {
    return a == b || (by == By::name && std::strcmp(a.name(), b.name()) == 0);
}

By how_to_compare(const Pointer& a, const Pointer& b) noexcept {
    return ((a.flags | b.flags) & Pointer::incomplete) != 0 ? By::name : By::address;
}

bool is_pointer(Kind kind) noexcept { return kind == Kind::pointer || kind == Kind::member; }

/// Of two pointers to members: whether they are in the same class.
bool same_class(const Pointer& a, const Pointer& b, By by) noexcept {
    using Member = __cxxabiv1::__pointer_to_member_type_info;
    return a.kind() != Kind::member ||
           same(*static_cast<const Member&>(a).of, *static_cast<const Member&>(b).of, by);
}

/// What two pointers point to, if they differ by const and its like only, at any depth: what is const further
/// in must be const on the way there.
bool same_but_qualifiers(const Type& wanted, const Type& thrown, bool all_const, By by) noexcept {
    if (same(wanted, thrown, by)) return true;
    const Kind kind = wanted.kind();
    if (!is_pointer(kind) || thrown.kind() != kind || !all_const) return false;
    const auto& to = static_cast<const Pointer&>(wanted);
    const auto& from = static_cast<const Pointer&>(thrown);
    return (from.flags & ~to.flags & Pointer::qualifiers) == 0 &&
           ((from.flags ^ to.flags) & Pointer::promises) == 0 && same_class(to, from, by) &&
           same_but_qualifiers(*to.pointee, *from.pointee, (to.flags & Pointer::is_const) != 0, by);
}

bool can_catch_pointer(const Pointer& to, const Type& thrown, void*& object) noexcept {
    const bool is_member = to.kind() == Kind::member;
    if (thrown == typeid(nullptr)) {
        static constexpr std::uintptr_t no_function[2] = {0, 0};
        static constexpr std::intptr_t no_data = -1;
        const void* const no_member =
            to.pointee->kind() == Kind::function ? static_cast<const void*>(no_function) : &no_data;
        object = is_member ? const_cast<void*>(no_member) : nullptr;
        return true;
    }
    if (thrown.kind() != to.kind()) return false;
    const auto& from = static_cast<const Pointer&>(thrown);
    if ((from.flags & ~to.flags & Pointer::qualifiers) != 0) return false;
    if ((to.flags & ~from.flags & Pointer::promises) != 0) return false;
    const By by = how_to_compare(to, from);
    const bool all_const = (to.flags & Pointer::is_const) != 0;
    if (is_member)
        return same_class(to, from, by) && same_but_qualifiers(*to.pointee, *from.pointee, all_const, by);
    object = *static_cast<void**>(object); // the handler is given its value
    return same_but_qualifiers(*to.pointee, *from.pointee, all_const, by) ||
           (*to.pointee == typeid(void) && from.pointee->kind() != Kind::function) ||
           to_base(*from.pointee, *to.pointee, object);
}

} // namespace

bool can_catch(const Type& wanted, const Type& thrown, void*& object) noexcept {
    if (is_pointer(wanted.kind()))
        return can_catch_pointer(static_cast<const Pointer&>(wanted), thrown, object);
    return wanted == thrown || to_base(thrown, wanted, object);
}

} // namespace rouse::web::rtti
