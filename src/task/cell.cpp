// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/cell.hpp"

#include "rouse/base/asymmetric_fence.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/base/threads.hpp"
#include "rouse/task/join_wait.hpp"
#include "rouse/task/slot.hpp"
#include "rouse/task/wait_graph.hpp"

#include <mutex>

namespace rouse::detail {

Cell* cell_of(TaskState* state) noexcept {
    return state && state->ops().free == &Cell::free ? static_cast<Cell*>(state) : nullptr;
}

Cell* running_cell() noexcept {
    if (Cell* cell = cell_of(turn.current)) return cell;
    for (const NestedTurn* nested = turn.outer; nested; nested = nested->outer())
        if (Cell* cell = cell_of(nested->task())) return cell;
    return nullptr;
}

void Cell::schedule(TaskState* state) noexcept {
    auto& cell = static_cast<Cell&>(*state);
    if (cell.is_here()) static_cast<Executor*>(turn.runtime)->deliver(cell);
    else cell.executor().inject(cell);
}

void Cell::schedule_lost(TaskState* state) noexcept {
    auto& cell = static_cast<Cell&>(*state);
    cell.executor().schedule_lost(cell, describe_this_thread());
}

void Cell::free(TaskState* state) noexcept { static_cast<Cell&>(*state).free_now(); }

inline void Cell::free_now() noexcept {
    if (const std::uintptr_t extras = extras_.load(memory_order_acquire); extras && !(extras & joiner_bit))
        [[unlikely]]
        free_extras();
    const std::size_t size = place_.blocks() * FrameCache::granule;
    end_.~End();
    this->~Cell();
    FrameCache::deallocate(this, size);
}

ROUSE_COLD void Cell::free_extras() noexcept { delete extras_if_any(); }

CellExtras& Cell::make_extras() {
    if (CellExtras* extras = extras_if_any()) return *extras;
    auto* extras = new CellExtras;
    extras_.store(reinterpret_cast<std::uintptr_t>(extras), memory_order_release);
    return *extras;
}

void Cell::finish(std::exception_ptr error) noexcept {
    if (!error) return cell_ops().finish(*this);
    cell_ops().discard(*this);
    end(Outcome::error, nullptr, std::move(error));
}

void Cell::cancel() noexcept {
    cell_ops().discard(*this);
    end(Outcome::cancelled, nullptr);
}

void Cell::destroy_outcome() noexcept {
    destroy_value();
    end_.outcome = Outcome::none;
    end_.error = nullptr;
}

// ---- the joiner ----
//
// One JoinHandle exists, used by one thread at a time; the executor completes the task. They meet at
// `extras_`, which names the joiner.
//
// Owner mode, until `join_shared` is set: the handle was only ever polled on the thread that drives the
// task's own runtime, which is also the thread that completes it. Nothing can run at the same time, and the
// joiner, mostly a task of the same runtime, costs no RMW.
//
// [J1] The handle is polled or dropped anywhere else: compare-exchange `join_shared` in, unless DONE. From
// then on, for good: [J2] while `join_set` is clear and the task is not DONE, the joiner's place is the
// handle's. It writes, then compare-exchanges `join_set` in, unless DONE. [J3] to change it, compare-exchange
// `join_set` out, unless DONE; then J2. [J4] publish sets DONE. Had the word `join_set`, the joiner's place
// is the executor's from here; else it is the handle's, which finds DONE at J1, J2 or J3.
//
// [J5] The driving thread, in owner mode, holds `join_set` while it looks who waits, for a report; J1 waits
// for that.
//
// In owner mode publish reads the joiner before DONE; the compare-exchange fails if J1 came in between, and
// it starts again. That is why the field is atomic.
//
// [J6] The most common end is spared that compare-exchange: a local joiner, two references (the executor's
// and the handle's), no waker. Then only the handle can do anything to the word, and whatever it does on
// another thread that must not be lost comes after J1. Publish sets `publishing_bit`, then loads the word
// again; if `join_shared` still is clear it stores DONE, and a J1 that comes in between is lost. J1 sets its
// bit, then looks for the other one, and waits while that is set. An asymmetric fence between the store and
// the load of each keeps both from missing the other.
//
// [J7] A task A that awaits a handle, and does nothing else, is an edge in the graph of waits, which is
// needed there when the handle's task B has an entry. Its handle says `awaited_bit` then. B, in its own poll,
// sets `waits_bit` for good, enters, and then asks its word, by an RMW, for the joiner; A registers by an RMW
// of that word, and then loads `waits_bit`. So A looks for B's entry, or B calls A: it sets `called_bit`
// while it does, and whoever takes `awaited_bit` out waits for that. In owner mode B's look is that of J5. Of
// tasks that await each other each registers with the next one, and then loads its own word: all of that is
// seq_cst, so the last of them finds that it is awaited itself.

// [J8] A report lists who waits, also for tasks that other threads poll and end. One report at a time looks
// at one joiner's place: it sets `looked_bit`, then loads the word. `join_set` and not DONE say that somebody
// is registered, and that neither the handle, which clears `join_set` first (J3), nor publish, which sets
// DONE first (J4), has begun to change the place. These two load `looked_bit` after that step, and wait while
// it is set. All four accesses are seq_cst: the report sees their step, or they see the report. The joiner's
// waker is in its place then, so the task can be given a reference, and the look is over: it waits for
// nobody, and runs no code of the user's.

bool Cell::publish(std::uint64_t delta, bool keep) noexcept {
    std::uint64_t word = this->word().load(memory_order_acquire);
    const std::uint64_t counts = (word + delta) & ~flags_mask;
    // The most common ends. One: a task of this runtime awaits the handle, in owner mode, and has no more to
    // ask of us than a wake.
    if (const std::uintptr_t joiner = extras_.load(memory_order_relaxed);
        counts == 2 * one_reference && (joiner & joiner_bit) &&
        (word & (joinable | join_shared)) == joinable) {
        const std::uint64_t home = home_.load(memory_order_relaxed);
        AsymmetricFence::store_and_fence(home_, home | publishing_bit); // [J6]
        word = this->word().load(memory_order_acquire);
        if (!(word & join_shared)) [[likely]] {
            const std::uint64_t next = ((word + delta - one_reference) | done) & ~(active | notified | lost);
            this->word().store(next, memory_order_release);
            joiner_in(joiner)->wake();
            return true;
        }
        home_.store(home, memory_order_release);
    }
    // Two: detached, and only the executor has it, so nobody is left to be told.
    if (counts == one_reference && !keep) {
        destroy_value();
        free_now();
        return false;
    }
    return publish_shared(word, delta, keep);
}

ROUSE_NOINLINE bool Cell::publish_shared(std::uint64_t word, std::uint64_t delta, bool keep) noexcept {
    bool discarded = false;
    for (;;) {
        const bool has_handle = word & joinable;
        const std::uintptr_t joiner = word & join_shared ? 0 : extras_.load(memory_order_relaxed);
        const bool local_joiner = joiner & joiner_bit;
        // Without our reference the handle may free the cell: give it up in the same step only if nothing is
        // left to do here. Shared: only if no joiner is registered; one that comes later finds DONE.
        const bool last_step =
            !keep && (word & join_shared ? !(word & join_set) : local_joiner || (joiner & ~extras_bits) == 0);
        if (!has_handle && !discarded && !keep) {
            destroy_outcome();
            discarded = true;
        }
        const std::uint64_t next =
            ((word + delta - (last_step ? one_reference : 0)) | done) & ~(active | notified | lost);
        if (!this->word().compare_exchange_weak(word, next, memory_order_seq_cst, memory_order_acquire))
            continue; // [J8]
        // Kept: whoever has it in his list may look into it, and must see DONE before the result's destructor
        // runs, which may ask for a dump. His reference holds the cell.
        if (!has_handle && keep) destroy_outcome();
        if (last_step) {
            if (local_joiner) joiner_in(joiner)->wake();
            if (unreferenced(next)) free(this);
            return has_handle;
        }
        if (!(word & join_shared) || (word & join_set)) wake_joiner(); // [J4]
        if (!keep) drop_reference();
        return has_handle;
    }
}

void Cell::wake_joiner() noexcept {
    await_looks();
    const std::uintptr_t joiner = extras_.load(memory_order_acquire);
    if (joiner & joiner_bit) {
        extras_.store(0, memory_order_relaxed);
        joiner_in(joiner)->wake();
    } else if (CellExtras* extras = extras_if_any()) {
        Waker waker = std::move(extras->joiner);
        std::move(waker).wake();
    }
}

void Cell::drop_local_joiner() noexcept {
    const std::uintptr_t joiner = clear_awaited();
    if (joiner & joiner_bit) {
        extras_.store(0, memory_order_relaxed);
        joiner_in(joiner)->drop_waker();
    } else if (CellExtras* extras = extras_if_any()) {
        extras->joiner = Waker();
    }
}

bool Cell::claim_joiner() noexcept {
    std::uint64_t word = load();
    do {                                                               // [J5]
        if ((word & (join_shared | done)) || !is_here()) return false; // what has ended may keep a stale one
    } while (!this->word().compare_exchange_weak(word, word | join_set, memory_order_acq_rel,
                                                 memory_order_acquire));
    return true;
}

/// [J8] By who has cleared `join_set`, or set DONE.
void Cell::await_looks() const noexcept {
    while (home_.load(memory_order_seq_cst) & looked_bit) yield_thread();
}

Cell* Cell::reference_joining_task() noexcept {
    if (!(load() & join_shared)) return nullptr;
    static constinit ShortLock one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    home_.fetch_or(looked_bit, memory_order_seq_cst); // [J8]
    Cell* task = nullptr;
    if ((word().load(memory_order_seq_cst) & (join_set | done)) == join_set) {
        task = joining_task();
        if (task && task->is_here() && !(task->load() & done)) task->add_reference();
        else task = nullptr;
    }
    home_.fetch_and(~looked_bit, memory_order_release);
    return task;
}

Cell* Cell::joining_task() const noexcept {
    const std::uintptr_t joiner = extras_.load(memory_order_relaxed);
    if (joiner & joiner_bit) return cell_of(joiner_in(joiner));
    const CellExtras* extras = extras_if_any();
    return extras ? cell_of(root_of(extras->joiner)) : nullptr; // the joiner may be a child of a combinator
}

bool Cell::poll_join(Context& cx) {
    const std::uint64_t word = load();
    if (word & done) return true;
    if ((word & join_shared) || !is_here()) return poll_join_shared(cx, joiner_bit);
    set_joiner(cx.waker(), joiner_bit);
    return false;
}

bool Cell::poll_join_awaited(Context& cx, JoinWait& wait) {
    const bool local = !(load() & join_shared) && is_here();
    // As `own_task`. A strand lies in a cell, or in the frame of a coroutine: if it is where that of a cell
    // would be, then this is one; and its leaf is polled with its waker.
    if (auto* const own = static_cast<Cell*>(turn.current); own && &own->strand_ == turn.scope->strand)
        [[likely]] {
        own->may_wait();
        constexpr std::uintptr_t how = joiner_bit | awaited_bit;
        if (local && extras_.load(memory_order_relaxed) == 0) [[likely]] { // as set_joiner
            own->clone_waker();
            extras_.store(reinterpret_cast<std::uintptr_t>(static_cast<TaskState*>(own)) | how,
                          memory_order_release);
        } else if (local) {
            set_joiner(cx.waker(), how);
        } else if (poll_join_shared(cx, how)) {
            return true;
        }
    } else if (local) {
        set_joiner(cx.waker(), joiner_bit);
    } else if (poll_join_shared(cx, joiner_bit)) {
        return true;
    }
    wait.note_poll(*this);
    return (home_.load(memory_order_seq_cst) & waits_bit) && wait.look(*this, cx); // [J7]
}

/// By whom the joiner's place belongs to. `how`: what it is to say beside the joiner.
void Cell::set_joiner(const Waker& waker, std::uintptr_t how) {
    TaskState* const task = task_of(waker);
    const std::uintptr_t tagged = reinterpret_cast<std::uintptr_t>(task) | how;
    const std::uintptr_t joiner = extras_.load(memory_order_relaxed);
    if (task && joiner == 0) [[likely]] {
        task->clone_waker();
        extras_.store(tagged, memory_order_release);
    } else if (!task || (joiner & ~entered_bit) != tagged) {
        change_joiner(waker, tagged);
    }
}

void Cell::change_joiner(const Waker& waker, std::uintptr_t tagged) {
    if (extras_.load(memory_order_relaxed) & joiner_bit) drop_local_joiner();
    CellExtras* extras = extras_if_any();
    if (TaskState* const task = task_of(waker); task && !extras) {
        task->clone_waker();
        extras_.store(tagged, memory_order_release);
        return;
    }
    if (!extras) extras = &make_extras();
    const std::uintptr_t awaited = tagged & awaited_bit;
    if (extras->joiner.will_wake(waker) && (extras_.load(memory_order_relaxed) & awaited_bit) == awaited)
        return;
    clear_awaited();
    extras->joiner.clone_from(waker);
    if (awaited) extras_.store(reinterpret_cast<std::uintptr_t>(extras) | awaited_bit, memory_order_release);
}

/// [J7] By whom the joiner's place belongs to, before it changes. What is left.
std::uintptr_t Cell::clear_awaited() noexcept {
    std::uintptr_t joiner = extras_.load(memory_order_relaxed);
    while (joiner & awaited_bit) {
        const std::uintptr_t next = joiner & ~(awaited_bit | entered_bit);
        if (joiner & called_bit) {
            yield_thread();
            joiner = extras_.load(memory_order_relaxed);
        } else if (extras_.compare_exchange_weak(joiner, next, memory_order_acq_rel, memory_order_relaxed)) {
            joiner = next;
        }
    }
    return joiner;
}

void Cell::call_joiner() noexcept {
    may_wait();
    const std::uint64_t word = this->word().fetch_or(0, memory_order_acq_rel);
    if (!(word & join_shared) && claim_joiner()) {
        wake_awaiting(extras_.load(memory_order_relaxed));
        this->word().fetch_and(~join_set, memory_order_acq_rel);
        return;
    }
    if (!(load() & join_set)) return; // one that registers now finds us in the graph
    std::uintptr_t extras = extras_.load(memory_order_relaxed);
    do {
        if ((extras & (awaited_bit | entered_bit)) != awaited_bit) return;
    } while (!extras_.compare_exchange_weak(extras, extras | called_bit, memory_order_acquire,
                                            memory_order_relaxed));
    wake_awaiting(extras);
    extras_.fetch_and(~called_bit, memory_order_release);
}

void Cell::wake_awaiting(std::uintptr_t extras) noexcept {
    if ((extras & (awaited_bit | entered_bit)) != awaited_bit) return;
    if (extras & joiner_bit) joiner_in(extras)->wake_by_ref();
    else extras_if_any()->joiner.wake_by_ref();
}

bool Cell::is_awaited() const noexcept {
    const std::uint64_t word = const_cast<Cell*>(this)->word().load(memory_order_seq_cst);
    return (word & joinable) && (!(word & join_shared) || (word & join_set)) &&
           (extras_.load(memory_order_acquire) & awaited_bit);
}

/// False: it has ended. `keep`: who is registered stays so.
bool Cell::share_join(bool keep) noexcept {
    std::uint64_t word = this->word().load(memory_order_acquire);
    std::uint64_t next = 0;
    do {                                                     // [J1]
        while ((word & join_set) && !(word & join_shared)) { // [J5] is looking, for an instant
            yield_thread();
            word = load();
        }
        if (word & done) return false;
        if (word & join_shared) return true;
        next = word | join_shared | (keep && has_joiner() ? join_set : 0);
    } while (!this->word().compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_acquire));
    AsymmetricFence::heavy();
    while (home_.load(memory_order_acquire) & publishing_bit) { // [J6]
        if (load() & done) return false;
        yield_thread();
    }
    if (!keep) drop_local_joiner();
    return true;
}

