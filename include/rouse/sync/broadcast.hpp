// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/wait_list.hpp"

#include <concepts>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

/// Every receiver gets every message that is sent after it came. One that is too slow loses the oldest ones,
/// and is told how many.
///
/// Order: all receivers see the messages in the same order. Fairness: a message wakes all who wait. Memory:
/// what was done before a message was sent happens before what is done after it was received. Cancel: a
/// `recv` that is destroyed has taken nothing. Messages are copied under a short lock of their place: a copy
/// must not use the channel. The last one to read a message gets it itself; a receiver that is dropped gives
/// up what it has not read: so a message does not outlive those it was for.
namespace rouse::broadcast {

/// Why there is no message.
class RecvError {
public:
    /// 0: no sender is left, and all was received.
    explicit RecvError(std::uint64_t missed) noexcept : missed_(missed) {}
    [[nodiscard]] bool is_closed() const noexcept { return missed_ == 0; }
    [[nodiscard]] bool is_lagged() const noexcept { return missed_ != 0; }
    /// How many messages this receiver will never see. The next `recv` has the oldest one that is left; but
    /// if that was overwritten meanwhile, it says so again.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

private:
    std::uint64_t missed_;
};

namespace detail {

/// A ring. [C1] A sender, under the lock of the tail, writes the message, its position and how many receivers
/// there are into the place, under the place's lock; then it raises `sent`, and wakes those in the queue,
/// under the lock of that. [C2] A receiver reads the place of its next position under the place's lock: the
/// position found there says whether the message is the one it wants, or is lost. If `sent` says that there
/// is none yet it takes a last look at `sent`, and waits: [W1]. [C3] A receiver comes and goes under the lock
/// of the tail, and notes `sent`: so it is counted at the messages in between, and at no other. [C4] It takes
/// itself off the count when it has read the message, under the lock of [C2], or goes without; whoever is the
/// last one takes the message out, and destroys it without a lock. Who lost a message has nothing to take
/// back: its count was written over.
template <class T>
class Shared {
public:
    Shared(std::size_t room, std::string_view name)
        : room_(room), places_(std::make_unique<Place[]>(room)), name_(name) {}

    /// How many it is for. 0: `message` is as it was.
    std::size_t send(T& message) {
        std::size_t receivers;
        std::optional<T> old; // destroyed without a lock
        {
            const std::lock_guard order(tail_lock_);
            receivers = receivers_.load(memory_order_relaxed);
            if (receivers == 0) return 0;
            const std::uint64_t position = sent_.load(memory_order_relaxed);
            Place& place = places_[position % room_];
            {
                const std::lock_guard lock(place.lock);
                place.position = 0; // if a move throws there is nothing here
                old.swap(place.message);
                place.message.emplace(std::move(message));
                place.position = position + 1;
                place.readers = static_cast<std::uint32_t>(receivers);
            }
            sent_.store(position + 1, memory_order_release);
        }
        arrived_.fire_all(::rouse::detail::WaitNode::notified);
        return receivers;
    }
    /// The message at `next`; an error; or nothing yet.
    std::optional<std::expected<T, RecvError>> receive(std::uint64_t& next) {
        using Got = std::expected<T, RecvError>;
        if (next == sent()) {
            // The senders' end comes after all that they have sent.
            if (senders_.load(memory_order_acquire) != 0 || next != sent()) return std::nullopt;
            return Got(std::unexpect, 0);
        }
        Place& place = places_[next % room_];
        std::optional<T> last; // destroyed without a lock
        {
            const std::lock_guard lock(place.lock);
            if (place.position == next + 1) {
                const bool is_last = place.readers == 1;
                std::optional<Got> got;
                if (!is_last || !std::is_nothrow_move_constructible_v<T>) got.emplace(*place.message);
                if (is_last) last.swap(place.message);
                --place.readers; // [C4] what throws has taken nothing
                ++next;
                if (!got) got.emplace(std::move(*last));
                return got;
            }
        }
        const std::uint64_t oldest = sent() - room_;
        const std::uint64_t missed =
            oldest > next ? oldest - next : 1; // another one is being written over it
        next += missed;
        return Got(std::unexpect, missed);
    }
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_.load(memory_order_acquire); }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] bool is_over() const noexcept { return senders_.load(memory_order_acquire) == 0; }
    [[nodiscard]] ::rouse::detail::WaitQueue& arrived() noexcept { return arrived_; }

    void add_sender() noexcept { senders_.fetch_add(1, memory_order_relaxed); }
    void drop_sender() noexcept {
        if (senders_.fetch_sub(1, memory_order_acq_rel) == 1)
            arrived_.fire_all(::rouse::detail::WaitNode::notified);
    }
    /// [C3] The position of its first message.
    [[nodiscard]] std::uint64_t add_receiver() noexcept {
        const std::lock_guard order(tail_lock_);
        receivers_.fetch_add(1, memory_order_relaxed);
        return sent_.load(memory_order_relaxed);
    }
    void drop_receiver(std::uint64_t next) noexcept {
        std::uint64_t end;
        {
            const std::lock_guard order(tail_lock_); // [C3]
            receivers_.fetch_sub(1, memory_order_acq_rel);
            end = sent_.load(memory_order_relaxed);
        }
        if (end - next > room_) next = end - room_;
        for (; next != end; ++next) {
            std::optional<T> last; // destroyed without a lock
            Place& place = places_[next % room_];
            const std::lock_guard lock(place.lock);
            if (place.position != next + 1 || --place.readers != 0) continue; // [C4]
            try {
                last.swap(place.message);
            } catch (...) { // its move threw: it stays until it is written over
            }
        }
    }
    [[nodiscard]] std::size_t receivers() const noexcept { return receivers_.load(memory_order_acquire); }

private:
    class Place {
    public:
        ::rouse::detail::ShortLock lock;
        std::uint32_t readers = 0;  // that have not read the message here; 0: it is out
        std::uint64_t position = 0; // of the message, plus one
        std::optional<T> message;
    };
    const std::size_t room_;
    const std::unique_ptr<Place[]> places_;
    const std::string_view name_;
    ::rouse::detail::ShortLock tail_lock_;
    Atomic<std::uint64_t> sent_{0};
    Atomic<std::size_t> senders_{1};
    Atomic<std::size_t> receivers_{1};
    ::rouse::detail::WaitQueue arrived_;
};

} // namespace detail

