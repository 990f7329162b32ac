// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/context.hpp"
#include "rouse/sync/batch_semaphore.hpp"
#include "rouse/sync/message_queue.hpp"
#include "rouse/task/strand.hpp"

#include <optional>

namespace rouse::detail {

/// What the ends of an mpsc channel share: a word, which is a BatchSemaphore's, the messages, and the waker
/// of the receiver. The permits are the room of a bounded channel; an unbounded one has none and asks for
/// none.
///
/// The waker's place is the receiver's, but from the setting of ASLEEP until whoever takes it off says TAKEN.
///
/// [M1] The receiver sleeps: it writes its waker, then compare-exchanges ASLEEP into the word, which must be
/// the one in which it saw that no message was claimed. [M2] A sender claims a place: in one compare-exchange
/// it takes a permit (if it has none yet), counts its message, and takes ASLEEP off. It then writes the
/// message; and if it took ASLEEP off it takes the waker out, stores TAKEN (release), and wakes. M1 and M2
/// are RMWs of one word: if M1 came first M2 sees ASLEEP, and the waker behind it; if M2 came first M1 fails,
/// and the receiver looks again. So a send wakes only a receiver that sleeps, and a receiver that finds
/// messages writes to nothing but the permits.
///
/// [M3] A receiver that finds a place claimed whose message is not there, or ASLEEP taken off and TAKEN not
/// said, waits for an instant: the sender is between the steps of M2. If it lost its processor there, the
/// receiver gives way, and comes back.
///
/// [M4] What ends the waiting without a message is an RMW of the word too, with the same duty: the last
/// sender's drop (ENDED); the receiver's close, which another branch of its task may do while it sleeps; and,
/// when the receiver has CLOSED, a permit that is given back.
///
/// A receiver that is polled anew while it sleeps, by the same task, reads the word: while ASLEEP is there,
/// so is its waker, and nothing has come.
///
/// [M5] The receiver takes its waker back, to change it or to leave: by taking ASLEEP off. When somebody else
/// has, the waker is theirs; the place is the receiver's again when it sees TAKEN (acquire).
class MpscCore {
    using Slots = BatchSemaphore;

public:
    enum class Claim : std::uint8_t { claimed, full, closed };

    MpscCore(std::size_t capacity, bool bounded, std::string_view name)
        : slots_(capacity, true),
          capacity_(static_cast<std::uint32_t>(capacity)),
          bounded_(bounded),
          name_(name) {}

    /// [M2] With `before`, the word as it was, comes the duty to `wake` when the message is there.
    template <bool Bounded>
    Claim claim(std::uint64_t& before) noexcept {
        std::uint64_t word = slots_.word().load(memory_order_relaxed);
        do {
            if (word & Slots::closed) [[unlikely]]
                return Claim::closed;
            if (Bounded && Slots::permits(word) == 0) return Claim::full;
        } while (!slots_.word().compare_exchange_weak(
            word, (word + Slots::one_message - (Bounded ? Slots::one_permit : 0)) & ~Slots::asleep,
            memory_order_acq_rel, memory_order_relaxed));
        before = word;
        return Claim::claimed;
    }
    /// The same with a permit that one was granted by waiting. False: it was closed meanwhile.
    bool claim_granted(std::uint64_t& before) noexcept {
        before = slots_.word().load(memory_order_relaxed);
        do {
            if (before & Slots::closed) return false;
        } while (!slots_.word().compare_exchange_weak(before, (before + Slots::one_message) & ~Slots::asleep,
                                                      memory_order_acq_rel, memory_order_relaxed));
        return true;
    }
    /// The same with a permit that one has: also after the channel was closed.
    std::uint64_t claim_reserved() noexcept {
        std::uint64_t word = slots_.word().load(memory_order_relaxed);
        while (!slots_.word().compare_exchange_weak(word, (word + Slots::one_message) & ~Slots::asleep,
                                                    memory_order_acq_rel, memory_order_relaxed)) {}
        return word;
    }
    void wake(std::uint64_t before) {
        if (before & Slots::asleep) [[unlikely]]
            wake_taken();
    }
    void give_back(std::uint32_t count) noexcept {
        slots_.release(count);
        wake_if_closed();
    }
    /// [M4] A permit was given back.
    void wake_if_closed() noexcept {
        if (slots_.is_closed()) [[unlikely]]
            end_sleep(0);
    }
    Slots& slots() noexcept { return slots_; }
    [[nodiscard]] const Slots& slots() const noexcept { return slots_; }

    // ---- the receiver ----

    void close() noexcept {
        slots_.close();
        closing_.fire_all(WaitNode::notified);
        end_sleep(0); // [M4]
    }
    /// Drops the waker, if it is there.
    void forget_waker() noexcept {
        if (slept_ && regain()) waker_ = Waker();
    }
    WaitQueue& closing() noexcept { return closing_; }

