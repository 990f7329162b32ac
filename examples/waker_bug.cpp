// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The bug that this library is about: a future that returns Pending and forgets the waker.

#include <rouse/rouse.hpp>

#include "support/console.hpp"
#include "support/slow_service.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

using namespace std::chrono_literals;

/// Starts the operation at its first poll, and has its result put where the next poll will find it. What next
/// poll?
class BuggyFuture {
public:
    using Output = std::string;
    explicit BuggyFuture(unsigned ms) : ms_(ms) {}

    rouse::Poll<std::string> poll(rouse::Context&) { // the waker would be in there
        if (!shared_) {
            shared_ = std::make_shared<Shared>();
            fetch_with_callback(ms_, [weak = std::weak_ptr(shared_)](std::string data) {
                const std::shared_ptr<Shared> shared = weak.lock();
                if (!shared) return; // nobody waits any more
                say("(the operation has completed: {} is there)", data);
                const std::lock_guard lock(shared->mutex);
                shared->data = std::move(data);
            });
        }
        const std::lock_guard lock(shared_->mutex);
        if (shared_->data) return rouse::Ready(std::move(*shared_->data));
        return rouse::Pending;
    }

private:
    struct Shared {
        std::mutex mutex;
        std::optional<std::string> data;
    };
    unsigned ms_;
    std::shared_ptr<Shared> shared_;
};

rouse::Task<std::string> fetch_data_buggy(unsigned ms) {
    BuggyFuture future(ms);
    co_return co_await future;
}

rouse::Task<std::string> complex_operation() { co_return "fetched " + co_await fetch_data_buggy(2000); }

rouse::Task<> main_task() {
    const Stopwatch watch;
    auto operation = rouse::spawn(complex_operation());
    try {
        say("{}", co_await operation);
    } catch (const rouse::LostWaker& lost) {
        say("After {:.1f} ms: {}", watch.wall_ms(), lost.what());
    }
}

/// The same, and nobody may throw: what any other runtime would do.
rouse::Task<> main_task_elsewhere() {
    auto operation = rouse::spawn(complex_operation());
    const rouse::AbortHandle abort = operation.abort_handle();
    const Stopwatch watch;
    if (!co_await rouse::timeout(3s, operation)) {
        say("After {:.0f} ms it still hangs, using {:.1f} % of a CPU. Aborted.", watch.wall_ms(),
            watch.cpu_percent());
        abort.abort();
    }
}

int main() {
    say("--- HangPolicy::throw_error, which is the default");
    rouse::run(main_task());

    say("--- HangPolicy::report: says so once, and then lets it hang, here for three seconds");
    rouse::RuntimeOptions options;
    options.hang_policy = rouse::HangPolicy::report;
    rouse::run(main_task_elsewhere(), options);

    note(
        "The operation completes after two seconds, and nobody polls the future to find out. No error, no CPU, no "
        "trace: that is all there is to see of this bug elsewhere. Here the poll that kept no waker was the last "
        "thing that could have had the task woken, so the await throws, at once, and says where.");
}
