// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPARE_LOAD_HTTP_CHECK_H
#define COMPARE_LOAD_HTTP_CHECK_H

/// Asks the server at `port` in several ways and compares the answers; prints the line. 0 when all was right.
int http_check(unsigned port);

#endif
