// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace rouse::detail {

/// Bytes on their way from one writer to one reader, at most `capacity` of them; on any two threads.
///
/// All is under the mutex, and each side has a place for the waker of its last poll.
///
/// [D1] A reader that finds neither bytes nor the end leaves its waker in the same section in which it
/// looked. [D2] A writer puts its bytes, or the end, and takes the reader's waker out, in one section. So
/// whichever is first, either D1 sees what D2 put, or D2 has the waker. [D3], [D4] the same of a writer that
/// finds no room, and a reader that makes some or goes. [D5] A side that is through, or given up, or gone,
/// takes its own waker out, in the section in which it finds that out.
///
/// Wakers are cloned, woken and dropped without the mutex: they run code of the user's.
class MemoryPipe {
public:
    explicit MemoryPipe(std::size_t capacity);
    MemoryPipe(const MemoryPipe&) = delete;
    MemoryPipe& operator=(const MemoryPipe&) = delete;
    ~MemoryPipe() = default;

    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room);
    Poll<Result<std::size_t>> poll_write(Context& cx, std::span<const io::ConstBytes> buffers);
    void cancel_read() noexcept { forget(reader_); }
    void cancel_write() noexcept { forget(writer_); }
    /// The reader finds the end behind what is there.
    void end_writing() noexcept;
    /// Nobody will read: what is there is let go, and writes fail.
    void end_reading() noexcept;
    void inspect(Inspector& to, io::Interest interest) const;

private:
    template <class Act>
    bool poll_side(Context& cx, Waker& own, Waker& other, Act act);
    void forget(Waker& own) noexcept;
    void put(io::ConstBytes bytes) noexcept;

    std::mutex mutex_;
    std::unique_ptr<std::byte[]> ring_;
    std::size_t capacity_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    Waker reader_;
    Waker writer_;
    bool no_writer_ = false;
    bool no_reader_ = false;
};

} // namespace rouse::detail

namespace rouse::io {

/// The end of a pipe in memory that is read from: an AsyncRead. It ends when the writer is shut down or gone,
/// behind what that had written. See `simplex`.
class SimplexReader {
public:
    explicit SimplexReader(std::shared_ptr<detail::MemoryPipe> pipe) noexcept : pipe_(std::move(pipe)) {}
    SimplexReader(SimplexReader&& other) noexcept = default;
    SimplexReader& operator=(SimplexReader&& other) noexcept {
        SimplexReader old(std::move(other));
        std::swap(pipe_, old.pipe_);
        return *this;
    }
    ~SimplexReader() {
        if (pipe_) pipe_->end_reading();
    }

    /// Reads what is there, at most `room`; 0 is the end. Cancel: destroy it; nothing was read.
    [[nodiscard]] auto read(Bytes room) { return io::read(*this, room); }
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) { return pipe_->poll_read(cx, room); }
    void cancel_read() noexcept { pipe_->cancel_read(); }
    void inspect(Inspector& to, Interest interest) const { pipe_->inspect(to, interest); }

private:
    std::shared_ptr<detail::MemoryPipe> pipe_;
};

/// The end that is written to: an AsyncWrite. Destroyed or shut down, it tells the reader that no more will
/// come. Without a reader, and after a shutdown, a write fails with EPIPE (`std::errc::broken_pipe`).
class SimplexWriter {
public:
    explicit SimplexWriter(std::shared_ptr<detail::MemoryPipe> pipe) noexcept : pipe_(std::move(pipe)) {}
    SimplexWriter(SimplexWriter&& other) noexcept = default;
    SimplexWriter& operator=(SimplexWriter&& other) noexcept {
        SimplexWriter old(std::move(other));
        std::swap(pipe_, old.pipe_);
        return *this;
    }
    ~SimplexWriter() {
        if (pipe_) pipe_->end_writing();
    }

    /// Writes some of `bytes`; how many. Cancel: destroy it; nothing was written.
    [[nodiscard]] auto write(ConstBytes bytes) { return io::write(*this, bytes); }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes bytes) {
        return pipe_->poll_write(cx, std::span(&bytes, 1));
    }
    Poll<Result<std::size_t>> poll_write_vectored(Context& cx, std::span<const ConstBytes> buffers) {
        return pipe_->poll_write(cx, buffers);
    }
    /// Ready at once: what was written can be read.
    Poll<Result<>> poll_flush(Context&) noexcept { return Poll<Result<>>(std::in_place); }
    Poll<Result<>> poll_shutdown(Context&) noexcept {
        pipe_->end_writing();
        return Poll<Result<>>(std::in_place);
    }
    void cancel_write() noexcept { pipe_->cancel_write(); }
    void inspect(Inspector& to, Interest interest) const { pipe_->inspect(to, interest); }

private:
    std::shared_ptr<detail::MemoryPipe> pipe_;
};

/// One end of a bidirectional pipe in memory: an AsyncRead and AsyncWrite. What one end writes the other
/// reads. An end that is destroyed is the end of what its peer reads, and EPIPE to what its peer writes;
/// `io::shutdown` of it ends one direction only. See `duplex`.
class DuplexStream {
public:
    DuplexStream(SimplexReader reader, SimplexWriter writer) noexcept
        : reader_(std::move(reader)), writer_(std::move(writer)) {}

    [[nodiscard]] auto read(Bytes room) { return io::read(*this, room); }
    [[nodiscard]] auto write(ConstBytes bytes) { return io::write(*this, bytes); }
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) { return reader_.poll_read(cx, room); }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes bytes) {
        return writer_.poll_write(cx, bytes);
    }
    Poll<Result<std::size_t>> poll_write_vectored(Context& cx, std::span<const ConstBytes> buffers) {
        return writer_.poll_write_vectored(cx, buffers);
    }
    Poll<Result<>> poll_flush(Context& cx) noexcept { return writer_.poll_flush(cx); }
    Poll<Result<>> poll_shutdown(Context& cx) noexcept { return writer_.poll_shutdown(cx); }
    void cancel_read() noexcept { reader_.cancel_read(); }
    void cancel_write() noexcept { writer_.cancel_write(); }
    void inspect(Inspector& to, Interest interest) const {
        if (interest == Interest::readable) reader_.inspect(to, interest);
        else writer_.inspect(to, interest);
    }
    /// Its two directions, for two tasks, also on two threads.
    [[nodiscard]] std::pair<SimplexReader, SimplexWriter> into_split() && {
        return {std::move(reader_), std::move(writer_)};
    }

private:
    SimplexReader reader_;
    SimplexWriter writer_;
};

/// A pipe in memory for one direction, of at most `capacity` bytes (not 0).
///
/// Wake:   the reader by a write, a shutdown or the writer's end; the writer by a read or the reader's end.
/// Cancel: a read or write that is dropped while it waits has moved nothing, and leaves no waker.
/// Thread: any; each end in one thread at a time. Needs no runtime.
[[nodiscard]] std::pair<SimplexReader, SimplexWriter> simplex(std::size_t capacity);

/// Two streams that are connected: what a protocol is tested over, without a socket. Each direction takes at
/// most `capacity` bytes (not 0) that were not read; then a write waits. As `simplex`. A task that waits for
/// an end while it keeps the other one itself waits for ever, and nobody can tell: give the ends to two.
///
/// ```cpp
/// auto [client, server] = rouse::io::duplex(64);
/// auto sending = rouse::spawn(greet, std::move(client));
/// std::string text;
/// rouse::or_throw(co_await rouse::io::read_to_end(server, text));
/// ```
[[nodiscard]] std::pair<DuplexStream, DuplexStream> duplex(std::size_t capacity);

} // namespace rouse::io
