// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/frame_cache.hpp"
#include "rouse/core/future.hpp"

#include <expected>
#include <new>

namespace rouse::oneshot {

/// Why a receiver has no value.
enum class RecvError : std::uint8_t {
    closed, ///< The sender was dropped before anything was sent.
};

namespace detail {

/// What both ends share: a word, a waker, and the value behind them.
///
/// The waker's place is the receiver's as long as the word has neither WAITING nor TAKING.
/// [O1] The receiver registers: writes its waker, then 0 -> WAITING. That fails when an answer came: the
/// place still is its own. [O2] The sender, about to answer, finds WAITING: WAITING -> TAKING. The place is
/// the sender's; it takes the waker out. [O3] The sender answers: adds VALUE (the value was written before)
/// or SENDER_GONE, and clears TAKING. That is the last it does to the channel; it wakes after. [O4] The
/// receiver, to change its waker or to leave, takes WAITING back. That fails when O2 came first. [O5] The
/// receiver leaves before there is an answer: adds RECEIVER_GONE, its last touch. O3 and O5 are RMWs of one
/// word: the second of them finds the other's bit, and frees the channel. acq_rel on all of them.
class Core {
public:
    static constexpr unsigned value = 1;
    static constexpr unsigned sender_gone = 2;
    static constexpr unsigned answered = value | sender_gone;
    static constexpr unsigned waiting = 4;
    static constexpr unsigned taking = 8;
    static constexpr unsigned receiver_gone = 16;

    Atomic<unsigned> state{0};
    Waker waker;

    /// The receiver: true when there is an answer; else `wake` is registered.
    bool poll(const Waker& wake);
    /// The sender: VALUE or SENDER_GONE. The word as it was: with RECEIVER_GONE the channel is the caller's
    /// to free.
    unsigned answer(unsigned bit) noexcept;
    /// The receiver goes. The word as it was: with an answer the channel is the caller's to free.
    unsigned leave() noexcept;
};

template <class T>
class Shared : public Core {
public:
    Shared() noexcept {} // `content` is made by `send`
    ~Shared() {}
    static void* operator new(std::size_t size) { return ::rouse::detail::FrameCache::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        ::rouse::detail::FrameCache::deallocate(memory, size);
    }
    union {
        NonVoid<T> content;
    };
};

} // namespace detail

/// The sending end: sends once. Dropped unused it tells the receiver so: no silence. Thread: any.
template <class T>
class Sender {
public:
    explicit Sender(detail::Shared<T>* shared) noexcept : shared_(shared) {}
    Sender(Sender&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
    Sender& operator=(Sender&& other) noexcept {
        Sender old(std::move(*this));
        shared_ = std::exchange(other.shared_, nullptr);
        return *this;
    }
    ~Sender() {
        if (shared_) finish(detail::Core::sender_gone);
    }

    /// Sends, and wakes the receiver. When the receiver is gone the value comes back as the error.
    template <class... Args>
    std::expected<void, NonVoid<T>> send(Args&&... args) && {
        if (!shared_) ::rouse::detail::stop("oneshot: send on a sender that was used or moved from");
        ::new (&shared_->content) NonVoid<T>(std::forward<Args>(args)...);
        detail::Shared<T>* shared = std::exchange(shared_, nullptr);
        const unsigned before = shared->answer(detail::Core::value);
        if (!(before & detail::Core::receiver_gone)) return {};
        const FreeWithContent free(shared); // also when the move throws
        return std::expected<void, NonVoid<T>>(std::unexpect, std::move(shared->content));
    }
    /// The receiver is gone.
    [[nodiscard]] bool is_closed() const noexcept {
        return !shared_ || (shared_->state.load(memory_order_acquire) & detail::Core::receiver_gone);
    }

private:
    class FreeWithContent {
    public:
        explicit FreeWithContent(detail::Shared<T>* shared) noexcept : shared_(shared) {}
        ~FreeWithContent() {
            std::destroy_at(&shared_->content);
            delete shared_;
        }
        FreeWithContent(const FreeWithContent&) = delete;
        FreeWithContent& operator=(const FreeWithContent&) = delete;

    private:
        detail::Shared<T>* shared_;
    };
    void finish(unsigned bit) noexcept {
        detail::Shared<T>* shared = std::exchange(shared_, nullptr);
        if (shared->answer(bit) & detail::Core::receiver_gone) delete shared;
    }
    detail::Shared<T>* shared_;
};

/// The receiving end: a future of `std::expected<T, RecvError>`.
/// Wake:   once, when a value is sent or the sender is dropped.
/// Cancel: destroy it; the sender then sees `is_closed`.
/// Thread: any, one at a time.
template <class T>
class [[nodiscard]] Receiver {
    using Core = detail::Core;

public:
    using Output = std::expected<T, RecvError>;

    explicit Receiver(detail::Shared<T>* shared) noexcept : shared_(shared) {}
    Receiver(Receiver&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
    Receiver& operator=(Receiver&& other) noexcept {
        Receiver old(std::move(*this));
        shared_ = std::exchange(other.shared_, nullptr);
        return *this;
    }
    ~Receiver() { drop(); }

    Poll<Output> poll(Context& cx) { return ::rouse::detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!shared_) [[unlikely]]
            ::rouse::detail::stop_polled_after_ready("oneshot::Receiver");
        return shared_->poll(cx.waker());
    }
    Output take_ready() {
        Receiver ended(std::move(*this)); // and frees what both shared: the sender is through
        return ended.take();
    }

    /// What is there now: the value; `closed`; or nothing yet (an empty optional). Registers nothing.
    [[nodiscard]] std::optional<Output> try_recv() {
        if (!shared_) return Output(std::unexpect, RecvError::closed);
        const unsigned state = shared_->state.load(memory_order_acquire);
        if (!(state & Core::answered)) return std::nullopt;
        return take_ready();
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::channel, shared_, "a oneshot channel's sender");
    }

private:
    Output take() {
        if (shared_->state.load(memory_order_acquire) & Core::value) {
            if constexpr (std::is_void_v<T>) return Output();
            else return Output(std::move(shared_->content));
        }
        return Output(std::unexpect, RecvError::closed);
    }
    void drop() noexcept {
        if (!shared_) return;
        const unsigned before = shared_->leave();
        if (before & Core::answered) {
            if (before & Core::value) std::destroy_at(&shared_->content);
            delete shared_;
        }
        shared_ = nullptr;
    }
    detail::Shared<T>* shared_;
};

/// A channel for one value: `auto [tx, rx] = rouse::oneshot::channel<int>();`. One allocation.
template <class T = void>
[[nodiscard]] std::pair<Sender<T>, Receiver<T>> channel() {
    auto* shared = new detail::Shared<T>;
    return {Sender<T>(shared), Receiver<T>(shared)};
}

} // namespace rouse::oneshot
