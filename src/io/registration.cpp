// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/registration.hpp"

#include <array>

#include <unistd.h>

namespace rouse::detail {

std::string describe_any(int fd) {
    std::array<char, 256> text;
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = readlink(link.c_str(), text.data(), text.size());
    return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : "unknown";
}

void IoRef::inspect(Inspector& to, io::Interest interest) const {
    std::string text;
    const auto add = [&](io::Interest one, const char* name) {
        if (!includes(interest, one)) return;
        if (!text.empty()) text += " or ";
        text += name;
    };
    add(io::Interest::readable, "readable");
    add(io::Interest::writable, "writable");
    add(io::Interest::priority, "priority");
    text +=
        ": fd " + std::to_string(fd_) + " (" + (load() & IoSource::closed ? "closed" : describe_(fd_)) + ")";
    to.waits_for(WaitKind::io, source_, text);
}

Result<Registration> Registration::add(int fd, std::uint32_t ready, DescribeFd describe,
                                       std::string_view what) {
    IoHost* const host = IoHost::current();
    if (!host) [[unlikely]]
        stop(
            std::string(what) +
            " outside of a runtime: run the task with Runtime::block_on or rouse::run, not with rouse::block_on");
    auto driver = host->io_driver();
    if (!driver) return std::unexpected(driver.error());
    return add(std::move(*driver), fd, ready, describe);
}

Result<Registration> Registration::add(std::shared_ptr<IoDriver> driver, int fd, std::uint32_t ready,
                                       DescribeFd describe) {
    auto source = driver->add(fd, ready);
    if (!source) return std::unexpected(source.error());
    return Registration(std::move(driver), *source, fd, describe);
}

} // namespace rouse::detail
