// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/stop.hpp"

#include "rouse/base/atomic.hpp"
#include "rouse/base/readable.hpp"

#include <cstdio>
#include <cstdlib>

namespace rouse::detail {
namespace {
constinit Atomic<StopNote> stop_note{nullptr};
} // namespace

void set_stop_note(StopNote note) noexcept { stop_note.store(note, memory_order_release); }

void stop(std::string_view what) noexcept {
    std::fprintf(stderr, "rouse: fatal: %.*s\n", static_cast<int>(what.size()), what.data());
    if (StopNote note = stop_note.exchange(nullptr, memory_order_acq_rel)) note();
    std::fflush(stderr);
    std::abort();
}

void stop_polled_after_ready(std::string_view future_type) noexcept {
    stop(readable_type(future_type) + " was polled after it had returned Ready");
}

} // namespace rouse::detail
