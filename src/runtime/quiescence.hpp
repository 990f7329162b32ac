// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/runtime/options.hpp"
#include "rouse/time/instant.hpp"

#include <optional>
#include <span>
#include <string>

namespace rouse::detail {

/// Why somebody outside might still wake a task of the calling thread's runtime; empty: nobody can. It is
/// proven that nobody can when every other thread of the process is the watchdog, of a pool that has nothing
/// to do, or the kernel's (io_uring's), or one of `ours` (which the caller knows to be asleep), and no signal
/// is caught by a handler that is not ours (a handler may wake).
std::string who_might_wake(std::span<const long> ours = {});

/// Times the looks for a deadlock while a runtime is idle: one after half the grace period, the second, which
/// decides, after all of it; then seldom.
class QuiescenceWatch {
public:
    explicit QuiescenceWatch(std::chrono::milliseconds grace) noexcept : grace_(grace) {}

    /// Something ran: the looks begin anew.
    void disturbed() noexcept {
        looks_ = 0;
        proven_before_ = false;
        told_ = false;
    }
    /// A proven deadlock was told, and the tasks are left: no more looks until something runs.
    void told() noexcept { told_ = true; }
    /// How long to sleep until the next look; nothing: there is none.
    [[nodiscard]] std::optional<Duration> until_look() const noexcept;
    /// The time has passed, but somebody waits for I/O: it is no matter of a deadlock.
    void not_now() noexcept {
        ++looks_;
        proven_before_ = false;
    }
    enum class Verdict : std::uint8_t { wait, suspect, proven };
    /// The time has passed undisturbed. `suspect` comes once.
    Verdict look(std::string& why, std::span<const long> ours = {});

private:
    std::chrono::milliseconds grace_;
    unsigned looks_ = 0;
    bool proven_before_ = false;
    bool told_ = false; // proven, and said so
};

} // namespace rouse::detail
