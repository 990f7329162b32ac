// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/split.hpp"
#include "rouse/tls/session.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

namespace rouse::tls {

template <class S>
class Handshake;

/// A stream `S` with TLS on it: an AsyncRead and AsyncWrite. Made by `connect` and `accept`.
///
/// Reading gives what the peer has sent and signed; the end is the peer's close_notify. A connection that
/// ends without one gives `TlsError::truncated`: what came before may not be all.
///
/// Writing takes up to 16 KiB at a time, encrypts it at once, and hands on what the stream takes. While the
/// stream does not take what was encrypted before, no more is taken: Pending, or `io::write` and `write_all`
/// wait. So what was written last may still lie here: `io::flush` it, as with every AsyncWrite (a read that
/// has to wait sends it, too). `io::shutdown` sends close_notify, and ends the stream's direction; reading
/// goes on. Destroying it says nothing to the peer, who finds the connection cut.
///
/// Wake:   as the stream; a read that waits may be woken by writability as well.
/// Cancel: a read that is dropped has taken nothing; a write that is dropped while it waits has written
/// nothing (of a `write_all`, whole records). What was encrypted before goes out with the next write, flush
/// or read. Errors: the stream's; OpenSSL's reason (`openssl_category`), after which it is of no more use.
/// Memory: at most some 100 KiB, and 16 KiB on the stack of a poll.
/// Thread: any, one at a time: a read and a write may run side by side in one task (`join`); for two tasks
/// there is `into_split`. Not to be moved while a future of it is there.
template <class S>
class TlsStream {
public:
    TlsStream(TlsStream&&) noexcept = default;
    TlsStream& operator=(TlsStream&&) noexcept = default;
    ~TlsStream() = default;

    /// Reads what is there, at most `room`; 0 is the end.
    [[nodiscard]] auto read(io::Bytes room) { return io::read(*this, room); }
    /// Writes some of `bytes`; how many.
    [[nodiscard]] auto write(io::ConstBytes bytes) { return io::write(*this, bytes); }

    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room) {
        using Ready = Poll<Result<std::size_t>>;
        if (room.empty()) return Ready(std::in_place, std::size_t(0));
        detail::LoopBudget budget;
        for (;;) {
            const auto got = session_->read(room);
            if (!got || *got) {
                // A failure may have left an alert for the peer, who gets it if that is possible at once.
                if (!got && !writer_waits_) reads_wait_for_output_ = send_output(cx).is_pending();
                leave_output();
                if (!got) return Ready(std::in_place, std::unexpect, got.error());
                return Ready(std::in_place, **got);
            }
            const auto more = poll_input(cx);
            if (more.is_pending()) {
                // The writer, if there is one, sends what is left: its waker is the one that the stream has.
                if (!writer_waits_) reads_wait_for_output_ = send_output(cx).is_pending();
                return Pending;
            }
            if (!more.value()) {
                leave_output();
                return Ready(std::in_place, std::unexpect, more.value().error());
            }
            if (!budget.spend(cx)) return Pending;
        }
    }
    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes) {
        using Ready = Poll<Result<std::size_t>>;
        if (auto sent = writer_sends(cx); sent.is_pending() || !sent.value()) {
            if (sent.is_pending()) return Pending;
            return Ready(std::in_place, std::unexpect, sent.value().error());
        }
        if (bytes.empty()) return Ready(std::in_place, std::size_t(0));
        const auto taken =
            session_->write(bytes.first(std::min(bytes.size(), detail::TlsSession::longest_record)));
        // What goes out at once goes; whether the rest does is for the next call: these bytes are taken.
        if (send_output(cx).is_pending()) stop_waiting_to_write();
        return Ready(std::in_place, taken);
    }
    /// Completes when what was taken has been given to the stream, and that is flushed.
    Poll<Result<>> poll_flush(Context& cx) {
        auto sent = writer_sends(cx);
        if (sent.is_pending() || !sent.value()) return sent;
        return writer_waits_in(stream_.poll_flush(cx));
    }
    /// Sends close_notify, and ends the stream's direction.
    Poll<Result<>> poll_shutdown(Context& cx) {
        if (!std::exchange(ended_, true))
            if (const auto said = session_->end(); !said) return Poll<Result<>>(std::in_place, said);
        auto sent = writer_sends(cx);
        if (sent.is_pending() || !sent.value()) return sent;
        return writer_waits_in(stream_.poll_shutdown(cx));
    }
    void cancel_read() noexcept {
        if constexpr (requires(S& s) { s.cancel_read(); }) stream_.cancel_read();
        leave_output();
    }
    void cancel_write() noexcept {
        if (std::exchange(writer_waits_, false)) stop_waiting_to_write();
    }
    void inspect(Inspector& to, io::Interest interest) const {
        detail::inspect_stream(stream_, to, interest);
    }

    /// Two halves that own it together, for two tasks, also on two threads. One allocation, and an
    /// uncontended lock for each poll.
    ///
    /// ```cpp
    /// auto [reader, writer] = std::move(stream).into_split();
    /// auto sending = rouse::spawn(send_all, std::move(writer));
    /// ```
    [[nodiscard]] std::pair<io::ReadHalf<TlsStream>, io::WriteHalf<TlsStream>> into_split() &&;

    /// The protocol that was agreed on by ALPN; empty: none.
    [[nodiscard]] std::string alpn() const { return session_->alpn(); }
    /// The name of the host: of a server's stream, the one that the client asked for (SNI); empty: none.
    [[nodiscard]] std::string server_name() const { return session_->server_name(); }
    /// "TLSv1.3".
    [[nodiscard]] std::string version() const { return session_->version(); }
    /// The subject of the peer's certificate, as RFC 2253 writes it; empty: it sent none.
    [[nodiscard]] std::string peer_name() const { return session_->peer_name(); }
    /// OpenSSL's object, for what is not here. Reading and writing are ours.
    [[nodiscard]] ssl_st* native() const noexcept { return session_->native(); }
    /// The stream below: to be asked and set, not read and written.
    [[nodiscard]] S& inner() noexcept { return stream_; }
    [[nodiscard]] const S& inner() const noexcept { return stream_; }

