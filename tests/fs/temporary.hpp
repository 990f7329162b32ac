// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/quiet_runtime.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace rouse_test {

/// A directory that is gone in the end.
class TemporaryDir {
public:
    TemporaryDir() {
        std::string path = std::filesystem::temp_directory_path() / "rouse-test-XXXXXX";
        if (!::mkdtemp(path.data())) std::abort();
        path_ = path;
    }
    TemporaryDir(const TemporaryDir&) = delete;
    TemporaryDir& operator=(const TemporaryDir&) = delete;
    ~TemporaryDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + '/' + name; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// Hooks that fail the test, and a clock that runs.
template <class F>
auto run(F main) {
    auto options = quiet_options();
    options.paused_clock = false;
    return rouse::run(std::move(main), std::move(options));
}

} // namespace rouse_test
