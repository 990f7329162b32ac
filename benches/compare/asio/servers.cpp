// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../common/http.h"
#include "workloads.hpp"

#include <array>
#include <cstring>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace compare {
namespace {

using asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

// An end of connection is no exception.
constexpr auto as_result = asio::as_tuple(asio::deferred);

/// Sends back what comes, with a buffer of 1 KiB for each connection.
Task<> echo(Socket socket) {
    std::array<char, 1024> buffer;
    for (;;) {
        const auto [read_error, got] = co_await socket.async_read_some(asio::buffer(buffer), as_result);
        if (read_error) co_return;
        const auto [write_error, sent] =
            co_await asio::async_write(socket, asio::buffer(buffer, got), as_result);
        if (write_error) co_return;
    }
}

/// Answers each request alike; those that came together are answered by one write. A buffer of 4 KiB for each
/// connection.
Task<> http(Socket socket) {
    std::array<char, http_buffer_size> buffer;
    std::size_t filled = 0;
    std::vector<char> answers;
    while (filled < buffer.size()) { // else a request does not fit
        const auto [read_error, got] =
            co_await socket.async_read_some(asio::buffer(buffer) + filled, as_result);
        if (read_error) co_return;
        filled += got;
        std::size_t end = 0;
        const std::size_t count = http_requests(buffer.data(), filled, &end);
        std::memmove(buffer.data(), buffer.data() + end, filled - end);
        filled -= end;
        if (count == 0) continue;
        answers.clear();
        for (std::size_t i = 0; i < count; ++i)
            answers.insert(answers.end(), http_answer, http_answer + http_answer_size);
        const auto [write_error, sent] = co_await asio::async_write(socket, asio::buffer(answers), as_result);
        if (write_error) co_return;
    }
}

template <auto serve>
Task<> accept(Acceptor& acceptor) {
    const Executor executor = co_await asio::this_coro::executor;
    for (;;) {
        Socket socket = co_await acceptor.async_accept(asio::deferred);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(executor, serve(std::move(socket)), asio::detached);
    }
}

template <auto serve>
int serve_with(unsigned threads) {
    asio::io_context context(static_cast<int>(threads));
    Acceptor acceptor(context.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    bench_print_port(acceptor.local_endpoint().port());
    asio::co_spawn(context.get_executor(), accept<serve>(acceptor), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
    });
    run_on(context, threads);
    return 0;
}

} // namespace

int serve_echo(unsigned threads) { return serve_with<echo>(threads); }
int serve_http(unsigned threads) { return serve_with<http>(threads); }

} // namespace compare
