// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/slot.hpp"

#include "rouse/base/frame_cache.hpp"

namespace rouse::detail {
namespace {

Slot* slot(void* data) noexcept { return static_cast<Slot*>(data); }

RawWaker slot_clone(void* data) {
    slot(data)->clone_waker();
    return RawWaker(data, &slot_waker_vtable);
}

} // namespace

constinit const RawWakerVTable slot_waker_vtable(
    slot_clone, [](void* data) { slot(data)->wake(); }, [](void* data) { slot(data)->wake_by_ref(); },
    [](void* data) { slot(data)->drop_waker(); });

Slot* Slot::make(TaskState* root, Slot* parent, ChildSet* set) {
    return ::new (FrameCache::allocate(sizeof(Slot))) Slot(root, parent, set);
}

void Slot::destroy() noexcept {
    this->~Slot();
    FrameCache::deallocate(this, sizeof(Slot));
}

RawWaker Slot::waker() noexcept { return RawWaker(this, &slot_waker_vtable); }

TaskState* root_of(const Waker& waker) noexcept {
    if (TaskState* task = task_of(waker)) return task;
    const Slot* slot = Slot::of(waker);
    return slot ? slot->root() : nullptr;
}

void Slot::clone_waker() noexcept {
    if (is_local()) ++local_;
    else word_.fetch_add(one, memory_order_relaxed);
}

void Slot::drop_waker() noexcept { give_up(dropped_bit); }

void Slot::wake() noexcept { // [C3]
    wake_by_ref();
    give_up(0);
}

void Slot::give_up(std::uint64_t how) noexcept {
    if (is_local()) --local_;
    else give_up_one(how);
}

void Slot::count_in_parent() noexcept {
    if (parent_) parent_->clone_waker();
    else root_->add_live_slot();
}

void Slot::uncount_in_parent() noexcept {
    if (parent_) parent_->drop_waker();
    else root_->drop_live_slot();
}

bool Slot::close_changed(std::uint64_t word) noexcept {
    const auto change = static_cast<std::uint64_t>(std::exchange(local_, 0)) << count_shift;
    if (((word + change) >> count_shift) == 0) { // [C1]
        word_.store(0, memory_order_relaxed);
        if (word & live_bit) uncount_in_parent();
        return false;
    }
    return close_with_wakers(word, change);
}

ROUSE_NOINLINE bool Slot::close_with_wakers(std::uint64_t word, std::uint64_t change) noexcept {
    for (;;) { // [C1]
        std::uint64_t next = word + change;
        if ((next >> count_shift) == 0) { // the last one went meanwhile
            word_.store(0, memory_order_relaxed);
            if (word & live_bit) uncount_in_parent();
            return false;
        }
        next = (next & ~dropped_bit) | armed_bit | live_bit;
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_acquire)) continue;
        if (!(word & live_bit)) count_in_parent();
        return true;
    }
}

void Slot::retire() noexcept {
    if (!close()) return destroy(); // as nearly always
    // From here on the count is the wakers' alone; a live slot stays counted in its parent, as one that
    // belongs to nobody, until its last waker goes.
    std::uint64_t word = word_.load(memory_order_acquire);
    for (;;) {
        if ((word >> count_shift) == 0) break; // the last one went meanwhile
        if (word_.compare_exchange_weak(word, word | retired_bit, memory_order_acq_rel, memory_order_acquire))
            return;
    }
    destroy();
}

void Slot::give_up_one(std::uint64_t how) noexcept {
    std::uint64_t word = word_.load(memory_order_acquire);
    for (;;) {
        std::uint64_t next = word - one;
        const bool last = (next >> count_shift) == 0 && (word & armed_bit); // [C2]
        if (last) next = (next & ~(armed_bit | live_bit)) | how;
        // After the step the slot may be freed by `retire`, unless it was retired before, when that is ours
        // to do: take what is needed now.
        TaskState* const root = root_;
        Slot* const parent = parent_;
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_acquire)) continue;
        if (!last) return;
        if (word & retired_bit) destroy();
        if (how == dropped_bit && turn.current == root) { // [C5]
            if (parent) parent->drop_waker();
            else root->drop_live_slot();
        } else {
            uncount_and_wake(root, parent, how);
        }
        return;
    }
}

void Slot::uncount_and_wake(TaskState* root, Slot* parent, std::uint64_t how) noexcept {
    if (!parent) {
        root->drop_live_slot_and_wake();
        return;
    }
    // The count that goes now keeps the parent, and the parent's keeps the task: so first take a reference of
    // the task. Uncount before the wake: the poll that it leads to must see the count gone.
    root->add_reference();
    parent->give_up(how);
    root->wake_by_ref();
    root->drop_reference();
}

std::uint64_t ChildSet::live() noexcept {
    std::uint64_t live = 0;
    slots_.for_each([&](const Slot& slot) { live += slot.live() ? 1 : 0; });
    return live;
}

bool ChildSet::nobody_left(const Slot& child) noexcept {
    TaskState* const root = child.root();
    // The task's word first: a waker that was given up after this reading makes the difference too large,
    // never too small.
    const std::uint64_t word = root->effective();
    if ((word & TaskState::notified) || turn.woken || turn.yielded || turn.current != root) return false;
    for (const Slot* slot = &child; slot; slot = slot->parent()) {
        const Slot* parent = slot->parent();
        const std::uint64_t count =
            parent ? parent->count() : TaskState::wakers(word) + TaskState::slots(word);
        if (count != slot->set()->live()) return false;
    }
    // A waker of a slot wakes the task before it gives up its count (C3): one whose count was gone above
    // shows here.
    return !(root->load() & TaskState::notified);
}

} // namespace rouse::detail
