// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/intrusive_list.hpp"
#include "rouse/base/short_lock.hpp"

#include <cstdint>

namespace rouse::detail {

/// Many borrow a value, or one changes it; by threads, which sleep for it, not by tasks. A change waits for
/// the borrows that are there, and new ones for it, but for those of a thread that borrows already: nobody
/// waits for himself. Who would, by a change while he borrows or within another change, stops the program
/// with a message.
///
/// Under the short lock: the borrows, and a change from its begin to its end. [R1] Who has to wait reads
/// `turns_` under the lock, and sleeps while it is that; [R2] who ends a borrow that was the last, or a
/// change, raises it and notifies, under the lock: after its release the value may be gone.
class BorrowLock {
public:
    class Borrow : public ListLink<> {
    private:
        friend class BorrowLock;
        const void* thread_ = nullptr;
    };

    BorrowLock() noexcept = default;
    BorrowLock(const BorrowLock&) = delete;
    BorrowLock& operator=(const BorrowLock&) = delete;

    void begin(Borrow& borrow) noexcept;
    void end(Borrow& borrow) noexcept;
    /// `to` is borrowed in the place of `from`.
    void move(Borrow& from, Borrow& to) noexcept;

    /// For the extent of a scope.
    class Change {
    public:
        explicit Change(BorrowLock& lock) noexcept : lock_(lock) { lock_.begin_change(); }
        ~Change() { lock_.end_change(); }
        Change(const Change&) = delete;
        Change& operator=(const Change&) = delete;

    private:
        BorrowLock& lock_;
    };

private:
    [[nodiscard]] bool has(const void* thread) noexcept;
    void begin_change() noexcept;
    void end_change() noexcept;
    void next_turn() noexcept;

    ShortLock lock_;
    Atomic<std::uint32_t> turns_{0};
    Atomic<const void*> changed_by_{nullptr}; // a thread
    std::uint32_t changes_waiting_ = 0;
    IntrusiveList<Borrow> borrows_;
};

} // namespace rouse::detail
