// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace rouse::detail {

/// Looks for tasks that burn a core by waking themselves in every poll. Told only of polls that ended so,
/// and, as long as one is under suspicion, of the others.
class SelfWakeWatch {
public:
    explicit SelfWakeWatch(std::chrono::nanoseconds threshold) noexcept : threshold_(threshold) {}

    [[nodiscard]] bool suspects_any() const noexcept { return suspects_ != 0; }
    /// A poll of `task` ended Pending because it had woken itself, and nobody else had. True: report it now,
    /// with what `found` says.
    bool woke_itself(std::uint64_t task, std::uint64_t all_polls);
    /// A poll of `task` ended in another way.
    void did_not(std::uint64_t task) noexcept;

    class Found {
    public:
        std::uint64_t polls = 0;
        std::chrono::nanoseconds cpu{0};
    };
    [[nodiscard]] const Found& found() const noexcept { return found_; }

private:
    class Suspect {
    public:
        std::uint64_t task = 0;
        std::uint64_t polls = 0;
        std::uint64_t first_of_all = 0; // the number of all polls when it began
        std::uint64_t last_of_all = 0;
        std::chrono::nanoseconds cpu_at_start{0};
        bool active = false;
        bool reported = false;
    };
    static std::chrono::nanoseconds thread_cpu() noexcept {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    }

    // The clock of the thread's CPU time is a system call.
    static constexpr std::uint64_t polls_between_looks = 512;
    std::chrono::nanoseconds threshold_;
    std::array<Suspect, 8> table_{};
    unsigned suspects_ = 0;
    Found found_;
};

} // namespace rouse::detail
