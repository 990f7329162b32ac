// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/mpsc_reserve.hpp"

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
        if (const auto result = take_room(1); !result) return std::unexpected(result.error());
        return Permit<T>(this->shared());
    }
    /// The same with a permit that keeps a sender, a copy of this one or, of `std::move(sender)`, this one:
    /// it refers to nothing, and may go anywhere.
    [[nodiscard]] ReserveOwned<T> reserve_owned() const& { return ReserveOwned<T>(*this); }
    [[nodiscard]] ReserveOwned<T> reserve_owned() && { return ReserveOwned<T>(std::move(*this)); }
    /// Without room the sender stays as it is.
    [[nodiscard]] std::expected<OwnedPermit<T>, TryReserveError> try_reserve_owned() const& {
        return owned(*this, take_room(1));
    }
    [[nodiscard]] std::expected<OwnedPermit<T>, TryReserveError> try_reserve_owned() && {
        const auto result = take_room(1);
        return owned(std::move(*this), result);
    }
    /// Waits for room for `count` messages, all at once: more than `max_capacity` stops the program.
    [[nodiscard]] ReserveMany<T> reserve_many(std::size_t count) const {
        if (count > max_capacity())
            ::rouse::detail::stop("mpsc: reserve_many of more than the channel has room for");
        return ReserveMany<T>(this->shared(), static_cast<std::uint32_t>(count));
    }
    [[nodiscard]] std::expected<Permits<T>, TryReserveError> try_reserve_many(std::size_t count) const {
        if (count > max_capacity()) return std::unexpected(TryReserveError::full);
        const auto places = static_cast<std::uint32_t>(count);
        if (const auto result = take_room(places); !result) return std::unexpected(result.error());
        return Permits<T>(this->shared(), places);
    }
    /// The room that is left now.
    [[nodiscard]] std::size_t capacity() const noexcept { return this->shared().slots().available(); }
    /// The room of the channel.
    [[nodiscard]] std::size_t max_capacity() const noexcept { return this->shared().capacity(); }
    [[nodiscard]] WeakSender<T> downgrade() const noexcept { return WeakSender<T>(this->shared()); }

private:
    template <class>
    friend class OwnedPermit;
    template <class>
    friend class ReserveOwned;
    std::expected<void, TryReserveError> take_room(std::uint32_t count) const noexcept {
        using Result = ::rouse::detail::BatchSemaphore::Result;
        const Result result = this->shared().slots().try_acquire(count);
        if (result == Result::acquired) return {};
        return std::unexpected(result == Result::closed ? TryReserveError::closed : TryReserveError::full);
    }
    template <class Self>
    static std::expected<OwnedPermit<T>, TryReserveError> owned(Self&& self,
                                                                std::expected<void, TryReserveError> result) {
        if (!result) return std::unexpected(result.error());
        return OwnedPermit<T>(std::forward<Self>(self));
    }
};

template <class T>
detail::Channel<T>& OwnedPermit<T>::channel_of(Sender<T>& sender) noexcept {
    return sender.shared();
}

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
