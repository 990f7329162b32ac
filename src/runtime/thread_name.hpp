// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

#include <pthread.h>
#include <unistd.h>

namespace rouse::detail {

/// "shop-2", as `top -H` and debuggers show it. The kernel keeps 15 characters.
inline void name_this_thread(const std::string& runtime, const std::string& what) {
    const std::string name = runtime.substr(0, 14 - std::min<std::size_t>(what.size(), 8)) + "-" + what;
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

} // namespace rouse::detail
