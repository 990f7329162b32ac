// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/task/cell.hpp"
#include "rouse/task/stray_frames.hpp"
#include "rouse/task/task.hpp"

#include <algorithm>
#include <functional>
#include <new>
#include <tuple>
#include <type_traits>

namespace rouse::detail {

template <class R>
struct TaskResult {
    static constexpr bool is_task = false;
};
template <class T>
struct TaskResult<Task<T>> {
    static constexpr bool is_task = true;
    using type = T;
};

/// `T` as it is stored between the end of the task and its JoinHandle.
template <class T>
using Kept = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, NonVoid<T>>;

/// Nothing to keep: the coroutine's frame has it all.
class NoPayload {};

/// The payload's place in the cell: made with the cell, destroyed when the task ends. Of no size when there
/// is nothing to keep.
template <class Payload>
class PayloadPlace {
public:
    template <class... Args>
    explicit PayloadPlace(Args&&... args) : payload_(std::forward<Args>(args)...) {}
    ~PayloadPlace() {}
    Payload& get() noexcept { return payload_; }
    void destroy() noexcept { std::destroy_at(&payload_); }

private:
    union {
        Payload payload_;
    };
};
template <>
class PayloadPlace<NoPayload> {
public:
    void destroy() noexcept {}
};

/// A closure and its arguments, kept until the coroutine made of them has ended.
template <class F, class... Args>
class Closure {
public:
    template <class G, class... As>
    explicit Closure(G&& fn, As&&... args) : fn_(std::forward<G>(fn)), args_(std::forward<As>(args)...) {}
    auto invoke() {
        return std::apply([this](Args&... args) { return std::invoke(fn_, std::move(args)...); }, args_);
    }

private:
    [[no_unique_address]] F fn_;
    [[no_unique_address]] std::tuple<Args...> args_;
};

/// A spawned future that is no coroutine.
template <class F>
class FuturePayload {
public:
    using Output = OutputOf<std::remove_reference_t<F>>;
    template <class G>
    explicit FuturePayload(std::in_place_t, G&& future) : future_(std::forward<G>(future)) {}

    static bool poll(void* leaf, Context& cx) {
        auto* self = static_cast<FuturePayload*>(leaf);
        Poll<Output> result = self->future_.poll(cx);
        if (result.is_pending()) return false;
        std::destroy_at(&self->result_);
        std::construct_at(&self->result_, std::move(result));
        return true;
    }
    static void inspect(const void* leaf, Inspector& to) {
        inspect_future(static_cast<const FuturePayload*>(leaf)->future_, to);
    }
    static bool fail(void* leaf, std::exception_ptr error) {
        if constexpr (Failable<std::remove_reference_t<F>>)
            return static_cast<FuturePayload*>(leaf)->future_.fail_await(std::move(error));
        else return false;
    }
    static constexpr LeafOps ops{type_name<std::remove_reference_t<F>>(), poll, inspect, fail};
    Poll<Output> result() { return std::move(result_); }

private:
    F future_; // may be a reference: block_on of a future that lives elsewhere
    Poll<Output> result_{Pending};
};

/// A cell with its payload, and room behind it that holds the coroutine's frame while it runs, and the result
/// after that.
template <class T, class Payload>
class TypedCell final : public Cell {
    static constexpr bool is_coroutine = !requires(Payload& payload) { payload.result(); };
    static_assert(alignof(Payload) <= 16,
                  "a closure, an argument or a future that is spawned may not be aligned "
                  "to more than 16 bytes: keep what is behind a pointer");

public:
    static constexpr std::size_t room_offset() noexcept { return (sizeof(TypedCell) + 15) / 16 * 16; }
    static constexpr std::size_t room_at_least = alignof(Kept<T>) <= 16 ? sizeof(Kept<T>) : 0;

    /// A queued task with one reference for the executor and one for its JoinHandle. `room` is for the frame.
    template <class... Args>
    static TypedCell* make(SourceLocation where, std::size_t room, Args&&... args) {
        const std::size_t size = room_offset() + std::max(room, room_at_least);
        void* block = FrameCache::allocate(size);
#if ROUSE_EXCEPTIONS
        try {
            return ::new (block) TypedCell(where, size, std::forward<Args>(args)...);
        } catch (...) {
            FrameCache::deallocate(block, size);
            throw;
        }
#else
        return ::new (block) TypedCell(where, size, std::forward<Args>(args)...);
#endif
    }
    /// For one whose making failed half-way. A stray frame may keep the memory.
    void unmake() noexcept {
        destroy_payload();
        Cell::end(Outcome::none, nullptr);
        drop_reference(); // the executor's
        drop_reference(); // the handle's
    }
    void run_task(Task<T> task) noexcept { start(*TaskAccess<T>::release(task)); }
    void run_future() noexcept { start_leaf(&payload_.get(), &Payload::ops); }

