// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>

rouse::Task<int> answer() { co_return 42; }

int main() { return rouse::block_on(answer()) == 42 ? 0 : 1; }
