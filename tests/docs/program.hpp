// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace docs {

/// A program in a Markdown file: a test that it ends well.
class Program {
public:
    Program(const char* place, int (*main)()) { add(place, main, nullptr); }
    Program(const char* place, void (*main)()) { add(place, nullptr, main); }

private:
    static void add(const char* place, int (*main)(), void (*plain_main)());
};

} // namespace docs
