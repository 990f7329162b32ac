// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The bug that this library is about, in a browser: a future that returns Pending and forgets the waker,
// three futures that do not, and what is built on each. Every function here is one of the module's;
// waker_bug_module.js has them.

#include <rouse/web/web.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace js = rouse::js;

namespace {

/// To the console, at once.
void say(std::string_view who, std::string_view what) {
    std::string line(who);
    line.append(": ").append(what).append("\n");
    (void)::write(STDOUT_FILENO, line.data(), line.size());
}

std::string ms_text(double delay_ms) { return std::to_string(static_cast<long>(delay_ms)) + " ms"; }

/// `new Promise((resolve) => setTimeout(resolve, delay_ms, value))`
js::Value create_delayed_promise(double delay_ms, js::Value value) {
    say("create_delayed_promise", "a Promise that resolves in " + ms_text(delay_ms));
    auto executor = js::function([delay_ms, value = std::move(value)](const js::Value& arguments) {
        const js::Value resolve = arguments.get(0);
        js::global("setTimeout").call(resolve, delay_ms, value);
        return js::Value();
    });
    return js::global("Promise").construct(executor);
}

std::string data_after(double delay_ms) { return "the data that took " + ms_text(delay_ms); }

/// The operation that all wait for. It knows nothing of who waits, and calls back.
rouse::Task<> operation(double delay_ms, std::function<void(std::string)> done) {
    const js::Value data =
        co_await rouse::web::JsFuture(create_delayed_promise(delay_ms, data_after(delay_ms)));
    say("operation", "done after " + ms_text(delay_ms));
    done(data.to_string());
}

void start_operation(double delay_ms, std::function<void(std::string)> done) {
    rouse::web::spawn_local(operation(delay_ms, std::move(done))).detach();
}

// ---- the bug ----

/// Starts the operation at its first poll, and has the result put where the next poll will find it. Which
/// next poll?
class BuggyFuture {
public:
    using Output = std::string;
    explicit BuggyFuture(double delay_ms) : delay_ms_(delay_ms) {}

    rouse::Poll<std::string> poll(rouse::Context&) {
        // The waker is in the Context, and stays there.
        if (!shared_) {
            say("BuggyFuture", "polled for the first time: starting the operation");
            shared_ = std::make_shared<Shared>();
            auto done = [weak = std::weak_ptr(shared_)](std::string data) {
                say("BuggyFuture", "the result is here, and nobody will come to fetch it");
                if (const auto shared = weak.lock()) shared->data = std::move(data);
            };
            start_operation(delay_ms_, std::move(done));
        }
        if (shared_->data) return rouse::Ready(std::move(*shared_->data));
        say("BuggyFuture", "Pending");
        return rouse::Pending;
    }

private:
    struct Shared {
        std::optional<std::string> data;
    };
    double delay_ms_;
    std::shared_ptr<Shared> shared_;
};

rouse::Task<std::string> fetch_data_buggy(double delay_ms) {
    say("fetch_data_buggy", "waiting for the data");
    BuggyFuture future(delay_ms);
    co_return co_await future;
}

rouse::Task<std::string> get_user_data(unsigned user_id) {
    say("get_user_data", "asking for user " + std::to_string(user_id));
    BuggyFuture response(1500);
    co_await response;
    const std::string id = std::to_string(user_id);
    co_return R"({"id":)" + id + R"(,"name":"User )" + id + R"(","email":"user)" + id + R"(@example.com"})";
}

rouse::Task<std::string> complex_async_operation() {
    say("complex_async_operation", "step 1 of 3: configuration");
    const std::string configuration = co_await fetch_data_buggy(500);
    say("complex_async_operation", "step 2 of 3: processing");
    const std::string processed = co_await fetch_data_buggy(800);
    say("complex_async_operation", "step 3 of 3: finalizing");
    const std::string finalized = co_await fetch_data_buggy(300);
    co_return configuration + ", " + processed + ", " + finalized;
}

rouse::Task<std::string> countdown_buggy(unsigned seconds) {
    for (unsigned left = seconds; left > 0; --left) {
        say("countdown_buggy", std::to_string(left));
        BuggyFuture second(1000);
        co_await second;
    }
    say("countdown_buggy", "done");
    co_return "the countdown of " + std::to_string(seconds) + " s is over";
}

// ---- fixed by a future that somebody has written already, and tested ----

rouse::Task<std::string> fetch_data_correct(double delay_ms) {
    say("fetch_data_correct", "waiting for the data");
    rouse::web::JsFuture future(create_delayed_promise(delay_ms, data_after(delay_ms)));
    const js::Value data = co_await future;
    say("fetch_data_correct", "the result is here");
    co_return data.to_string();
}

// ---- fixed by hand ----

/// As BuggyFuture, with the two lines that it lacks.
class CorrectFuture {
public:
    using Output = std::string;
    explicit CorrectFuture(double delay_ms) : delay_ms_(delay_ms) {}

    rouse::Poll<std::string> poll(rouse::Context& cx) {
        if (!shared_) {
            say("CorrectFuture", "polled for the first time: starting the operation");
            shared_ = std::make_shared<Shared>();
            auto done = [weak = std::weak_ptr(shared_)](std::string data) {
                const auto shared = weak.lock();
                if (!shared) return; // nobody waits any more
                say("CorrectFuture", "the result is here: waking the task");
                shared->data = std::move(data);
                if (shared->waker) std::move(*shared->waker).wake();
            };
            start_operation(delay_ms_, std::move(done));
        }
        if (shared_->data) return rouse::Ready(std::move(*shared_->data));
        // At each poll, for only the waker of the last one counts.
        shared_->waker = cx.waker().clone();
        say("CorrectFuture", "Pending, with the waker kept");
        return rouse::Pending;
    }

private:
    struct Shared {
        std::optional<std::string> data;
        std::optional<rouse::Waker> waker;
    };
    double delay_ms_;
    std::shared_ptr<Shared> shared_;
};

rouse::Task<std::string> fetch_data_by_hand(double delay_ms) {
    say("fetch_data_by_hand", "waiting for the data");
    CorrectFuture future(delay_ms);
    co_return co_await future;
}

// ---- fixed by a oneshot channel: its receiver keeps the waker, its sender wakes it ----

rouse::Task<std::string> fetch_data_by_channel(double delay_ms) {
    say("fetch_data_by_channel", "waiting for the data");
    auto [sender, receiver] = rouse::oneshot::channel<std::string>();
    auto shared = std::make_shared<rouse::oneshot::Sender<std::string>>(std::move(sender));
    auto done = [shared = std::move(shared)](std::string data) {
        say("fetch_data_by_channel", "the result is here: sending it");
        (void)std::move(*shared).send(std::move(data)); // an error means that nobody waits any more
    };
    start_operation(delay_ms, std::move(done));
    const auto data = co_await receiver;
    co_return data.value_or("nothing: the operation was dropped");
}

} // namespace

ROUSE_EXPORT(create_delayed_promise)
ROUSE_EXPORT_ASYNC(fetch_data_buggy)
ROUSE_EXPORT_ASYNC(fetch_data_correct)
ROUSE_EXPORT_ASYNC(fetch_data_by_hand)
ROUSE_EXPORT_ASYNC(fetch_data_by_channel)
ROUSE_EXPORT_ASYNC(get_user_data)
ROUSE_EXPORT_ASYNC(complex_async_operation)
ROUSE_EXPORT_ASYNC(countdown_buggy)
