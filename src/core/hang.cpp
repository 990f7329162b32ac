// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/hang.hpp"

#include "rouse/base/config.hpp"
#include "rouse/base/readable.hpp"
#include "rouse/base/stop.hpp"
#include "rouse/base/text.hpp"
#include "rouse/core/task_title.hpp"

namespace rouse {
namespace {

std::string summary(const HangReport& report) {
    detail::Text text;
    detail::add_task_title(text, report.task_id, report.task_name);
    if (!report.child_role.empty()) text << ": its " << report.child_role;
    text << " can never be woken again: " << report.future_type
         << (report.cause == HangCause::never_registered ? " returned Pending and kept no waker"
                                                         : " lost its last waker, unwoken");
    if (const SourceLocation site = report.site()) text << " (" << readable_place(site) << ")";
    return std::move(text).take();
}

thread_local detail::Diagnosis* current = nullptr;

} // namespace

LostWaker::LostWaker(std::shared_ptr<const HangReport> report)
    : report_(std::move(report)), what_(std::make_shared<const std::string>(summary(*report_))) {}

namespace detail {

void add_task_title(Text& text, std::uint64_t id, std::string_view name) {
    if (id) text << "task " << id;
    else text << "the main task";
    if (!name.empty()) text << " `" << name << "`";
}

Diagnosis& current_diagnosis() noexcept { return current ? *current : process_diagnosis(); }

DiagnosisScope::DiagnosisScope(Diagnosis& diagnosis) noexcept : before_(std::exchange(current, &diagnosis)) {}
DiagnosisScope::~DiagnosisScope() { current = before_; }

void report_hang(HangReport report) {
    Diagnosis& diagnosis = current_diagnosis();
    report.future_type = readable_type(report.future_type);
    report.policy = HangPolicy::report;
    diagnosis.hang(report);
    if (diagnosis.hang_policy() == HangPolicy::abort) stop("a task hangs, and the hang policy is abort");
}

std::exception_ptr diagnose_hang(HangReport report) {
    Diagnosis& diagnosis = current_diagnosis();
    report.future_type = readable_type(report.future_type);
    report.policy = diagnosis.hang_policy();
    diagnosis.hang(report);
    if (report.policy == HangPolicy::abort) stop("a task hangs, and the hang policy is abort");
    if (report.policy == HangPolicy::report) return nullptr;
#if ROUSE_EXCEPTIONS
    return std::make_exception_ptr(LostWaker(std::make_shared<const HangReport>(std::move(report))));
#else
    stop("a task hangs, and there are no exceptions to say so");
#endif
}

} // namespace detail
} // namespace rouse
