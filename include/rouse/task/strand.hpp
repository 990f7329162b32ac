// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"
#include "rouse/base/type_name.hpp"
#include "rouse/core/future.hpp"
#include "rouse/core/turn.hpp"

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string_view>

namespace rouse::detail {

class PromiseBase;

/// What a strand does with the future that it is suspended in; one constant for each type of await.
class LeafOps {
public:
    using Poll = bool (*)(void* leaf, Context& cx);
    using Inspect = void (*)(const void* leaf, Inspector& to);
    using Fail = bool (*)(void* leaf, std::exception_ptr error);
    constexpr LeafOps(std::string_view type, Poll poll, Inspect inspect, Fail fail) noexcept
        : type(type), poll(poll), inspect(inspect), fail(fail) {}

    std::string_view type;
    Poll poll; // true: ready, and the leaf keeps the result
    Inspect inspect;
    Fail fail; // hand `error` to a coroutine inside of the leaf; false: there is none
};

/// A stack of coroutines with one leaf: `top` awaits the leaf, each coroutine below awaits the one above.
///
/// Polled, it polls the leaf, however deep the stack, and resumes the top when that is ready. Awaiting a Task
/// pushes it; its end pops it; both return to the loop in `poll`, so the machine stack never grows with the
/// depth (symmetric transfer would do the same, but GCC makes no tail call of it without optimisation or
/// under a sanitizer). A strand without coroutines is a future on its own: a spawned one, say.
class Strand {
public:
    Strand() noexcept = default;
    explicit Strand(PromiseBase* bottom) noexcept : top_(bottom) {}
    /// Without coroutines: the leaf lies in the same object as the strand.
    Strand(void* leaf, const LeafOps* ops) noexcept { suspend_in(leaf, ops); }
    Strand(const Strand&) = delete;
    Strand& operator=(const Strand&) = delete;

    /// True when the bottom has finished, or yielded a value. `error` is thrown at the await in which the
    /// strand is suspended, if it is set; on return it holds what the bottom ended with.
    bool poll(Context& cx, std::exception_ptr& error);
    /// Destroys the coroutines, innermost first, in a loop: the destructors of the frames never nest. The
    /// bottom too.
    void cancel() noexcept;
    /// The await stack and what the leaf waits for.
    void inspect(Inspector& to) const;
    /// Only where its own coroutines await.
    void inspect_frames(Inspector& to) const;
    /// Suspended in an await, so that an error can be thrown there.
    [[nodiscard]] bool has_coroutine() const noexcept { return top_ != nullptr; }
    /// For a strand without coroutines: hands `error` into the leaf.
    bool fail_leaf(std::exception_ptr error) {
        return leaf_ops_ && leaf_ops_->fail(leaf(), std::move(error));
    }

    [[nodiscard]] PromiseBase* top() const noexcept { return top_; }
    void push(PromiseBase* top) noexcept { top_ = top; }
    /// `leaf` lies in the frame of the top coroutine.
    void suspend_in(void* leaf, const LeafOps* ops) noexcept {
        leaf_ops_ = ops;
        leaf_offset_ = static_cast<std::int32_t>(static_cast<char*>(leaf) - base());
    }
    /// What it is suspended in, or null.
    [[nodiscard]] const LeafOps* leaf_ops() const noexcept { return leaf_ops_; }
    [[nodiscard]] std::uint32_t polls() const noexcept { return polls_; }

private:
    bool run(PollScope& scope, Context& cx);
    // A distance instead of a pointer: the four bytes it saves are the poll count's, and a task has one
    // strand in its cell.
    [[nodiscard]] char* base() const noexcept {
        return top_ ? reinterpret_cast<char*>(top_) : reinterpret_cast<char*>(const_cast<Strand*>(this));
    }
    [[nodiscard]] void* leaf() const noexcept { return base() + leaf_offset_; }

    PromiseBase* top_ = nullptr;
    const LeafOps* leaf_ops_ = nullptr; // null: the top is to be resumed
    std::int32_t leaf_offset_ = 0;
    std::uint32_t polls_ = 0;
};

/// The poll of a strand, while it lasts: on the machine stack, linked from `Turn::scope`.
struct PollScope {
    PollScope* outer;
    Strand* strand;
    Context* cx;
    /// On its way from the end of a coroutine, or out of a leaf, to the await that throws it.
    std::exception_ptr* in_flight;
    bool finished = false;
};

/// What is being handled goes on in the strand. Out of line, as its exception_ptr would be in every poll.
void keep_in_flight(PollScope& scope) noexcept;

/// What each coroutine of ours keeps: who awaits it, and the await in which it is suspended.
class PromiseBase {
public:
    /// An await of a Task, in the frame of the coroutine that awaits. The child points here, so that a
    /// cancelled child can be taken off its owner.
    class Await {
    public:
        PromiseBase* child;
        PromiseBase* parent;
    };

