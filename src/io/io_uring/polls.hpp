// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <mutex>
#include <system_error>
#include <vector>

namespace rouse::detail {

/// The descriptors that one ring polls, by the index of their source and by their number.
class Polls {
public:
    class Poll {
    public:
        int fd = -1; // -1: none
        std::uint32_t generation = 0;
        std::uint32_t thread = 0; // that submitted it: its number
        bool is_socket = false;
        std::uint8_t endings = 0; // in a row
        std::uint16_t event = 0;  // of the driver: the one that it took last
    };

    Polls() noexcept = default;
    Polls(const Polls&) = delete;
    Polls& operator=(const Polls&) = delete;
    ~Polls();

    /// Errors are epoll's, which the ring knows only later, or not at all: EBADF, EPERM for what cannot be
    /// polled, EEXIST.
    std::error_code add(int fd, std::uint64_t key);
    /// The thread that submitted it.
    std::uint32_t remove(int fd, std::uint64_t key) noexcept;
    /// The number of this thread, which no other had or will have.
    static std::uint32_t this_thread() noexcept;

    // ---- under the mutex ----

    std::mutex mutex;
    /// Null: it is gone.
    Poll* find(std::uint64_t key) noexcept;
    template <class Fn>
    void for_each(Fn fn) {
        for (std::size_t i = 0; i < polls_.size(); ++i)
            if (polls_[i].fd >= 0) fn((static_cast<std::uint64_t>(polls_[i].generation) << 32) | i);
    }

private:
    std::error_code ask_epoll(int fd) noexcept;

    std::vector<Poll> polls_;          // by the index of the source
    std::vector<std::uint32_t> by_fd_; // the index, plus one
    int epoll_ = -1;
};

} // namespace rouse::detail
