// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/mpsc_handles.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <utility>

// Part of rouse/sync/mpsc.hpp: room that is kept for messages which are not there yet.

namespace rouse::mpsc {

/// Room for one message, kept until it is sent or this is destroyed. Refers to its sender.
template <class T>
class [[nodiscard]] Permit {
public:
    explicit Permit(detail::Channel<T>& channel) noexcept : channel_(&channel) {}
    Permit(Permit&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
        Permit old(std::move(*this));
        channel_ = std::exchange(other.channel_, nullptr);
        return *this;
    }
    ~Permit() {
        if (channel_) channel_->give_back(1);
    }
    /// Sends, and never fails: after a `close` the receiver still receives it; if there is none any more the
    /// message goes with the channel.
    void send(T value) && {
        if (!channel_) ::rouse::detail::stop("mpsc: a permit that was used or moved from was used");
        detail::Channel<T>& channel = *std::exchange(channel_, nullptr);
        channel.put(channel.claim_reserved(), std::move(value));
    }

private:
    detail::Channel<T>* channel_;
};

/// Room for several messages; what is not used is given back when this is destroyed. Refers to its sender.
template <class T>
class [[nodiscard]] Permits {
public:
    Permits(detail::Channel<T>& channel, std::uint32_t count) noexcept : channel_(&channel), count_(count) {}
    Permits(Permits&& other) noexcept : channel_(other.channel_), count_(std::exchange(other.count_, 0)) {}
    Permits& operator=(Permits&& other) noexcept {
        Permits old(std::move(*this));
        channel_ = other.channel_;
        count_ = std::exchange(other.count_, 0);
        return *this;
    }
    ~Permits() {
        if (count_ != 0) channel_->give_back(count_);
    }
    /// How many are left.
    [[nodiscard]] std::size_t len() const noexcept { return count_; }
    [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
    /// One of them; nothing when none is left.
    [[nodiscard]] std::optional<Permit<T>> next() noexcept {
        if (count_ == 0) return std::nullopt;
        --count_;
        return std::optional<Permit<T>>(std::in_place, *channel_);
    }
    /// Sends with one of them; without any it stops the program.
    void send(T value) {
        auto permit = next();
        if (!permit) ::rouse::detail::stop("mpsc: more was sent than was reserved");
        std::move(*permit).send(std::move(value));
    }

private:
    detail::Channel<T>* channel_;
    std::uint32_t count_;
};

/// Room for one message, and the sender that it is for.
template <class T>
class [[nodiscard]] OwnedPermit {
public:
    /// Room was taken of its channel.
    explicit OwnedPermit(Sender<T> sender) noexcept
        : sender_(std::move(sender)), permit_(channel_of(sender_)) {}
    OwnedPermit(OwnedPermit&&) noexcept = default;
    OwnedPermit& operator=(OwnedPermit&& other) noexcept {
        permit_ = std::move(other.permit_); // before the sender of it goes
        sender_ = std::move(other.sender_);
        return *this;
    }
    /// Sends, as `Permit::send`. The sender.
    Sender<T> send(T value) && {
        std::move(permit_).send(std::move(value));
        return std::move(sender_);
    }
    /// Gives the room back. The sender.
    Sender<T> release() && {
        { const Permit<T> unused(std::move(permit_)); }
        return std::move(sender_);
    }
    /// Both send to the same receiver.
    [[nodiscard]] bool same_channel(const OwnedPermit& other) const noexcept {
        return sender_.same_channel(other.sender_);
    }

private:
    static detail::Channel<T>& channel_of(Sender<T>& sender) noexcept;
    Sender<T> sender_; // its end comes last
    Permit<T> permit_;
};

namespace detail {

/// A future's wait for places in a channel.
template <class T>
class RoomWait {
public:
    RoomWait(Channel<T>& channel, std::uint32_t count) noexcept : channel_(&channel), wait_(count) {}
    RoomWait(RoomWait&& other) noexcept
        : channel_(std::exchange(other.channel_, nullptr)), wait_(std::move(other.wait_)) {}
    RoomWait& operator=(RoomWait&&) = delete;
    ~RoomWait() {
        if (!channel_ || wait_.is_over()) return;
        wait_.end(channel_->slots());
        channel_->wake_if_closed();
    }
    bool poll(Context& cx, const char* future_type) {
        return wait_.poll(channel_->slots(), cx.waker(), future_type);
    }
    /// True: the places are the caller's.
    bool take() noexcept {
        if (wait_.take() != ::rouse::detail::PermitWait::Result::acquired) return false;
        if (!channel_->slots().is_closed()) [[likely]]
            return true;
        channel_->give_back(wait_.count()); // closed between the grant and this poll
        return false;
    }
    void inspect(Inspector& to) const {
        if (!channel_) return;
        to.waits_for(WaitKind::channel, channel_,
                     ::rouse::detail::describe_wait("room in an mpsc channel", channel_->name()));
    }
    [[nodiscard]] Channel<T>& channel() const noexcept { return *channel_; }
    [[nodiscard]] std::uint32_t count() const noexcept { return wait_.count(); }

private:
    Channel<T>* channel_;
    ::rouse::detail::PermitWait wait_;
};

} // namespace detail

/// A future of a Permit.
/// Wake:   when there is room, or the receiver closes.
/// Cancel: destroy it: room that it was given goes to the next.
/// Thread: any, one at a time. Refers to its sender.
template <class T>
class [[nodiscard]] Reserve {
public:
    using Output = std::expected<Permit<T>, ReserveError>;
    explicit Reserve(detail::Channel<T>& channel) noexcept : wait_(channel, 1) {}
    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return wait_.poll(cx, "mpsc::Reserve"); }
    Output take_ready() {
        if (wait_.take()) [[likely]]
            return Permit<T>(wait_.channel());
        return std::unexpected(ReserveError::closed);
    }
    void inspect(Inspector& to) const { wait_.inspect(to); }

private:
    detail::RoomWait<T> wait_;
};

/// A future of Permits. It collects them at the head of the queue, and is not overtaken by those who want
/// fewer. Wake, cancel, thread: as Reserve.
template <class T>
class [[nodiscard]] ReserveMany {
public:
    using Output = std::expected<Permits<T>, ReserveError>;
    ReserveMany(detail::Channel<T>& channel, std::uint32_t count) noexcept : wait_(channel, count) {}
    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return wait_.poll(cx, "mpsc::ReserveMany"); }
    Output take_ready() {
        if (wait_.take()) [[likely]]
            return Permits<T>(wait_.channel(), wait_.count());
        return std::unexpected(ReserveError::closed);
    }
    void inspect(Inspector& to) const { wait_.inspect(to); }

private:
    detail::RoomWait<T> wait_;
};

/// A future of an OwnedPermit; without one its sender is gone. Wake, cancel, thread: as Reserve, but it keeps
/// its sender.
template <class T>
class [[nodiscard]] ReserveOwned {
public:
    using Output = std::expected<OwnedPermit<T>, ReserveError>;
    explicit ReserveOwned(Sender<T> sender) noexcept
        : sender_(std::move(sender)), wait_(sender_.shared(), 1) {}
    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return wait_.poll(cx, "mpsc::ReserveOwned"); }
    Output take_ready() {
        const bool taken = wait_.take();
        Sender<T> sender(std::move(sender_));
        if (taken) [[likely]]
            return OwnedPermit<T>(std::move(sender));
        return std::unexpected(ReserveError::closed);
    }
    void inspect(Inspector& to) const { wait_.inspect(to); }

private:
    Sender<T> sender_; // its end comes last
    detail::RoomWait<T> wait_;
};

} // namespace rouse::mpsc
