// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// HTTP/1.1: keep-alive, pipelining, an answer for who asks badly, an end for who is slow.

#include "support/http_request.hpp"
#include "support/server.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

using rouse::net::TcpStream;
using servers::Connections;
using servers::HttpRequest;

constexpr std::string_view greeting = "Hello, world!\n";
constexpr std::size_t longest_head = 8 * 1024;
constexpr std::uint64_t longest_body = 1 << 20;
/// Answers are gathered up to this size, and written at once.
constexpr std::size_t longest_answers = 64 * 1024;

std::string_view reason(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Bad Request";
    }
}

/// The Date of the answers, made once a second on each thread.
std::string_view date() {
    thread_local std::time_t second = 0;
    thread_local std::array<char, 64> text;
    thread_local std::size_t size = 0;
    if (const std::time_t now = std::time(nullptr); now != second) {
        std::tm utc{};
        size = std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                             gmtime_r(&now, &utc));
        second = now;
    }
    return std::string_view(text.data(), size);
}

/// One connection: what came of its requests, and the answers that are to go out.
class Conversation {
public:
    explicit Conversation(const Connections& connections) : connections_(connections) {}

    [[nodiscard]] rouse::io::Bytes room() {
        return std::as_writable_bytes(std::span(buffer_).subspan(filled_));
    }
    /// Takes what came, and answers what is complete.
    void take(std::size_t count) {
        filled_ += count;
        answer_all();
    }
    /// After the answers were written: there may be more to answer.
    void sent() {
        answers_.clear();
        answer_all();
    }
    void refuse(int status) { answer(status, true, false, true); }

    [[nodiscard]] std::string_view answers() const { return answers_; }
    [[nodiscard]] bool is_last() const { return is_last_; }
    [[nodiscard]] bool is_in_request() const { return filled_ > 0 || in_body_; }
    /// How many requests were answered so far.
    [[nodiscard]] std::size_t answered() const { return answered_; }

private:
    void answer_all() {
        std::size_t used = 0;
        while (!is_last_ && answers_.size() < longest_answers) {
            const std::size_t of_body =
                static_cast<std::size_t>(std::min<std::uint64_t>(body_, filled_ - used));
            used += of_body;
            body_ -= of_body;
            if (body_ > 0) break;
            if (in_body_) {
                in_body_ = false;
                answer(status_of(request_), request_.method == "HEAD", request_.is_1_0,
                       !request_.keeps_alive);
                continue;
            }
            if (used == filled_) break;
            const auto head = servers::parse_http_request(
                std::string_view(buffer_.data() + used, filled_ - used), request_);
            if (head.status == 0) {
                if (filled_ - used == buffer_.size()) refuse(431);
                break;
            }
            if (head.status != 200) refuse(head.status);
            else if (request_.body > longest_body) refuse(413);
            else {
                used += head.size;
                body_ = request_.body;
                if (request_.wants_continue && used == filled_) answers_ += "HTTP/1.1 100 Continue\r\n\r\n";
                request_.method = request_.method == "GET"    ? "GET"
                                  : request_.method == "HEAD" ? "HEAD"
                                                              : "other";
                in_body_ = true;
            }
        }
        std::memmove(buffer_.data(), buffer_.data() + used, filled_ - used);
        filled_ -= used;
    }
    static int status_of(const HttpRequest& request) noexcept {
        return request.method == "other" ? 405 : 200;
    }
    void answer(int status, bool without_body, bool is_1_0, bool is_last) {
        is_last_ = is_last || connections_.is_stopping();
        const std::string_view body = status == 200 ? greeting : std::string_view();
        answers_ += "HTTP/1.1 " + std::to_string(status) + " ";
        answers_ += reason(status);
        answers_ += "\r\n";
        answers_ += date();
        answers_ += "Content-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
        if (status == 405) answers_ += "Allow: GET, HEAD\r\n";
        if (is_last_) answers_ += "Connection: close\r\n";
        else if (is_1_0) answers_ += "Connection: keep-alive\r\n";
        answers_ += "\r\n";
        if (!without_body) answers_ += body;
        ++answered_;
    }

    const Connections& connections_;
    std::array<char, longest_head> buffer_;
    std::size_t filled_ = 0;
    HttpRequest request_; // of which the body is awaited
    bool in_body_ = false;
    std::uint64_t body_ = 0; // what is still to come of it, and to be passed over
    std::string answers_;
    std::size_t answered_ = 0;
    bool is_last_ = false;
};

/// Ends a connection whose last answer was written. Were it closed while more comes in, the system would
/// reset it, and the client might never see that answer: so what comes is read, for a while.
rouse::Task<> part(TcpStream& stream, rouse::Duration patience) {
    if (!stream.shutdown(rouse::net::Shutdown::write)) co_return;
    std::array<std::byte, 4096> buffer;
    const auto until = rouse::now() + std::min<rouse::Duration>(patience, std::chrono::seconds(2));
    for (int i = 0; i < 256; ++i) {
        const auto got = co_await rouse::timeout_at(until, stream.read(buffer));
        if (!got || !*got || **got == 0) co_return;
    }
}

rouse::Task<> serve(TcpStream stream, Connections& connections, rouse::Duration patience) {
    const Connections::Listed listed(connections, stream.fd());
    Conversation talk(connections);
    auto until =
        rouse::now() + patience; // for a request, not for a read: one byte now and then does not count
    for (;;) {
        const auto got = co_await rouse::timeout_at(until, stream.read(talk.room()));
        const std::size_t answered = talk.answered();
        if (got && *got && **got > 0) talk.take(**got);
        else if (got || !talk.is_in_request()) co_return; // the end, a failure; or idle too long
        else talk.refuse(408);
        while (!talk.answers().empty()) {
            // A client that does not read its answers is not waited for either.
            const auto sent = co_await rouse::timeout(
                patience, rouse::io::write_all(stream, rouse::io::bytes(talk.answers())));
            if (!sent || !*sent) co_return;
            talk.sent();
        }
        if (talk.is_last()) co_return co_await part(stream, patience);
        if (talk.answered() != answered) until = rouse::now() + patience;
    }
}

int main(int argc, char** argv) {
    servers::CommandLine line(
        "http_hello", "Greets by HTTP/1.1, until SIGTERM or SIGINT.",
        "How long a request may take to arrive, an answer to be read, a connection to be idle");
    if (const auto ended = line.parse(argc, argv)) return *ended;
    const rouse::Duration patience = line.options.limit();
    return servers::run(line.options, [patience](TcpStream stream, Connections& connections) {
        return serve(std::move(stream), connections, patience);
    });
}
