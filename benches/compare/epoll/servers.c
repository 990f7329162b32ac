// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers.h"

#include "../common/bench.h"
#include "../common/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/// What could not be written, or was not answered yet, of one connection. Where all goes well it is empty,
/// and its memory not even touched: a connection at rest takes this struct and nothing else.
struct connection {
    int fd;
    size_t in_size;
    size_t out_size;
    size_t out_sent;
    char* in; // the begin of a request, http_buffer_size long; null until it is needed
    char* out;
};

/// Handles what was read into `buffer`. False: the connection is to be closed.
typedef bool (*on_bytes)(struct connection* connection, const char* buffer, size_t size);

static void check(bool holds, const char* what) {
    if (holds) return;
    perror(what);
    exit(1);
}

static void watch_for(int epoll, int operation, struct connection* connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    check(epoll_ctl(epoll, operation, connection->fd, &event) == 0, "epoll_ctl");
}

/// Writes, and keeps what the kernel does not take.
static bool send_or_keep(struct connection* connection, const char* bytes, size_t size) {
    ssize_t sent = 0;
    if (connection->out_size == 0) {
        sent = send(connection->fd, bytes, size, MSG_NOSIGNAL);
        if (sent == (ssize_t)size) return true;
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent < 0) sent = 0;
    }
    const size_t rest = size - (size_t)sent;
    char* const grown = realloc(connection->out, connection->out_size + rest);
    check(grown != NULL, "realloc");
    connection->out = grown;
    memcpy(grown + connection->out_size, bytes + sent, rest);
    connection->out_size += rest;
    return true;
}

/// Goes on with what was kept.
static bool send_rest(struct connection* connection) {
    while (connection->out_sent < connection->out_size) {
        const ssize_t sent = send(connection->fd, connection->out + connection->out_sent,
                                  connection->out_size - connection->out_sent, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN;
        connection->out_sent += (size_t)sent;
    }
    free(connection->out);
    connection->out = NULL;
    connection->out_size = connection->out_sent = 0;
    return true;
}

/// Sends back what comes.
static bool echo(struct connection* connection, const char* buffer, size_t size) {
    return send_or_keep(connection, buffer, size);
}

/// Answers each request alike; those that came together are answered by one write.
static bool answer(struct connection* connection, const char* buffer, size_t size) {
    static _Thread_local char joined[2 * http_buffer_size];
    static _Thread_local char answers[http_most_requests * 2 * http_answer_size];
    if (connection->in_size > 0) {
        memcpy(joined, connection->in, connection->in_size);
        memcpy(joined + connection->in_size, buffer, size);
        buffer = joined;
        size += connection->in_size;
    }
    size_t end = 0;
    const size_t count = http_requests(buffer, size, &end);
    connection->in_size = size - end;
    if (connection->in_size > http_buffer_size) return false; // a request does not fit
    if (connection->in_size > 0) {
        if (!connection->in) connection->in = malloc(http_buffer_size);
        check(connection->in != NULL, "malloc");
        memcpy(connection->in, buffer + end, connection->in_size);
    }
    for (size_t i = 0; i < count; ++i) memcpy(answers + i * http_answer_size, http_answer, http_answer_size);
    return count == 0 || send_or_keep(connection, answers, count * http_answer_size);
}

static void accept_all(int epoll, int listener) {
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            check(errno == EAGAIN || errno == EINTR || errno == ECONNABORTED, "accept4");
            if (errno == EAGAIN) return;
            continue;
        }
        const int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection* const connection = calloc(1, sizeof *connection);
        check(connection != NULL, "calloc");
        connection->fd = fd;
        watch_for(epoll, EPOLL_CTL_ADD, connection, EPOLLIN);
    }
}

static void end(struct connection* connection) {
    close(connection->fd);
    free(connection->in);
    free(connection->out);
    free(connection);
}

/// Reads once, level triggered: what more there is makes the next epoll_wait return. While an answer is kept
/// nothing is read.
static void serve(int epoll, struct connection* connection, uint32_t events, on_bytes handle) {
    static _Thread_local char buffer[http_buffer_size];
    const bool was_full = connection->out_size > 0;
    bool open = !was_full || send_rest(connection);
    if (open && !was_full && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
        const ssize_t got = recv(connection->fd, buffer, sizeof buffer, 0);
        if (got > 0) open = handle(connection, buffer, (size_t)got);
        else open = got < 0 && errno == EAGAIN;
    }
    if (!open) {
        end(connection);
        return;
    }
    const bool is_full = connection->out_size > 0;
    if (is_full != was_full) watch_for(epoll, EPOLL_CTL_MOD, connection, is_full ? EPOLLOUT : EPOLLIN);
}

static int listen_at(unsigned* port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(listener >= 0, "socket");
    const int one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    check(bind(listener, (struct sockaddr*)&address, size) == 0, "bind");
    check(listen(listener, 4096) == 0, "listen");
    check(getsockname(listener, (struct sockaddr*)&address, &size) == 0, "getsockname");
    *port = ntohs(address.sin_port);
    return listener;
}

struct loop {
    int listener;
    on_bytes handle;
};

static void* run(void* argument) {
    const struct loop* const loop = argument;
    struct connection listening = {.fd = loop->listener};
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    check(epoll >= 0, "epoll_create1");
    watch_for(epoll, EPOLL_CTL_ADD, &listening, EPOLLIN);
    for (;;) {
        struct epoll_event events[256];
        const int count = epoll_wait(epoll, events, sizeof events / sizeof *events, -1);
        check(count >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < count; ++i) {
            struct connection* const connection = events[i].data.ptr;
            if (connection == &listening) accept_all(epoll, listening.fd);
            else serve(epoll, connection, events[i].events, loop->handle);
        }
    }
    return NULL;
}

static int serve_with(unsigned threads, on_bytes handle) {
    struct loop loops[64];
    unsigned port = 0;
    for (unsigned i = 0; i < threads; ++i) {
        loops[i].listener = listen_at(&port);
        loops[i].handle = handle;
    }
    for (unsigned i = 1; i < threads; ++i) {
        pthread_t thread;
        check(pthread_create(&thread, NULL, run, &loops[i]) == 0, "pthread_create");
    }
    bench_print_port(port);
    run(&loops[0]);
    return 0;
}

int serve_echo(unsigned threads) { return serve_with(threads, echo); }
int serve_http(unsigned threads) { return serve_with(threads, answer); }
