// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/fs/metadata.hpp"
#include "rouse/fs/operation.hpp"
#include "rouse/io/pool_file.hpp"
#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace rouse::fs {

/// As `Operation`, of an open file, which must outlive it: await one before the next begins.
template <class T = void>
using FileOperation = detail::PoolFileCall<T>;

class File;

/// See `File::read_at`.
class [[nodiscard]] ReadAt {
public:
    using Output = Result<std::size_t>;
    ReadAt(std::shared_ptr<const detail::UniqueFd> fd, std::uint64_t place, io::Bytes room);

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return read_.poll_ready(cx); }
    Output take_ready();
    void inspect(Inspector& to) const { read_.inspect(to); }

private:
    using Buffer = std::shared_ptr<std::byte[]>; // also the call's: what is lent is touched in here only
    ReadAt(std::shared_ptr<const detail::UniqueFd> fd, std::uint64_t place, io::Bytes room, Buffer buffer);
    Operation<std::size_t> read_;
    Buffer buffer_;
    io::Bytes room_;
};

/// How a file is opened.
///
/// ```cpp
/// auto log = rouse::or_throw(co_await rouse::fs::OpenOptions().append(true).create(true).open("log"));
/// ```
class OpenOptions {
public:
    OpenOptions() noexcept = default;
    OpenOptions& read(bool on) noexcept { return read_ = on, *this; }
    OpenOptions& write(bool on) noexcept { return write_ = on, *this; }
    /// Each write goes to the end; implies `write`.
    OpenOptions& append(bool on) noexcept { return append_ = on, *this; }
    /// What was in it is gone; needs `write`.
    OpenOptions& truncate(bool on) noexcept { return truncate_ = on, *this; }
    /// Is made if it is not there; needs `write` or `append`.
    OpenOptions& create(bool on) noexcept { return create_ = on, *this; }
    /// The same, and EEXIST if it is there.
    OpenOptions& create_new(bool on) noexcept { return create_new_ = on, *this; }
    /// The permissions of a file that is made, less the umask.
    OpenOptions& mode(unsigned mode) noexcept { return mode_ = mode, *this; }
    /// More flags of open(2): O_DIRECT, O_NOFOLLOW, ... O_CLOEXEC is always set.
    OpenOptions& custom_flags(int flags) noexcept { return custom_ = flags, *this; }

    /// By the kernel, on io_uring. Cancel: destroy it; the file may be made or emptied all the same, and is
    /// closed again. Errors: the system's; EINVAL for options that contradict each other.
    [[nodiscard]] Operation<File> open(std::string path) const;

private:
    [[nodiscard]] Result<int> flags() const noexcept;
    unsigned mode_ = 0666;
    int custom_ = 0;
    bool read_ = false;
    bool write_ = false;
    bool append_ = false;
    bool truncate_ = false;
    bool create_ = false;
    bool create_new_ = false;
};

/// An open file: an AsyncRead and AsyncWrite. Reads and writes go on where the last one ended; there is one
/// place for both.
///
/// The calls run on the runtime's pool (on io_uring, for a regular file that was opened here: in the kernel;
/// but for `seek` and `set_permissions`), one at a time, with a buffer of their own: what a user lends is
/// touched inside of a poll only, and never after its future is gone. A read that is given up loses nothing:
/// the next one gets what it brought. A write that is given up may or may not be done (never in part without
/// order): the next operation begins after it, and its error is that of the next `write`, `flush`, `sync_all`
/// or `sync_data`.
///
/// Destroying it closes the file, after the call that is under way. One task at a time; it outlives the
/// futures that it gives.
///
/// ```cpp
/// auto file = rouse::or_throw(co_await rouse::fs::File::create("out"));
/// rouse::or_throw(co_await rouse::io::write_all(file, rouse::io::bytes("all of it")));
/// rouse::or_throw(co_await file.sync_all());
/// ```
class File {
public:
    /// To read.
    [[nodiscard]] static Operation<File> open(std::string path) {
        return OpenOptions().read(true).open(path);
    }
    /// To write: made, or emptied.
    [[nodiscard]] static Operation<File> create(std::string path) {
        return OpenOptions().write(true).create(true).truncate(true).open(path);
    }
    /// Owns `fd`, which blocks.
    explicit File(detail::UniqueFd fd) : file_(std::move(fd)) {}
    File(File&&) noexcept = default;
    File& operator=(File&&) noexcept = default;