template <class T>
class Receiver;

/// A future of a copy of the next message, or of why there is none.
/// Wake:   when a message is there, or the last sender is dropped.
/// Cancel: destroy it: it has taken nothing.
/// Thread: any, one at a time. Refers to its receiver.
template <class T>
class [[nodiscard]] Recv {
public:
    using Output = std::expected<T, RecvError>;
    static constexpr bool holds_nothing = true; // while it is pending: see stream::from
    explicit Recv(Receiver<T>& receiver) noexcept : receiver_(&receiver) {}
    Recv(Recv&&) noexcept = default;
    Recv& operator=(Recv&&) = delete;
    ~Recv() {
        if (node_.state() == ::rouse::detail::WaitNode::queued) shared().arrived().remove(node_);
    }

    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("broadcast::Recv");
        const auto there = [this] { return shared().sent() != receiver_->next_ || shared().is_over(); };
        // What it was told of may have been taken since, by `try_recv`: so it looks again.
        if (node_.state() > ::rouse::detail::WaitNode::queued) node_.reset();
        return (node_.is_idle() && there()) || shared().arrived().poll(node_, cx.waker(), there);
    }
    Output take_ready() {
        taken_ = true;
        node_.reset();
        auto got = shared().receive(receiver_->next_);
        if (!got) ::rouse::detail::stop("broadcast: a receiver was used while it received");
        return std::move(*got);
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::channel, receiver_->shared_.get(),
                     ::rouse::detail::describe_wait("a message of a broadcast channel", shared().name()));
    }

private:
    detail::Shared<T>& shared() const noexcept { return *receiver_->shared_; }
    Receiver<T>* receiver_;
    bool taken_ = false;
    ::rouse::detail::WaitNode node_;
};

/// A receiving end. Thread: any, one at a time.
template <class T>
class Receiver {
public:
    /// Counted already.
    Receiver(std::shared_ptr<detail::Shared<T>> shared, std::uint64_t next) noexcept
        : shared_(std::move(shared)), next_(next) {}
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver other) noexcept {
        std::swap(shared_, other.shared_);
        std::swap(next_, other.next_);
        return *this;
    }
    ~Receiver() {
        if (shared_) shared_->drop_receiver(next_);
    }

    [[nodiscard]] Recv<T> recv() noexcept { return Recv<T>(*this); }
    /// What is there now; nothing yet is an empty optional.
    [[nodiscard]] std::optional<std::expected<T, RecvError>> try_recv() { return shared_->receive(next_); }
    /// A receiver of what is sent from now on.
    [[nodiscard]] Receiver resubscribe() const noexcept { return Receiver(shared_, shared_->add_receiver()); }
    /// Messages that were sent and not received, the lost ones included.
    [[nodiscard]] std::uint64_t len() const noexcept { return shared_->sent() - next_; }
    [[nodiscard]] bool is_empty() const noexcept { return len() == 0; }

private:
    template <class>
    friend class Recv;
    std::shared_ptr<detail::Shared<T>> shared_;
    std::uint64_t next_;
};

/// A sending end; copies send to the same receivers. Thread: any.
template <class T>
class Sender {
public:
    /// Counted already.
    explicit Sender(std::shared_ptr<detail::Shared<T>> shared) noexcept : shared_(std::move(shared)) {}
    Sender(const Sender& other) noexcept : shared_(other.shared_) { shared_->add_sender(); }
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~Sender() {
        if (shared_) shared_->drop_sender();
    }

    /// To all receivers of now: their number. When there is none the message comes back as the error.
    std::expected<std::size_t, T> send(T message) {
        if (const std::size_t receivers = shared_->send(message)) return receivers;
        return std::expected<std::size_t, T>(std::unexpect, std::move(message));
    }
    /// A receiver of what is sent from now on.
    [[nodiscard]] Receiver<T> subscribe() const noexcept {
        return Receiver<T>(shared_, shared_->add_receiver());
    }
    [[nodiscard]] std::size_t receiver_count() const noexcept { return shared_->receivers(); }
    [[nodiscard]] bool same_channel(const Sender& other) const noexcept { return shared_ == other.shared_; }

private:
    std::shared_ptr<detail::Shared<T>> shared_;
};

/// A channel that keeps the last `room` messages for those who have not read them. `name` is for the reader
/// of a dump; it is not copied.
///
/// ```cpp
/// auto [tx, rx] = rouse::broadcast::channel<std::string>(16);
/// auto also = tx.subscribe();
/// (void)tx.send("to both");
/// auto got = co_await also.recv();
/// if (!got && got.error().is_lagged()) log(got.error().missed());
/// ```
template <std::copy_constructible T>
[[nodiscard]] std::pair<Sender<T>, Receiver<T>> channel(std::size_t room, std::string_view name = {}) {
    if (room == 0) ::rouse::detail::stop("broadcast::channel: room for no message at all");
    auto shared = std::make_shared<detail::Shared<T>>(room, name);
    return {Sender<T>(shared), Receiver<T>(shared, 0)};
}

} // namespace rouse::broadcast
