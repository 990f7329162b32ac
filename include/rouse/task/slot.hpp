// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/intrusive_list.hpp"
#include "rouse/core/waker.hpp"

#include <cstdint>

namespace rouse::detail {

class ChildSet;

/// The vtable of every waker whose data is a `Slot`.
extern const RawWakerVTable slot_waker_vtable;

/// A child of a combinator, as the wakers see it: counts the wakers that were handed to this child, so that
/// it can be told when *this child* can never be woken, though its task still can.
///
/// Slots form a tree: a slot's parent is the slot or the task that polls the combinator. A slot with wakers
/// is *live*, and counts as one in its parent.
///
/// While its child is being polled the slot is `open`, and the polling thread counts in `local_`, in plain
/// memory. At the end of the child's poll `close` adds that to the shared word.
///
///     bit 0 ARMED    closed, with wakers: whoever gives up the last one wakes the task, so that the
///                    combinator looks
///     bit 1 LIVE     counted in the parent
///     bit 2 RETIRED  the combinator has let go: whoever gives up the last waker frees the slot
///     bit 3 DROPPED  the last waker was dropped, not woken (for the report)
///     bits 8-63      wakers and live slots below (modulo 2^56: a drop on another thread may come before
///                    `close` has added the clone)
///
/// [C0] A new slot is charged with one waker, ARMED and LIVE, and `local_` begins at -1: so its first poll,
///      in which nearly every child clones once, ends with nothing to write.
/// [C1] close, by the poller: adds `local_`; with wakers left sets ARMED and LIVE, counting itself in the
///      parent; else clears both, and uncounts itself. Without wakers nobody else comes here, so that needs
///      no RMW; who gave up the last one (C2) may still be on his way up, but not through this slot.
/// [C2] last drop, by anyone, of an ARMED slot: clears ARMED and LIVE in the same step, uncounts itself in
/// the
///      parent, wakes the task.
/// [C3] wake: wakes the task, *then* gives up the count. A poller that sees the count gone (C1, acquire) sees
///      NOTIFIED in the task's word too.
/// [C4] verdict, by the poller: a child without wakers is lost when the rest of the tree has none that belong
///      to nobody: see ChildSet::nobody_left.
/// [C5] a last drop within a poll of the task itself does not wake it: mostly a sibling took over a place for
///      one waker, and if both did so in every poll, each would wake the other for ever. The child is looked
///      at in the next poll; when no waker at all is left, the task's own word tells.
class Slot : public ListLink<> {
public:
    /// `parent` null: right below the task. In the poll of the task, and to be opened at once.
    static Slot* make(TaskState* root, Slot* parent, ChildSet* set);

    [[nodiscard]] RawWaker waker() noexcept;
    void open() noexcept { open_ = true; }
    /// [C1] True: it still has wakers.
    bool close() noexcept {
        open_ = false;
        const std::uint64_t word = word_.load(memory_order_acquire);
        if (local_ == 0 && (~word & (armed_bit | live_bit)) == 0) return true; // as it was
        return close_changed(word);
    }
    /// The combinator is through with it: its child is gone. It may be open.
    void retire() noexcept;

    /// Its last waker was dropped, not woken, since its last `close`.
    [[nodiscard]] bool was_dropped() const noexcept { return word_.load(memory_order_acquire) & dropped_bit; }
    [[nodiscard]] bool live() const noexcept { return word_.load(memory_order_acquire) & live_bit; }
    /// Wakers and live slots below.
    [[nodiscard]] std::uint64_t count() const noexcept {
        return ((word_.load(memory_order_acquire) >> count_shift) + static_cast<std::uint64_t>(local_)) &
               count_mask;
    }
    [[nodiscard]] TaskState* root() const noexcept { return root_; }
    [[nodiscard]] Slot* parent() const noexcept { return parent_; }
    [[nodiscard]] ChildSet* set() const noexcept { return set_; }

    /// Its combinator is polled under `waker`.
    [[nodiscard]] bool is_below(const Waker& waker) const noexcept {
        return parent_ ? of(waker) == parent_ : task_of(waker) == root_;
    }

    // As wakers see it.
    void clone_waker() noexcept;
    void drop_waker() noexcept;
    void wake() noexcept;
    void wake_by_ref() noexcept { root_->wake_by_ref(); }

    /// The slot behind a waker, or null.
    static Slot* of(const Waker& waker) noexcept {
        const RawWaker raw = waker.as_raw();
        return raw.vtable() == &slot_waker_vtable ? static_cast<Slot*>(raw.data()) : nullptr;
    }

private:
    static constexpr std::uint64_t armed_bit = 1;
    static constexpr std::uint64_t live_bit = 2;
    static constexpr std::uint64_t retired_bit = 4;
    static constexpr std::uint64_t dropped_bit = 8;
    static constexpr int count_shift = 8;
    static constexpr std::uint64_t one = std::uint64_t{1} << count_shift;
    static constexpr std::uint64_t count_mask = (std::uint64_t{1} << 56) - 1;

    Slot(TaskState* root, Slot* parent, ChildSet* set) noexcept : root_(root), parent_(parent), set_(set) {
        count_in_parent();
    }
    [[nodiscard]] bool is_local() const noexcept { return turn.current == root_ && open_; }
    bool close_changed(std::uint64_t word) noexcept;
    bool close_with_wakers(std::uint64_t word, std::uint64_t change) noexcept;
    void give_up(std::uint64_t how) noexcept;
    void give_up_one(std::uint64_t how) noexcept;
    void count_in_parent() noexcept;
    void uncount_in_parent() noexcept;
    static void uncount_and_wake(TaskState* root, Slot* parent, std::uint64_t how) noexcept;
    void destroy() noexcept;

    Atomic<std::uint64_t> word_{one | armed_bit | live_bit}; // [C0]
    std::int64_t local_ = -1;                                // of the polling thread, while open
    TaskState* root_;
    Slot* parent_;
    ChildSet* set_;
    bool open_ = false; // of the polling thread
};

/// The slots of one combinator, for the verdict about its children.
class ChildSet {
public:
    void add(Slot& slot) noexcept { slots_.push_back(slot); }
    [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
    /// Live slots in this set. Read after the parent's count: between polls slots only die, so the difference
    /// can only be too large.
    [[nodiscard]] std::uint64_t live() noexcept;
    /// [C4] In the poll of the combinator, of a child that has no waker: nobody else has one that might wake
    /// it. Every waker of the task belongs to a live sibling, here or further up; and the task has not been
    /// woken meanwhile.
    [[nodiscard]] static bool nobody_left(const Slot& child) noexcept;

private:
    IntrusiveList<Slot> slots_;
};

/// The task that a waker wakes in the end, if it is one of ours: through slots too.
TaskState* root_of(const Waker& waker) noexcept;

} // namespace rouse::detail
