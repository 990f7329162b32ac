// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../common/http.h"
#include "workloads.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <uv.h>

/// One of the two, for all connections of the process.
static void (*handle_bytes)(uv_stream_t* stream, const char* bytes, size_t size);

struct connection {
    uv_tcp_t tcp;
    size_t in_size;
    char* in; // the begin of a request, http_buffer_size long; null until it is needed
};

static void check(int error, const char* what) {
    if (error == 0) return;
    fprintf(stderr, "libuv_compare: %s: %s\n", what, uv_strerror(error));
    exit(1);
}

static void on_close(uv_handle_t* handle) {
    struct connection* const connection = (struct connection*)handle;
    free(connection->in);
    free(connection);
}
static void end(uv_stream_t* stream) {
    if (!uv_is_closing((uv_handle_t*)stream)) uv_close((uv_handle_t*)stream, on_close);
}

struct rest {
    uv_write_t request;
    char bytes[];
};
static void on_written(uv_write_t* request, int status) {
    if (status != 0 && status != UV_ECANCELED) end(request->handle);
    free(request);
}

/// Writes at once what the kernel takes, and queues the rest: no allocation where all goes well.
static void send_all(uv_stream_t* stream, const char* bytes, size_t size) {
    uv_buf_t buffer = uv_buf_init((char*)bytes, (unsigned)size);
    const int sent = uv_try_write(stream, &buffer, 1);
    if (sent == (int)size) return;
    if (sent < 0 && sent != UV_EAGAIN) {
        end(stream);
        return;
    }
    const size_t done = sent < 0 ? 0 : (size_t)sent;
    struct rest* const rest = malloc(sizeof *rest + size - done);
    if (!rest) abort();
    memcpy(rest->bytes, bytes + done, size - done);
    buffer = uv_buf_init(rest->bytes, (unsigned)(size - done));
    if (uv_write(&rest->request, stream, &buffer, 1, on_written) != 0) {
        free(rest);
        end(stream);
    }
}

/// Answers each request alike; those that came together are answered by one write.
static void answer(uv_stream_t* stream, const char* buffer, size_t size) {
    static _Thread_local char joined[2 * http_buffer_size];
    static _Thread_local char answers[http_most_requests * 2 * http_answer_size];
    struct connection* const connection = (struct connection*)stream;
    if (connection->in_size > 0) {
        memcpy(joined, connection->in, connection->in_size);
        memcpy(joined + connection->in_size, buffer, size);
        buffer = joined;
        size += connection->in_size;
    }
    size_t at = 0;
    const size_t count = http_requests(buffer, size, &at);
    connection->in_size = size - at;
    if (connection->in_size > http_buffer_size) { // a request does not fit
        end(stream);
        return;
    }
    if (connection->in_size > 0) {
        if (!connection->in) connection->in = malloc(http_buffer_size);
        if (!connection->in) abort();
        memcpy(connection->in, buffer + at, connection->in_size);
    }
    for (size_t i = 0; i < count; ++i) memcpy(answers + i * http_answer_size, http_answer, http_answer_size);
    if (count > 0) send_all(stream, answers, count * http_answer_size);
}

/// One buffer for all connections of a loop: what was read is used up before the next read.
static void lend_buffer(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer) {
    static _Thread_local char bytes[http_buffer_size];
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}
static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
    if (got > 0) handle_bytes(stream, buffer->base, (size_t)got);
    else if (got < 0) end(stream);
}

static void on_connection(uv_stream_t* listener, int status) {
    check(status, "listen");
    struct connection* const connection = calloc(1, sizeof *connection);
    if (!connection) abort();
    check(uv_tcp_init(listener->loop, &connection->tcp), "uv_tcp_init");
    check(uv_accept(listener, (uv_stream_t*)connection), "uv_accept");
    uv_tcp_nodelay(&connection->tcp, 1);
    check(uv_read_start((uv_stream_t*)connection, lend_buffer, on_read), "uv_read_start");
}

struct loop {
    uv_loop_t loop;
    uv_tcp_t listener;
};

static void listen_at(struct loop* loop, unsigned* port) {
    check(uv_loop_init(&loop->loop), "uv_loop_init");
    check(uv_tcp_init_ex(&loop->loop, &loop->listener, AF_INET), "uv_tcp_init_ex");
    uv_os_fd_t fd = -1;
    check(uv_fileno((uv_handle_t*)&loop->listener, &fd), "uv_fileno");
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    struct sockaddr_in address;
    int size = sizeof address;
    uv_ip4_addr("127.0.0.1", (int)*port, &address);
    check(uv_tcp_bind(&loop->listener, (const struct sockaddr*)&address, 0), "bind");
    check(uv_listen((uv_stream_t*)&loop->listener, 4096, on_connection), "listen");
    check(uv_tcp_getsockname(&loop->listener, (struct sockaddr*)&address, &size), "getsockname");
    *port = ntohs(address.sin_port);
}

static void run(void* loop) { uv_run(&((struct loop*)loop)->loop, UV_RUN_DEFAULT); }

static int serve_with(unsigned threads) {
    static struct loop loops[64];
    unsigned port = 0;
    for (unsigned i = 0; i < threads; ++i) listen_at(&loops[i], &port);
    for (unsigned i = 1; i < threads; ++i) {
        uv_thread_t thread;
        check(uv_thread_create(&thread, run, &loops[i]), "uv_thread_create");
    }
    bench_print_port(port);
    run(&loops[0]);
    return 0;
}

int serve_echo(unsigned threads) {
    handle_bytes = send_all;
    return serve_with(threads);
}
int serve_http(unsigned threads) {
    handle_bytes = answer;
    return serve_with(threads);
}
