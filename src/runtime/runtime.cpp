// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/runtime/runtime.hpp"

#include <future>
#include <thread>

namespace rouse {

bool Runtime::shutdown(Duration patience) {
    if (!core_) return true;
    // A deferred end would need a second thread in any case: whoever is stuck cannot be the one that waits.
    const auto over = std::make_shared<std::promise<void>>();
    std::future<void> ended = over->get_future();
    std::thread ends([over, core = core_]() mutable { // if it cannot be had, the runtime is as it was
        core->shutdown();
        core.reset();
        over->set_value();
    });
    core_ = nullptr;
    const bool in_time = ended.wait_for(patience) == std::future_status::ready;
    if (in_time) ends.join();
    else ends.detach();
    return in_time;
}

void pause_clock() { detail::RuntimeCore::current("pause_clock")->pause_clock(); }
void resume_clock() { detail::RuntimeCore::current("resume_clock")->resume_clock(); }
void advance_clock(Duration by) { detail::RuntimeCore::current("advance_clock")->advance_clock(by); }

} // namespace rouse
