// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/multi_thread.hpp"

#include "rouse/core/waker_from.hpp"
#include "rouse/runtime/runtime.hpp"
#include "runtime/dump_signal.hpp"

#include <thread>

#include <sched.h>

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
    runtime->start();
    return runtime;
}

MultiThread::MultiThread(RuntimeOptions options)
    : shared_(std::move(options)), crew_(shared_, shared_.options.worker_threads) {
    if (shared_.options.dump_signal) watch_dump_signal(shared_.options.dump_signal, *crew_.workers()[0]);
}

void MultiThread::spawn(Cell& cell) {
    if (is_here()) {
        auto& worker = static_cast<Worker&>(*static_cast<Executor*>(turn.runtime));
        if (worker.open) return worker.adopt_new(cell);
        cell.belong_to(worker, worker.next_task_id()); // the end of the runtime, and a destructor spawns
    } else if (crew_.inject_new(cell)) {
        return;
    }
    cell.cancel();
    cell.publish(0);
}

void MultiThread::drive(Cell& root) {
    if (turn.driving || turn.current) [[unlikely]]
        stop(
            "block_on inside of a task: this thread is driving a future already; co_await it, or spawn it and await the handle");
    if (!crew_.inject_new(root)) stop("block_on of a Runtime that has ended");
    // The caller holds the handle, and is the one to ask it.
    class Sleeper {
    public:
        void wake() { parker.unpark(); }
        Parker parker;
    };
    const auto sleeper = std::make_shared<Sleeper>();
    const Waker waker = waker_from(sleeper);
    Context cx(waker);
    while (!root.poll_join(cx)) sleeper->parker.park();
}

RuntimeDump MultiThread::dump() {
    RuntimeDump dump;
    dump.name = shared_.options.name;
    dump.complete = look_into(0, dump);
    if (dump.complete) return dump;
    dump.tasks.clear();
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
    return worker.gate.try_visit(std::chrono::seconds(1), [&] { complete = look_into(first + 1, dump); }) &&
           complete;
}

std::size_t MultiThread::alive_tasks() const noexcept {
    std::size_t sum = 0;
    for (const auto& worker : crew_.workers()) sum += worker->alive.load(memory_order_relaxed);
    return sum;
}

bool MultiThread::is_here() const noexcept { return turn.runtime && turn.crew == crew_.workers()[0]->crew(); }

void MultiThread::no_pause() {
    stop(
        "the clock of a multi-threaded runtime cannot be paused: with several threads there is no moment at which all is idle; use Runtime::current_thread");
}

void MultiThread::shutdown() noexcept {
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
    shared_.end_blocking();
    for (const auto& worker : crew_.workers()) worker->close_drivers();
    shared_.hang_log.summarize();
}

} // namespace rouse::detail
