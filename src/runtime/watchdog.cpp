// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/watchdog.hpp"

#include "diag/print.hpp"
#include "rouse/base/config.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

// What the interrupted thread writes down about itself. It is asked by a signal, as Go's runtime asks:
// SIGURG, which nobody takes to be fatal, and which by default is ignored. If the program has a handler of
// its own for it, there is no native stack.
constexpr int ask_signal = SIGURG;
class Answer {
public:
    static constexpr int max_native = 64;
    static constexpr int max_awaits = 64;
    void* native[max_native] = {};
    int native_count = 0;
    SourceLocation awaits[max_awaits];
    int await_count = 0;
    SourceLocation spawned_at;
    char name[64] = {};
};
Answer answer;
// [W1] The watchdog stores `asked`, sends the signal, and waits for `answered`. [W2] The handler takes
// `asked` -> `answering`, writes, stores `answered`. The watchdog gives up by taking `asked` -> `none`: if
// that fails the handler is writing, and it waits on. So one of the two has the answer's memory at a time.
enum class Ask : int { none, asked, answering, answered };
constinit Atomic<Ask> ask{Ask::none};
constinit Atomic<long> asked_thread{0}; // a late signal of an ask that was given up finds another one here
constinit Atomic<long> watchdog_id{0};
constinit Atomic<bool> tells{false};
constinit Atomic<bool> handler_installed{false};

void on_ask(int) {
    if (asked_thread.load(memory_order_acquire) != gettid()) return;
    const int errno_before = errno;
    Ask expected = Ask::asked;
    if (!ask.compare_exchange_strong(expected, Ask::answering, memory_order_acq_rel)) return;
    answer.native_count = backtrace(answer.native, Answer::max_native);
    answer.await_count = 0;
    // The awaits of the strand that runs here: its top is the coroutine that runs, and has no await; the ones
    // below wait for it.
    for (PollScope* scope = turn.scope; scope; scope = scope->outer) {
        for (PromiseBase* promise = scope->strand->top();
             promise && answer.await_count < Answer::max_awaits;) {
            if (promise->await_at()) answer.awaits[answer.await_count++] = promise->await_at();
            PromiseBase::Await* await = promise->awaiting();
            promise = await ? await->parent : nullptr;
        }
    }
    answer.name[0] = 0;
    if (const Cell* cell = running_cell()) {
        answer.spawned_at = cell->spawned_at();
        const std::string_view name = cell->name();
        const std::size_t length = std::min(name.size(), sizeof(answer.name) - 1);
        std::copy_n(name.data(), length, answer.name);
        answer.name[length] = 0;
    }
    ask.store(Ask::answered, memory_order_release);
    errno = errno_before;
}

bool install_handler() {
    struct sigaction before{};
    sigaction(ask_signal, nullptr, &before);
    if (before.sa_handler == on_ask) return true;
    if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return false;
    void* warm[2];
    (void)backtrace(warm, 2); // loads what it needs now: in the handler it must not allocate
    struct sigaction action{};
    action.sa_handler = on_ask;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    return sigaction(ask_signal, &action, nullptr) == 0;
}

std::string frame_text(void* address) {
    Dl_info info{};
    char text[64];
    if (dladdr(address, &info) && info.dli_sname) {
        int status = 0;
        const std::unique_ptr<char, void (*)(void*)> clean(
            abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), std::free);
        return status == 0 ? std::string(clean.get()) : std::string(info.dli_sname);
    }
    const auto offset =
        reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    std::snprintf(text, sizeof(text), "+0x%lx", static_cast<unsigned long>(offset));
    return (info.dli_fname ? std::string(info.dli_fname) : std::string("?")) + text;
}

// A thread that is off its processor answers when it is back. One that blocks the signal never does; nor
// does, under TSan, one that makes no call.
constexpr std::chrono::milliseconds patience_with_poll(ROUSE_TSAN ? 100 : 2000);
constexpr std::chrono::milliseconds patience_after_poll(100);

/// Waits for the handler's answer.
bool ask_thread(long thread, const WatchedThread& watched) {
    if (!handler_installed.load(memory_order_acquire)) return false;
    const std::uint64_t poll = watched.current_poll();
    const auto asked_at = std::chrono::steady_clock::now();
    asked_thread.store(thread, memory_order_release);
    ask.store(Ask::asked, memory_order_release);
    if (syscall(SYS_tgkill, getpid(), thread, ask_signal) != 0) {
        ask.store(Ask::none, memory_order_release);
        return false;
    }
    for (;;) {
        if (ask.load(memory_order_acquire) == Ask::answered) return true;
        const auto patience = watched.current_poll() == poll ? patience_with_poll : patience_after_poll;
        if (std::chrono::steady_clock::now() - asked_at > patience) break;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    Ask expected = Ask::asked;
    if (ask.compare_exchange_strong(expected, Ask::none, memory_order_acq_rel)) return false;
    while (ask.load(memory_order_acquire) != Ask::answered) std::this_thread::yield();
    return true;
}

} // namespace

