// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace rouse_test {

/// Keeps what is written to stderr while it lives.
class CapturedStderr {
public:
    CapturedStderr() { testing::internal::CaptureStderr(); }
    ~CapturedStderr() {
        if (!taken_) (void)testing::internal::GetCapturedStderr();
    }
    CapturedStderr(const CapturedStderr&) = delete;
    CapturedStderr& operator=(const CapturedStderr&) = delete;
    /// Once; ends the capture.
    [[nodiscard]] std::string take() {
        taken_ = true;
        return testing::internal::GetCapturedStderr();
    }

private:
    bool taken_ = false;
};

} // namespace rouse_test
