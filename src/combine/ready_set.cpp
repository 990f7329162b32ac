// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/combine/ready_set.hpp"

#include "rouse/combine/child.hpp"
#include "rouse/task/strand.hpp"
namespace rouse::detail {

constinit const TaskOps SetChild::set_ops{SetChild::schedule, SetChild::schedule_lost, SetChild::free};

SetChild::SetChild(ReadySet& set) noexcept : NestedTask(&set_ops), set_(&set) { set.add_reference(); }
SetChild::~SetChild() { set_->drop_reference(); }
void SetChild::over() noexcept { set_->retire(*this); }

void SetChild::schedule(TaskState* state) noexcept {
    auto& child = static_cast<SetChild&>(*state);
    child.set_->enqueue(child);
}
void SetChild::schedule_lost(TaskState* state) noexcept {
    auto& child = static_cast<SetChild&>(*state);
    child.note_drop();
    child.set_->enqueue(child);
}
void SetChild::free(TaskState* state) noexcept { delete static_cast<SetChild*>(state); }

SetChild* ReadySet::closed() noexcept {
    static constinit char place = 0;
    return reinterpret_cast<SetChild*>(&place);
}

void ReadySet::enqueue(SetChild& child) noexcept {
    SetChild* head = woken_.load(memory_order_relaxed);
    bool referenced = false;
    for (;;) { // [F1]
        if (head == closed()) {
            give_up(child, 1); // [F4]
            break;
        }
        if (!head && !referenced) {
            add_reference();
            referenced = true;
        }
        child.next_ready_ = head;
        if (woken_.compare_exchange_weak(head, &child, memory_order_acq_rel, memory_order_relaxed)) {
            if (!head) waker_.wake();
            break;
        }
    }
    if (referenced) drop_reference();
}

void ReadySet::give_up(SetChild& child, std::uint64_t references) noexcept {
    if (child.NestedTask::give_up(references)) SetChild::free(&child);
}

void ReadySet::append(SetChild& child) noexcept {
    child.next_ready_ = nullptr;
    child.queued_here_ = true;
    (last_ready_ ? last_ready_->next_ready_ : ready_) = &child;
    last_ready_ = &child;
}

/// [F2] Those that were woken go to the end of `ready_`, the oldest first.
void ReadySet::take_woken(SetChild* leave) noexcept {
    if (!leave && !woken_.load(memory_order_relaxed)) return;
    SetChild* child = woken_.exchange(leave, memory_order_acq_rel);
    SetChild* oldest = nullptr;
    while (child) {
        SetChild* const older = std::exchange(child->next_ready_, oldest);
        oldest = std::exchange(child, older);
    }
    while (oldest) append(*std::exchange(oldest, oldest->next_ready_));
}

void ReadySet::add(SetChild& child) {
    children_.push_back(child);
    ++len_;
    append(child);
    if (std::exchange(registered_, false)) waker_.wake();
}

void ReadySet::forget_waker() noexcept {
    if (std::exchange(registered_, false)) {
        const Waker dropped = waker_.take();
    }
}

/// False: there are none, and the waker is registered for the next one.
bool ReadySet::any_ready(Context& cx) {
    if (!ready_) { // [F3]
        registered_ = true;
        waker_.register_by_ref(cx.waker());
        take_woken(nullptr);
    }
    return ready_ != nullptr;
}

SetChild& ReadySet::pop_ready() noexcept {
    SetChild* const child = std::exchange(ready_, ready_->next_ready_);
    if (!ready_) last_ready_ = nullptr;
    child->queued_here_ = false;
    return *child;
}

ReadySet::Polled ReadySet::poll(Context& cx, void* out, std::string_view role) {
    if (len_ == 0) return Polled::none;
    take_woken(nullptr);
    // As many polls as there are children, none after a child gave way, and none twice that wakes itself:
    // others want their turn.
    std::size_t polls = len_;
    const SetChild* woke_itself = nullptr; // the first that did
    while (any_ready(cx)) {
        if (polls == 0 || ready_ == woke_itself) {
            request_yield(cx);
            return Polled::pending;
        }
        SetChild& child = pop_ready();
        if (child.is_done()) { // it was on its way when the set was cleared
            give_up(child, 1);
            continue;
        }
        bool yielded = false;
        switch (child.take_turn(out, role, yielded)) {
        case NestedTask::Turned::over:
            return Polled::ready;
        case NestedTask::Turned::again:
            append(child);
            if (!woke_itself) woke_itself = &child;
            break;
        case NestedTask::Turned::idle:
            break;
        }
        polls = yielded ? 0 : polls - 1;
    }
    if (len_ != 0) return Polled::pending;
    forget_waker(); // a child cleared the set
    return Polled::none;
}

/// The owner of ACTIVE, whose turn it is: the child is over.
void ReadySet::retire(SetChild& child) noexcept {
    child.unlink();
    --len_;
    child.end();
    forget_waker();
    std::uint64_t word = child.load();
    std::uint64_t next = 0;
    do next = ((word + turn.delta - 2 * TaskState::one_reference) | TaskState::done) & ~TaskState::active;
    while (!child.word().compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_acquire));
    if (TaskState::unreferenced(next)) SetChild::free(&child);
}

void ReadySet::end_all() noexcept { // [F5]
    IntrusiveList<SetChild> ending;
    ending.splice(children_);
    len_ = 0;
    ending.for_each([](SetChild& child) {
        const std::uint64_t word = child.word().fetch_or(TaskState::done, memory_order_acq_rel);
        // On its way to the queue, it is let go of when it arrives.
        child.references_ = (word & TaskState::active) && !child.queued_here_ ? 1 : 2;
    });
    ready_ = last_ready_ = nullptr; // what was in it is among those
    while (SetChild* const child = ending.pop_front()) {
        child->end();
        give_up(*child, child->references_);
    }
}

void ReadySet::clear() noexcept {
    forget_waker();
    take_woken(nullptr);
    end_all();
}

void ReadySet::close() noexcept {
    forget_waker();
    take_woken(closed());
    do end_all(); // again for those that the destructors of others have added
    while (len_ != 0);
    drop_reference();
}

void ReadySet::inspect(Inspector& to, std::string_view role) {
    constexpr std::size_t most_shown = 16; // of thousands that wait, nobody reads more
    std::size_t number = 0;
    children_.for_each([&](const SetChild& child) {
        if (++number > most_shown) return;
        to.begin_child("future " + std::to_string(number) + " of " + std::string(role));
        to.leaf(child.type());
        child.inspect(to);
        to.end_child();
    });
    if (number <= most_shown) return;
    to.begin_child(std::to_string(number - most_shown) + " more of " + std::string(role));
    to.waits_for(WaitKind::children, this, "not shown");
    to.end_child();
}

} // namespace rouse::detail
