// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPARE_HTTP_H
#define COMPARE_HTTP_H

/// The HTTP that every server of the comparison speaks: requests end with an empty line and have no body,
/// and all get the same answer.

#include <string.h>

static const char http_answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
enum { http_answer_size = sizeof http_answer - 1, http_buffer_size = 4096 };
/// No more requests than this can be in a buffer, since none is shorter than the empty line.
enum { http_most_requests = http_buffer_size / 4 };

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // it is C
#endif

/// The complete requests in `bytes`; `*end` is where the last one ends.
static inline size_t http_requests(const char* bytes, size_t size, size_t* end) {
    size_t count = 0;
    *end = 0;
    for (;;) {
        const char* const at = (const char*)memmem(bytes + *end, size - *end, "\r\n\r\n", 4);
        if (!at) return count;
        ++count;
        *end = (size_t)(at - bytes) + 4;
    }
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
