// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/io/registration.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rouse_test {

/// A way to make a driver. One suite runs over all of them.
class Backend {
public:
    using Make = rouse::Result<std::shared_ptr<rouse::detail::IoDriver>> (*)();
    constexpr Backend(const char* name, Make make) noexcept : name(name), make(make) {}
    const char* name;
    Make make;
};
inline std::ostream& operator<<(std::ostream& out, const Backend& backend) { return out << backend.name; }
inline auto backends() {
    return testing::Values(Backend("epoll", &rouse::detail::make_epoll_driver),
                           Backend("io_uring", &rouse::detail::make_io_uring_driver));
}
/// Why there is none here: one that the system refuses. Empty: there is.
inline std::string why_missing(const Backend& backend) {
    const auto driver = backend.make();
    if (driver || std::string_view(backend.name) == "epoll") return {};
    return std::string(backend.name) + ": " + driver.error().message();
}
/// A suite over all backends. A test whose backend is missing is skipped, and says why.
class OverBackends : public testing::TestWithParam<Backend> {
protected:
    void SetUp() override {
        if (const std::string why = why_missing(GetParam()); !why.empty()) GTEST_SKIP() << why;
    }
};

/// One of which each test has a driver.
class WithDriver : public OverBackends {
protected:
    void SetUp() override {
        OverBackends::SetUp();
        if (!IsSkipped()) driver = GetParam().make().value();
    }
    std::shared_ptr<rouse::detail::IoDriver> driver;
};

/// Two connected non-blocking sockets, or the ends of a pipe (first to read from).
class FdPair {
public:
    static FdPair sockets() {
        FdPair pair;
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.fds_.data()), 0);
        return pair;
    }
    static FdPair pipe() {
        FdPair pair;
        EXPECT_EQ(::pipe2(pair.fds_.data(), O_NONBLOCK | O_CLOEXEC), 0);
        return pair;
    }
    FdPair(FdPair&& other) noexcept : fds_(std::exchange(other.fds_, {-1, -1})) {}
    FdPair& operator=(FdPair&&) = delete;
    ~FdPair() {
        close_a();
        close_b();
    }
    [[nodiscard]] int a() const noexcept { return fds_[0]; }
    [[nodiscard]] int b() const noexcept { return fds_[1]; }
    void close_a() noexcept { close(0); }
    void close_b() noexcept { close(1); }
    int release_a() noexcept { return std::exchange(fds_[0], -1); }
    int release_b() noexcept { return std::exchange(fds_[1], -1); }

private:
    FdPair() noexcept = default;
    void close(std::size_t i) noexcept {
        if (fds_[i] >= 0) ::close(fds_[i]);
        fds_[i] = -1;
    }
    std::array<int, 2> fds_{-1, -1};
};

inline void put(int fd, std::string_view text = "x") {
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}
/// All that is there now.
inline std::string drain(int fd) {
    std::string text;
    std::array<char, 65536> buffer;
    for (ssize_t n; (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
        text.append(buffer.data(), static_cast<std::size_t>(n));
    return text;
}
/// Writes until nothing more fits.
inline std::size_t fill(int fd) {
    std::size_t total = 0;
    const std::string block(4096, 'f');
    for (ssize_t n; (n = ::write(fd, block.data(), block.size())) > 0;) total += static_cast<std::size_t>(n);
    return total;
}

/// A registered descriptor with waiters, in the hands of a test.
class Watched {
public:
    Watched(std::shared_ptr<rouse::detail::IoDriver> driver, int fd, std::uint32_t ready = 0)
        : registration_(add(std::move(driver), fd, ready)) {}

    [[nodiscard]] const rouse::detail::IoRef& io() const { return registration_.ref(); }
    [[nodiscard]] rouse::detail::Registration& registration() { return registration_; }
    [[nodiscard]] rouse::io::Readiness ready() const {
        return rouse::io::Readiness(static_cast<std::uint32_t>(io().load()) & rouse::io::Readiness::mask);
    }
    void clear(std::uint32_t bits = rouse::io::Readiness::mask) const { io().clear(io().load(), bits); }

private:
    static rouse::detail::Registration add(std::shared_ptr<rouse::detail::IoDriver> driver, int fd,
                                           std::uint32_t ready) {
        auto added =
            rouse::detail::Registration::add(std::move(driver), fd, ready, &rouse::detail::describe_any);
        EXPECT_TRUE(added.has_value());
        return std::move(added).value();
    }
    rouse::detail::Registration registration_;
};

/// One who waits for it, with a counting waker.
class Waits {
public:
    explicit Waits(const Watched& on) noexcept : io_(on.io()) {}
    ~Waits() { io_.forget(waiter_); }
    Waits(const Waits&) = delete;
    Waits& operator=(const Waits&) = delete;
    bool wait(rouse::io::Interest interest) { return io_.wait(waiter_, interest, counting.waker()); }
    void forget() { io_.forget(waiter_); }
    [[nodiscard]] bool is_queued() const noexcept { return waiter_.is_queued(); }
    rouse::testing::CountingWaker counting;

private:
    rouse::detail::IoRef io_;
    rouse::detail::IoWaiter waiter_;
};

} // namespace rouse_test
