// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

namespace compare {

// rouse's servers, "echo" and "http", by the rules of ../README.md: they come with rouse's net layer, as
// entries {"echo", nullptr, serve_echo, most_threads}. Until then the driver shows "-" for rouse.
std::span<const bench_entry> servers() { return {}; }

} // namespace compare
