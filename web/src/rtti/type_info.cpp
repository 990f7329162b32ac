// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rtti/type_info.hpp"

namespace __cxxabiv1 {

__fundamental_type_info::~__fundamental_type_info() = default;

// The first virtual function of a class: its vtable is here.
Kind __fundamental_type_info::kind() const noexcept { return Kind::other; }
Kind __array_type_info::kind() const noexcept { return Kind::other; }
Kind __enum_type_info::kind() const noexcept { return Kind::other; }
Kind __function_type_info::kind() const noexcept { return Kind::function; }
Kind __class_type_info::kind() const noexcept { return Kind::plain_class; }
Kind __si_class_type_info::kind() const noexcept { return Kind::with_base; }
Kind __vmi_class_type_info::kind() const noexcept { return Kind::with_bases; }
Kind __pointer_type_info::kind() const noexcept { return Kind::pointer; }
Kind __pointer_to_member_type_info::kind() const noexcept { return Kind::member; }

} // namespace __cxxabiv1

namespace rouse::web::rtti {

void walk(const Subobject& whole, bool imagined, void (*see)(void*, const Subobject&), void* state) {
    see(state, whole);
    const Kind kind = whole.type->kind();
    if (kind == Kind::with_base) {
        const auto* const base = static_cast<const __cxxabiv1::__si_class_type_info*>(whole.type)->base;
        return walk({base, whole.at, whole.is_public}, imagined, see, state);
    }
    if (kind != Kind::with_bases) return;
    const auto& type = static_cast<const __cxxabiv1::__vmi_class_type_info&>(*whole.type);
    for (unsigned i = 0; i < type.base_count; ++i) {
        const auto& base = type.bases[i];
        std::uintptr_t at = whole.at + static_cast<std::uintptr_t>(base.offset());
        if (base.is_virtual()) {
            if (imagined) {
                at = reinterpret_cast<std::uintptr_t>(base.type);
            } else {
                const auto vtable = *reinterpret_cast<const std::uintptr_t*>(whole.at);
                at = whole.at + static_cast<std::uintptr_t>(*reinterpret_cast<const std::intptr_t*>(
                                    vtable + static_cast<std::uintptr_t>(base.offset())));
            }
        }
        walk({base.type, at, whole.is_public && base.is_public()}, imagined, see, state);
    }
}

} // namespace rouse::web::rtti
