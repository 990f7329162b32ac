// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/io/driver.hpp>
#include <rouse/rouse.hpp>

#include "fs/temporary.hpp"
#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

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
    /// Not in a bare chroot: what its files are mounted from is not in the table that it sees.
    [[nodiscard]] bool is_in_kernel() const {
        return is_on_ring() && is_in_table(mount_of("/")) && is_in_table(mount_of(dir.path()));
    }
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

private:
    static std::uint64_t mount_of(const std::string& path) {
        struct statx about{};
        EXPECT_EQ(::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &about), 0) << path;
        return about.stx_mnt_id;
    }
    static bool is_in_table(std::uint64_t mount) {
        std::ifstream table("/proc/self/mountinfo");
        for (std::string line; std::getline(table, line);)
            if (line.starts_with(std::to_string(mount) + ' ')) return true;
        return false;
    }
};

inline auto both_backends() {
    return testing::Values(rouse::io::Backend::epoll, rouse::io::Backend::io_uring);
}
inline std::string name_of_backend(const testing::TestParamInfo<rouse::io::Backend>& given) {
    return given.param == rouse::io::Backend::epoll ? "epoll" : "io_uring";
}

} // namespace rouse_test
