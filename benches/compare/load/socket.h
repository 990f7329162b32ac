// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef COMPARE_LOAD_SOCKET_H
#define COMPARE_LOAD_SOCKET_H

/// A connection to the server at `port` of this machine, with TCP_NODELAY. Ends the program when there is
/// none.
int load_connect(unsigned port);
/// False when nothing came for five seconds.
int load_wait_readable(int fd);

#endif
