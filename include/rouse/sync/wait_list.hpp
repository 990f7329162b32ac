// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/intrusive_list.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/core/inspect.hpp"
#include "rouse/core/waker.hpp"

#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace rouse {

/// What a future of `sync` waited for was destroyed meanwhile. Thrown by the await, where its output has no
/// error to say so.
class Abandoned : public std::exception {
public:
    explicit Abandoned(const char* what) noexcept : what_(what) {}
    [[nodiscard]] const char* what() const noexcept override { return what_; }

private:
    const char* what_;
};

namespace detail {
/// Throws Abandoned; without exceptions it stops the program with the words.
[[noreturn]] void throw_abandoned(const char* what);
} // namespace detail

namespace detail {

/// A future's place in a WaitList; lies in the future, so that waiting allocates nothing.
///
/// All of `sync` waits by one protocol. A node is
///
///     idle      in no list. The future's own: no other thread knows of it.
///     queued    in a list, with a waker. All of it is under the lock of the list.
///     fired     taken out by whoever grants, wakes or closes, with a word that says which. The future's own;
///               but a granted one is linked among those that were given something, until it takes it.
///
/// [W1] queue: under the lock, after a last look at what is waited for: so either this look sees what a
/// notifier did, or the notifier, under the lock after it, sees the node. [W2] fire: under the lock, unlink,
/// move the waker out, and store the state (release), as the last that is done to the node: its future may
/// be gone at once. The waker is woken when the lock is free. [W3] poll: a node that is found fired (acquire)
/// needs no lock; one that is found queued gets the new waker under the lock, unless it was fired meanwhile.
/// [W4] the future goes: an idle node needs nothing; a queued one is unlinked under the lock, unless it was
/// fired meanwhile; one that was fired with a grant that its future did not take hands it on to the next.
/// [W5] what was granted belongs to the owner of the list, who may go before it is taken: his destructor
/// makes those that were granted `closed`, under the lock, and their futures touch him no more. So a future
/// takes a granted node out under the lock, in [W3] and [W4].
///
/// Wakers are cloned, woken and dropped outside of the lock: they run code of the user's. So neither a fired
/// nor an idle node ever has one.
class WaitNode : public ListLink<> {
public:
    static constexpr std::uint8_t idle = 0;
    static constexpr std::uint8_t queued = 1;
    static constexpr std::uint8_t granted = 2;  ///< This one was chosen: what it got is its to pass on.
    static constexpr std::uint8_t notified = 3; ///< All were told; nothing to pass on.
    static constexpr std::uint8_t closed = 4;   ///< There is nothing to wait for any more.

    WaitNode() noexcept = default;
    /// A future is moved before its first poll and after its end only; another move would tear a list.
    WaitNode(WaitNode&& other) noexcept;

    [[nodiscard]] std::uint8_t state() const noexcept { return state_.load(memory_order_acquire); }
    [[nodiscard]] bool is_idle() const noexcept { return state_.load(memory_order_relaxed) == idle; }
    /// By the future, of a fired node.
    void reset() noexcept { state_.store(idle, memory_order_relaxed); }
    /// The future is Ready, and may be moved again. How it came to that.
    std::uint8_t finish() noexcept {
        const std::uint8_t how = state();
        reset();
        return how;
    }

private:
    friend class WaitList;
    Atomic<std::uint8_t> state_{idle};
    Waker waker_;
};

/// Wakers on their way out of a locked section; woken by `wake`, or at the end.
class WakeBatch {
public:
    WakeBatch() noexcept {}
    WakeBatch(const WakeBatch&) = delete;
    WakeBatch& operator=(const WakeBatch&) = delete;
    ~WakeBatch() { wake(); }

