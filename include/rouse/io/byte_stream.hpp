// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/bytes.hpp"
#include "rouse/io/descriptor.hpp"
#include "rouse/io/operation.hpp"

namespace rouse::detail {

/// Which calls a stream needs. TCP alone promises that a short read found it empty, and a short write full:
/// the next call need not be tried then. (A pipe in packet mode and a Unix socket with descriptors in it read
/// short while there is more.)
enum class StreamKind : std::uint8_t { file, socket, tcp };

class ReadCall {
public:
    ReadCall(StreamKind kind, io::Bytes room, bool peeks = false) noexcept
        : room_(room), kind_(kind), peeks_(peeks) {}
    Result<std::size_t> operator()(int fd) const noexcept;
    [[nodiscard]] std::uint32_t drains(std::size_t count) const noexcept {
        return kind_ == StreamKind::tcp && !peeks_ && count != 0 && count < room_.size()
                   ? io::Readiness::readable
                   : 0;
    }

private:
    io::Bytes room_;
    StreamKind kind_;
    bool peeks_;
};

class WriteCall {
public:
    WriteCall(StreamKind kind, io::ConstBytes bytes) noexcept : bytes_(bytes), kind_(kind) {}
    Result<std::size_t> operator()(int fd) const noexcept;
    [[nodiscard]] std::uint32_t drains(std::size_t count) const noexcept {
        return kind_ == StreamKind::tcp && count < bytes_.size() ? io::Readiness::writable : 0;
    }

private:
    io::ConstBytes bytes_;
    StreamKind kind_;
};

class ReadVectoredCall {
public:
    explicit ReadVectoredCall(std::span<const io::Bytes> room) noexcept : room_(room) {}
    Result<std::size_t> operator()(int fd) const noexcept;

private:
    std::span<const io::Bytes> room_;
};

class WriteVectoredCall {
public:
    WriteVectoredCall(StreamKind kind, std::span<const io::ConstBytes> buffers) noexcept
        : buffers_(buffers), kind_(kind) {}
    Result<std::size_t> operator()(int fd) const noexcept;

private:
    std::span<const io::ConstBytes> buffers_;
    StreamKind kind_;
};

/// What all streams on a descriptor have in common. The futures of `read` and `write` refer to the
/// descriptor, not to this object, which may be moved meanwhile, but not destroyed. Several tasks may read,
/// or write, at the same time; `poll_read` and `poll_write` have room for the waker of one.
class ByteStream {
public:
    /// Reads what is there, at most `room`; 0 is the end.
    /// Wake: by the driver, once. Cancel: destroy it; nothing was read. Errors: the system's;
    /// `IoError::closed`, `IoError::runtime_ended`.
    [[nodiscard]] auto read(io::Bytes room) const noexcept {
        return IoOperation<ReadCall>(io(), io::Interest::readable, ReadCall(kind_, room));
    }
    /// The same into several buffers, at most 64. `room` itself is lent as well.
    [[nodiscard]] auto read_vectored(std::span<const io::Bytes> room) const noexcept {
        return IoOperation<ReadVectoredCall>(io(), io::Interest::readable, ReadVectoredCall(room));
    }
    /// Writes some of `bytes`; how many. Never raises SIGPIPE.
    /// Wake, cancel, errors: as `read`.
    [[nodiscard]] auto write(io::ConstBytes bytes) const noexcept {
        return IoOperation<WriteCall>(io(), io::Interest::writable, WriteCall(kind_, bytes));
    }
    [[nodiscard]] auto write_vectored(std::span<const io::ConstBytes> buffers) const noexcept {
        return IoOperation<WriteVectoredCall>(io(), io::Interest::writable,
                                              WriteVectoredCall(kind_, buffers));
    }

    /// Completes when a read, or a write, seems not to block. May be wrong: then the `try_` that follows says
    /// EAGAIN, and the next `ready` waits.
    [[nodiscard]] auto ready(io::Interest interest) const noexcept {
        return ReadyOperation(io(), interest, false);
    }
    [[nodiscard]] auto readable() const noexcept { return ready(io::Interest::readable); }
    [[nodiscard]] auto writable() const noexcept { return ready(io::Interest::writable); }
    /// As `read` and `write`, but never wait: EAGAIN (`std::errc::resource_unavailable_try_again`) instead.
    Result<std::size_t> try_read(io::Bytes room) const noexcept {
        return detail::try_io(io(), io::Interest::readable, ReadCall(kind_, room));
    }
    Result<std::size_t> try_write(io::ConstBytes bytes) const noexcept {
        return detail::try_io(io(), io::Interest::writable, WriteCall(kind_, bytes));
    }
    Result<std::size_t> try_write_vectored(std::span<const io::ConstBytes> buffers) const noexcept {
        return detail::try_io(io(), io::Interest::writable, WriteVectoredCall(kind_, buffers));
    }

    // AsyncRead, AsyncWrite
    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room) const {
        return poll_call(cx, io().reader(), io::Interest::readable, ReadCall(kind_, room));
    }
    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes) const {
        return poll_call(cx, io().writer(), io::Interest::writable, WriteCall(kind_, bytes));
    }
    Poll<Result<std::size_t>> poll_write_vectored(Context& cx,
                                                  std::span<const io::ConstBytes> buffers) const {
        return poll_call(cx, io().writer(), io::Interest::writable, WriteVectoredCall(kind_, buffers));
    }
    /// Ready at once: nothing is buffered here.
    Poll<Result<>> poll_flush(Context&) const noexcept { return Poll<Result<>>(std::in_place); }
    void cancel_read() const noexcept { io().forget(io().reader()); }
    void cancel_write() const noexcept { io().forget(io().writer()); }
    void inspect(Inspector& to, io::Interest interest) const { io().inspect(to, interest); }

    [[nodiscard]] int fd() const noexcept { return descriptor_.fd(); }
    /// Closes it now, though others wait: they are woken, with `IoError::closed`. The number of the
    /// descriptor is free again when this is destroyed. False: it was closed before.
    bool close() noexcept { return descriptor_.close(); }
    /// Gives the descriptor back, open and no longer watched.
    [[nodiscard]] int into_fd() && noexcept { return std::move(descriptor_).release(); }

protected:
    ByteStream(Descriptor descriptor, StreamKind kind) noexcept
        : descriptor_(std::move(descriptor)), kind_(kind) {}
    [[nodiscard]] const IoRef& io() const noexcept { return descriptor_.io(); }
    [[nodiscard]] StreamKind kind() const noexcept { return kind_; }

private:
    template <class Call>
    Poll<Result<std::size_t>> poll_call(Context& cx, IoWaiter& waiter, io::Interest interest,
                                        const Call& call) const {
        Result<std::size_t> result;
        if (!poll_io(io(), waiter, interest, cx, result, call)) return Pending;
        return Poll<Result<std::size_t>>(std::in_place, std::move(result));
    }
    Descriptor descriptor_;
    StreamKind kind_;
};

} // namespace rouse::detail
