// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rtti/type_info.hpp"

namespace rouse::web::rtti {
namespace {

/// What a `dynamic_cast` has to know of the whole object: where what is wanted is in it, and which of that
/// the given base belongs to.
class Cast {
public:
    Cast(const Class& given, std::uintptr_t at, const Class& wanted) noexcept
        : given_(given), at_(at), wanted_(wanted) {}
    static void see_in_whole(void* state, const Subobject& found) { static_cast<Cast*>(state)->add(found); }
    [[nodiscard]] void* result() const noexcept {
        if (above_.count == 1 && above_.is_public) return above_.object(); // down, to what was derived
        if (given_is_public_ && any_.count == 1 && any_.is_public) return any_.object(); // and to its side
        return nullptr;
    }

private:
    /// Objects of the type that is wanted.
    class Wanted {
    public:
        void add(std::uintptr_t at, bool public_here) noexcept {
            if (count == 0 || first != at) ++count;
            first = at;
            is_public |= public_here;
        }
        [[nodiscard]] void* object() const noexcept { return reinterpret_cast<void*>(first); }
        std::uintptr_t first = 0;
        int count = 0;
        bool is_public = false;
    };
    /// Whether the given base is in a part of the whole.
    class Given {
    public:
        const Cast& cast;
        bool is_there;
        bool is_public;
        static void see(void* state, const Subobject& found) {
            auto& given = *static_cast<Given*>(state);
            if (!given.cast.is_given(found)) return;
            given.is_there = true;
            given.is_public |= found.is_public;
        }
    };

    [[nodiscard]] bool is_given(const Subobject& found) const noexcept {
        return found.at == at_ && *found.type == given_;
    }
    void add(const Subobject& found) {
        if (is_given(found)) given_is_public_ |= found.is_public;
        if (*found.type != wanted_) return;
        any_.add(found.at, found.is_public);
        Given given{*this, false, false};
        walk({found.type, found.at, true}, false, Given::see, &given);
        if (given.is_there) above_.add(found.at, given.is_public);
    }

    const Class& given_;
    std::uintptr_t at_;
    const Class& wanted_;
    Wanted any_;
    Wanted above_; // those that the given base belongs to
    bool given_is_public_ = false;
};

} // namespace
} // namespace rouse::web::rtti

extern "C" void* __dynamic_cast(const void* object, const __cxxabiv1::__class_type_info* given,
                                const __cxxabiv1::__class_type_info* wanted, std::intptr_t) {
    using namespace rouse::web::rtti;
    // Before the functions of a vtable: the type of the whole, and how far it is from here to there.
    const auto* const vtable = *static_cast<const std::intptr_t* const*>(object);
    const auto at = reinterpret_cast<std::uintptr_t>(object);
    const auto* const whole = reinterpret_cast<const Class*>(vtable[-1]);
    Cast cast(*given, at, *wanted);
    walk({whole, at + static_cast<std::uintptr_t>(vtable[-2]), true}, false, Cast::see_in_whole, &cast);
    return cast.result();
}
