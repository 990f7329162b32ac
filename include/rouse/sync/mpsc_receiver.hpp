// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/mpsc_handles.hpp"

#include <expected>
#include <optional>
#include <utility>
#include <vector>

// Part of rouse/sync/mpsc.hpp.

namespace rouse::mpsc {

namespace detail {

/// The receiver's part of a wait: one waker, in the channel.
template <class T>
class RecvBase {
public:
    static constexpr bool holds_nothing = true; // while it is pending: see stream::from
    explicit RecvBase(Channel<T>& channel) noexcept : channel_(&channel) {}
    RecvBase(RecvBase&& other) noexcept : channel_(other.channel_) {
        if (other.polled_) ::rouse::detail::stop("mpsc: a future was moved after its first poll");
    }
    RecvBase& operator=(RecvBase&&) = delete;
    ~RecvBase() {
        if (polled_) channel_->forget_waker();
    }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("mpsc::Recv");
        polled_ = !channel_->poll(cx);
        return !polled_;
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::channel, channel_,
                     ::rouse::detail::describe_wait("a message of an mpsc channel", channel_->name()));
    }

protected:
    Channel<T>& finish() noexcept {
        taken_ = true;
        return *channel_;
    }

private:
    Channel<T>* channel_;
    bool polled_ = false; // and it was Pending
    bool taken_ = false;
};

} // namespace detail

/// A future of the next message; of nothing, when no sender is left, or the channel was closed, and all was
/// received.
/// Wake:   when a message is there, the last sender is dropped, or the channel is closed.
/// Cancel: destroy it: it has taken nothing.
/// Thread: any, one at a time. Refers to its receiver.
template <class T>
class [[nodiscard]] Recv : public detail::RecvBase<T> {
public:
    using Output = std::optional<T>;
    using detail::RecvBase<T>::RecvBase;
    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    Output take_ready() { return this->finish().take(); }
};

/// The same for up to so many messages, which go to the end of a vector. A future of their number; 0 when
/// there will be none (or when none was asked for).
template <class T>
class [[nodiscard]] RecvMany : public detail::RecvBase<T> {
public:
    using Output = std::size_t;
    RecvMany(detail::Channel<T>& channel, std::vector<T>& to, std::size_t limit) noexcept
        : detail::RecvBase<T>(channel), to_(&to), limit_(limit) {}
    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return limit_ == 0 || detail::RecvBase<T>::poll_ready(cx); }
    Output take_ready() { return this->finish().take_many(*to_, limit_); }

private:
    std::vector<T>* to_;
    std::size_t limit_;
};

namespace detail {

template <class T>
class ReceiverBase {
public:
    explicit ReceiverBase(Channel<T>* channel) noexcept : channel_(channel) {}
    ReceiverBase(ReceiverBase&&) noexcept = default;
    ReceiverBase& operator=(ReceiverBase&& other) noexcept {
        ReceiverBase old(std::move(*this));
        channel_.swap(other.channel_);
        return *this;
    }
    ~ReceiverBase() {
        if (!channel_) return;
        channel_->forget_waker();
        channel_->close();
        channel_->drop_messages();
    }

    [[nodiscard]] Recv<T> recv() noexcept { return Recv<T>(channel_.get()); }
    /// Waits for one message, and takes up to `limit` of those that are there then. One step for all of them:
    /// cheaper than as many `recv`.
    [[nodiscard]] RecvMany<T> recv_many(std::vector<T>& to, std::size_t limit) noexcept {
        return RecvMany<T>(channel_.get(), to, limit);
    }
    /// What is there now.
    [[nodiscard]] std::expected<T, TryRecvError> try_recv() noexcept {
        using Now = typename Channel<T>::Now;
        switch (channel_->look()) {
        case Now::message:
            return channel_->take_one();
        case Now::empty:
            return std::unexpected(TryRecvError::empty);
        default:
            return std::unexpected(TryRecvError::disconnected);
        }
    }
    /// For a `poll` of one's own: as `recv`, and the waker stays registered in the receiver until the next
    /// poll.
    [[nodiscard]] Poll<std::optional<T>> poll_recv(Context& cx) {
        if (!channel_->poll(cx)) return Pending;
        return Poll<std::optional<T>>(std::in_place, channel_->take());
    }
    /// Lets nobody send any more. What was sent, and what those send who have a permit, is still received.
    void close() noexcept { channel_->close(); }
    [[nodiscard]] bool is_closed() const noexcept {
        return channel_->slots().load() &
               (::rouse::detail::BatchSemaphore::closed | ::rouse::detail::BatchSemaphore::ended);
    }
    /// Messages that were sent and not received.
    [[nodiscard]] std::size_t len() const noexcept { return channel_->size(); }
    [[nodiscard]] bool is_empty() const noexcept { return len() == 0; }
    [[nodiscard]] std::size_t sender_strong_count() const noexcept { return channel_->senders(); }

protected:
    [[nodiscard]] Channel<T>& shared() const noexcept { return channel_.get(); }

private:
    Handle<T> channel_;
};

} // namespace detail

/// The receiving end of a bounded channel. Destroyed, it takes what was not received with it, and lets the
/// senders know. Thread: any, one at a time.
template <class T>
class Receiver : public detail::ReceiverBase<T> {
public:
    using detail::ReceiverBase<T>::ReceiverBase;
    /// The room that is left now.
    [[nodiscard]] std::size_t capacity() const noexcept { return this->shared().slots().available(); }
    /// The room of the channel.
    [[nodiscard]] std::size_t max_capacity() const noexcept { return this->shared().capacity(); }
};

/// The same of an unbounded channel.
template <class T>
class UnboundedReceiver : public detail::ReceiverBase<T> {
public:
    using detail::ReceiverBase<T>::ReceiverBase;
};

} // namespace rouse::mpsc
