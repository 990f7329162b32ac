// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The one client of every server in the comparison (HTTP under load is wrk's). Each command prints one JSON
/// line and ends with 1 if an answer was wrong or a connection failed.
///
///   echo PORT CONNECTIONS MILLISECONDS   each connection sends 64 bytes, which are never the same twice,
///   waits
///                                        for them to come back, compares them, and sends again. A fifth of
///                                        the time goes by before anything is counted.
///   idle PORT CONNECTIONS                opens them, echoes once through each, and holds them until the end
///                                        of standard input
///   http PORT                            asks as a careful client would: alone, again on the same
///   connection,
///                                        in pieces, and 16 at once; compares the answers byte by byte

#include "../common/bench.h"
#include "http_check.h"
#include "socket.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { message_size = 64, most_connections = 100000 };

struct connection {
    int fd;
    unsigned char sent[message_size];
    unsigned char got[message_size];
    size_t got_size;
    uint64_t sent_at;
    uint64_t count;
};

/// Latencies in buckets whose width is at most 1/64 of their value.
struct histogram {
    uint64_t counts[64 * 64];
    uint64_t total;
};
static size_t bucket_of(uint64_t value) {
    if (value < 64) return value;
    const unsigned top = 63 - (unsigned)__builtin_clzll(value);
    return (top - 5) * 64 + ((value >> (top - 6)) & 63);
}
static uint64_t value_of(size_t bucket) {
    if (bucket < 64) return bucket;
    const unsigned top = (unsigned)(bucket / 64) + 5;
    return ((uint64_t)64 + bucket % 64) << (top - 6);
}
static uint64_t percentile(const struct histogram* histogram, double part) {
    uint64_t left = (uint64_t)(part * (double)histogram->total);
    for (size_t i = 0; i < sizeof histogram->counts / sizeof *histogram->counts; ++i) {
        if (histogram->counts[i] > left) return value_of(i);
        left -= histogram->counts[i];
    }
    return 0;
}

static struct connection* open_all(unsigned port, size_t count) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct connection* const all = calloc(count, sizeof *all);
    if (!all) abort();
    for (size_t i = 0; i < count; ++i) {
        all[i].fd = load_connect(port);
        for (size_t k = 16; k < message_size; ++k) all[i].sent[k] = (unsigned char)(i * 31 + k);
        memcpy(all[i].sent + 8, &i, sizeof i);
    }
    return all;
}

static int send_next(struct connection* connection) {
    ++connection->count;
    memcpy(connection->sent, &connection->count, sizeof connection->count);
    connection->got_size = 0;
    connection->sent_at = bench_now();
    return send(connection->fd, connection->sent, message_size, MSG_NOSIGNAL) == message_size;
}

enum outcome { more, whole, wrong, failed };

static enum outcome receive(struct connection* connection) {
    const ssize_t got = recv(connection->fd, connection->got + connection->got_size,
                             message_size - connection->got_size, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return more;
    if (got <= 0) return failed;
    connection->got_size += (size_t)got;
    if (connection->got_size < message_size) return more;
    return memcmp(connection->got, connection->sent, message_size) == 0 ? whole : wrong;
}

static int run_echo(unsigned port, size_t count, uint64_t milliseconds) {
    static struct histogram histogram;
    struct connection* const all = open_all(port, count);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t errors = 0;
    uint64_t wrong_answers = 0;
    size_t alive = count;
    const uint64_t begin = bench_now();
    const uint64_t counted_from = begin + milliseconds * 200000;
    const uint64_t end = begin + milliseconds * 1000000;
    for (size_t i = 0; i < count; ++i) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event) != 0) abort();
        if (!send_next(&all[i])) ++errors;
    }
    uint64_t now = begin;
    while (now < end && alive > 0) {
        struct epoll_event events[512];
        const int ready = epoll_wait(epoll, events, sizeof events / sizeof *events, 100);
        now = bench_now();
        for (int i = 0; i < ready; ++i) {
            struct connection* const connection = events[i].data.ptr;
            const enum outcome outcome = receive(connection);
            if (outcome == more) continue;
            if (outcome == whole) {
                const uint64_t at = bench_now();
                if (at >= counted_from && at < end) {
                    ++histogram.counts[bucket_of(at - connection->sent_at)];
                    ++histogram.total;
                }
                if (send_next(connection)) continue;
            }
            if (outcome == wrong) ++wrong_answers;
            else ++errors;
            epoll_ctl(epoll, EPOLL_CTL_DEL, connection->fd, NULL);
            --alive;
        }
    }
    // Who never got an answer (a server that hangs, say) is an error too.
    for (size_t i = 0; i < count; ++i)
        if (all[i].count == 1) ++errors;
    printf(
        "{\"operations\":%llu,\"nanoseconds\":%llu,\"errors\":%llu,\"wrong\":%llu,\"p50\":%llu,\"p99\":%llu}\n",
        (unsigned long long)histogram.total, (unsigned long long)(end - counted_from),
        (unsigned long long)errors, (unsigned long long)wrong_answers,
        (unsigned long long)percentile(&histogram, 0.50), (unsigned long long)percentile(&histogram, 0.99));
    return errors || wrong_answers || histogram.total == 0;
}

static int run_idle(unsigned port, size_t count) {
    struct connection* const all = open_all(port, count);
    uint64_t errors = 0;
    for (size_t i = 0; i < count; ++i) {
        enum outcome outcome = send_next(&all[i]) ? more : failed;
        while (outcome == more) {
            if (load_wait_readable(all[i].fd)) outcome = receive(&all[i]);
            else outcome = failed;
        }
        if (outcome != whole) ++errors;
    }
    printf("{\"connections\":%zu,\"errors\":%llu}\n", count, (unsigned long long)errors);
    fflush(stdout);
    while (getchar() != EOF) {}
    return errors != 0;
}

int main(int argc, char** argv) {
    uint64_t numbers[3] = {0, 0, 0};
    int good = argc >= 3 && argc <= 5;
    for (int i = 2; good && i < argc; ++i) {
        numbers[i - 2] = bench_number(argv[i]);
        good = numbers[i - 2] > 0;
    }
    good = good && numbers[0] < 65536 && numbers[1] <= most_connections;
    if (good && argc == 5 && strcmp(argv[1], "echo") == 0)
        return run_echo((unsigned)numbers[0], numbers[1], numbers[2]);
    if (good && argc == 4 && strcmp(argv[1], "idle") == 0) return run_idle((unsigned)numbers[0], numbers[1]);
    if (good && argc == 3 && strcmp(argv[1], "http") == 0) return http_check((unsigned)numbers[0]);
    fputs("load_client: usage: load_client echo PORT CONNECTIONS MILLISECONDS | idle PORT CONNECTIONS | http "
          "PORT\n",
          stderr);
    return bench_usage;
}