    [[nodiscard]] bool bounded() const noexcept { return bounded_; }
    [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

    // ---- handles ----

    void add_sender() noexcept {
        senders_.fetch_add(1, memory_order_relaxed);
        add_reference();
    }
    /// False when the last one is gone.
    bool add_sender_again() noexcept;
    /// [M4]
    void drop_sender() noexcept {
        if (senders_.fetch_sub(1, memory_order_acq_rel) == 1) end_sleep(Slots::ended);
    }
    void add_reference() noexcept { references_.fetch_add(1, memory_order_relaxed); }
    /// True: it was the last one.
    bool drop_reference() noexcept { return references_.fetch_sub(1, memory_order_acq_rel) == 1; }
    [[nodiscard]] std::size_t senders() const noexcept { return senders_.load(memory_order_relaxed); }

protected:
    /// No message will come.
    [[nodiscard]] bool is_end(std::uint64_t word) const noexcept {
        if (word & Slots::ended) return true;
        return (word & Slots::closed) && (!bounded_ || Slots::permits(word) == capacity_);
    }
    enum class Look : std::uint8_t { asleep, end, claimed };
    /// [M1] Of a queue in which nothing is ready, whose consumer stands at `head`.
    Look fall_asleep(std::uint32_t head, const Waker& waker);
    /// It sleeps already, and with such a waker.
    [[nodiscard]] bool is_asleep(const Waker& waker) const noexcept {
        const RawWaker raw = waker.as_raw();
        return slept_ && slept_by_.data() == raw.data() && slept_by_.vtable() == raw.vtable() &&
               (slots_.load() & Slots::asleep);
    }

    Slots slots_;

private:
    bool regain() noexcept;
    void end_sleep(std::uint64_t bit) noexcept;
    void wake_taken() noexcept;

    alignas(64) Waker waker_;
    Atomic<bool> taken_{false};
    bool slept_ = false; // of the receiver: it has set ASLEEP, and not yet got its place back
    RawWaker slept_by_{nullptr, nullptr}; // the same: what its waker was then
    const std::uint32_t capacity_;
    const bool bounded_;
    const std::string_view name_;
    Atomic<std::size_t> senders_{1};
    Atomic<std::size_t> references_{2};
    WaitQueue closing_; // who waits for the receiver's end
};

template <class T>
class MpscChannel final : public MpscCore {
public:
    using MpscCore::MpscCore;

    /// With what `claim` gave.
    void put(std::uint64_t before, T&& message) {
        queue_.push(static_cast<std::uint32_t>(before >> 32), std::move(message), slots_.word());
        wake(before);
    }
    /// True: a message, or the end, is there for `take`.
    bool poll(Context& cx) {
        if (queue_.front()) [[likely]] {
            forget_waker();
            return true;
        }
        return !is_asleep(cx.waker()) && poll_empty(cx);
    }
    std::optional<T> take() noexcept {
        if (!queue_.front()) return std::nullopt;
        return take_one();
    }
    /// Never waits, but for a sender in the middle of its last step.
    enum class Now : std::uint8_t { message, empty, end };
    Now look() noexcept {
        for (;;) {
            if (queue_.front()) return Now::message;
            const std::uint64_t word = slots_.load();
            if (static_cast<std::uint32_t>(word >> 32) == queue_.head())
                return is_end(word) ? Now::end : Now::empty;
            pause_processor(); // [M3]
        }
    }
    T take_one() noexcept {
        T message = queue_.take_front();
        if (bounded()) give_back(1);
        return message;
    }
    /// Moves up to `limit` to the end of `to`.
    template <class Container>
    std::size_t take_many(Container& to, std::size_t limit) {
        std::size_t count = 0;
        const GiveBack back(*this, count);
        while (count < limit) {
            T* const message = queue_.front();
            if (!message) break;
            to.push_back(std::move(*message)); // if there is no memory it stays
            queue_.drop_front();
            ++count;
        }
        return count;
    }
    /// The receiver goes: nobody will read what is there.
    void drop_messages() noexcept {
        std::uint32_t count = 0;
        for (;;) {
            for (; queue_.front(); ++count) queue_.drop_front();
            if (static_cast<std::uint32_t>(slots_.load() >> 32) == queue_.head()) break;
            pause_processor(); // [M3] a place was claimed before the close, and others are ready behind it
        }
        if (bounded() && count != 0) slots_.release(count);
    }
    [[nodiscard]] std::size_t size() const noexcept {
        return static_cast<std::uint32_t>(slots_.load() >> 32) - queue_.head();
    }

private:
    class GiveBack { // also when `push_back` throws
    public:
        GiveBack(MpscChannel& channel, const std::size_t& count) noexcept
            : channel_(channel), count_(count) {}
        ~GiveBack() {
            if (channel_.bounded() && count_ != 0) channel_.give_back(static_cast<std::uint32_t>(count_));
        }
        GiveBack(const GiveBack&) = delete;
        GiveBack& operator=(const GiveBack&) = delete;

    private:
        MpscChannel& channel_;
        const std::size_t& count_;
    };
    ROUSE_NOINLINE bool poll_empty(Context& cx) {
        constexpr int patience = 200;
        for (int i = 0; i < patience; ++i) {
            const Look look = fall_asleep(queue_.head(), cx.waker());
            if (look == Look::asleep) return false;
            if (look == Look::end || queue_.front()) {
                forget_waker();
                return true;
            }
            pause_processor();
        }
        request_yield(cx); // [M3]
        return false;
    }

    MessageQueue<T> queue_;
};

} // namespace rouse::detail
