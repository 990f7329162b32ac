// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/io/driver.hpp>
#include <rouse/rouse.hpp>

#include "fs/temporary.hpp"
#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace rouse_test {

/// Files over both backends: what differs is who does the calls, a thread of the pool or the kernel.
class FilesOverBackends : public testing::TestWithParam<rouse::io::Backend> {
protected:
    void SetUp() override {
        if (!is_on_ring()) return;
        const auto driver = rouse::detail::make_io_uring_driver();
        if (!driver) GTEST_SKIP() << "io_uring: " << driver.error().message();
    }
    static bool is_on_ring() { return GetParam() == rouse::io::Backend::io_uring; }
    static rouse::RuntimeOptions options() {
        auto options = quiet_options();
        options.paused_clock = false;
        options.io_backend = GetParam();
        return options;
    }
    template <class F>
    static void run(F main) {
        rouse::Runtime::current_thread(options()).block_on(std::move(main));
    }
    static std::string text_of(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    const TemporaryDir dir;
};

inline auto both_backends() {
    return testing::Values(rouse::io::Backend::epoll, rouse::io::Backend::io_uring);
}
inline std::string name_of_backend(const testing::TestParamInfo<rouse::io::Backend>& given) {
    return given.param == rouse::io::Backend::epoll ? "epoll" : "io_uring";
}

} // namespace rouse_test