private:
    friend class Handshake<S>;
    TlsStream(S stream, std::unique_ptr<detail::TlsSession> session) noexcept
        : stream_(std::move(stream)), session_(std::move(session)) {}

    /// Gives the stream what is to go out.
    Poll<Result<>> send_output(Context& cx) {
        for (io::ConstBytes left = session_->output(); !left.empty(); left = session_->output()) {
            const auto poll = stream_.poll_write(cx, left);
            if (poll.is_pending()) return Pending;
            if (!poll.value()) return Poll<Result<>>(std::in_place, std::unexpect, poll.value().error());
            if (*poll.value() == 0)
                return Poll<Result<>>(std::in_place, std::unexpect, make_error_code(IoError::write_zero));
            session_->sent(*poll.value());
        }
        return Poll<Result<>>(std::in_place);
    }
    Poll<Result<>> poll_input(Context& cx) {
        std::array<std::byte, detail::TlsSession::longest_record> buffer;
        const auto poll = stream_.poll_read(cx, buffer);
        if (poll.is_pending()) return Pending;
        if (!poll.value()) return Poll<Result<>>(std::in_place, std::unexpect, poll.value().error());
        if (*poll.value() == 0)
            return Poll<Result<>>(std::in_place, std::unexpect, make_error_code(TlsError::truncated));
        session_->input(io::ConstBytes(buffer).first(*poll.value()));
        return Poll<Result<>>(std::in_place);
    }

    // The stream has room for one waker that waits to write. It is the writer's, if one waits; else it may be
    // that of a reader who has something left to send.
    Poll<Result<>> writer_sends(Context& cx) {
        reads_wait_for_output_ = false; // the waker is replaced, or not needed
        return writer_waits_in(send_output(cx));
    }
    Poll<Result<>> writer_waits_in(Poll<Result<>> poll) noexcept {
        writer_waits_ = poll.is_pending();
        return poll;
    }
    void leave_output() noexcept {
        if (std::exchange(reads_wait_for_output_, false)) stop_waiting_to_write();
    }
    void stop_waiting_to_write() noexcept {
        if constexpr (requires(S& s) { s.cancel_write(); }) stream_.cancel_write();
    }

    S stream_;
    std::unique_ptr<detail::TlsSession> session_;
    bool writer_waits_ = false;
    bool reads_wait_for_output_ = false;
    bool ended_ = false;
};