    /// Reads what the system gives in one call, at most `room` and at most a mebibyte; 0 is the end.
    [[nodiscard]] auto read(io::Bytes room) noexcept { return io::read(*this, room); }
    /// Writes some of `bytes`, at most a mebibyte; how many. Completes when the system has taken them.
    /// Errors: ENOSPC, EFBIG (no SIGXFSZ), EPIPE (no SIGPIPE), ...
    [[nodiscard]] auto write(io::ConstBytes bytes) noexcept { return io::write(*this, bytes); }
    /// A future of `Result<std::size_t>`: reads at `place`, counted from the beginning, at most `room` and at
    /// most a mebibyte; 0: the end is before it. The place of `read` and `write` stays where it is, and is
    /// not needed: any number of these may run at the same time, from any tasks, beside whatever else the
    /// file does. They have no order among each other; await one before you rely on it.
    /// Wake:   as `Operation`. Cancel: destroy it: `room` is not touched any more.
    /// Errors: the system's; ESPIPE for what has no places: a pipe, a terminal.
    ///
    /// ```cpp
    /// std::array<std::byte, 512> first, last;
    /// auto both = co_await rouse::join(file.read_at(0, first), file.read_at(size - 512, last));
    /// ```
    [[nodiscard]] ReadAt read_at(std::uint64_t place, io::Bytes room) const {
        return ReadAt(file_.shared_fd(), place, room);
    }
    /// The same for writing some of `bytes`, which are copied at the call; how many. Beyond the end it makes
    /// the file longer. A file that was opened to append gets them at its end, whatever `place` says (so does
    /// Linux). Cancel: destroy it; it may or may not be done, and nobody is told of its error.
    [[nodiscard]] Operation<std::size_t> write_at(std::uint64_t place, io::ConstBytes bytes) const;
    /// To a place, counted from the beginning, from here, or from the end. The new place.
    [[nodiscard]] FileOperation<std::uint64_t> seek(std::uint64_t place);
    [[nodiscard]] FileOperation<std::uint64_t> seek_by(std::int64_t distance);
    [[nodiscard]] FileOperation<std::uint64_t> seek_from_end(std::int64_t distance);
    /// Completes when what was written is on the disk: with all of the metadata, or with what is needed to
    /// find it.
    [[nodiscard]] FileOperation<> sync_all();
    [[nodiscard]] FileOperation<> sync_data();
    /// Cuts it off, or adds zeros. The place stays.
    [[nodiscard]] FileOperation<> set_len(std::uint64_t size);
    [[nodiscard]] detail::PoolFileCall<Metadata, struct statx> metadata();
    [[nodiscard]] FileOperation<> set_permissions(unsigned mode);

    // AsyncRead, AsyncWrite
    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room) { return file_.poll_read(cx, room); }
    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes) {
        return file_.poll_write(cx, bytes);
    }
    /// Completes when no write is under way; it need not be on the disk: see `sync_all`.
    Poll<Result<>> poll_flush(Context& cx) { return file_.poll_flush(cx); }
    /// As `poll_flush`.
    Poll<Result<>> poll_shutdown(Context& cx) { return file_.poll_flush(cx); }
    void cancel_read() noexcept { file_.cancel_read(); }
    void cancel_write() noexcept { file_.cancel_write(); }
    void inspect(Inspector& to, io::Interest) const {
        to.waits_for(WaitKind::future, this, "an operation on a file");
    }

    [[nodiscard]] int fd() const noexcept { return file_.fd(); }

private:
    friend class OpenOptions;
    explicit File(detail::PoolFile file) noexcept : file_(std::move(file)) {}
    detail::PoolFile file_;
};

} // namespace rouse::fs
