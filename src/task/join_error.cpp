// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/join_error.hpp"

#include "rouse/base/config.hpp"
#include "rouse/base/text.hpp"
#include "rouse/core/hang.hpp"

namespace rouse {
namespace {

// A failure that goes back to a lost waker, in this task or in one it waited for, is "lost".
JoinError::Kind classify(JoinError::Kind kind, const std::exception_ptr& error, std::string& why) {
#if ROUSE_EXCEPTIONS
    if (!error) return kind;
    try {
        std::rethrow_exception(error);
    } catch (const LostWaker& lost) {
        why = lost.what();
        return JoinError::Kind::lost;
    } catch (const JoinError& join) {
        why = join.what();
        return join.is_lost() ? JoinError::Kind::lost : kind;
    } catch (const std::exception& other) {
        why = other.what();
    } catch (...) {
        why = "an exception that is no std::exception";
    }
#else
    (void)error;
    (void)why;
#endif
    return kind;
}

} // namespace

JoinError::JoinError(Kind kind, std::uint64_t task_id, std::exception_ptr error)
    : kind_(kind), task_id_(task_id), error_(std::move(error)) {
    std::string why;
    kind_ = classify(kind, error_, why);
    detail::Text text("task ");
    text << task_id_
         << (kind_ == Kind::cancelled ? " was cancelled"
             : kind_ == Kind::failed  ? " failed"
                                      : " was lost");
    if (!why.empty()) text << ": " << why;
    what_ = std::move(text).take();
}

} // namespace rouse
