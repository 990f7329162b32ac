// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/io/driver.hpp>
#include <rouse/io/file_call.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace rouse_test {

/// Takes calls on files, if it is willing, and leaves it to the test to complete them.
class TestKernel final : public rouse::detail::IoDriver {
public:
    void wait(std::optional<TimePoint>) noexcept override {}
    void unpark() noexcept override {}
    std::size_t dispatch() noexcept override { return 0; }
    const char* backend() const noexcept override { return "test"; }
    int descriptor() const noexcept override { return -1; }
    rouse::detail::FileKind kind_of(int) noexcept override { return rouse::detail::FileKind::regular; }
    bool start_call(rouse::detail::FileCall& started) noexcept override {
        if (!willing) return false;
        started.share();
        call = &started;
        return true;
    }
    rouse::detail::FileCall& take() { return *std::exchange(call, nullptr); }
    void complete(int result) { take().complete(result); }

    bool willing = true;
    rouse::detail::FileCall* call = nullptr;

protected:
    std::error_code arm(int, std::uint64_t) noexcept override { return {}; }
    void disarm(int, std::uint64_t) noexcept override {}
};

/// Does everything at once.
class TestPool final : public rouse::detail::BlockingPool {
public:
    void submit(rouse::detail::BlockingJob& job) noexcept override {
        ++ran;
        job.run();
    }
    bool take_back(rouse::detail::BlockingJob&) noexcept override { return false; }
    int ran = 0;
};

/// A test that is the kernel, and the pool.
class WithTestKernel : public ::testing::Test, private rouse::detail::IoHost {
protected:
    WithTestKernel() { set_current(this); }
    ~WithTestKernel() override { set_current(nullptr); }

    rouse::Result<std::shared_ptr<rouse::detail::IoDriver>> io_driver() override { return kernel; }
    std::shared_ptr<rouse::detail::BlockingPool> blocking_pool() override { return pool; }
    std::shared_ptr<rouse::detail::IoDriver> file_driver() override { return kernel; }

    rouse::testing::CountingWaker counting;
    rouse::Context cx{counting.waker()};
    const std::shared_ptr<TestKernel> kernel = std::make_shared<TestKernel>();
    const std::shared_ptr<TestPool> pool = std::make_shared<TestPool>();
};

} // namespace rouse_test
