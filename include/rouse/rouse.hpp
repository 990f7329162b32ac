// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// All of rouse.

#include "rouse/combine/join.hpp"
#include "rouse/combine/select.hpp"
#include "rouse/core/atomic_waker.hpp"
#include "rouse/core/block_on.hpp"
#include "rouse/core/box_future.hpp"
#include "rouse/core/future.hpp"
#include "rouse/core/hang.hpp"
#include "rouse/core/spin_on.hpp"
#include "rouse/core/waker_from.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/io/async_fd.hpp"
#include "rouse/io/pipe.hpp"
#include "rouse/io/write.hpp"
#include "rouse/net/tcp_listener.hpp"
#include "rouse/net/udp_socket.hpp"
#include "rouse/net/unix_datagram.hpp"
#include "rouse/net/unix_stream.hpp"
#include "rouse/runtime/blocking.hpp"
#include "rouse/runtime/runtime.hpp"
#include "rouse/sync/oneshot.hpp"
#include "rouse/task/generator.hpp"
#include "rouse/task/task.hpp"
#include "rouse/task/task_local.hpp"
#include "rouse/task/yield_now.hpp"
#include "rouse/time/interval.hpp"
#include "rouse/time/sleep.hpp"
#include "rouse/time/timeout.hpp"
