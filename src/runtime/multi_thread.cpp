// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/multi_thread.hpp"

#include "diag/print.hpp"
#include "rouse/core/waker_from.hpp"
#include "rouse/runtime/runtime.hpp"
#include "runtime/dump_signal.hpp"
#include "runtime/hook.hpp"

#include <thread>

#include <sched.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

unsigned usable_processors() noexcept {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

std::shared_ptr<RuntimeCore> make_multi_thread(RuntimeOptions options) {
    if (options.paused_clock)
        stop(
            "a paused clock is for Runtime::current_thread: with several threads there is no moment at which all is idle");
    if (options.worker_threads == 0) options.worker_threads = usable_processors();
    auto runtime = std::make_shared<MultiThread>(std::move(options));
#if ROUSE_EXCEPTIONS
    try {
        runtime->start();
    } catch (...) { // a thread that is not to be had: those that run are part of it
        runtime->shutdown();
        throw;
    }
#else
    runtime->start();
#endif
    return runtime;
}

MultiThread::MultiThread(RuntimeOptions options)
    : shared_(std::move(options)), crew_(shared_, shared_.options.worker_threads, *this) {
    if (shared_.options.dump_signal) watch_dump_signal(shared_.options.dump_signal, *crew_.workers()[0]);
}

void MultiThread::spawn(Cell& cell) {
    if (is_here()) {
        auto& worker = static_cast<Worker&>(*static_cast<Executor*>(turn.runtime));
        if (worker.open) return worker.adopt_new(cell);
        cell.belong_to(worker, worker.next_task_id()); // the end of the runtime, and a destructor spawns
    } else if (shared_.process.refuse_fork(); crew_.inject_new(cell)) {
        return;
    }
    cell.cancel();
    cell.publish(0);
}

/// A thread in `block_on`.
class MultiThread::Waiter {
public:
    class Sleeper {
    public:
        void wake() { parker.unpark(); }
        Parker parker;
    };
    explicit Waiter(MultiThread& runtime) : runtime_(runtime) {
        const std::lock_guard lock(runtime.waiters_mutex_);
        runtime.waiters_.push_back(this);
    }
    ~Waiter() {
        const std::lock_guard lock(runtime_.waiters_mutex_);
        std::erase(runtime_.waiters_, this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    [[nodiscard]] long thread() const noexcept { return thread_; }
    /// Under the mutex.
    void tell(const QuiescenceReport& report) {
        report_ = report;
        sleeper->wake();
    }
    [[nodiscard]] bool told() const {
        const std::lock_guard lock(runtime_.waiters_mutex_);
        return report_.has_value();
    }
    [[noreturn]] void throw_deadlock() {
#if ROUSE_EXCEPTIONS
        throw RuntimeDeadlock(std::move(*report_));
#else
        print_report(format_report(*report_));
        stop("the runtime is deadlocked, and there are no exceptions to say so");
#endif
    }
    const std::shared_ptr<Sleeper> sleeper = std::make_shared<Sleeper>();

private:
    MultiThread& runtime_;
    const long thread_ = gettid();
    std::optional<QuiescenceReport> report_;
};

void MultiThread::drive(Cell& root) {
    if (turn.driving || turn.current) [[unlikely]]
        stop(
            "block_on inside of a task: this thread is driving a future already; co_await it, or spawn it and await the handle");
    shared_.process.refuse_fork();
    if (!crew_.inject_new(root)) stop("block_on of a Runtime that has ended");
    Waiter waiter(*this);
    const Waker waker = waker_from(waiter.sleeper);
    Context cx(waker);
    bool aborted = false;
    while (!root.poll_join(cx)) { // the caller holds the handle, and is the one to ask it
        waiter.sleeper->parker.park();
        if (waiter.told() && !std::exchange(aborted, true)) root.abort();
    }
    if (aborted) waiter.throw_deadlock();
}

std::vector<long> MultiThread::waiting_threads() {
    const std::lock_guard lock(waiters_mutex_);
    std::vector<long> threads;
    for (const Waiter* waiter : waiters_) threads.push_back(waiter->thread());
    return threads;
}

QuiescenceReport MultiThread::pending_tasks() {
    QuiescenceReport report;
    for (TaskDump& task : dump().tasks)
        if (!task.await.only_never()) report.tasks.push_back(std::move(task));
    return report;
}

void MultiThread::deadlock(QuiescenceReport report) {
    const HangPolicy policy = shared_.options.hang_policy;
    if (policy == HangPolicy::throw_error) {
        const std::lock_guard lock(waiters_mutex_);
        for (Waiter* waiter : waiters_) waiter->tell(report);
        if (!waiters_.empty()) return;
    }
    call_hook([&] { // nobody is there to throw it at
        if (shared_.options.on_suspicion) shared_.options.on_suspicion(report);
        else print_report(format_report(report));
    });
    if (policy == HangPolicy::abort) stop("the runtime is deadlocked, and the hang policy is abort");
}

Result<int> MultiThread::poll_descriptor() { no_run_once(); }
std::optional<Duration> MultiThread::run_once() { no_run_once(); }
void MultiThread::no_run_once() {
    stop("run_once is for Runtime::current_thread: this runtime has threads of its own, and needs no loop");
}

RuntimeMetrics MultiThread::metrics() const {
    RuntimeMetrics metrics;
    for (const auto& worker : crew_.workers()) {
        const bool spare = worker->number >= crew_.regular();
        if (spare && worker->thread_id.load(memory_order_relaxed) == 0) continue; // never needed
        worker->add_to(metrics);
        metrics.workers.back().spare = spare;
    }
    metrics.tasks_alive = alive_tasks();
    metrics.io_fallback = shared_.io_fallback();
    metrics.tasks_lost = shared_.hangs.load(memory_order_relaxed);
    metrics.blocking = shared_.blocking_metrics();
    return metrics;
}

namespace {

// For all workers to come to the end of their polls; after that the dump is not complete.
constexpr std::chrono::seconds patience_with_polls(1);
// They are held one after another, and those that are held wait as well: not for long at a time.
constexpr std::chrono::milliseconds patience_with_one(5);
constexpr std::chrono::milliseconds rest_between_tries(5);

} // namespace

/// Lets other dumps look at the worker whose poll asks for one, for the extent of a scope: while the poll
/// waits, it changes nothing.
class MultiThread::Pause {
public:
    explicit Pause(Worker* here) noexcept : here_(here) {
        if (here_) here_->gate.leave();
    }
    ~Pause() {
        if (here_) here_->gate.enter();
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

private:
    Worker* const here_;
};

// One dump at a time: two tasks that ask at once, on two workers, would each wait for the other's poll.
RuntimeDump MultiThread::dump() {
    Worker* const here = is_here() ? static_cast<Worker*>(turn.runtime) : nullptr;
    RuntimeDump dump;
    dump.name = shared_.options.name;
    std::unique_lock only(dump_mutex_, std::defer_lock);
    {
        const Pause pause(here);
        only.lock();
    }
    const auto until = std::chrono::steady_clock::now() + patience_with_polls;
    while (!(dump.complete = look_into(0, dump)) && std::chrono::steady_clock::now() < until) {
        const Pause pause(here);
        std::this_thread::sleep_for(rest_between_tries);
    }
    if (dump.complete) return dump;
    for (const auto& worker : crew_.workers()) {
        TaskDump running;
        running.id = worker->watched().polled_task();
        running.phase = TaskPhase::running;
        if (running.id) dump.tasks.push_back(std::move(running));
    }
    return dump;
}

/// All workers are held between two polls at the same time: a task that one has listed another may poll.
bool MultiThread::look_into(std::size_t first, RuntimeDump& dump) {
    if (first == crew_.workers().size()) {
        for (const auto& worker : crew_.workers()) {
            RuntimeDump part = worker->dump_here();
            dump.timers += part.timers;
            std::move(part.tasks.begin(), part.tasks.end(), std::back_inserter(dump.tasks));
        }
        return true;
    }
    Worker& worker = *crew_.workers()[first];
    if (worker.is_here()) return look_into(first + 1, dump);
    bool complete = false;
    return worker.gate.try_visit(patience_with_one, [&] { complete = look_into(first + 1, dump); }) &&
           complete;
}

std::size_t MultiThread::alive_tasks() const noexcept {
    std::size_t sum = 0;
    for (const auto& worker : crew_.workers()) sum += worker->alive();
    // Between two loads a task may begin on the first worker, and end on the second.
    return static_cast<std::ptrdiff_t>(sum) < 0 ? 0 : sum;
}

bool MultiThread::is_here() const noexcept { return turn.runtime && turn.crew == crew_.workers()[0]->crew(); }

void MultiThread::no_pause() {
    stop(
        "the clock of a multi-threaded runtime cannot be paused: with several threads there is no moment at which all is idle; use Runtime::current_thread");
}

void MultiThread::shutdown() noexcept {
    if (shared_.process.is_fork()) { // what it has is the parent's, and its threads are not here to be joined
        (void)new std::shared_ptr<RuntimeCore>(shared_from_this());
        return;
    }
    if (is_here()) stop("a Runtime was destroyed by one of its own tasks");
    if (!crew_.close()) return;
    if (shared_.options.dump_signal) unwatch_dump_signal(*crew_.workers()[0]);
    crew_.stop_threads();
    {
        const Worker::DriveScope scope(*crew_.workers()[0], shared_from_this());
        crew_.adopt_injected();
        std::size_t owed = 0;
        for (const auto& worker : crew_.workers()) owed += worker->mark_for_end();
        // Who made a task ACTIVE delivers it; that thread may be on its way.
        for (std::size_t delivered = 0; delivered < owed;) {
            const std::size_t more = crew_.swallow_deliveries();
            if (more == 0) std::this_thread::yield();
            delivered += more;
        }
        for (const auto& worker : crew_.workers()) worker->destroy_tasks();
    }
    crew_.await_stragglers();
    shared_.end_blocking();
    for (const auto& worker : crew_.workers()) worker->close_drivers();
    shared_.hang_log.summarize();
}

} // namespace rouse::detail
