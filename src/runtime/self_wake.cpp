// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/self_wake.hpp"

namespace rouse::detail {

bool SelfWakeWatch::woke_itself(std::uint64_t task, std::uint64_t all_polls) {
    if (threshold_.count() == 0) return false;
    Suspect* place = nullptr;
    for (Suspect& suspect : table_) {
        if (suspect.active && suspect.task == task) {
            place = &suspect;
            break;
        }
        // A suspect that was not seen for so long has ended, or sleeps.
        const bool stale = suspect.active && all_polls - suspect.last_of_all > 1'000'000;
        if (!place && (!suspect.active || stale)) place = &suspect;
    }
    if (!place) return false; // eight at a time: the next one has its turn when one of them is through
    if (!place->active || place->task != task) {
        if (!place->active) ++suspects_;
        *place = Suspect{};
        place->active = true;
        place->task = task;
        place->first_of_all = all_polls;
        place->cpu_at_start = thread_cpu();
    }
    place->last_of_all = all_polls;
    if (++place->polls % polls_between_looks != 0 || place->reported) return false;
    // Of the thread's CPU time since then, as much as it had of the polls.
    const auto all = static_cast<double>(all_polls - place->first_of_all + 1);
    const auto spent = static_cast<double>((thread_cpu() - place->cpu_at_start).count());
    const std::chrono::nanoseconds cpu(
        static_cast<std::int64_t>(spent * static_cast<double>(place->polls) / all));
    if (cpu < threshold_) return false;
    place->reported = true;
    found_.polls = place->polls;
    found_.cpu = cpu;
    return true;
}

void SelfWakeWatch::did_not(std::uint64_t task) noexcept {
    for (Suspect& suspect : table_) {
        if (!suspect.active || suspect.task != task) continue;
        if (suspect.reported) return; // keeps its place, so that it is reported once
        suspect.active = false;
        --suspects_;
        return;
    }
}

} // namespace rouse::detail