    Payload& payload() noexcept { return payload_.get(); }
    [[nodiscard]] void* room() noexcept { return reinterpret_cast<char*>(this) + room_offset(); }
    ~TypedCell() {}

private:
    static constexpr std::uint64_t first_word = active | joinable | 2 * one_reference;

    template <class... Args>
    explicit TypedCell(SourceLocation where, std::size_t size, Args&&... args)
        : Cell(&cell_ops, first_word, size, where), payload_(std::forward<Args>(args)...) {}

    static TypedCell& of(Cell& cell) noexcept { return static_cast<TypedCell&>(cell); }
    void destroy_payload() noexcept { payload_.destroy(); }

    /// Destroys the frames; the bottom one's memory may be our room. One that lies there and is stray gives
    /// its reference back.
    void destroy_frames() noexcept {
        void* const own = StrayFrames::at(room()) ? nullptr : room();
        void* const outer = std::exchange(turn.embedded_frame, own);
        strand().cancel();
        turn.embedded_frame = outer;
    }
    static void discard(Cell& cell) noexcept {
        if constexpr (is_coroutine) of(cell).destroy_frames();
        else cell.strand().cancel(); // nobody inspects a future that is being destroyed
        of(cell).destroy_payload();
    }

    static void finish(Cell& cell) noexcept {
        bool discarded = false;
#if ROUSE_EXCEPTIONS
        try {
            of(cell).move_result(discarded);
        } catch (...) { // the move of the result threw: that is how the task ends
            if (!discarded) discard(cell);
            of(cell).end(Outcome::error, nullptr, std::current_exception());
        }
#else
        of(cell).move_result(discarded);
#endif
    }
    void move_result(bool& discarded) {
        if constexpr (std::is_void_v<T>) {
            discard(*this);
            end(Outcome::value, nullptr);
        } else {
            Kept<T> result(take());
            discard(*this);
            discarded = true;
            ResultPlace place(room_is_free() ? room() : nullptr);
            ::new (place.get()) Kept<T>(std::move(result));
            end(Outcome::value, place.release());
        }
    }
    /// The room, or else memory of its own, given back if the result cannot be moved there.
    class ResultPlace {
    public:
        explicit ResultPlace(void* room)
            : place_(room ? room : ::operator new(sizeof(Kept<T>), alignment)), owned_(!room) {}
        ~ResultPlace() {
            if (owned_) ::operator delete(place_, alignment);
        }
        ResultPlace(const ResultPlace&) = delete;
        ResultPlace& operator=(const ResultPlace&) = delete;
        [[nodiscard]] void* get() const noexcept { return place_; }
        void* release() noexcept {
            owned_ = false;
            return place_;
        }

    private:
        static constexpr std::align_val_t alignment{alignof(Kept<T>)};
        void* place_;
        bool owned_;
    };
    Kept<T> take() {
        if constexpr (is_coroutine) {
            if constexpr (std::is_reference_v<T>)
                return std::addressof(static_cast<TaskPromise<T>*>(strand().top())->take());
            else return static_cast<TaskPromise<T>*>(strand().top())->take();
        } else {
            if constexpr (std::is_reference_v<T>) return std::addressof(payload_.get().result().value());
            else return payload_.get().result().value();
        }
    }
    // Not when the result is aligned beyond it, nor when a coroutine lives there that is not the task's own.
    bool room_is_free() noexcept { return alignof(Kept<T>) <= 16 && !StrayFrames::at(room()); }

    static void destroy_result(Cell& cell) noexcept {
        std::destroy_at(static_cast<Kept<T>*>(cell.value()));
        if (cell.value() != of(cell).room())
            ::operator delete(cell.value(), std::align_val_t(alignof(Kept<T>)));
    }

    static constexpr CellOps cell_ops{TaskOps{Cell::schedule, Cell::schedule_lost, Cell::free}, finish,
                                      discard, std::is_void_v<T> ? nullptr : destroy_result};

