// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/polls.hpp"

#include "rouse/base/atomic.hpp"
#include "rouse/base/config.hpp"

#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

std::error_code last() noexcept { return std::error_code(errno, std::system_category()); }
std::uint32_t index_of(std::uint64_t key) noexcept { return static_cast<std::uint32_t>(key); }

} // namespace

Polls::~Polls() {
    if (epoll_ >= 0) ::close(epoll_);
}

// One more system call for a socket or a pipe, three for anything else: poll(2) and the ring say of a file
// that cannot be polled that it is ready, so nobody but epoll tells them from the others.
std::error_code Polls::add(int fd, std::uint64_t key) {
    struct stat about{};
    if (::fstat(fd, &about) != 0) return last();
    const bool is_socket = S_ISSOCK(about.st_mode);
    const std::lock_guard lock(mutex);
    if (!is_socket && !S_ISFIFO(about.st_mode))
        if (const std::error_code error = ask_epoll(fd)) return error;
    const auto number = static_cast<std::size_t>(fd);
    const std::uint32_t index = index_of(key);
    if (by_fd_.size() <= number) by_fd_.resize(number + 1);
    if (by_fd_[number] != 0) return std::make_error_code(std::errc::file_exists);
    if (polls_.size() <= index) polls_.resize(index + 1);
    by_fd_[number] = index + 1;
    Poll& poll = polls_[index];
    poll.fd = fd;
    poll.generation = static_cast<std::uint32_t>(key >> 32);
    poll.thread = this_thread();
    poll.is_socket = is_socket;
    return {};
}

std::uint32_t Polls::remove(int fd, std::uint64_t key) noexcept {
    const std::lock_guard lock(mutex);
    Poll* const poll = find(key);
    if (!poll) return this_thread();
    by_fd_[static_cast<std::size_t>(fd)] = 0;
    return std::exchange(*poll, Poll{}).thread;
}

std::uint32_t Polls::this_thread() noexcept {
    static constinit Atomic<std::uint32_t> last{0};
    thread_local constinit std::uint32_t number ROUSE_TLS = 0;
    if (number == 0) number = last.fetch_add(1, memory_order_relaxed) + 1;
    return number;
}

Polls::Poll* Polls::find(std::uint64_t key) noexcept {
    const std::uint32_t index = index_of(key);
    if (index >= polls_.size() || polls_[index].fd < 0) return nullptr;
    return polls_[index].generation == static_cast<std::uint32_t>(key >> 32) ? &polls_[index] : nullptr;
}

std::error_code Polls::ask_epoll(int fd) noexcept {
    if (epoll_ < 0) epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return last();
    epoll_event none{};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &none) != 0) return last();
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &none);
    return {};
}

} // namespace rouse::detail
