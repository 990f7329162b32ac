// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What every backend promises where the kernel refuses, or has no room.

#include "io/backends.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace {

using rouse::detail::IoDriver;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::Watched;

class DriverLimits : public rouse_test::OverBackends {
protected:
    void SetUp() override {
        OverBackends::SetUp();
        if (!IsSkipped()) driver = GetParam().make().value();
    }
    std::shared_ptr<IoDriver> driver;
};
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

} // namespace
