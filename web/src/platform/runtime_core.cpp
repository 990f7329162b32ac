// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/stop.hpp"
#include "rouse/runtime/core.hpp"

namespace rouse::detail {

// The scheduler drives always, so what looks for the runtime of the thread finds it before it comes here.

const std::shared_ptr<RuntimeCore>* RuntimeCore::current_if_any() noexcept { return nullptr; }

const std::shared_ptr<RuntimeCore>& RuntimeCore::current(std::string_view what) {
    stop(std::string(what) +
         " before the first call of rouse::web: make the task there, or in an exported function");
}

} // namespace rouse::detail
