// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace rouse {

/// Why a task has no value: it was cancelled (aborted, or its runtime ended), it failed (with `error()`), or
/// it was lost (nobody could wake it: `error()` is the `LostWaker`, its own or that of the task it waited
/// for).
class JoinError : public std::exception {
public:
    enum class Kind : std::uint8_t { cancelled, failed, lost };

    JoinError(Kind kind, std::uint64_t task_id, std::exception_ptr error);

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_cancelled() const noexcept { return kind_ == Kind::cancelled; }
    [[nodiscard]] bool is_failed() const noexcept { return kind_ == Kind::failed; }
    [[nodiscard]] bool is_lost() const noexcept { return kind_ == Kind::lost; }
    [[nodiscard]] std::uint64_t task_id() const noexcept { return task_id_; }
    /// What the task threw; null when it was cancelled.
    [[nodiscard]] std::exception_ptr error() const noexcept { return error_; }
    [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

private:
    Kind kind_;
    std::uint64_t task_id_;
    std::exception_ptr error_;
    std::string what_;
};

} // namespace rouse
