// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/stop.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/base/text.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/web/imports.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace rouse::detail {
namespace {

/// Words in a place that is there also when memory is at its end. What does not fit is left out.
class LastWords {
public:
    void add(std::string_view words) noexcept {
        size_ += words.copy(text_ + size_, std::min(words.size(), sizeof(text_) - size_));
    }
    void add(std::uint64_t number) noexcept {
        char digits[20];
        char* first = std::end(digits);
        do {
            *--first = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        add({first, std::end(digits)});
    }
    void say() const noexcept { js::detail::sys::rouse_js_stop(text_, size_); }

private:
    char text_[2000];
    std::size_t size_ = 0;
};

} // namespace

// A trap: rouse.mjs rejects everything that the module owes, with these words.
void stop(std::string_view what) noexcept {
    LastWords words;
    words.add("rouse: fatal: ");
    words.add(what);
    if (const Cell* const cell = running_cell()) {
        words.add("\n   in task ");
        words.add(cell->id());
    }
    words.say();
    __builtin_trap();
}

void stop_polled_after_ready(std::string_view future_type) noexcept {
    Text text(readable_type(future_type));
    text << " was polled after it had returned Ready";
    stop(text.view());
}

} // namespace rouse::detail