    [[nodiscard]] bool full() const noexcept { return count_ == room; }
    void add(Waker waker) noexcept { ::new (&wakers_[count_++]) Waker(std::move(waker)); }
    /// Wakes all; without the lock.
    void wake() noexcept {
        for (std::size_t i = 0, n = std::exchange(count_, 0); i < n; ++i) std::move(wakers_[i]).wake();
    }

private:
    static constexpr std::size_t room = 16;
    union {
        Waker wakers_[room]; // made by `add`; emptied, they need no destructor
    };
    std::size_t count_ = 0;
};

/// Those who wait for one thing, first in, first out. Under the lock of its owner, but for `state`.
class WaitList {
public:
    [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }
    [[nodiscard]] WaitNode* front() noexcept { return nodes_.front(); }
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

    /// [W1] `waker` is a fresh clone, which is moved from.
    void push(WaitNode& node, Waker& waker) noexcept {
        std::swap(node.waker_, waker);
        node.state_.store(WaitNode::queued, memory_order_relaxed);
        nodes_.push_back(node);
    }
    /// [W2] `kept`: whatever is granted outlives the node's future, which then takes it without the lock.
    void fire(WaitNode& node, std::uint8_t how, WakeBatch& wakers, bool kept = false) noexcept {
        node.unlink();
        if (how == WaitNode::granted && !kept) given_.push_back(node);
        wakers.add(std::move(node.waker_));
        node.state_.store(how, memory_order_release);
    }
    /// [W3] False: it was fired meanwhile. What `waker` holds afterwards is to be dropped without the lock.
    static bool refresh(WaitNode& node, Waker& waker) noexcept {
        if (node.state_.load(memory_order_relaxed) != WaitNode::queued) return false;
        if (!node.waker_.will_wake(waker)) std::swap(node.waker_, waker);
        return true;
    }
    /// [W4] False: it was fired meanwhile. The waker that comes out is to be dropped without the lock.
    static bool remove(WaitNode& node, Waker& waker) noexcept {
        if (node.state_.load(memory_order_relaxed) != WaitNode::queued) return false;
        node.unlink();
        std::swap(waker, node.waker_);
        node.state_.store(WaitNode::idle, memory_order_relaxed);
        return true;
    }
    /// As if an idle node had been queued, and granted at once.
    void give(WaitNode& node) noexcept {
        given_.push_back(node);
        node.state_.store(WaitNode::granted, memory_order_relaxed);
    }
    /// [W5] Its future takes what a granted node got.
    static void take(WaitNode& node) noexcept {
        node.unlink();
        node.reset();
    }
    /// [W5] What they got is gone.
    void abandon_given() noexcept {
        while (WaitNode* const node = given_.pop_front())
            node->state_.store(WaitNode::closed, memory_order_release);
    }
    /// Moves all that wait to the end of `to`; under the lock.
    void move_all(IntrusiveList<WaitNode>& to) noexcept { to.splice(nodes_); }

private:
    IntrusiveList<WaitNode> nodes_;
    IntrusiveList<WaitNode> given_; // granted, and not yet taken
};

/// Somebody who wakes more waiters than a batch holds, and so comes back to the lock of what they wait for:
/// those whom he woke may have destroyed it meanwhile. Lies on his stack.
///
/// [N1] He enters himself in the owner's list under the lock, as `away`; then he wakes without it. [N2]
/// Before he locks again he exchanges `coming` in: if that finds `gone` he touches nothing any more. [N3] The
/// owner's destructor, under the lock, makes those who are `away` `gone`; it waits for one who is `coming`,
/// who enters or leaves the list under the lock. The first of N2 and N3 decides; acq_rel, since what N3 has
/// done to what lies on his stack must come before its end.
class Returning {
public:
    Returning() noexcept = default;
    Returning(const Returning&) = delete;
    Returning& operator=(const Returning&) = delete;
    /// [N2] False: it is destroyed.
    [[nodiscard]] bool come() noexcept { return state_.exchange(coming, memory_order_acq_rel) != gone; }

private:
    friend class ReturnList;
    static constexpr std::uint8_t away = 0;
    static constexpr std::uint8_t coming = 1;
    static constexpr std::uint8_t gone = 2;
    Atomic<std::uint8_t> state_{away};
    bool entered_ = false;
    Returning* next_ = nullptr;
};

/// All of it under the lock of the owner.
class ReturnList {
public:
    /// [N1] `more`: he comes back.
    void note(Returning& one, bool more) noexcept {
        if (more) {
            one.state_.store(Returning::away, memory_order_relaxed);
            if (std::exchange(one.entered_, true)) return;
            one.next_ = std::exchange(first_, &one);
        } else if (std::exchange(one.entered_, false)) {
            Returning** at = &first_;
            while (*at != &one) at = &(*at)->next_;
            *at = one.next_;
        }
    }
    [[nodiscard]] Returning* first() const noexcept { return first_; }
    /// [N3] False: the first one is coming.
    [[nodiscard]] bool dismiss_first() noexcept {
        Returning* const next = first_->next_;
        std::uint8_t expected = Returning::away;
        if (!first_->state_.compare_exchange_strong(expected, Returning::gone, memory_order_acq_rel,
                                                    memory_order_acquire))
            return false;
        first_ = next;
        return true;
    }

private:
    Returning* first_ = nullptr;
};

/// A list with its own lock, for what wakes all of its waiters or one, and counts nothing.
class WaitQueue {
public:
    WaitQueue() noexcept = default;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;
    /// Wakes those who still wait, as `closed`; those who have not taken what they were granted are that,
    /// too. Waits for a notifier that is on its way out.
    ~WaitQueue() {
        for (bool more = true; more;) {
            WakeBatch wakers;
            const std::lock_guard lock(lock_);
            more = !dismiss(wakers);
            while (!list_.empty() && !wakers.full()) list_.fire(*list_.front(), WaitNode::closed, wakers);
            more = more || !list_.empty();
            list_.abandon_given();
        }
    }

