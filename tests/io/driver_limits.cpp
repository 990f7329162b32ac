// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What every backend promises where the kernel refuses, or has no room.

#include "io/backends.hpp"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using rouse::detail::IoDriver;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::Watched;

class DriverLimits : public rouse_test::WithDriver {};
INSTANTIATE_TEST_SUITE_P(backends, DriverLimits, rouse_test::backends(), testing::PrintToStringParamName());

/// For its lifetime the system refuses whatever is asked of the descriptor: it is another file.
class Refused {
public:
    explicit Refused(int fd) : fd_(fd), kept_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)) {
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        EXPECT_EQ(::dup2(null, fd_), fd_);
        ::close(null);
    }
    ~Refused() {
        EXPECT_EQ(::dup3(kept_, fd_, O_CLOEXEC), fd_);
        ::close(kept_);
    }
    Refused(const Refused&) = delete;
    Refused& operator=(const Refused&) = delete;

private:
    int fd_;
    int kept_;
};

TEST_P(DriverLimits, a_registration_that_was_refused_leaves_nothing_behind) {
    auto pair = FdPair::sockets();
    for (int round = 0; round < 3; ++round) {
        {
            const Refused refused(driver->descriptor());
            for (int i = 0; i < 20; ++i) EXPECT_FALSE(driver->add(pair.a(), 0).has_value());
        }
        auto added = driver->add(pair.a(), 0);
        ASSERT_TRUE(added.has_value()) << added.error().message();
        const std::uint32_t generation = rouse::detail::IoSource::generation((*added)->load());
        EXPECT_EQ(driver->poll_now(), 1u) << "it is writable";
        EXPECT_EQ(driver->poll_now(), 0u);
        put(pair.b());
        EXPECT_EQ(driver->park(std::nullopt), 1u);
        (void)rouse_test::drain(pair.a());
        EXPECT_TRUE(driver->close(**added, generation, pair.a()));
        driver->remove(**added);
    }
    EXPECT_EQ(driver->registrations(), 0u);
}

void add_one(int fd) {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(fd, &one, sizeof(one)), 8);
}

/// May open so many files. False: not here.
bool may_open(rlim_t count) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= count) return true;
    limit.rlim_cur = std::min(count, limit.rlim_max);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

// The ring of io_uring has room for 4096 events; polls that report more end.
TEST_P(DriverLimits, every_descriptor_is_watched_on_after_more_events_than_there_is_room_for) {
    constexpr int count = 6000;
    if (!may_open(count + 100)) GTEST_SKIP() << "no more than a few files may be open here";
    std::vector<int> fds;
    std::vector<std::unique_ptr<Watched>> watched;
    for (int i = 0; i < count; ++i) {
        fds.push_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        watched.push_back(std::make_unique<Watched>(driver, fds.back()));
    }
    while (driver->poll_now() != 0) {}
    for (int round = 0; round < 2; ++round) {
        for (int twice = 0; twice < 2; ++twice)
            for (const int fd : fds) add_one(fd);
        while (driver->poll_now() != 0) {}
        std::uint64_t sum = 0;
        for (const int fd : fds) EXPECT_EQ(::read(fd, &sum, sizeof(sum)), 8);
        while (driver->poll_now() != 0) {} // now they are writable, if they were not
        for (const auto& one : watched) one->clear();
        for (const int fd : fds) add_one(fd);
        while (driver->poll_now() != 0) {}
        int deaf = 0;
        for (const auto& one : watched) deaf += !one->ready().is_readable();
        EXPECT_EQ(deaf, 0);
    }
    watched.clear();
    for (const int fd : fds) ::close(fd);
}

// A loop that is not ours sleeps in the descriptor of the driver.
TEST_P(DriverLimits, a_foreign_loop_comes_back_until_all_is_watched_again) {
    constexpr int count = 6000;
    if (!may_open(count + 100)) GTEST_SKIP() << "no more than a few files may be open here";
    std::vector<int> fds;
    std::vector<std::unique_ptr<Watched>> watched;
    for (int i = 0; i < count; ++i) {
        fds.push_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        watched.push_back(std::make_unique<Watched>(driver, fds.back()));
    }
    const auto poll_while_readable = [&] {
        pollfd ready{driver->descriptor(), POLLIN, 0};
        while (::poll(&ready, 1, 0) == 1) driver->poll_now();
    };
    poll_while_readable();
    for (int twice = 0; twice < 2; ++twice)
        for (const int fd : fds) add_one(fd);
    poll_while_readable();
    for (const auto& one : watched) one->clear();
    for (const int fd : fds) add_one(fd);
    poll_while_readable();
    int deaf = 0;
    for (const auto& one : watched) deaf += !one->ready().is_readable();
    EXPECT_EQ(deaf, 0);
    watched.clear();
    for (const int fd : fds) ::close(fd);
}

} // namespace
