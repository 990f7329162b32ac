// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/base/config.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#if ROUSE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace rouse_test {

/// Memory that nobody may touch once it is given back: ASan sees to it, but not to what the kernel does.
class LentText {
public:
    explicit LentText(std::string text) : text(std::move(text)) {}
    LentText(const LentText&) = delete;
    LentText& operator=(const LentText&) = delete;
    void take_back() {
        std::fill(text.begin(), text.end(), '#');
#if ROUSE_ASAN
        __asan_poison_memory_region(text.data(), text.size());
#endif
    }
    ~LentText() {
#if ROUSE_ASAN
        __asan_unpoison_memory_region(text.data(), text.size());
#endif
        EXPECT_EQ(text.find_first_not_of('#'), std::string::npos) << "it was written to";
    }
    std::string text;
};

} // namespace rouse_test
