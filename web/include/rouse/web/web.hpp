// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// Everything of rouse that runs on the event loop of JavaScript.

#include "rouse/combine/join.hpp"
#include "rouse/combine/join_all.hpp"
#include "rouse/combine/race.hpp"
#include "rouse/combine/select.hpp"
#include "rouse/combine/try_join.hpp"
#include "rouse/core/atomic_waker.hpp"
#include "rouse/core/future.hpp"
#include "rouse/sync/mpsc.hpp"
#include "rouse/sync/notify.hpp"
#include "rouse/sync/oneshot.hpp"
#include "rouse/task/task.hpp"
#include "rouse/task/yield_now.hpp"
#include "rouse/time/interval.hpp"
#include "rouse/time/sleep.hpp"
#include "rouse/time/timeout.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/export.hpp"
#include "rouse/web/fetch.hpp"
#include "rouse/web/function.hpp"
#include "rouse/web/future.hpp"
#include "rouse/web/promise.hpp"
#include "rouse/web/value.hpp"
