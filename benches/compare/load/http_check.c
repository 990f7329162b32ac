// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "http_check.h"

#include "../common/http.h"
#include "socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
enum { request_size = sizeof request - 1, at_once = 16 };

/// How many of `count` answers came, and were right.
static int right_answers(int fd, int count) {
    char got[at_once * http_answer_size];
    size_t size = 0;
    const size_t wanted = (size_t)count * http_answer_size;
    while (size < wanted && load_wait_readable(fd)) {
        const ssize_t more = recv(fd, got + size, wanted - size, 0);
        if (more <= 0) break;
        size += (size_t)more;
    }
    int right = 0;
    for (size_t at = 0; at + http_answer_size <= size; at += http_answer_size)
        right += memcmp(got + at, http_answer, http_answer_size) == 0;
    return right;
}

static int send_all(int fd, const char* bytes, size_t size) {
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

int http_check(unsigned port) {
    const int fd = load_connect(port);
    int right = 0;
    for (int i = 0; i < 2; ++i)
        if (send_all(fd, request, request_size)) right += right_answers(fd, 1);

    // In pieces, one of which ends within the empty line.
    const size_t cuts[] = {0, 5, request_size - 3, request_size - 1, request_size};
    for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; ++i) {
        send_all(fd, request + cuts[i], cuts[i + 1] - cuts[i]);
        usleep(2000);
    }
    right += right_answers(fd, 1);

    char many[at_once * request_size];
    for (size_t i = 0; i < at_once; ++i) memcpy(many + i * request_size, request, request_size);
    if (send_all(fd, many, sizeof many)) right += right_answers(fd, at_once);

    // One and a half, then the other half.
    const size_t half = request_size + request_size / 2;
    send_all(fd, many, half);
    right += right_answers(fd, 1);
    send_all(fd, many + half, 2 * request_size - half);
    right += right_answers(fd, 1);

    // Nothing may come after the last answer.
    char extra;
    usleep(2000);
    const int silent = recv(fd, &extra, 1, MSG_DONTWAIT) < 0;
    close(fd);
    const int wanted = 2 + 1 + at_once + 2;
    printf("{\"answers\":%d,\"errors\":%d}\n", right, wanted - right + !silent);
    return right != wanted || !silent;
}
