// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/inspect.hpp"
#include "rouse/io/driver.hpp"

#include <string>

namespace rouse::detail {

/// Words for the dump: what a descriptor is. Reads only.
using DescribeFd = std::string (*)(int fd);
/// "pipe:[4711]", as the system calls it.
std::string describe_any(int fd);

/// A descriptor as a future sees it that waits for it. Copied freely; valid as long as the object that it
/// comes from, and after `close` it says so.
class IoRef {
public:
    IoRef(IoSource* source, std::uint32_t generation, int fd, DescribeFd describe) noexcept
        : source_(source), generation_(generation), fd_(fd), describe_(describe) {}

    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// The word, to be given to `clear`; closed if the object is gone.
    [[nodiscard]] std::uint64_t load() const noexcept {
        const std::uint64_t word = source_->load();
        return IoSource::generation(word) == generation_ ? word : IoSource::closed;
    }
    /// What a word that is `over` means.
    [[nodiscard]] static std::error_code error_of(std::uint64_t word) noexcept {
        return make_error_code(word & IoSource::closed ? IoError::closed : IoError::runtime_ended);
    }
    bool wait(IoWaiter& waiter, io::Interest interest, const Waker& waker) const {
        return source_->wait(waiter, generation_, interest, waker);
    }
    void forget(IoWaiter& waiter) const noexcept { source_->forget(waiter); }
    void clear(std::uint64_t seen, std::uint32_t bits) const noexcept { source_->clear(seen, bits); }
    [[nodiscard]] IoWaiter& reader() const noexcept { return source_->reader; }
    [[nodiscard]] IoWaiter& writer() const noexcept { return source_->writer; }

    void inspect(Inspector& to, io::Interest interest) const;

private:
    IoSource* source_;
    std::uint32_t generation_;
    int fd_;
    DescribeFd describe_;
};

/// One descriptor in one driver, for as long as this lives. Does not own the descriptor, except as told.
/// Thread: any; the driver stays the one that it was made with.
class Registration {
public:
    /// With the driver of the runtime on this thread; stops the program with a message where there is none.
    static Result<Registration> add(int fd, std::uint32_t ready, DescribeFd describe, std::string_view what);
    static Result<Registration> add(std::shared_ptr<IoDriver> driver, int fd, std::uint32_t ready,
                                    DescribeFd describe);

    Registration(Registration&& other) noexcept = default;
    Registration& operator=(Registration&& other) noexcept {
        Registration old(std::move(*this));
        driver_ = std::move(other.driver_);
        ref_ = other.ref_;
        source_ = other.source_;
        generation_ = other.generation_;
        return *this;
    }
    /// Who still waits is woken, as by `close`.
    ~Registration() {
        if (!driver_) return;
        driver_->close(*source_, generation_, ref_.fd());
        driver_->remove(*source_);
    }

    /// Ends it early: everyone who waits is woken, and gets `IoError::closed`, as does who comes later.
    /// False: that was done before.
    bool close() noexcept { return driver_->close(*source_, generation_, ref_.fd()); }
    [[nodiscard]] const IoRef& ref() const noexcept { return ref_; }

private:
    Registration(std::shared_ptr<IoDriver> driver, IoSource* source, int fd, DescribeFd describe) noexcept
        : driver_(std::move(driver)),
          source_(source),
          generation_(IoSource::generation(source->load())),
          ref_(source, generation_, fd, describe) {}

    std::shared_ptr<IoDriver> driver_;
    IoSource* source_;
    std::uint32_t generation_;
    IoRef ref_;
};

} // namespace rouse::detail
