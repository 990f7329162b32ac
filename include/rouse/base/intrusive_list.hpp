// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace rouse::detail {

/// A link of `IntrusiveList`; derive from it. `Tag` tells several lists of one object apart. Not linked when
/// made; unlinking is the owner's duty (a destructor that did it would hide a missing protocol).
template <class Tag = void>
class ListLink {
public:
    ListLink() noexcept = default;
    ListLink(const ListLink&) = delete;
    ListLink& operator=(const ListLink&) = delete;

    [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
    void unlink() noexcept {
        prev_->next_ = next_;
        next_->prev_ = prev_;
        next_ = prev_ = nullptr;
    }

private:
    template <class, class>
    friend class IntrusiveList;
    ListLink* prev_ = nullptr;
    ListLink* next_ = nullptr;
};

/// A circular doubly linked list of objects that derive from `ListLink<Tag>`. Allocates nothing; all
/// operations but `size` are O(1). Not thread-safe.
template <class T, class Tag = void>
class IntrusiveList {
    using Link = ListLink<Tag>;

public:
    IntrusiveList() noexcept { head_.prev_ = head_.next_ = &head_; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }
    void push_back(T& item) noexcept {
        Link& link = item;
        link.prev_ = head_.prev_;
        link.next_ = &head_;
        head_.prev_->next_ = &link;
        head_.prev_ = &link;
    }
    [[nodiscard]] T* front() noexcept { return empty() ? nullptr : static_cast<T*>(head_.next_); }
    T* pop_front() noexcept {
        T* item = front();
        if (item) static_cast<Link*>(item)->unlink();
        return item;
    }
    /// Moves all of `other` to the end of this list.
    void splice(IntrusiveList& other) noexcept {
        if (other.empty()) return;
        other.head_.next_->prev_ = head_.prev_;
        head_.prev_->next_ = other.head_.next_;
        other.head_.prev_->next_ = &head_;
        head_.prev_ = other.head_.prev_;
        other.head_.prev_ = other.head_.next_ = &other.head_;
    }
    /// Empties it: calls `fn` with each in turn, to put it into another list. Cheaper than `pop_front` for
    /// what is not in the cache: each one's memory is touched when it comes, and not for its neighbours' sake
    /// as well. What `fn` leaves in no list does not know that it is not linked.
    template <class Fn>
    void take_all(Fn&& fn) {
        Link* link = head_.next_;
        head_.prev_ = head_.next_ = &head_;
        while (link != &head_) {
            Link* next = link->next_;
            fn(*static_cast<T*>(link));
            link = next;
        }
    }
    template <class Fn>
    void for_each(Fn&& fn) {
        for (Link* link = head_.next_; link != &head_;) {
            Link* next = link->next_;
            fn(*static_cast<T*>(link));
            link = next;
        }
    }
    /// In no order: from both ends to the middle, so that what is not in the cache is waited for two at a
    /// time.
    template <class Fn>
    void for_each_from_both_ends(Fn&& fn) {
        Link* first = head_.next_;
        Link* last = head_.prev_;
        while (first != last) {
            Link* next = first->next_;
            fn(*static_cast<T*>(first));
            fn(*static_cast<T*>(last));
            if (next == last) return;
            first = next;
            last = last->prev_;
        }
        if (first != &head_) fn(*static_cast<T*>(first));
    }
    /// The first one of which `is` says so, or null.
    template <class Fn>
    [[nodiscard]] T* find(Fn&& is) {
        for (Link* link = head_.next_; link != &head_; link = link->next_)
            if (is(static_cast<const T&>(*static_cast<T*>(link)))) return static_cast<T*>(link);
        return nullptr;
    }
    [[nodiscard]] std::size_t size() const noexcept {
        std::size_t n = 0;
        for (const Link* link = head_.next_; link != &head_; link = link->next_) ++n;
        return n;
    }

private:
    Link head_;
};

} // namespace rouse::detail
