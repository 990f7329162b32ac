// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/asymmetric_fence.hpp"
#include "rouse/base/atomic.hpp"
#include "rouse/base/threads.hpp"

namespace rouse::detail {

/// A lock that costs its owner two plain stores and a load, and everybody else a system call: for data that
/// one thread uses all the time and others now and then. The sections are short, on both sides, and run no
/// code of the user's; unlike a Gate, nobody waits for a poll.
///
/// [O1] enter: the owner stores `inside`, then loads `visitors`. [O2] visit: the visitor, alone by the mutex,
/// stores `visitors`, then loads `inside`. If both loads missed both stores both would be in; the asymmetric
/// fence between them sees to it that they do not.
///
/// An owner that finds a visitor steps back out and takes the mutex like one.
class OwnerLock {
public:
    OwnerLock() noexcept { AsymmetricFence::prepare(); }
    OwnerLock(const OwnerLock&) = delete;
    OwnerLock& operator=(const OwnerLock&) = delete;

    /// The owner: one thread at a time; whoever makes another one the owner synchronises the two. Not nested.
    void enter() noexcept {
        AsymmetricFence::store_and_fence(inside_, true);
        if (visitors_.load(memory_order_acquire)) [[unlikely]] // [O1]
            enter_after_visitor();
    }
    void leave() noexcept {
        if (by_mutex_) [[unlikely]]
            return leave_mutex();
        inside_.store(false, memory_order_release);
    }
    /// The owner, for the extent of a scope.
    class Scope {
    public:
        explicit Scope(OwnerLock& lock) noexcept : lock_(lock) { lock_.enter(); }
        ~Scope() { lock_.leave(); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        OwnerLock& lock_;
    };

    /// Anybody but the owner: calls `fn` alone with the data. `fn` must not visit this lock, nor throw.
    template <class Fn>
    void visit(Fn&& fn) noexcept {
        const std::lock_guard lock(mutex_);
        begin_visit();
        fn();
        visitors_.store(false, memory_order_release);
    }

private:
    void enter_after_visitor() noexcept;
    void leave_mutex() noexcept;
    void begin_visit() noexcept;

    Atomic<bool> inside_{false};
    Atomic<bool> visitors_{false};
    bool by_mutex_ = false; // of the owner: it is in by the mutex
    ThreadMutex mutex_;
};

} // namespace rouse::detail
