// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/poll_log.hpp"

#include "rouse/diag/reports.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rouse::detail {
namespace {

bool asked_by_environment() {
    const char* value = std::getenv("ROUSE_POLL_LOG");
    return value && *value && std::strcmp(value, "0") != 0;
}

std::string site_of(const Cell& cell) {
    AwaitDump await;
    AwaitCollector collector(await);
    cell.strand().inspect(collector);
    if (await.frames.empty()) return await.future_type;
    const SourceLocation& where = await.frames.front();
    return readable_place(where) + " in " + readable_function(where.function_name());
}

} // namespace

PollLog::PollLog(bool enabled, std::function<void(const std::string&)> sink)
    : enabled_(enabled || asked_by_environment()), sink_(std::move(sink)) {}

void PollLog::cancel(const Cell& cell) {
    last_ = cell.id();
    woken_by_.erase(&cell);
}

void PollLog::begin(const Cell& cell) {
    last_ = cell.id();
    head_ = "poll task " + std::to_string(cell.id());
    if (!cell.name().empty()) head_ += " `" + std::string(cell.name()) + "`";
    const auto by = woken_by_.find(&cell);
    by_ = by == woken_by_.end() ? "its spawn" : std::move(by->second);
    if (by != woken_by_.end()) woken_by_.erase(by);
    start_ = std::chrono::steady_clock::now();
}

void PollLog::end(const Cell* pending, std::string_view result) {
    const auto took = std::chrono::steady_clock::now() - start_;
    char time[32];
    std::snprintf(time, sizeof(time), "%.1f us", static_cast<double>(took.count()) / 1000.0);
    std::string line = head_ + " -> " + std::string(result);
    if (pending) line += " at " + site_of(*pending);
    line += ", " + std::string(time) + ", woken by " + by_;
#if ROUSE_EXCEPTIONS
    try {
        if (sink_) return sink_(line);
    } catch (...) { // a hook has nowhere to throw to
        return;
    }
#else
    if (sink_) return sink_(line);
#endif
    std::fprintf(stderr, "rouse: %s\n", line.c_str());
}

} // namespace rouse::detail
