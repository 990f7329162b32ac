// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/registration.hpp"

#include <utility>

namespace rouse::detail {

/// A number that is closed in the end, unless it is -1.
class UniqueFd {
public:
    explicit UniqueFd(int fd = -1) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        UniqueFd old(std::move(*this));
        fd_ = other.release();
        return *this;
    }
    ~UniqueFd();
    [[nodiscard]] int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

/// A registered descriptor: owned, unless it is told otherwise.
class Descriptor {
public:
    /// `what` would be made outside of a runtime: for the message. `fd` is closed when this fails.
    static Result<Descriptor> own(UniqueFd fd, std::uint32_t ready, DescribeFd describe,
                                  std::string_view what);
    static Result<Descriptor> borrow(int fd, std::uint32_t ready, DescribeFd describe, std::string_view what);

    Descriptor(Descriptor&&) noexcept = default;
    /// What was here is ended as by its destruction: while it is still registered its number must not be free
    /// for a file that another thread opens.
    Descriptor& operator=(Descriptor&& other) noexcept {
        Descriptor taken(std::move(other));
        std::swap(registration_, taken.registration_);
        std::swap(owned_, taken.owned_);
        return *this;
    }

    [[nodiscard]] int fd() const noexcept { return registration_.ref().fd(); }
    [[nodiscard]] const IoRef& io() const noexcept { return registration_.ref(); }

    /// Wakes all who wait, and closes the file, but keeps its number until this is destroyed: a thread that
    /// is on its way into a call with this number must not meet a file that is opened in the meantime.
    bool close() noexcept;
    /// Ends the registration only.
    [[nodiscard]] int release() && noexcept {
        const int fd = registration_.ref().fd();
        owned_.release();
        const Registration ended(std::move(registration_));
        return fd;
    }

private:
    Descriptor(UniqueFd owned, Registration registration) noexcept
        : owned_(std::move(owned)), registration_(std::move(registration)) {}
    UniqueFd owned_; // destroyed after the registration
    Registration registration_;
};

} // namespace rouse::detail
