// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>

rouse::Task<int> answer() { co_return 42; }

// Brings in all that the library depends on.
int main() { return rouse::block_on(answer()) + rouse::run(answer()) == 84 ? 0 : 1; }
