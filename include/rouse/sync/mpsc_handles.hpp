// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/sync/mpsc_channel.hpp"
#include "rouse/sync/mpsc_errors.hpp"

#include <optional>
#include <utility>

// Part of rouse/sync/mpsc.hpp.

namespace rouse::mpsc {

/// Completes when the receiver is closed or gone.
/// Wake: then. Cancel: destroy it. Thread: any, one at a time. Refers to its sender.
class [[nodiscard]] Closed {
public:
    using Output = void;
    explicit Closed(::rouse::detail::MpscCore& channel) noexcept : channel_(&channel) {}
    Closed(Closed&& other) noexcept = default;
    Closed& operator=(Closed&&) = delete;
    ~Closed() { channel_->closing().remove(node_); }

    Poll<void> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("mpsc::Closed");
        if (channel_->slots().is_closed()) {
            channel_->closing().remove(node_);
            return true;
        }
        if (node_.state() > ::rouse::detail::WaitNode::queued) return true;
        return channel_->closing().poll(node_, cx.waker(), [this] { return channel_->slots().is_closed(); });
    }
    void take_ready() noexcept {
        taken_ = true;
        node_.reset();
    }
    void inspect(Inspector& to) const {
        to.waits_for(
            WaitKind::channel, channel_,
            ::rouse::detail::describe_wait("the end of the receiver of an mpsc channel", channel_->name()));
    }

private:
    ::rouse::detail::MpscCore* channel_;
    bool taken_ = false;
    ::rouse::detail::WaitNode node_;
};

namespace detail {

template <class T>
using Channel = ::rouse::detail::MpscChannel<T>;

/// A counted handle of a channel that keeps its memory.
template <class T>
class Handle {
public:
    explicit Handle(Channel<T>* channel) noexcept : channel_(channel) {}
    Handle(Handle&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
    Handle& operator=(Handle&&) = delete;
    ~Handle() { drop(); }

    void drop() noexcept {
        if (Channel<T>* const channel = std::exchange(channel_, nullptr);
            channel && channel->drop_reference())
            delete channel;
    }
    void swap(Handle& other) noexcept { std::swap(channel_, other.channel_); }
    [[nodiscard]] explicit operator bool() const noexcept { return channel_ != nullptr; }
    Channel<T>* operator->() const noexcept { return &get(); }
    [[nodiscard]] Channel<T>& get() const noexcept {
        if (!channel_) [[unlikely]]
            ::rouse::detail::stop("mpsc: a handle that was moved from was used");
        return *channel_;
    }

private:
    Channel<T>* channel_;
};

/// What both kinds of sender have in common. A copy is another sender of the same channel.
template <class T>
class SenderBase {
public:
    explicit SenderBase(Channel<T>* channel) noexcept : channel_(channel) {}
    SenderBase(const SenderBase& other) noexcept : channel_(&other.channel_.get()) { channel_->add_sender(); }
    SenderBase(SenderBase&&) noexcept = default;
    SenderBase& operator=(SenderBase other) noexcept {
        channel_.swap(other.channel_);
        return *this;
    }
    ~SenderBase() {
        if (channel_) channel_->drop_sender();
    }

    /// The receiver is closed, or gone: nothing can be sent.
    [[nodiscard]] bool is_closed() const noexcept { return channel_->slots().is_closed(); }
    /// Completes when that is so.
    [[nodiscard]] Closed closed() const noexcept { return Closed(channel_.get()); }
    /// Both send to the same receiver.
    [[nodiscard]] bool same_channel(const SenderBase& other) const noexcept {
        return &channel_.get() == &other.channel_.get();
    }
    /// How many senders there are.
    [[nodiscard]] std::size_t strong_count() const noexcept { return channel_->senders(); }

protected:
    [[nodiscard]] Channel<T>& shared() const noexcept { return channel_.get(); }

private:
    Handle<T> channel_;
};

/// Refers to a channel and does not keep it open.
template <class T, class Strong>
class WeakBase {
public:
    explicit WeakBase(Channel<T>& channel) noexcept : channel_(&channel) { channel.add_reference(); }
    WeakBase(const WeakBase& other) noexcept : WeakBase(other.channel_.get()) {}
    WeakBase(WeakBase&&) noexcept = default;
    WeakBase& operator=(WeakBase other) noexcept {
        channel_.swap(other.channel_);
        return *this;
    }
    ~WeakBase() = default;
    /// A sender; none, when the last one is gone.
    [[nodiscard]] std::optional<Strong> upgrade() const noexcept {
        if (!channel_->add_sender_again()) return std::nullopt;
        return Strong(&channel_.get());
    }

private:
    Handle<T> channel_;
};

} // namespace detail

template <class T>
using WeakSender = detail::WeakBase<T, Sender<T>>;
template <class T>
using WeakUnboundedSender = detail::WeakBase<T, UnboundedSender<T>>;

} // namespace rouse::mpsc
