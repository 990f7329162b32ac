// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <exception>
#include <string_view>
#include <utility>

namespace rouse::detail {

/// What a combinator polls beside others and that is no future of its own: a set of futures, a sink, one end
/// of a copy. The slot alone; see Child.
class ChildPart final : public ChildBase {
public:
    ChildPart() noexcept = default;
    /// Before the first poll.
    ChildPart(ChildPart&& /*other*/) noexcept {}
    ~ChildPart() { finish_end(); }

    /// `body(cx)`, which is a poll of it.
    template <class Body>
    auto poll(Context& cx, ChildSet& set, Body&& body) {
        auto poll = poll_in_slot(cx, set, body);
        waits_ = poll.is_pending();
        return poll;
    }
    /// Its last poll was Pending, and it is lost.
    [[nodiscard]] bool is_lost() const noexcept { return waits_ && ChildBase::is_lost(); }
    /// It is lost: reports what `inspect(to)` says of it. Then what is to be thrown; null, if the policy is
    /// to leave it.
    template <class Inspect>
    [[nodiscard]] std::exception_ptr diagnose_lost(std::string_view role, std::string_view type,
                                                   Inspect&& inspect) {
        AwaitFrames frames;
        inspect(frames);
        std::exception_ptr error = diagnose_hang(report_of(role, type, frames));
        if (!error) told();
        return error;
    }
    /// The same of `object`, which is it; throws.
    template <class T>
    void fail_lost(std::string_view role, const T& object) {
        const auto inspect = [&object](AwaitFrames& frames) { inspect_future(object, frames); };
        if (auto error = diagnose_lost(role, type_name<T>(), inspect))
            std::rethrow_exception(std::move(error));
    }
    /// `body()` takes back the waker of its last poll. Between two polls.
    template <class Body>
    void cancel(Body&& body) noexcept {
        waits_ = false;
        begin_end();
        body();
        finish_cancel();
    }
    /// `body()` lets go of every waker that it keeps.
    template <class Body>
    void end(Body&& body) noexcept {
        waits_ = false;
        begin_end();
        body();
        finish_end();
    }

private:
    bool waits_ = false;
};

} // namespace rouse::detail