/// One thread for all runtimes of the process; it lives while one is driven.
class Watchdog {
public:
    void add(WatchedThread& watched) {
        std::unique_lock lock(mutex_);
        if (!handler_installed.load(memory_order_relaxed))
            handler_installed.store(install_handler(), memory_order_release);
        watched_.push_back(&watched);
        watched.thread_id_ = gettid();
        watched.seen_ = 0;
        changed_ = true;
        if (thread_.joinable()) {
            wake_.notify_one();
        } else {
#if ROUSE_EXCEPTIONS
            try {
                thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
            } catch (const std::system_error&) { // no thread to be had: the runtime works without a watchdog
                return;
            }
#else
            thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
#endif
        }
        // One that has not said yet who it is would be taken for a stranger that might wake somebody.
        told_.wait(lock, [] { return watchdog_id.load(memory_order_relaxed) != 0; });
    }
    /// Waits while `watched` is being asked, and a hook told of it.
    void remove(WatchedThread& watched) noexcept {
        std::unique_lock lock(mutex_);
        std::erase(watched_, &watched);
        told_.wait(lock, [&] { return telling_ != &watched; });
    }

    static Watchdog& instance() {
        static Watchdog watchdog;
        return watchdog;
    }
    ~Watchdog() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    void run(const std::stop_token& stop) {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr); // the program's signals are for the program's threads
        pthread_setname_np(pthread_self(), "rouse-watchdog");
        std::unique_lock lock(mutex_);
        watchdog_id.store(gettid(), memory_order_release);
        told_.notify_all();
        while (!stop.stop_requested()) {
            if (watched_.empty()) {
                wake_.wait(lock, stop, [this] { return !watched_.empty(); });
                continue;
            }
            auto pause = std::chrono::milliseconds::max();
            for (const WatchedThread* watched : watched_) pause = std::min(pause, watched->threshold_ / 4);
            wake_.wait_for(lock, stop, std::max(pause, std::chrono::milliseconds(2)),
                           [this] { return std::exchange(changed_, false); });
            look_at_all(lock);
        }
    }

    /// The hooks are called without the lock: they may drive a runtime, or wait for one. The threads are
    /// asked without it, too: one that does not answer is to hold up no other.
    void look_at_all(std::unique_lock<std::mutex>& lock) {
        const auto now = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < watched_.size(); ++i) {
            WatchedThread& watched = *watched_[i];
            const auto running = watched.look(now);
            if (!running) continue;
            telling_ = &watched;
            lock.unlock();
            const LongPollReport report = watched.make_report(*running);
            tells.store(true, memory_order_release);
            watched.tell(report);
            lock.lock();
            tells.store(false, memory_order_release);
            telling_ = nullptr;
            told_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::condition_variable told_;
    const WatchedThread* telling_ = nullptr;
    std::vector<WatchedThread*> watched_;
    bool changed_ = false; // a new one, with a shorter threshold perhaps
    std::jthread thread_;
};

WatchedThread::WatchedThread(std::chrono::milliseconds threshold,
                             std::function<void(const LongPollReport&)> hook)
    : threshold_(threshold), hook_(std::move(hook)) {
    if (threshold_.count() > 0)
        (void)Watchdog::instance(); // made before the first runtime, so that it outlives the last static one
}
WatchedThread::~WatchedThread() = default;

void WatchedThread::begin_drive() {
    if (threshold_.count() > 0) Watchdog::instance().add(*this);
}
void WatchedThread::end_drive() noexcept {
    if (threshold_.count() > 0) Watchdog::instance().remove(*this);
}

std::optional<std::chrono::milliseconds> WatchedThread::look(std::chrono::steady_clock::time_point now) {
    const std::uint64_t poll = poll_.load(memory_order_relaxed);
    if (!(poll & 1) || poll != seen_ || allowed_.load(memory_order_relaxed)) {
        seen_ = poll;
        since_ = now;
        reported_ = false;
        return std::nullopt;
    }
    const auto running = std::chrono::duration_cast<std::chrono::milliseconds>(now - since_);
    if (reported_ || running < threshold_) return std::nullopt;
    reported_ = true;
    return running;
}

LongPollReport WatchedThread::make_report(std::chrono::milliseconds running) {
    LongPollReport report;
    report.task_id = task_.load(memory_order_relaxed);
    report.running = running;
    if (ask_thread(thread_id_, *this)) {
        report.task_name = answer.name;
        report.spawned_at = answer.spawned_at;
        report.stack.assign(answer.awaits, answer.awaits + answer.await_count);
        if (report.task_name.empty() && !report.stack.empty())
            report.task_name = readable_name(report.stack.back().function_name());
        // The first two are the handler and the frame that the kernel made for it.
        for (int i = 2; i < answer.native_count; ++i)
            report.native_stack.push_back(frame_text(answer.native[i]));
        ask.store(Ask::none, memory_order_release);
    }
    return report;
}

void WatchedThread::tell(const LongPollReport& report) noexcept {
#if ROUSE_EXCEPTIONS
    try {
#endif
        if (hook_) hook_(report);
        else print_report(format_report(report));
#if ROUSE_EXCEPTIONS
    } catch (...) { // a hook has nowhere to throw to
    }
#endif
}

bool watchdog_tells() noexcept { return tells.load(memory_order_acquire); }
long watchdog_thread_id() noexcept { return watchdog_id.load(memory_order_acquire); }
int watchdog_signal() noexcept { return handler_installed.load(memory_order_acquire) ? ask_signal : 0; }

} // namespace rouse::detail
