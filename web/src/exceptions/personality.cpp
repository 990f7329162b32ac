// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which catch block takes an exception. Clang's code calls `_Unwind_CallPersonality` in every landing pad,
// with the number of the pad and the table of its function in `__wasm_lpad_context`, and reads the answer
// from there.
#include "exceptions/exception.hpp"
#include "rtti/type_info.hpp"

#include <cstdlib>
#include <cstring>
#include <exception>

namespace rouse::web::exceptions {
namespace {

using rtti::Type;

/// The bytes of a table, from front to back.
class Reader {
public:
    explicit Reader(const std::uint8_t* at) noexcept : at_(at) {}
    [[nodiscard]] const std::uint8_t* at() const noexcept { return at_; }
    std::uint8_t byte() noexcept { return *at_++; }
    std::uintptr_t unsigned_number() noexcept {
        unsigned shift = 0;
        return number(shift);
    }
    std::intptr_t signed_number() noexcept {
        unsigned shift = 0;
        std::uintptr_t value = number(shift);
        if ((at_[-1] & 0x40) && shift < 8 * sizeof(value)) value |= ~std::uintptr_t{0} << shift;
        return static_cast<std::intptr_t>(value);
    }

private:
    std::uintptr_t number(unsigned& shift) noexcept { // LEB128
        std::uintptr_t value = 0;
        for (;;) {
            const std::uint8_t next = byte();
            value |= static_cast<std::uintptr_t>(next & 0x7f) << shift;
            shift += 7;
            if (!(next & 0x80)) return value;
        }
    }
    const std::uint8_t* at_;
};

constexpr std::uint8_t omitted = 0xff; // DW_EH_PE_omit

const Type* type_at(const std::uint8_t* types, std::intptr_t index) noexcept {
    const std::type_info* type;
    std::memcpy(&type, types - index * static_cast<std::intptr_t>(sizeof(type)), sizeof(type));
    return static_cast<const Type*>(type);
}

/// The first action of the chain that takes the exception; 0: none does, and the pad only cleans up.
std::intptr_t choose(const std::uint8_t* actions, std::uintptr_t first, const std::uint8_t* types,
                     Exception& exception) {
    const std::uint8_t* action = actions + first - 1;
    for (;;) {
        Reader reader(action);
        const std::intptr_t index = reader.signed_number();
        const std::uint8_t* const link = reader.at();
        const std::intptr_t next = reader.signed_number();
        if (index < 0)
            std::terminate(); // an exception specification of C++98, which this compiler has none of
        if (index > 0) {
            const Type* const wanted = type_at(types, index); // null: catch (...)
            void* object = exception.object();
            if (!wanted ||
                rtti::can_catch(*wanted, *static_cast<const Type*>(exception.owner().type), object)) {
                exception.adjusted = object;
                return index;
            }
        }
        if (next == 0) return 0;
        action = link + next;
    }
}

} // namespace
} // namespace rouse::web::exceptions

extern "C" {

struct LandingPad {
    std::uintptr_t index;
    const std::uint8_t* table; // the LSDA of the function, null: it has cleanups only
    std::intptr_t selector;    // the answer
};
LandingPad __wasm_lpad_context;

int _Unwind_CallPersonality(void* thrown) {
    using namespace rouse::web::exceptions;
    LandingPad& pad = __wasm_lpad_context;
    Exception& exception = Exception::of_thrown(thrown);
    exception.adjusted = exception.object();
    pad.selector = 0;
    if (!pad.table) return 0;

    Reader reader(pad.table);
    if (reader.byte() != omitted)
        std::abort(); // the base of landing pads: wasm has numbers in place of addresses
    const std::uint8_t* types = nullptr;
    if (reader.byte() != omitted) {
        const std::uintptr_t offset = reader.unsigned_number();
        types = reader.at() + offset;
    }
    reader.byte(); // how the call sites are encoded: as ULEB128, always
    const std::uintptr_t size = reader.unsigned_number();
    const std::uint8_t* const actions = reader.at() + size;
    for (std::uintptr_t site = 0; reader.at() < actions; ++site) {
        reader.unsigned_number(); // the pad: they come in order
        const std::uintptr_t action = reader.unsigned_number();
        if (site != pad.index) continue;
        if (action != 0) pad.selector = choose(actions, action, types, exception);
        return 0;
    }
    return 0;
}

void _Unwind_DeleteException(_Unwind_Exception*) {}

// Named in every function with a landing pad, and never called: the code calls the function above.
int __gxx_personality_wasm0(...) { std::abort(); }

} // extern "C"
