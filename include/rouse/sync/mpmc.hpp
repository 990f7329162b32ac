// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/batch_semaphore.hpp"
#include "rouse/sync/message_queue.hpp"

#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

/// Many producers, many consumers: each message goes to one of them. `auto [tx, rx] =
/// rouse::mpmc::channel<int>(100);`
///
/// Order: first in, first out. Fairness: senders that wait for room get it, and receivers that wait for a
/// message get one, in the order in which they came; nobody overtakes. Memory: what was done before a message
/// was sent happens before what is done after it was received. Cancel: a `send` that is destroyed has sent
/// nothing, a `recv` has taken nothing: what it was given goes to the next.
namespace rouse::mpmc {

/// Why there is no message now.
enum class TryRecvError : std::uint8_t { empty, disconnected };
enum class TrySendFault : std::uint8_t { full, closed };

/// What `try_send` gives back.
template <class T>
class TrySendError {
public:
    TrySendError(TrySendFault fault, T value) : fault_(fault), value_(std::move(value)) {}
    [[nodiscard]] bool is_full() const noexcept { return fault_ == TrySendFault::full; }
    [[nodiscard]] bool is_closed() const noexcept { return fault_ == TrySendFault::closed; }
    [[nodiscard]] T into_value() && { return std::move(value_); }

private:
    TrySendFault fault_;
    T value_;
};

namespace detail {

using Semaphore = ::rouse::detail::BatchSemaphore;

/// Two semaphores around a queue: a permit of `room` is a place, a permit of `ready` is a message. [H1] send:
/// a place, then the message under the lock, then a permit of `ready`. [H2] receive: a permit of `ready`,
/// then a message under the lock, then the place is given back. [H3] close, by the end of either side: `room`
/// fails at once; `ready` fails too, and from then on receivers take what is there under the lock, without a
/// permit.
template <class T>
class Shared {
    static_assert(std::is_nothrow_move_constructible_v<T>, "a message that was taken out must arrive");

public:
    Shared(std::size_t places, bool is_bounded, std::string_view name)
        : room(places, true), ready(0, true), bounded(is_bounded), name(name) {}

    /// With a place. False: it was closed meanwhile, and the place given back.
    bool put(T&& message) {
        bool open = false;
        try {
            const std::lock_guard hold(lock);
            open = !is_closed;
            if (open) messages.push_back(std::move(message));
        } catch (...) { // no memory
            if (bounded) room.release(1);
            throw;
        }
        if (open) ready.release(1);
        else if (bounded) room.release(1);
        return open;
    }
    std::optional<T> take() noexcept {
        std::optional<T> message;
        {
            const std::lock_guard hold(lock);
            if (messages.empty()) return message;
            message.emplace(std::move(messages.front()));
            messages.pop_front();
        }
        if (bounded) room.release(1);
        return message;
    }
    void close() noexcept {
        {
            const std::lock_guard hold(lock);
            is_closed = true;
        }
        room.close();
        ready.close();
    }
    void drop_sender() noexcept {
        if (senders.fetch_sub(1, memory_order_acq_rel) == 1) close();
    }
    void drop_receiver() noexcept {
        if (receivers.fetch_sub(1, memory_order_acq_rel) != 1) return;
        close();
        std::deque<T> gone; // destroyed without the lock
        const std::lock_guard hold(lock);
        gone.swap(messages);
    }

    Semaphore room;
    Semaphore ready;
    const bool bounded;
    const std::string_view name;
    Atomic<std::size_t> senders{1};
    Atomic<std::size_t> receivers{1};
    ::rouse::detail::ShortLock lock;
    bool is_closed = false; // these are under it
    std::deque<T> messages;
};

} // namespace detail

/// Sends one value: a future of nothing, or of the value, when the channel is closed.
/// Wake:   when there is room for it, or the channel is closed.
/// Cancel: destroy it: nothing was sent.
/// Thread: any, one at a time. Refers to its sender.
template <class T>
class [[nodiscard]] Send {
public:
    using Output = std::expected<void, T>;
    Send(detail::Shared<T>& shared, T value) : shared_(&shared), value_(std::move(value)), wait_(1) {}
    Send(Send&&) = default;
    Send& operator=(Send&&) = delete;
    ~Send() { wait_.end(shared_->room); }

    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!shared_->bounded && !wait_.is_over()) return true;
        return wait_.poll(shared_->room, cx.waker(), "mpmc::Send");
    }
    Output take_ready() {
        const auto result = wait_.take();
        const bool may = shared_->bounded ? result == ::rouse::detail::PermitWait::Result::acquired : true;
        if (may && shared_->put(std::move(value_))) return {};
        return Output(std::unexpect, std::move(value_));
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::channel, shared_,
                     ::rouse::detail::describe_wait("room in an mpmc channel", shared_->name));
    }

private:
    detail::Shared<T>* shared_;
    T value_;
    ::rouse::detail::PermitWait wait_;
};