bool Cell::has_joiner() const noexcept {
    if (extras_.load(memory_order_relaxed) & joiner_bit) return true;
    const CellExtras* const extras = extras_if_any();
    return extras && extras->joiner;
}

void Cell::prepare_reference() noexcept {
    if (!is_here()) share_join(true);
}

bool Cell::poll_join_shared(Context& cx, std::uintptr_t how) {
    if (!share_join(false)) return true;
    std::uint64_t word = load();
    if (TaskState* const task = task_of(cx.waker());
        task && (word & join_set) &&
        (extras_.load(memory_order_relaxed) & ~(called_bit | entered_bit)) ==
            (reinterpret_cast<std::uintptr_t>(task) | how))
        return word & done; // registered already, and the wake is still to come
    for (;;) {              // [J3]
        if (word & done) return true;
        if (!(word & join_set)) break;
        if (this->word().compare_exchange_weak(word, word & ~join_set, memory_order_seq_cst,
                                               memory_order_acquire))
            break;
    }
    await_looks();
    set_joiner(cx.waker(), how);
    word = load();
    for (;;) { // [J2], and J7
        if (word & done) {
            drop_local_joiner();
            return true;
        }
        if (this->word().compare_exchange_weak(word, word | join_set, memory_order_seq_cst,
                                               memory_order_acquire))
            return false;
    }
}

