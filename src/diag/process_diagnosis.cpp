// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/hang_log.hpp"
#include "diag/print.hpp"
#include "diag/stop_note.hpp"
#include "rouse/base/stop.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/task/cell.hpp"

#include <unistd.h>

namespace rouse::detail {
namespace {

// Here, because every program that drives a task has this file linked in, for `process_diagnosis`.
[[maybe_unused]] const bool note_is_set = (set_stop_note(note_task_and_place), true);

/// For `rouse::block_on`, which has no runtime to ask.
class ProcessDiagnosis final : public Diagnosis {
public:
    [[nodiscard]] HangPolicy hang_policy() const noexcept override { return HangPolicy::throw_error; }
    void hang(HangReport& report) override { log_.add(report); }
    void cycle(const LockCycle& cycle, std::string (&text)(const LockCycle&)) override {
        print_report(text(cycle));
    }

private:
    HangLog log_{nullptr};
};

} // namespace

Diagnosis& process_diagnosis() noexcept {
    static auto* diagnosis = new ProcessDiagnosis; // never destroyed: a static's destructor may block_on
    return *diagnosis;
}

std::string describe_this_thread() {
    std::string text = "thread " + std::to_string(gettid());
    if (const Cell* cell = running_cell()) text += ", in a poll of task " + std::to_string(cell->id());
    return text;
}

} // namespace rouse::detail
