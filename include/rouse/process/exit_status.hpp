// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <string>

namespace rouse::process {

/// How a process ended: with a code, or by a signal. A value.
class ExitStatus {
public:
    [[nodiscard]] static ExitStatus exited(int code) noexcept { return ExitStatus(code, 0, false); }
    [[nodiscard]] static ExitStatus killed(int signal, bool dumped_core) noexcept {
        return ExitStatus(0, signal, dumped_core);
    }
    /// It ended with 0.
    [[nodiscard]] bool success() const noexcept { return code_ == 0 && signal_ == 0; }
    /// Empty: a signal ended it.
    [[nodiscard]] std::optional<int> code() const noexcept {
        return signal_ ? std::nullopt : std::optional(code_);
    }
    [[nodiscard]] std::optional<int> signal() const noexcept {
        return signal_ ? std::optional(signal_) : std::nullopt;
    }
    [[nodiscard]] bool dumped_core() const noexcept { return dumped_core_; }
    /// "exit code 1", "signal 9 (Killed)".
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const ExitStatus&, const ExitStatus&) noexcept = default;

private:
    ExitStatus(int code, int signal, bool dumped_core) noexcept
        : code_(code), signal_(signal), dumped_core_(dumped_core) {}
    int code_;
    int signal_;
    bool dumped_core_;
};

} // namespace rouse::process
