// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/combine/nested_task.hpp"

#include "rouse/combine/child.hpp"

namespace rouse::detail {

std::string NestedTask::describe_drop() { return describe_this_thread(); }

NestedTask::Turned NestedTask::take_turn(void* out, std::string_view role, bool& yielded) {
    bool is_lost = begin_poll() & lost;
    for (;;) {
        if (is_lost && leave_it(role)) return Turned::idle;
        std::uint64_t delta = 0;
        bool again = false;
        if (poll_once(out, delta, again, yielded)) return Turned::over;
        switch (settle(delta, again)) {
        case Settled::idle:
            return Turned::idle;
        case Settled::again:
            return Turned::again;
        case Settled::lost:
            is_lost = true;
        }
    }
}

bool NestedTask::poll_once(void* out, std::uint64_t& delta, bool& again, bool& yielded) {
    /// Ready, or an exception.
    class Ended {
    public:
        explicit Ended(NestedTask& task) noexcept : task_(task) {}
        Ended(const Ended&) = delete;
        Ended& operator=(const Ended&) = delete;
        ~Ended() {
            if (!pending) task_.over();
        }
        bool pending = false;

    private:
        NestedTask& task_;
    };
    const NestedTurn nested(*this);
    Ended ended(*this);
    const LentWaker waker(this);
    Context cx(waker.get());
    if (poll_future(cx, out)) return true;
    ended.pending = true;
    delta = turn.delta;
    again = turn.woken || turn.yielded;
    yielded = turn.yielded;
    return false;
}

/// Nobody can wake it. True: the policy is to leave it as it is. Else it is to be polled, and throws then.
bool NestedTask::leave_it(std::string_view role) {
    AwaitFrames frames;
    inspect(frames);
    HangReport report = report_of_child(role, type(), frames);
    if (dropped_by_) {
        report.cause = HangCause::last_waker_dropped;
        report.dropped_by = std::move(*dropped_by_);
        dropped_by_.reset();
    }
    std::exception_ptr error = diagnose_hang(std::move(report));
    if (!error && leave_lost()) return true;
    clear_lost();
    if (!error || fail(error)) return false;
    {
        const NestedTurn nested(*this);
        over();
    }
    std::rethrow_exception(std::move(error));
}

} // namespace rouse::detail
