// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/pipe.hpp"
#include "rouse/io/pool_file.hpp"
#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"

#include <utility>
#include <variant>

namespace rouse::io {

/// The standard input of the program: an AsyncRead. Where it is a pipe or a terminal it is opened anew, not
/// to block, and driven by the runtime; else (a file, a socket, no right to do that) its reads are made by
/// the pool for blocking calls. Either way it is left for others as it was. (Its name is not `stdin`, which
/// is a macro.)
///
/// One task at a time; it outlives the futures that it gives. Where the pool reads, a read that was given up
/// still takes what comes next, and keeps it for the next read of this object; and the end of the runtime
/// waits for it, for as long as `RuntimeOptions::blocking_patience`.
///
/// ```cpp
/// auto input = rouse::or_throw(rouse::io::open_stdin());
/// std::string text;
/// rouse::or_throw(co_await rouse::io::read_to_end(input, text));
/// ```
class Stdin {
public:
    /// Of any descriptor, which stays the caller's.
    [[nodiscard]] static Result<Stdin> of(int fd);

    /// Reads what is there, at most `room`; 0 is the end.
    [[nodiscard]] auto read(Bytes room) noexcept { return io::read(*this, room); }
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) {
        return std::visit([&](auto& input) { return input.poll_read(cx, room); }, input_);
    }
    void cancel_read() noexcept {
        std::visit([](auto& input) { input.cancel_read(); }, input_);
    }
    void inspect(Inspector& to, Interest) const { to.waits_for(WaitKind::io, this, "the standard input"); }
    /// The pool reads, not the driver.
    [[nodiscard]] bool is_pooled() const noexcept { return input_.index() == 1; }

private:
    using Input = std::variant<PipeReceiver, detail::PoolFile>;
    explicit Stdin(Input input) noexcept : input_(std::move(input)) {}
    Input input_;
};

/// The standard output of the program, or its stderr: an AsyncWrite, without a buffer. As Stdin. A write that
/// completes has been taken by the system; one to a pipe that nobody reads fails with EPIPE and raises no
/// signal. What `std::cout` and `stdout` have in their buffers is not in order with it: flush them first.
class Stdout {
public:
    /// Of any descriptor, which stays the caller's.
    [[nodiscard]] static Result<Stdout> of(int fd);

    /// Writes some of `bytes`; how many.
    [[nodiscard]] auto write(ConstBytes bytes) noexcept { return io::write(*this, bytes); }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes bytes) {
        return std::visit([&](auto& output) { return output.poll_write(cx, bytes); }, output_);
    }
    Poll<Result<>> poll_flush(Context& cx) {
        return std::visit([&](auto& output) { return output.poll_flush(cx); }, output_);
    }
    /// As `poll_flush`: others may have it open.
    Poll<Result<>> poll_shutdown(Context& cx) { return poll_flush(cx); }
    void cancel_write() noexcept {
        std::visit([](auto& output) { output.cancel_write(); }, output_);
    }
    void inspect(Inspector& to, Interest) const { to.waits_for(WaitKind::io, this, "the standard output"); }
    /// The pool writes, not the driver.
    [[nodiscard]] bool is_pooled() const noexcept { return output_.index() == 1; }

private:
    using Out = std::variant<PipeSender, detail::PoolFile>;
    explicit Stdout(Out output) noexcept : output_(std::move(output)) {}
    Out output_;
};

/// Within a runtime. Errors: EBADF where the program has none; EMFILE.
[[nodiscard]] inline Result<Stdin> open_stdin() { return Stdin::of(0); }
[[nodiscard]] inline Result<Stdout> open_stdout() { return Stdout::of(1); }
[[nodiscard]] inline Result<Stdout> open_stderr() { return Stdout::of(2); }

} // namespace rouse::io
