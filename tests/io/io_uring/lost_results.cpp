// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The kernel drops results when it has no memory to keep them. Here the test drops them, in the ring itself.

#include "io/backends.hpp"

#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>

namespace {

using rouse::detail::IoDriver;
using rouse_test::FdPair;
using rouse_test::put;
using rouse_test::Watched;

class LostResults : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = rouse::detail::make_io_uring_driver();
        if (!made) GTEST_SKIP() << made.error().message();
        driver = std::move(*made);
        // Where things are is the same in every ring of this kernel.
        io_uring other{};
        io_uring_params params{};
        ASSERT_EQ(io_uring_queue_init_params(1, &other, &params), 0);
        const auto size = static_cast<std::size_t>(::getpagesize());
        memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, driver->descriptor(),
                        IORING_OFF_SQ_RING);
        ASSERT_NE(memory, MAP_FAILED);
        head = at(params.cq_off.head);
        tail = at(params.cq_off.tail);
        dropped = at(params.cq_off.overflow);
        io_uring_queue_exit(&other);
        while (driver->poll_now() != 0) {}
    }
    void TearDown() override {
        if (memory != MAP_FAILED) ::munmap(memory, static_cast<std::size_t>(::getpagesize()));
    }
    /// All results that nobody has taken yet.
    void drop_results() const {
        const unsigned count = __atomic_load_n(tail, __ATOMIC_ACQUIRE) - *head;
        EXPECT_NE(count, 0u);
        __atomic_store_n(head, *head + count, __ATOMIC_RELEASE);
        __atomic_fetch_add(dropped, count, __ATOMIC_SEQ_CST);
    }

    std::shared_ptr<IoDriver> driver;

private:
    [[nodiscard]] unsigned* at(unsigned offset) const {
        return reinterpret_cast<unsigned*>(static_cast<std::byte*>(memory) + offset);
    }
    void* memory = MAP_FAILED;
    unsigned* head = nullptr;
    unsigned* tail = nullptr;
    unsigned* dropped = nullptr;
};

TEST_F(LostResults, an_unpark_that_was_dropped_ends_the_park_all_the_same) {
    for (int i = 0; i < 3; ++i) {
        driver->unpark();
        drop_results();
        EXPECT_EQ(driver->park(std::nullopt), 0u);
    }
    driver->unpark(); // and so does the next
    EXPECT_EQ(driver->park(std::nullopt), 0u);
}

// As a loop does that is not ours: it never sleeps in the driver.
TEST_F(LostResults, an_event_that_was_dropped_is_found_without_sleeping) {
    auto pair = FdPair::sockets();
    auto other = FdPair::sockets();
    const Watched a(driver, pair.a());
    const Watched b(driver, other.a());
    while (driver->poll_now() != 0) {}
    a.clear();
    put(pair.b());
    drop_results();
    while (driver->poll_now() != 0) {}
    driver->poll_now();
    EXPECT_TRUE(a.ready().is_readable());
    EXPECT_FALSE(b.ready().is_readable());
    (void)rouse_test::drain(pair.a());
    a.clear();
    put(pair.b());
    put(other.b());
    while (driver->poll_now() != 0) {}
    EXPECT_TRUE(a.ready().is_readable());
    EXPECT_TRUE(b.ready().is_readable());
}

TEST_F(LostResults, the_peer_sees_a_close_after_it) {
    auto pair = FdPair::sockets();
    std::optional<Watched> a(std::in_place, driver, pair.a());
    drop_results();
    while (driver->poll_now() != 0) {}
    a.reset();
    pair.close_a();
    pollfd ready{pair.b(), POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, 20'000), 1);
}

} // namespace
