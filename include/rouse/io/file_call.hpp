// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/blocking.hpp"
#include "rouse/io/bytes.hpp"
#include "rouse/io/descriptor.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>

#include <sys/types.h>

namespace rouse::detail {

/// What the kernel can do to a regular file without a thread of ours.
enum class FileAction : std::uint8_t { none, read, write, sync_all, sync_data };

/// A call on a regular file that the kernel completes, by a driver that can have it done so: see
/// IoDriver::start_call. Its buffer is its own, and lives until the kernel is through with it, as does the
/// descriptor; whoever waits may go at any time.
///
/// Reads and writes begin at `place`, and the place of the file is set behind them when they are over. (What
/// the kernel offers instead, to go on from the place of the file, forgets to move it when a write is cut
/// short by an error.)
class FileCall final : public BlockingResult<Result<std::uint64_t>> {
public:
    /// `keeps` owns what `room` refers to.
    FileCall(FileAction action, std::shared_ptr<const UniqueFd> fd, off_t place, io::Bytes room,
             std::shared_ptr<const void> keeps) noexcept
        : action(action), place(place), room(room), fd_(std::move(fd)), keeps_(std::move(keeps)) {}

    const FileAction action;
    const off_t place;
    const io::Bytes room;
    [[nodiscard]] int fd() const noexcept { return fd_->get(); }

    unsigned tries = 0; // of the driver

    /// By the driver, once: what the kernel says. The call may be gone afterwards.
    void complete(int result) noexcept;
    /// Instead: its driver waits no longer. The kernel may still use buffer and descriptor, so they stay, as
    /// does the call, until `drop_reference`: for ever, where nobody hears of its end.
    void abandon() noexcept;
    /// Nothing was done, for a reason that is not of the file.
    static bool is_not_done(int result) noexcept { return result == -ECANCELED || result == -EINTR; }
    /// With `is_done`: the same of what the kernel said in the end.
    static bool is_not_done(const Result<std::uint64_t>& value) noexcept {
        return !value && is_not_done(-value.error().value());
    }

private:
    void call() noexcept override { let_go(); }
    void discard() noexcept override { let_go(); }
    void let_go() noexcept {
        fd_.reset();
        keeps_.reset();
    }
    std::shared_ptr<const UniqueFd> fd_;
    std::shared_ptr<const void> keeps_;
};

} // namespace rouse::detail