    PromiseBase() noexcept = default;
    PromiseBase(const PromiseBase&) = delete;
    PromiseBase& operator=(const PromiseBase&) = delete;

    std::suspend_always initial_suspend() noexcept { return {}; }
    class FinalAwaiter {
    public:
        FinalAwaiter() noexcept = default;
        bool await_ready() noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            handle.promise().pop();
        }
        void await_resume() noexcept {}
    };
    FinalAwaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { keep_in_flight(*turn.scope); }

    void resume() { handle().resume(); }
    void destroy() noexcept { handle().destroy(); }
    [[nodiscard]] void* frame() noexcept { return handle().address(); }

    /// Not yet started: nobody awaits it, and no strand has it.
    [[nodiscard]] bool started() const noexcept { return continuation_ != 0; }
    void awaited_by(Await& await) noexcept { continuation_ = reinterpret_cast<std::uintptr_t>(&await); }
    void bottom_of(Strand& strand) noexcept { continuation_ = reinterpret_cast<std::uintptr_t>(&strand) | 1; }
    [[nodiscard]] Strand* strand_if_bottom() const noexcept {
        return continuation_ & 1 ? reinterpret_cast<Strand*>(continuation_ - 1) : nullptr;
    }
    [[nodiscard]] Await* awaiting() const noexcept {
        return continuation_ & 1 ? nullptr : reinterpret_cast<Await*>(continuation_);
    }
    void await_at(SourceLocation where) noexcept { await_at_ = where; }
    [[nodiscard]] SourceLocation await_at() const noexcept { return await_at_; }

    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

private:
    // The promise lies behind the two pointers of the frame whatever its type, as long as no promise is
    // aligned to more than those (ROUSE_PROMISE_ALIGNMENT; checked where they are made), so a handle of the
    // base is a handle of the coroutine.
    std::coroutine_handle<PromiseBase> handle() noexcept {
        return std::coroutine_handle<PromiseBase>::from_promise(*this);
    }
    void pop() noexcept {
        if (Await* await = awaiting()) turn.scope->strand->push(await->parent);
        else turn.scope->finished = true;
    }
    static void* allocate_frame(std::size_t size);
    static void free_frame(void* frame, std::size_t size) noexcept;

    std::uintptr_t continuation_ = 0; // an Await, or a Strand with bit 0 set
    SourceLocation await_at_;
};

/// Gives way: the task is polled again after the others have had their turn.
inline void request_yield(Context& cx) {
    turn.yielded = true;
    cx.waker().wake_by_ref();
}

/// Throws what is in flight to the await that resumes, if anything is.
[[noreturn]] void throw_in_flight(); // out of line: its exception_ptr would else have a place in every frame
inline void rethrow_in_flight() {
    if (*turn.scope->in_flight) [[unlikely]]
        throw_in_flight();
}

/// Takes one from the budget; false when there is none left, and the await has to give way.
inline bool spend_budget() noexcept { return --turn.budget >= 0; }

/// How long a loop in one poll may go on: each round costs as much of the poll's budget as an await.
class LoopBudget {
public:
    LoopBudget() noexcept = default;
    /// False: give way, the waker is woken.
    bool spend(Context& cx) {
        // Of a poll without a strand around it nobody renews the common one.
        if (turn.scope ? spend_budget() : --left_ >= 0) [[likely]]
            return true;
        request_yield(cx);
        return false;
    }

private:
    std::int32_t left_ = poll_budget;
};

ROUSE_ALWAYS_INLINE bool Strand::poll(Context& cx, std::exception_ptr& error) {
    PollScope scope{turn.scope, this, &cx, &error};
    if (!scope.outer) turn.budget = poll_budget;
    turn.scope = &scope;
    ++polls_;
    const bool ready = run(scope, cx);
    turn.scope = scope.outer;
    return ready;
}

ROUSE_ALWAYS_INLINE bool Strand::run(PollScope& scope, Context& cx) {
    if (leaf_ops_) {
        if (!*scope.in_flight) {
#if ROUSE_EXCEPTIONS
            // The leaf has no coroutine around its second poll: what it throws is kept for `await_resume`, so
            // that the coroutine's own catch sees it.
            try {
                if (!leaf_ops_->poll(leaf(), cx)) return false;
            } catch (...) {
                keep_in_flight(scope);
            }
#else
            if (!leaf_ops_->poll(leaf(), cx)) return false;
#endif
        }
        leaf_ops_ = nullptr;
        if (!top_) return true;
    }
    for (;;) {
        top_->resume();
        if (leaf_ops_) return false;
        if (scope.finished) return true;
        if (!spend_budget() && !*scope.in_flight) [[unlikely]] {
            request_yield(cx);
            return false;
        }
    }
}

} // namespace rouse::detail

#include "rouse/task/frame.hpp"