    /// True: fired. False: it waits, for `waker`. `ready()` is the last look at what is waited for, under the
    /// lock; when it says so the node becomes `notified`. Not for a fired node.
    template <class Ready>
    bool poll(WaitNode& node, const Waker& waker, Ready ready) {
        Waker fresh = waker.clone();
        const std::lock_guard lock(lock_);
        if (!node.is_idle()) return !WaitList::refresh(node, fresh);
        if (ready()) return true;
        list_.push(node, fresh);
        return false;
    }
    /// As `poll`; and if `last()`, called for an idle node under the lock, says so, all who wait are fired as
    /// `notified`, in the same step.
    template <class Last>
    bool poll_or_fire_all(WaitNode& node, const Waker& waker, Last last) {
        Waker fresh = waker.clone();
        Firing all(WaitNode::notified);
        WakeBatch wakers;
        {
            const std::lock_guard lock(lock_);
            if (!node.is_idle()) return !WaitList::refresh(node, fresh);
            if (!last()) {
                list_.push(node, fresh);
                return false;
            }
            list_.move_all(all.nodes);
            fire_some(all, wakers);
        }
        fire_rest(all, wakers);
        return true;
    }
    /// The future goes. True: it was queued.
    bool remove(WaitNode& node) noexcept {
        return remove(node, [] {});
    }
    /// The same; `also` is called under the lock if it was queued.
    template <class Also>
    bool remove(WaitNode& node, Also also) noexcept {
        if (node.state() != WaitNode::queued) return false;
        Waker waker;
        const std::lock_guard lock(lock_);
        if (!WaitList::remove(node, waker)) return false;
        also();
        return true;
    }
    /// The future goes, and has not taken what it may have been granted. True: that is to be handed on.
    bool leave(WaitNode& node) noexcept {
        const std::uint8_t state = node.state();
        if (state != WaitNode::queued && state != WaitNode::granted) return false;
        Waker waker;
        const std::lock_guard lock(lock_);
        if (WaitList::remove(node, waker) || node.state() != WaitNode::granted) return false;
        WaitList::take(node);
        return true;
    }
    /// [W5] Of a granted node.
    void take(WaitNode& node) noexcept {
        const std::lock_guard lock(lock_);
        WaitList::take(node);
    }
    /// Under the lock, of an idle node: it is granted what it came for, and has not taken it.
    void give(WaitNode& node) noexcept { list_.give(node); }
    /// Fires everyone who waits at this time, in their order. `first` is called under the lock before.
    template <class First>
    void fire_all(std::uint8_t how, First first) noexcept {
        Firing all(how);
        WakeBatch wakers;
        {
            const std::lock_guard lock(lock_);
            first();
            list_.move_all(all.nodes);
            fire_some(all, wakers);
        }
        fire_rest(all, wakers);
    }
    void fire_all(std::uint8_t how) noexcept {
        fire_all(how, [] {});
    }
    /// Fires the first one; if there is none `otherwise` is called, under the lock. True: there was one.
    template <class Otherwise>
    bool fire_one(Otherwise otherwise) noexcept {
        WakeBatch wakers;
        const std::lock_guard lock(lock_);
        if (WaitNode* node = list_.front()) {
            list_.fire(*node, WaitNode::granted, wakers);
            return true;
        }
        otherwise();
        return false;
    }
    template <class Fn>
    decltype(auto) locked(Fn fn) {
        const std::lock_guard lock(lock_);
        return fn();
    }
    /// For tests: how many wait.
    [[nodiscard]] std::size_t waiting() noexcept {
        const std::lock_guard lock(lock_);
        return list_.size();
    }

private:
    /// Those whom one `fire_all` fires.
    class Firing : public Returning {
    public:
        explicit Firing(std::uint8_t how) noexcept : how(how) {}
        const std::uint8_t how;
        bool more = false;
        IntrusiveList<WaitNode> nodes; // under the lock
    };
    /// Under the lock: as many as go into `wakers`.
    void fire_some(Firing& all, WakeBatch& wakers) noexcept {
        while (!all.nodes.empty() && !wakers.full()) list_.fire(*all.nodes.front(), all.how, wakers);
        all.more = !all.nodes.empty();
        away_.note(all, all.more);
    }
    /// Without the lock. Those of `all` that are still there leave it under the lock, whoever takes them out.
    /// When nobody is left nothing here is touched: those who were woken may have destroyed it.
    void fire_rest(Firing& all, WakeBatch& wakers) noexcept {
        while (all.more) {
            wakers.wake();
            if (!all.come()) return; // [N2]
            const std::lock_guard lock(lock_);
            fire_some(all, wakers);
        }
        wakers.wake();
    }
    /// [N3] Under the lock, of the destructor: fires those whom others have begun to fire. False: it is to
    /// come back.
    bool dismiss(WakeBatch& wakers) noexcept {
        while (away_.first()) {
            auto& one = static_cast<Firing&>(*away_.first());
            const std::uint8_t how = one.how == WaitNode::granted ? WaitNode::closed : one.how; // [W5]
            while (WaitNode* const node = one.nodes.front()) {
                if (wakers.full()) return false;
                list_.fire(*node, how, wakers);
            }
            if (!away_.dismiss_first()) {
                pause_processor();
                return false;
            }
        }
        return true;
    }

    ShortLock lock_;
    WaitList list_;
    ReturnList away_;
};

/// The id of the task that is being polled on this thread; 0: none, or not one of a runtime of ours.
[[nodiscard]] std::uint64_t current_task_id() noexcept;

/// "a mutex `name`, held by task 7", for `Inspector::waits_for`.
[[nodiscard]] std::string describe_wait(std::string_view what, std::string_view name,
                                        std::uint64_t holder = 0);

} // namespace detail
} // namespace rouse