/// A future of a message; of nothing, when the channel is closed and empty.
/// Wake:   when a message is there for it, or the channel is closed.
/// Cancel: destroy it: it has taken nothing, and a message that was meant for it goes to the next.
/// Thread: any, one at a time. Refers to its receiver.
template <class T>
class [[nodiscard]] Recv {
public:
    using Output = std::optional<T>;
    static constexpr bool holds_nothing = true; // while it is pending: see stream::from
    explicit Recv(detail::Shared<T>& shared) noexcept : shared_(&shared), wait_(1) {}
    Recv(Recv&&) noexcept = default;
    Recv& operator=(Recv&&) = delete;
    ~Recv() { wait_.end(shared_->ready); }

    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return wait_.poll(shared_->ready, cx.waker(), "mpmc::Recv"); }
    Output take_ready() {
        (void)wait_.take();
        return shared_->take(); // with a permit, unless it is closed: [H3]
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::channel, shared_,
                     ::rouse::detail::describe_wait("a message of an mpmc channel", shared_->name));
    }

private:
    detail::Shared<T>* shared_;
    ::rouse::detail::PermitWait wait_;
};

/// A sending end; copies send to the same channel. Thread: any.
template <class T>
class Sender {
public:
    /// Counted already.
    explicit Sender(std::shared_ptr<detail::Shared<T>> shared) noexcept : shared_(std::move(shared)) {}
    Sender(const Sender& other) noexcept : Sender(other.shared_) {
        shared_->senders.fetch_add(1, memory_order_relaxed);
    }
    Sender(Sender&&) noexcept = default;
    Sender& operator=(Sender other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~Sender() {
        if (shared_) shared_->drop_sender();
    }

    [[nodiscard]] Send<T> send(T value) const { return Send<T>(*shared_, std::move(value)); }
    std::expected<void, TrySendError<T>> try_send(T value) const {
        using Result = detail::Semaphore::Result;
        const Result result = shared_->bounded ? shared_->room.try_acquire(1) : Result::acquired;
        if (result == Result::acquired && shared_->put(std::move(value))) return {};
        const auto fault = result == Result::pending ? TrySendFault::full : TrySendFault::closed;
        return std::unexpected(TrySendError<T>(fault, std::move(value)));
    }
    /// Nobody sends any more; what was sent is still received.
    void close() const noexcept { shared_->close(); }
    [[nodiscard]] bool is_closed() const noexcept { return shared_->room.is_closed(); }

private:
    std::shared_ptr<detail::Shared<T>> shared_;
};

/// A receiving end; copies receive from the same channel. When the last one is gone it is closed. Thread:
/// any.
template <class T>
class Receiver {
public:
    /// Counted already.
    explicit Receiver(std::shared_ptr<detail::Shared<T>> shared) noexcept : shared_(std::move(shared)) {}
    Receiver(const Receiver& other) noexcept : Receiver(other.shared_) {
        shared_->receivers.fetch_add(1, memory_order_relaxed);
    }
    Receiver(Receiver&&) noexcept = default;
    Receiver& operator=(Receiver other) noexcept {
        std::swap(shared_, other.shared_);
        return *this;
    }
    ~Receiver() {
        if (shared_) shared_->drop_receiver();
    }

    [[nodiscard]] Recv<T> recv() const noexcept { return Recv<T>(*shared_); }
    [[nodiscard]] std::expected<T, TryRecvError> try_recv() const noexcept {
        using Result = detail::Semaphore::Result;
        const Result result = shared_->ready.try_acquire(1);
        if (result == Result::pending) return std::unexpected(TryRecvError::empty);
        auto message = shared_->take();
        if (!message) return std::unexpected(TryRecvError::disconnected);
        return std::move(*message);
    }
    void close() const noexcept { shared_->close(); }
    [[nodiscard]] bool is_closed() const noexcept { return shared_->room.is_closed(); }

private:
    std::shared_ptr<detail::Shared<T>> shared_;
};

/// A channel with room for `capacity` messages (1 to 268,435,455). `name` is for the reader of a dump; it is
/// not copied.
template <class T>
[[nodiscard]] std::pair<Sender<T>, Receiver<T>> channel(std::size_t capacity, std::string_view name = {}) {
    if (capacity == 0) ::rouse::detail::stop("mpmc::channel: room for no message at all");
    auto shared = std::make_shared<detail::Shared<T>>(capacity, true, name);
    return {Sender<T>(shared), Receiver<T>(shared)};
}
/// A channel with as much room as there is memory, but no more than for 268,435,455 messages that nobody has
/// received: one more stops the program.
template <class T>
[[nodiscard]] std::pair<Sender<T>, Receiver<T>> unbounded_channel(std::string_view name = {}) {
    auto shared = std::make_shared<detail::Shared<T>>(0, false, name);
    return {Sender<T>(shared), Receiver<T>(shared)};
}

} // namespace rouse::mpmc
