// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPARE_EPOLL_SERVERS_H
#define COMPARE_EPOLL_SERVERS_H

/// Serve until they are killed.
int serve_echo(unsigned threads);
int serve_http(unsigned threads);

#endif
