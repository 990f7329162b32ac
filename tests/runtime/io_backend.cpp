// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Which backend of I/O a runtime has, and what it says of it.

#include <rouse/io/async_fd.hpp>
#include <rouse/io/driver.hpp>
#include <rouse/runtime/runtime.hpp>

#include "support/captured_stderr.hpp"
#include "support/quiet_runtime.hpp"

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace {

using rouse::or_throw;
using rouse::Task;
using rouse::io::AsyncFd;
using rouse::io::Backend;

/// Sets ROUSE_IO_BACKEND for a while.
class Environment {
public:
    explicit Environment(const char* value) {
        if (const char* before = std::getenv(name)) before_ = before;
        if (value) ::setenv(name, value, 1);
        else ::unsetenv(name);
    }
    ~Environment() {
        if (before_) ::setenv(name, before_->c_str(), 1);
        else ::unsetenv(name);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

private:
    static constexpr const char* name = "ROUSE_IO_BACKEND";
    std::optional<std::string> before_;
};

bool has_io_uring() { return rouse::detail::make_io_uring_driver().has_value(); }

/// What a runtime says after it has watched a descriptor.
rouse::RuntimeMetrics used_by(Backend option) {
    auto options = rouse_test::quiet_options();
    options.io_backend = option;
    auto runtime = rouse::Runtime::current_thread(options);
    EXPECT_STREQ(runtime.metrics().workers.at(0).io_backend, "") << "it has none yet";
    runtime.block_on([]() -> Task<> {
        auto fd = or_throw(AsyncFd::own(::eventfd(0, EFD_CLOEXEC)));
        EXPECT_TRUE((co_await fd.writable()).has_value());
    });
    return runtime.metrics();
}
std::string backend_of(Backend option) { return used_by(option).workers.at(0).io_backend; }

TEST(IoBackend, it_is_epoll_unless_something_else_is_asked_for) {
    const Environment none(nullptr);
    const auto metrics = used_by(Backend::automatic);
    EXPECT_STREQ(metrics.workers.at(0).io_backend, "epoll");
    EXPECT_EQ(metrics.io_fallback, "");
    const Environment empty("");
    EXPECT_EQ(backend_of(Backend::automatic), "epoll");
}

TEST(IoBackend, the_environment_decides_what_the_option_leaves_open) {
    if (!has_io_uring()) GTEST_SKIP() << "no io_uring here";
    const Environment asked("io_uring");
    const auto metrics = used_by(Backend::automatic);
    EXPECT_STREQ(metrics.workers.at(0).io_backend, "io_uring");
    EXPECT_EQ(metrics.io_fallback, "");
    EXPECT_EQ(backend_of(Backend::epoll), "epoll") << "the option wins";
    const Environment other("epoll");
    EXPECT_EQ(backend_of(Backend::io_uring), "io_uring");
    EXPECT_EQ(backend_of(Backend::automatic), "epoll");
}

TEST(IoBackend, a_value_that_means_nothing_is_told_and_epoll_is_used) {
    const Environment wrong("kqueue");
    std::string backend;
    rouse_test::CapturedStderr captured;
    backend = backend_of(Backend::automatic);
    EXPECT_EQ(captured.take(),
              "rouse: ROUSE_IO_BACKEND=kqueue is not known: it is epoll or io_uring; epoll is used\n");
    EXPECT_EQ(backend, "epoll");
}

TEST(IoBackend, each_worker_has_it) {
    if (!has_io_uring()) GTEST_SKIP() << "no io_uring here";
    auto options = rouse_test::quiet_options();
    options.paused_clock = false;
    options.worker_threads = 2;
    options.io_backend = Backend::io_uring;
    auto runtime = rouse::Runtime::multi_thread(options);
    runtime.block_on([]() -> Task<> {
        auto fd = or_throw(AsyncFd::own(::eventfd(0, EFD_CLOEXEC)));
        EXPECT_TRUE((co_await fd.writable()).has_value());
    });
    int with = 0;
    for (const auto& worker : runtime.metrics().workers)
        if (*worker.io_backend) {
            ++with;
            EXPECT_STREQ(worker.io_backend, "io_uring");
        }
    EXPECT_EQ(with, 1);
}

/// From now on, in this thread, io_uring_setup fails.
void refuse_io_uring(int error) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{4, code};
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(IoBackend, where_the_system_refuses_it_epoll_serves_and_it_says_why) {
    if (!has_io_uring()) GTEST_SKIP() << "no io_uring here";
    for (const auto& [error, why] : {std::pair(EPERM, "(a sandbox, or kernel.io_uring_disabled)"),
                                     std::pair(ENOSYS, "(the kernel has none, or a sandbox hides it)"),
                                     std::pair(ENOMEM, "io_uring: ")}) {
        std::jthread([&, error = error, why = why] {
            refuse_io_uring(error);
            const auto metrics = used_by(Backend::io_uring);
            EXPECT_STREQ(metrics.workers.at(0).io_backend, "epoll");
            EXPECT_TRUE(metrics.io_fallback.starts_with("io_uring: ")) << metrics.io_fallback;
            EXPECT_NE(metrics.io_fallback.find(why), std::string::npos) << metrics.io_fallback;
        }).join();
    }
}

} // namespace