/// The future of a handshake: `Result<TlsStream<S>>`. Made by `connect` and `accept`.
template <class S>
class [[nodiscard]] Handshake {
public:
    using Output = Result<TlsStream<S>>;

    Handshake(S stream, Result<std::unique_ptr<detail::TlsSession>> session)
        : tls_(std::move(stream), session ? std::move(*session) : nullptr),
          error_(session ? std::error_code() : session.error()) {}
    /// Only before the first poll.
    Handshake(Handshake&& other) noexcept
        : tls_(std::move(other.tls_)), error_(other.error_), waits_(std::exchange(other.waits_, false)) {}
    Handshake& operator=(Handshake&&) = delete;
    ~Handshake() { leave(); }

    Poll<Output> poll(Context& cx) {
        if (done_) [[unlikely]]
            detail::stop_polled_after_ready("tls::Handshake");
        if (!error_) {
            waits_ = true;
            if (!poll_done(cx)) return Pending;
        }
        leave();
        done_ = true;
        if (error_) return Poll<Output>(std::in_place, std::unexpect, error_);
        return Poll<Output>(std::in_place, std::move(tls_));
    }
    void inspect(Inspector& to) const { tls_.inspect(to, io::Interest::readable); }

private:
    bool poll_done(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            const auto done = tls_.session_->handshake();
            const auto sent = tls_.send_output(cx);
            if (!done) { // the alert has gone out if that was possible at once
                error_ = done.error();
                return true;
            }
            if (sent.is_pending()) return false;
            if (!sent.value()) {
                error_ = sent.value().error();
                return true;
            }
            if (*done) return true;
            const auto more = tls_.poll_input(cx);
            if (more.is_pending()) return false;
            if (!more.value()) {
                error_ = more.value().error();
                return true;
            }
            if (!budget.spend(cx)) return false;
        }
    }
    /// No waker is left in the stream.
    void leave() noexcept {
        if (!std::exchange(waits_, false)) return;
        tls_.cancel_read();
        tls_.stop_waiting_to_write();
    }

    TlsStream<S> tls_;
    std::error_code error_;
    bool waits_ = false;
    bool done_ = false;
};

/// Begins TLS as a client on a stream that stands, with the server `host`: a name, or an IP address as text.
/// The certificate must be for it. It is also what the server is told (SNI), unless it is an address. Wake:
/// as the stream. Cancel: destroy it; the stream goes with it. Thread: any. Errors: `certificate_category`:
/// the server's certificate was refused, and why; `openssl_category`; `TlsError::truncated`: the server hung
/// up; `TlsError::bad_host`; the stream's. The stream is gone then. A server that refuses our certificate may
/// say so only later: by TLS 1.3 in the first read.
///
/// ```cpp
/// auto tcp = rouse::or_throw(co_await rouse::net::TcpStream::connect(address, 5s));
/// auto tls = co_await rouse::timeout(5s, rouse::tls::connect(std::move(tcp), "example.org", config));
/// ```
template <class S>
    requires io::AsyncRead<S> && io::AsyncWrite<S>
[[nodiscard]] Handshake<S> connect(S stream, const std::string& host, const ClientConfig& config) {
    return Handshake<S>(std::move(stream), detail::TlsSession::client(config, host));
}
/// The same as a server. A client may say nothing for ever: put a `timeout` around it, and do it in the task
/// of the connection, not in the one that accepts.
template <class S>
    requires io::AsyncRead<S> && io::AsyncWrite<S>
[[nodiscard]] Handshake<S> accept(S stream, const ServerConfig& config) {
    return Handshake<S>(std::move(stream), detail::TlsSession::server(config));
}

} // namespace rouse::tls

#include "rouse/tls/split.hpp" // IWYU pragma: export
