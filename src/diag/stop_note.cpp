// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/stop_note.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/task/strand.hpp"

#include <cstdio>

namespace rouse::detail {

void note_task_and_place() noexcept {
    if (const Cell* cell = running_cell()) {
        if (cell->id()) std::fprintf(stderr, "   in task %llu", static_cast<unsigned long long>(cell->id()));
        else std::fputs("   in the main task", stderr);
        if (!cell->name().empty()) std::fprintf(stderr, " `%s`", std::string(cell->name()).c_str());
        std::fputc('\n', stderr);
    }
    // The top of a strand is the coroutine that is running: its last await is the one that it is in, or came
    // from.
    for (const PollScope* scope = turn.scope; scope; scope = scope->outer) {
        for (PromiseBase* promise = scope->strand->top(); promise;) {
            if (const SourceLocation where = promise->await_at())
                std::fprintf(stderr, "      %s  %s\n", readable_function(where.function_name()).c_str(),
                             readable_place(where).c_str());
            PromiseBase::Await* await = promise->awaiting();
            promise = await ? await->parent : nullptr;
        }
    }
}

} // namespace rouse::detail
