// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/borrow_lock.hpp"
#include "rouse/sync/wait_list.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

/// A value that changes, and who wants to know when: receivers see the latest one, not each.
///
/// Fairness: a change wakes all who wait, in the order in which they came. Memory: what was done before a
/// value was sent happens before what is done with it. Cancel: a `changed` that is destroyed has seen
/// nothing. `borrow` keeps the value as it is: who sends waits for its end, and puts a thread to sleep for
/// that; so not across an await. Many may borrow at a time, also on one thread. A thread that sends while it
/// borrows stops the program with a message.
namespace rouse::watch {

/// The sender is gone, and all it sent was seen.
enum class RecvError : std::uint8_t { closed };

namespace detail {

/// [V1] Sending changes the value under its lock, and raises the version before it leaves that: so who
/// borrows has the version of what he sees. It does so under the lock of the queue, too, and wakes those in
/// it when both locks are free. A receiver that finds no new version takes a last look under that lock: [W1].
/// The lock of the queue is taken within that of the value, never the other way round, and is the last to be
/// left: who saw the new version or value may destroy all this, and his look at the queue waits for us.
template <class T>
class Shared {
public:
    static constexpr std::uint64_t closed = 1; // the sender is gone
    static constexpr std::uint64_t step = 2;

    Shared(T value, std::string_view name) : value(std::move(value)), name(name) {}
    /// `then` is called when the version is raised, under the lock of the queue.
    template <class Then>
    void raise(std::uint64_t by, Then then) noexcept {
        changed.fire_all(::rouse::detail::WaitNode::notified, [&] {
            version.fetch_add(by, memory_order_release);
            then();
        });
    }
    void drop_receiver() noexcept {
        if (receivers.fetch_sub(1, memory_order_acq_rel) == 1)
            unwatched.fire_all(::rouse::detail::WaitNode::notified);
    }

    ::rouse::detail::BorrowLock lock;
    T value; // under it
    const std::string_view name;
    Atomic<std::uint64_t> version{0};
    Atomic<std::size_t> receivers{1};
    ::rouse::detail::WaitQueue changed;
    ::rouse::detail::WaitQueue unwatched; // who waits for the end of the receivers
};

} // namespace detail

/// The value, for as long as this lives; meanwhile nobody sends.
template <class T>
class [[nodiscard]] Ref {
public:
    explicit Ref(detail::Shared<T>& shared) noexcept : shared_(&shared) { shared.lock.begin(borrow_); }
    Ref(Ref&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {
        if (shared_) shared_->lock.move(other.borrow_, borrow_);
    }
    Ref& operator=(Ref&&) = delete;
    ~Ref() {
        if (shared_) shared_->lock.end(borrow_);
    }
    [[nodiscard]] const T& operator*() const noexcept { return shared_->value; }
    [[nodiscard]] const T* operator->() const noexcept { return std::addressof(shared_->value); }

private:
    detail::Shared<T>* shared_;
    ::rouse::detail::BorrowLock::Borrow borrow_;
};

template <class T>
class Receiver;

/// Completes when there is a value that its receiver has not seen; the value counts as seen then.
/// Wake:   by the next value that is sent, or the end of the sender.
/// Cancel: destroy it; the value does not count as seen.
/// Thread: any, one at a time. Refers to its receiver.
template <class T>
class [[nodiscard]] Changed {
public:
    using Output = std::expected<void, RecvError>;
    static constexpr bool holds_nothing = true; // while it is pending: see stream::from
    explicit Changed(Receiver<T>& receiver) noexcept : receiver_(&receiver) {}
    Changed(Changed&&) noexcept = default;
    Changed& operator=(Changed&&) = delete;
    ~Changed() {
        if (node_.state() == ::rouse::detail::WaitNode::queued) receiver_->shared_->changed.remove(node_);
    }

    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("watch::Changed");
        const auto there = [this] { return receiver_->load() != receiver_->seen_; };
        // What it was told of may have been seen since, by its receiver: so it looks again.
        if (node_.state() > ::rouse::detail::WaitNode::queued) node_.reset();
        return (node_.is_idle() && there()) || receiver_->shared_->changed.poll(node_, cx.waker(), there);
    }
    Output take_ready() {
        taken_ = true;
        node_.reset();
        const std::uint64_t now = receiver_->load();
        constexpr std::uint64_t closed = detail::Shared<T>::closed;
        const bool fresh = (now & ~closed) != (receiver_->seen_ & ~closed);
        receiver_->seen_ = now & ~closed; // the end is told each time
        if (!fresh) return std::unexpected(RecvError::closed);
        return {};
    }
    void inspect(Inspector& to) const {
        to.waits_for(
            WaitKind::channel, receiver_->shared_.get(),
            ::rouse::detail::describe_wait("a new value of a watch channel", receiver_->shared_->name));
    }

private:
    Receiver<T>* receiver_;
    bool taken_ = false;
    ::rouse::detail::WaitNode node_;
};

/// A receiving end; a copy has seen what this one has. Thread: any, one at a time.
template <class T>
class Receiver {
public:
    Receiver(std::shared_ptr<detail::Shared<T>> shared, std::uint64_t seen) noexcept
        : shared_(std::move(shared)), seen_(seen) {}
    Receiver(const Receiver& other) noexcept : Receiver(other.shared_, other.seen_) {
        shared_->receivers.fetch_add(1, memory_order_relaxed);
    }
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver other) noexcept {
        std::swap(shared_, other.shared_);
        std::swap(seen_, other.seen_);
        return *this;
    }
    ~Receiver() {
        if (shared_) shared_->drop_receiver();
    }

