// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/mpsc_handles.hpp"

#include <expected>
#include <utility>

// Part of rouse/sync/mpsc.hpp.

namespace rouse::mpsc {

/// Sends one value: a future of nothing, or of the value, when the receiver is closed or gone.
/// Wake:   when there is room for it, or the receiver closes.
/// Cancel: destroy it: nothing was sent, and room that it was given goes to the next.
/// Thread: any, one at a time. Refers to its sender.
template <class T>
class [[nodiscard]] Send {
    using Core = ::rouse::detail::MpscCore;
    using Result = ::rouse::detail::PermitWait::Result;

public:
    using Output = std::expected<void, T>;
    Send(detail::Channel<T>& channel, T value) : channel_(&channel), value_(std::move(value)), wait_(1) {}
    Send(Send&&) = default;
    Send& operator=(Send&&) = delete;
    ~Send() {
        if (state_ != State::waiting) return;
        wait_.end(channel_->slots());
        channel_->wake_if_closed();
    }

    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (state_ == State::fresh) [[likely]] {
            std::uint64_t before = 0;
            switch (channel_->template claim<true>(before)) {
            case Core::Claim::claimed:
                channel_->put(before, std::move(value_));
                state_ = State::sent;
                return true;
            case Core::Claim::closed:
                state_ = State::refused;
                return true;
            case Core::Claim::full:
                state_ = State::waiting;
            }
        }
        return poll_waiting(cx);
    }
    Output take_ready() {
        const State state = std::exchange(state_, State::taken);
        if (state == State::sent) [[likely]]
            return Output();
        return Output(std::unexpect, std::move(value_));
    }
    void inspect(Inspector& to) const {
        if (state_ != State::waiting) return;
        to.waits_for(WaitKind::channel, channel_,
                     ::rouse::detail::describe_wait("room in an mpsc channel", channel_->name()));
    }

private:
    enum class State : std::uint8_t { fresh, waiting, sent, refused, taken };
    ROUSE_NOINLINE bool poll_waiting(Context& cx) {
        if (state_ == State::taken) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("mpsc::Send");
        if (state_ != State::waiting) return true;
        if (!wait_.poll(channel_->slots(), cx.waker(), "mpsc::Send")) return false;
        state_ = State::refused;
        if (wait_.take() != Result::acquired) return true;
        // Closed between the grant and this poll: perhaps nobody is there any more to receive.
        std::uint64_t before = 0;
        if (!channel_->claim_granted(before)) {
            channel_->give_back(1);
            return true;
        }
        channel_->put(before, std::move(value_));
        state_ = State::sent;
        return true;
    }

    detail::Channel<T>* channel_;
    T value_;
    State state_ = State::fresh;
    ::rouse::detail::PermitWait wait_;
};

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

/// A future of a Permit.
/// Wake:   when there is room, or the receiver closes.
/// Cancel: destroy it: room that it was given goes to the next.
/// Thread: any, one at a time. Refers to its sender.
template <class T>
class [[nodiscard]] Reserve {
public:
    using Output = std::expected<Permit<T>, ReserveError>;
    explicit Reserve(detail::Channel<T>& channel) noexcept : channel_(&channel), wait_(1) {}
    Reserve(Reserve&&) noexcept = default;
    Reserve& operator=(Reserve&&) = delete;
    ~Reserve() {
        if (wait_.is_over()) return;
        wait_.end(channel_->slots());
        channel_->wake_if_closed();
    }
    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return wait_.poll(channel_->slots(), cx.waker(), "mpsc::Reserve"); }
    Output take_ready() {
        if (wait_.take() == ::rouse::detail::PermitWait::Result::acquired) {
            if (!channel_->slots().is_closed()) [[likely]]
                return Permit<T>(*channel_);
            channel_->give_back(1); // closed between the grant and this poll
        }
        return std::unexpected(ReserveError::closed);
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::channel, channel_,
                     ::rouse::detail::describe_wait("room in an mpsc channel", channel_->name()));
    }

private:
    detail::Channel<T>* channel_;
    ::rouse::detail::PermitWait wait_;
};

/// A sending end of a bounded channel; copies send to the same receiver. Thread: any.
///
/// ```cpp
/// auto [tx, rx] = rouse::mpsc::channel<int>(16);
/// rouse::spawn(produce, tx).detach(); // a copy
/// while (auto message = co_await rx.recv()) use(*message);
/// ```
template <class T>
class Sender : public detail::SenderBase<T> {
    using Core = ::rouse::detail::MpscCore;

public:
    using detail::SenderBase<T>::SenderBase;

    /// Waits for room, and sends.
    [[nodiscard]] Send<T> send(T value) const { return Send<T>(this->shared(), std::move(value)); }
    /// Sends if there is room now.
    std::expected<void, TrySendError<T>> try_send(T value) const {
        std::uint64_t before = 0;
        switch (this->shared().template claim<true>(before)) {
        case Core::Claim::claimed:
            this->shared().put(before, std::move(value));
            return {};
        case Core::Claim::full:
            return std::unexpected(TrySendError<T>(TrySendFault::full, std::move(value)));
        default:
            return std::unexpected(TrySendError<T>(TrySendFault::closed, std::move(value)));
        }
    }
    /// Waits for room, and keeps it for a message that is not there yet.
    [[nodiscard]] Reserve<T> reserve() const noexcept { return Reserve<T>(this->shared()); }
    [[nodiscard]] std::expected<Permit<T>, TryReserveError> try_reserve() const noexcept {
        using Result = ::rouse::detail::BatchSemaphore::Result;
        const Result result = this->shared().slots().try_acquire(1);
        if (result == Result::acquired) return Permit<T>(this->shared());
        return std::unexpected(result == Result::closed ? TryReserveError::closed : TryReserveError::full);
    }
    /// The room that is left now.
    [[nodiscard]] std::size_t capacity() const noexcept { return this->shared().slots().available(); }
    /// The room of the channel.
    [[nodiscard]] std::size_t max_capacity() const noexcept { return this->shared().capacity(); }
    [[nodiscard]] WeakSender<T> downgrade() const noexcept { return WeakSender<T>(this->shared()); }
};

/// A sending end of an unbounded channel; copies send to the same receiver. Thread: any.
template <class T>
class UnboundedSender : public detail::SenderBase<T> {
public:
    using detail::SenderBase<T>::SenderBase;

    /// Sends, without waiting. When the receiver is closed or gone the value comes back as the error.
    std::expected<void, T> send(T value) const {
        std::uint64_t before = 0;
        if (this->shared().template claim<false>(before) != ::rouse::detail::MpscCore::Claim::claimed)
            return std::expected<void, T>(std::unexpect, std::move(value));
        this->shared().put(before, std::move(value));
        return {};
    }
    [[nodiscard]] WeakUnboundedSender<T> downgrade() const noexcept {
        return WeakUnboundedSender<T>(this->shared());
    }
};

} // namespace rouse::mpsc