void Cell::drop_handle() noexcept {
    const std::uint64_t word = load();
    if (word & done) {
        // The only reference there is: nobody else can come by another, so no RMW is needed to see that it is
        // the last.
        if ((word & ~flags_mask) == one_reference) {
            destroy_value();
            free_now();
        } else {
            destroy_outcome();
            drop_reference();
        }
    } else if ((word & join_shared) || !is_here()) {
        drop_handle_shared();
    } else {
        drop_local_joiner();
        // Two references, the executor's and this one, and no waker: no other thread can come by the task, so
        // there is nobody to be atomic against. (While it has its turn here, or is to be settled,
        // wakers may be in the delta.)
        const bool alone = (word & ~flags_mask) == 2 * one_reference && !turn.delta_of(this);
        if (alone) this->word().store(word - joinable - one_reference, memory_order_relaxed);
        else this->word().fetch_sub(joinable + one_reference, memory_order_acq_rel);
    }
}

void Cell::drop_handle_shared() noexcept {
    if (share_join(false)) {
        std::uint64_t word = load();
        while (!(word & done)) {
            if (word & join_set) { // [J3]
                if (!this->word().compare_exchange_weak(word, word & ~join_set, memory_order_seq_cst,
                                                        memory_order_acquire))
                    continue;
                word &= ~join_set;
                await_looks();
            }
            drop_local_joiner();
            if (this->word().compare_exchange_weak(word, word - joinable - one_reference,
                                                   memory_order_acq_rel, memory_order_acquire))
                return;
        }
    }
    destroy_outcome();
    drop_reference();
}

} // namespace rouse::detail