    /// The latest value.
    [[nodiscard]] Ref<T> borrow() const noexcept { return Ref<T>(*shared_); }
    /// The same, and it counts as seen.
    [[nodiscard]] Ref<T> borrow_and_update() noexcept {
        Ref<T> ref(*shared_);
        seen_ = load() & ~detail::Shared<T>::closed;
        return ref;
    }
    /// There is a value that was not seen; `closed` when there is none, nor will be.
    [[nodiscard]] std::expected<bool, RecvError> has_changed() const noexcept {
        const std::uint64_t now = load();
        if ((now & ~detail::Shared<T>::closed) != seen_) return true;
        if (now & detail::Shared<T>::closed) return std::unexpected(RecvError::closed);
        return false;
    }
    [[nodiscard]] Changed<T> changed() noexcept { return Changed<T>(*this); }
    /// The next `changed` completes at once.
    void mark_changed() noexcept { seen_ -= detail::Shared<T>::step; }
    [[nodiscard]] bool same_channel(const Receiver& other) const noexcept { return shared_ == other.shared_; }

private:
    template <class>
    friend class Changed;
    [[nodiscard]] std::uint64_t load() const noexcept { return shared_->version.load(memory_order_acquire); }
    std::shared_ptr<detail::Shared<T>> shared_;
    std::uint64_t seen_; // never with `closed`
};

/// Completes when no receiver is left.
/// Wake: then. Cancel: destroy it. Thread: any, one at a time. Refers to its sender.
template <class T>
class [[nodiscard]] Closed {
public:
    using Output = void;
    explicit Closed(detail::Shared<T>& shared) noexcept : shared_(&shared) {}
    Closed(Closed&&) noexcept = default;
    Closed& operator=(Closed&&) = delete;
    ~Closed() { shared_->unwatched.remove(node_); }

    Poll<void> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("watch::Closed");
        if (node_.state() > ::rouse::detail::WaitNode::queued) return true;
        return shared_->unwatched.poll(node_, cx.waker(),
                                       [this] { return shared_->receivers.load(memory_order_acquire) == 0; });
    }
    void take_ready() noexcept {
        taken_ = true;
        node_.reset();
    }
    void inspect(Inspector& to) const {
        to.waits_for(
            WaitKind::channel, shared_,
            ::rouse::detail::describe_wait("the end of the receivers of a watch channel", shared_->name));
    }

private:
    detail::Shared<T>* shared_;
    bool taken_ = false;
    ::rouse::detail::WaitNode node_;
};

/// The sending end. Dropped, it lets the receivers know. Thread: any.
template <class T>
class Sender {
public:
    explicit Sender(std::shared_ptr<detail::Shared<T>> shared) noexcept : shared_(std::move(shared)) {}
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~Sender() {
        if (shared_) shared_->raise(detail::Shared<T>::closed, [] {});
    }

    /// The new value; comes back as the error when no receiver is left.
    std::expected<void, T> send(T value) {
        if (is_closed()) return std::expected<void, T>(std::unexpect, std::move(value));
        (void)send_replace(std::move(value));
        return {};
    }
    /// The new value, receivers or not. The one before.
    T send_replace(T value) {
        send_modify([&](T& now) { std::swap(now, value); });
        return value;
    }
    /// Changes the value in its place: `change(T&)`, under its lock.
    template <class Change>
    void send_modify(Change change) {
        send_if_modified([&](T& value) {
            change(value);
            return true;
        });
    }
    /// The same; the receivers are told if `change` returns true.
    template <class Change>
    bool send_if_modified(Change change) {
        std::optional<::rouse::detail::BorrowLock::Change> lock(std::in_place, shared_->lock);
        if (!change(shared_->value)) return false;
        shared_->raise(detail::Shared<T>::step, [&] { lock.reset(); }); // [V1]
        return true;
    }
    [[nodiscard]] Ref<T> borrow() const noexcept { return Ref<T>(*shared_); }
    /// No receiver is left.
    [[nodiscard]] bool is_closed() const noexcept { return receiver_count() == 0; }
    [[nodiscard]] Closed<T> closed() const noexcept { return Closed<T>(*shared_); }
    [[nodiscard]] std::size_t receiver_count() const noexcept {
        return shared_->receivers.load(memory_order_acquire);
    }
    /// A receiver that has seen the value of now.
    [[nodiscard]] Receiver<T> subscribe() const noexcept {
        shared_->receivers.fetch_add(1, memory_order_relaxed);
        return Receiver<T>(shared_, shared_->version.load(memory_order_acquire));
    }

private:
    std::shared_ptr<detail::Shared<T>> shared_;
};

/// A channel with its first value, which counts as seen. `name` is for the reader of a dump; it is not
/// copied.
///
/// ```cpp
/// auto [tx, rx] = rouse::watch::channel(Config());
/// // the receiver:
/// while (co_await rx.changed()) apply(*rx.borrow_and_update());
/// ```
template <class T>
[[nodiscard]] std::pair<Sender<T>, Receiver<T>> channel(T first, std::string_view name = {}) {
    auto shared = std::make_shared<detail::Shared<T>>(std::move(first), name);
    return {Sender<T>(shared), Receiver<T>(shared, 0)};
}

} // namespace rouse::watch
