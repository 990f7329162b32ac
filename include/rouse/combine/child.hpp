// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/core/hang.hpp"
#include "rouse/task/slot.hpp"

#include <exception>
#include <optional>
#include <string_view>

namespace rouse::detail {

/// The report about a child of what polls on this thread: its own stack, then that of the coroutines around
/// it.
[[nodiscard]] HangReport report_of_child(std::string_view role, std::string_view type,
                                         const AwaitFrames& child);

/// A future that a combinator polls, with the slot through which it is told when this child can never be
/// woken. The combinator polls all its children, and then asks each pending one for the verdict.
class ChildBase {
public:
    ChildBase() noexcept = default;
    ChildBase(const ChildBase&) = delete;
    ChildBase& operator=(const ChildBase&) = delete;

    /// Pending, without a waker of its own, and nobody else has one that might wake it. Proven; in the poll
    /// of the combinator, after all its children.
    [[nodiscard]] bool is_lost() const noexcept {
        return !ROUSE_NO_VERDICT && slot_ && !has_wakers_ && !told_ && ChildSet::nobody_left(*slot_);
    }
    /// Pending, without a waker of its own; somebody else's may wake it.
    [[nodiscard]] bool has_no_waker() const noexcept { return slot_ && !has_wakers_; }

protected:
    ~ChildBase() = default;

    /// The slot for a poll under `cx`; null when the task is not one of ours: its waker is then handed
    /// through.
    Slot* slot_for(Context& cx, ChildSet& set) {
        if (slot_ && slot_->root() == turn.current && slot_->is_below(cx.waker())) return slot_;
        return another_slot(cx, set);
    }
    /// `body(cx)`, which polls the child: with the waker of its slot, or the task's own where there is none.
    template <class Body>
    auto poll_in_slot(Context& cx, ChildSet& set, Body&& body) {
        Slot* slot = slot_for(cx, set);
        if (!slot) return body(cx);
        const LentWaker waker(slot->waker());
        Context own(waker.get());
        lost_between_ = slot_->was_dropped();
        slot_->open();
        const Close close(*this); // also if it throws
        return body(own);
    }
    /// Around the destruction of the child's future: its wakers go without a wake of the task.
    void begin_end() noexcept {
        if (slot_) slot_->open();
    }
    void finish_end() noexcept;
    /// The child lives on, without the wakers that it has let go of since `begin_end`.
    void finish_cancel() noexcept {
        if (slot_) close_slot();
    }
    void told() noexcept { told_ = true; }

    [[nodiscard]] HangReport report_of(std::string_view role, std::string_view type,
                                       const AwaitFrames& child) const;

private:
    class Close {
    public:
        explicit Close(ChildBase& child) noexcept : child_(child) {}
        ~Close() { child_.close_slot(); }

    private:
        ChildBase& child_;
    };
    void close_slot() noexcept { has_wakers_ = slot_->close(); }
    Slot* another_slot(Context& cx, ChildSet& set);

    Slot* slot_ = nullptr;
    bool has_wakers_ = false;
    bool lost_between_ = false; // its last waker was dropped before its last poll, not in it
    bool told_ = false;         // reported before, and left as it is
};

template <class F>
class Child final : public ChildBase {
    using Held = F; // a reference: the future lives elsewhere
    using Future = std::remove_reference_t<F>;

public:
    using Output = OutputOf<Future>;
    static_assert(
        !std::is_reference_v<Output>,
        "join, select and their like keep what their futures return: a future of a reference is not one "
        "of them; let it return a pointer, or a std::reference_wrapper");

    template <class G>
    explicit Child(std::in_place_t, G&& future) : future_(std::in_place, std::forward<G>(future)) {}
    /// Before the first poll.
    Child(Child&& other) noexcept : future_(std::move(other.future_)) {}
    ~Child() { end(); }

    [[nodiscard]] bool pending() const noexcept { return future_.has_value(); }

    Poll<Output> poll(Context& cx, ChildSet& set) {
        return poll_in_slot(cx, set, [this](Context& own) { return get().poll(own); });
    }

    /// It is lost: `role` says what it is to the combinator. Makes its innermost coroutine throw, at its next
    /// poll (true); throws, if it has none; leaves it as it is, if that is the policy (false).
    bool fail_lost(std::string_view role) {
        std::exception_ptr error = diagnose_hang(report(role));
        if (!error) {
            told();
            return false;
        }
        if constexpr (Failable<Future>)
            if (get().fail_await(error)) return true;
        std::rethrow_exception(std::move(error));
    }
    /// It is lost, and the others may go on: tells the hook, once.
    void report_lost(std::string_view role) {
        told();
        report_hang(report(role));
    }

    /// Gives the future back as it is, with the wakers that it keeps.
    F release() noexcept
        requires(!std::is_reference_v<F>)
    {
        Box box(std::move(*future_));
        future_.reset();
        finish_end();
        return std::move(box).into();
    }
    /// Destroys the future, and with it every waker that it keeps.
    void end() noexcept {
        if (!future_) return;
        begin_end();
        // A future that lives elsewhere goes on without the error that it may have been handed for a poll.
        if constexpr (std::is_reference_v<F> && Failable<Future>) (void)get().fail_await(nullptr);
        future_.reset();
        finish_end();
    }
    void inspect(Inspector& to, std::string_view role) const {
        if (!future_) return;
        to.begin_child(role);
        to.leaf(type_name<Future>());
        inspect_future(future_->get(), to);
        to.end_child();
    }

private:
    class Box {
    public:
        template <class G>
        explicit Box(G&& future) : future_(std::forward<G>(future)) {}
        [[nodiscard]] Future& get() noexcept { return future_; }
        [[nodiscard]] const Future& get() const noexcept { return future_; }
        [[nodiscard]] Held into() && noexcept { return std::move(future_); }

    private:
        Held future_;
    };
    Future& get() noexcept { return future_->get(); }
    HangReport report(std::string_view role) {
        AwaitFrames frames;
        inspect_future(get(), frames);
        return report_of(role, type_name<Future>(), frames);
    }

    std::optional<Box> future_;
};

} // namespace rouse::detail
