// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/blocking.hpp"
#include "rouse/io/bytes.hpp"
#include "rouse/io/descriptor.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

namespace rouse::detail {

/// What the kernel can do to files without a thread of ours.
enum class FileAction : std::uint8_t {
    none,
    // To an open file; `read` and `write` move its place.
    read,
    write,
    read_at,
    write_at,
    sync_all,
    sync_data,
    set_len, // to `place`
    // To an open file, or by a path:
    stat, // statx(2), into `room`
    // By paths:
    open,
    remove,
    rename,
    create_dir,
    hard_link,
    symlink,
};

/// A call on files that the kernel completes, by a driver that can have it done so: see IoDriver::start_call.
/// Or a thread of a pool does it, as it does any other BlockingJob. Its buffer and its paths are its own, and
/// live until the kernel is through with them, as does the descriptor; whoever waits may go at any time. A
/// descriptor that `open` brings is closed with the call, if nobody takes it.
///
/// Reads and writes begin at `place`, and the place of the file is set behind them when they are over. (What
/// the kernel offers instead, to go on from the place of the file, forgets to move it when a write is cut
/// short by an error.)
class FileCall final : public BlockingResult<Result<std::uint64_t>> {
public:
    /// On an open file. `keeps` owns what `room` refers to.
    FileCall(FileAction action, std::shared_ptr<const UniqueFd> fd, off_t place, io::Bytes room,
             std::shared_ptr<const void> keeps) noexcept
        : action(action), place(place), room(room), fd_(std::move(fd)), keeps_(std::move(keeps)) {}
    /// By a path, or two. What `flags` and `mode` are is the action's matter.
    FileCall(FileAction action, std::string path, std::string other = {}, int flags = 0, unsigned mode = 0,
             io::Bytes room = {}, std::shared_ptr<const void> keeps = nullptr) noexcept
        : action(action),
          place(0),
          room(room),
          path(std::move(path)),
          other(std::move(other)),
          flags(flags),
          mode(mode),
          keeps_(std::move(keeps)) {}

    const FileAction action;
    const off_t place;
    const io::Bytes room;
    const std::string path;
    const std::string other; // the second path
    const int flags = 0;
    const unsigned mode = 0;
    [[nodiscard]] int fd() const noexcept { return fd_ ? fd_->get() : AT_FDCWD; }
    /// What is done is found by paths: `path` and `other`, but that a symbolic link only says `path`.
    [[nodiscard]] bool is_by_path() const noexcept { return !fd_; }

    /// Of `stat`.
    [[nodiscard]] int stat_flags() const noexcept { return fd_ ? flags | AT_EMPTY_PATH : flags; }

    unsigned tries = 0; // of the driver

    /// By the driver, once: what the kernel says. The call may be gone afterwards.
    void complete(int result) noexcept;
    /// Instead: its driver waits no longer. The kernel may still use buffer, paths and descriptor, so they
    /// stay, as does the call, until `end_abandoned`: for ever, where nobody hears of its end.
    void abandon() noexcept;
    /// That is the end, after all.
    void end_abandoned(int result) noexcept;
    /// Nothing was done, for a reason that is not of the file.
    static bool is_not_done(int result) noexcept { return result == -ECANCELED || result == -EINTR; }
    /// With `is_done`: the same of what the kernel said in the end.
    static bool is_not_done(const Result<std::uint64_t>& value) noexcept {
        return !value && is_not_done(-value.error().value());
    }

    // ---- who waits ----

    /// The same call once more, of one that the kernel has not done.
    [[nodiscard]] static FileCall* again(const FileCall& call);
    /// What `open` brought. After that it is the caller's to close.
    [[nodiscard]] UniqueFd take_opened() noexcept { return std::move(opened_); }

private:
    FileCall(const FileCall& other_call, int) noexcept;
    void call() noexcept override;
    void discard() noexcept override { let_go(); }
    /// On this thread.
    Result<std::uint64_t> do_here() noexcept;
    void take_in(int result) noexcept;
    /// Of the file. What came into the buffer is for who waits.
    void let_go() noexcept { fd_.reset(); }
    std::shared_ptr<const UniqueFd> fd_;
    std::shared_ptr<const void> keeps_;
    UniqueFd opened_;
};

/// A FileCall from its beginning to its end, which need not be awaited: by the kernel, where the runtime that
/// polls first has a driver that takes it, else by its pool.
///
/// A call that the kernel has begun is not stopped when this is destroyed. What the kernel did not do,
/// because the thread that asked is gone, the pool does.
class FileCallWait {
public:
    explicit FileCallWait(FileCall* call) noexcept : job_(call) {}
    FileCallWait(FileCallWait&&) noexcept = default;
    FileCallWait& operator=(FileCallWait&&) = delete;
    ~FileCallWait() {
        if (!job_) return;
        job_->forget_waker();
        job_->abort();
    }

    /// `what`, for messages. True: it is over.
    bool poll_ready(Context& cx, const char* what);
    /// Then, once: `finish(call, value)`.
    template <class Finish>
    auto take_ready(Finish finish) {
        const BlockingRef<Result<std::uint64_t>> job = std::move(job_);
        return finish(call_of(job), value_of(job));
    }
    [[nodiscard]] const void* address() const noexcept { return job_.address(); }

private:
    using Job = BlockingRef<Result<std::uint64_t>>;
    static FileCall& call_of(const Job& job) noexcept { return static_cast<FileCall&>(*job.operator->()); }
    static Result<std::uint64_t> value_of(const Job& job);
    void begin(const char* what);

    Job job_;
    bool in_kernel_ = false;
    bool begun_ = false;
};

} // namespace rouse::detail
