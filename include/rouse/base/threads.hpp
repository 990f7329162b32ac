// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// `ThreadMutex` and `yield_thread`, as the platform has them: what the layers that also run on
/// the web use of threads.

#include "rouse/base/config.hpp"

#if ROUSE_THREADS
#include "rouse/base/threads_std.hpp"
#else
#include "rouse/base/threads_none.hpp"
#endif