    [[no_unique_address]] PayloadPlace<Payload> payload_;
};

// ---- what spawn is given ----

/// The parameter needs nothing of the argument's place: it is the same as a value (a string_view of a string
/// is none), a number, or refers to what a `std::reference_wrapper` does.
template <class Param, class Arg>
constexpr bool takes_over = std::is_same_v<std::remove_cv_t<Param>, Arg> ||
                            (std::is_arithmetic_v<Param> && std::is_arithmetic_v<Arg>);
template <class Param, class T>
constexpr bool takes_over<Param&, std::reference_wrapper<T>> = std::is_convertible_v<T*, Param*>;

/// The parameters of a function, or of a call operator, against the arguments.
template <class F, class... Args>
constexpr bool parameters_take_over = false;
template <class R, class... Ps, class... Args>
    requires(sizeof...(Ps) == sizeof...(Args))
constexpr bool parameters_take_over<R (*)(Ps...), Args...> = (takes_over<Ps, Args> && ...);
template <class R, class... Ps, class... Args>
constexpr bool parameters_take_over<R (*)(Ps...) noexcept, Args...> =
    parameters_take_over<R (*)(Ps...), Args...>;
template <class C, class R, class... Ps, class... Args>
constexpr bool parameters_take_over<R (C::*)(Ps...), Args...> = parameters_take_over<R (*)(Ps...), Args...>;
template <class C, class R, class... Ps, class... Args>
constexpr bool parameters_take_over<R (C::*)(Ps...) const, Args...> =
    parameters_take_over<R (*)(Ps...), Args...>;

/// The coroutine's frame takes all of it: no closure state, and no parameter that refers to an argument's
/// place. Anything else is kept beside the frame.
template <class F, class... Args>
constexpr bool frame_takes_all() {
    if constexpr (std::is_pointer_v<F>) return parameters_take_over<F, Args...>;
    else if constexpr (std::is_empty_v<F> && requires { &F::operator(); })
        return parameters_take_over<decltype(&F::operator()), Args...>;
    else return false;
}

/// The task of a call `fn(args...)`: a coroutine, mostly; a function that returns some other future as well.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
auto make_task(SourceLocation where, F&& fn, Args&&... args) {
    using Result = std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>...>;
    if constexpr (TaskResult<Result>::is_task) {
        using T = TaskResult<Result>::type;
        constexpr bool keep = !frame_takes_all<std::decay_t<F>, std::decay_t<Args>...>();
        using Payload = std::conditional_t<keep, Closure<std::decay_t<F>, std::decay_t<Args>...>, NoPayload>;
        using Made = TypedCell<T, Payload>;
        // How large the frame is we learn from the first one; from then on cell, closure and frame are one
        // block.
        static constinit Atomic<std::uint32_t> frame_size{0};
        const std::uint32_t room = frame_size.load(memory_order_relaxed);
        Made* cell;
        if constexpr (keep) cell = Made::make(where, room, std::forward<F>(fn), std::forward<Args>(args)...);
        else cell = Made::make(where, room);
        const auto run = [&] {
            FrameArm arm(cell->room(), room, cell);
            if constexpr (keep) cell->run_task(cell->payload().invoke());
            else cell->run_task(std::invoke(fn, std::forward<Args>(args)...));
            if (arm.frame_size() != room) [[unlikely]]
                frame_size.store(static_cast<std::uint32_t>(arm.frame_size()), memory_order_relaxed);
            arm.task_is(cell->strand().top()->frame());
        };
#if ROUSE_EXCEPTIONS
        try {
            run();
        } catch (...) {
            cell->unmake();
            throw;
        }
#else
        run();
#endif
        return std::pair<Cell*, std::type_identity<T>>(cell, {});
    } else {
        static_assert(Future<Result>, "spawn takes a Task, a Future, or a function that returns one");
        using Made = TypedCell<OutputOf<Result>, FuturePayload<Result>>;
        Made* cell = Made::make(where, 0, std::in_place,
                                std::invoke(std::forward<F>(fn), std::forward<Args>(args)...));
        cell->run_future();
        return std::pair<Cell*, std::type_identity<OutputOf<Result>>>(cell, {});
    }
}

/// The task of a Task that was made before.
template <class T>
auto make_task(SourceLocation where, Task<T>&& task) {
    if (!task.valid()) stop("spawn of a Task that was moved from");
    if (TaskAccess<T>::get(task)->started()) { // it has a strand of its own already
        using Made = TypedCell<T, FuturePayload<Task<T>>>;
        Made* cell = Made::make(where, 0, std::in_place, std::move(task));
        cell->run_future();
        return std::pair<Cell*, std::type_identity<T>>(cell, {});
    }
    using Made = TypedCell<T, NoPayload>;
    Made* cell = Made::make(where, 0);
    cell->run_task(std::move(task));
    return std::pair<Cell*, std::type_identity<T>>(cell, {});
}

/// The task of any other future; an lvalue, a Task too, is polled where it is.
template <class F>
    requires(Future<std::remove_reference_t<F>> && !TaskResult<F>::is_task)
auto make_task(SourceLocation where, F&& future) {
    using Held = F; // a reference for an lvalue
    using T = OutputOf<std::remove_reference_t<F>>;
    using Made = TypedCell<T, FuturePayload<Held>>;
    Made* cell = Made::make(where, 0, std::in_place, std::forward<F>(future));
    cell->run_future();
    return std::pair<Cell*, std::type_identity<T>>(cell, {});
}

} // namespace rouse::detail
