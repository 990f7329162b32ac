// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Three ways to wait for a callback without losing the waker, run side by side with the way that loses it.

#include <rouse/rouse.hpp>

#include "support/buggy_future.hpp"
#include "support/callback_future.hpp"
#include "support/console.hpp"
#include "support/slow_service.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

rouse::Task<std::string> fetch_data_buggy(unsigned ms) { co_return co_await BuggyFuture(ms); }

// Fix 1: a future that somebody has written already, and tested.

rouse::Task<std::string> fetch_data_ready_made(unsigned ms) {
    auto start = [ms](auto done) { fetch_with_callback(ms, std::move(done)); };
    co_return co_await callback_future<std::string>(std::move(start));
}

// Fix 2: keep the waker, by hand.

class FetchFuture {
public:
    using Output = std::string;
    explicit FetchFuture(unsigned ms) : ms_(ms) {}

    rouse::Poll<std::string> poll(rouse::Context& cx) {
        if (!shared_) {
            shared_ = std::make_shared<Shared>();
            fetch_with_callback(ms_,
                                [shared = shared_](std::string data) { complete(*shared, std::move(data)); });
        }
        const std::lock_guard lock(shared_->mutex);
        if (shared_->data) return rouse::Ready(std::move(*shared_->data));
        // The waker of this poll replaces the one of the last: the future may be polled by another task by
        // now.
        shared_->waker.clone_from(cx.waker());
        return rouse::Pending;
    }

private:
    struct Shared {
        std::mutex mutex;
        std::optional<std::string> data;
        rouse::Waker waker;
    };
    static void complete(Shared& shared, std::string data) {
        rouse::Waker waker;
        {
            const std::lock_guard lock(shared.mutex);
            shared.data = std::move(data); // the result first: the poll that the wake leads to must find it
            waker = std::move(shared.waker);
        }
        std::move(waker).wake(); // and outside the lock, which that poll will want
    }

    unsigned ms_;
    std::shared_ptr<Shared> shared_;
};

rouse::Task<std::string> fetch_data_by_hand(unsigned ms) { co_return co_await FetchFuture(ms); }

// Fix 3: a channel for one value. Should the callback be dropped uncalled, the receiver learns that too.

rouse::Task<std::string> fetch_data_channel(unsigned ms) {
    auto [tx, rx] = rouse::oneshot::channel<std::string>();
    fetch_with_callback(ms, [tx = std::move(tx)](std::string data) mutable {
        (void)std::move(tx).send(std::move(data)); // an error means that nobody waits any more
    });
    const auto data = co_await rx;
    co_return data.value_or("nothing: the callback was dropped");
}

rouse::Task<> show(std::string name, rouse::Task<std::string> fetch) {
    const Stopwatch watch;
    try {
        const std::string data = co_await fetch;
        say("{:<12} {:6.1f} ms  {}", name, watch.wall_ms(), data);
    } catch (const rouse::LostWaker&) {
        say("{:<12} {:6.1f} ms  LostWaker", name, watch.wall_ms());
    }
}

rouse::Task<> main_task() {
    co_await rouse::join(show("buggy", fetch_data_buggy(500)), show("ready-made", fetch_data_ready_made(500)),
                         show("by hand", fetch_data_by_hand(500)), show("channel", fetch_data_channel(500)));
}

int main() {
    rouse::run(main_task());

    note(
        "All four run at the same time, on one thread. The three that keep a waker where the result arrives take "
        "the time that the service takes; the one that does not fails before they have got anywhere.");
}
