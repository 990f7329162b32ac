// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/intrusive_list.hpp"
#include "rouse/combine/nested_task.hpp"
#include "rouse/core/atomic_waker.hpp"
#include "rouse/core/future.hpp"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rouse::detail {

class ReadySet;

/// A future in a set that polls only those that were woken. ACTIVE: it is on its way to the set's queue, or
/// in it, or being polled.
class SetChild : public NestedTask, public ListLink<> {
public:
    static void* operator new(std::size_t size) { return FrameCache::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        FrameCache::deallocate(memory, size);
    }
    static void* operator new(std::size_t size, std::align_val_t alignment) {
        return ::operator new(size, alignment);
    }
    static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
        ::operator delete(memory, size, alignment);
    }

protected:
    explicit SetChild(ReadySet& set) noexcept;
    ~SetChild() override;
    /// Destroys the future.
    virtual void end() noexcept = 0;

private:
    friend class ReadySet;
    void over() noexcept override;
    static void schedule(TaskState* state) noexcept;
    static void schedule_lost(TaskState* state) noexcept;
    static void free(TaskState* state) noexcept;
    static const TaskOps set_ops;

    ReadySet* set_;
    SetChild* next_ready_ = nullptr;
    bool queued_here_ = false;    // in `ready_`: ACTIVE, and the set's
    std::uint8_t references_ = 2; // that the set gives up, once DONE is set
};

/// What FuturesUnordered and its like are made of: children, and a queue of those that were woken. Wakes come
/// from any thread; all else is done by one thread at a time, which polls.
///
/// [F1] enqueue, by whoever turned ACTIVE on: pushes the child to `woken_`, a stack that is only ever taken
///      as a whole; then, if it was empty, wakes the set's waker. Who finds others there need not: a poll
///      that went to sleep has emptied the stack after it registered, so the first push since then found it
///      empty.
/// [F2] a poll begins by taking all that were woken.
/// [F3] before it returns Pending, with nothing left to poll, it registers its waker and takes once more. Of
///      F1 (push, then wake) and F3 (register, then take) one sees the other: the waker's place is changed by
///      RMWs, acquire and release. If the wake comes second there, it finds the waker; else the registration
///      has acquired what came before the wake, and the take sees the push.
/// [F4] the end of the set takes all, and leaves `closed` in the stack. Who finds that gives up the reference
///      that ACTIVE stands for. He holds none of the set but through the child: so who pushes to an empty
///      stack, and will touch the set afterwards, takes a reference to it before.
/// [F5] clear and the end first set DONE in all children, and only then destroy the first future: whatever
///      its destructor drops or wakes, no verdict and no wake comes of it.
class ReadySet {
public:
    static ReadySet* make() { return new ReadySet; }
    ReadySet(const ReadySet&) = delete;
    ReadySet& operator=(const ReadySet&) = delete;

    // ---- by the owner ----

    /// A new child, to be polled in the next poll; wakes who waits for the set.
    void add(SetChild& child);
    enum class Polled : std::uint8_t { pending, ready, none };
    /// Polls those that were woken, until one is ready: its value is where `out` points to, its future is
    /// destroyed. `none`: there are no children. What a child throws comes out of here; it is gone then.
    Polled poll(Context& cx, void* out, std::string_view role);
    /// Destroys all children. Those that their destructors add are left.
    void clear() noexcept;
    /// Destroys all children, and those that their destructors add; the set is freed when the last of their
    /// wakers has gone.
    void close() noexcept;
    /// Lets go of the waker of the last poll.
    void forget_waker() noexcept;
    [[nodiscard]] std::size_t len() const noexcept { return len_; }
    void inspect(Inspector& to, std::string_view role);
    template <class Fn>
    void for_each(Fn&& fn) {
        children_.for_each(fn);
    }

    // ---- by any thread ----

    void enqueue(SetChild& child) noexcept; // [F1]
    void add_reference() noexcept { references_.fetch_add(1, memory_order_relaxed); }
    void drop_reference() noexcept {
        if (references_.fetch_sub(1, memory_order_acq_rel) == 1) delete this;
    }

private:
    ReadySet() noexcept = default;
    ~ReadySet() = default;

    void append(SetChild& child) noexcept;
    void take_woken(SetChild* leave) noexcept;
    bool any_ready(Context& cx);
    SetChild& pop_ready() noexcept;
    friend class SetChild;
    void retire(SetChild& child) noexcept;
    void end_all() noexcept;
    static void give_up(SetChild& child, std::uint64_t references) noexcept;
    static SetChild* closed() noexcept;

    Atomic<SetChild*> woken_{nullptr}; // newest first
    Atomic<std::size_t> references_{1};
    AtomicWaker waker_;

    // of the thread that polls
    IntrusiveList<SetChild> children_;
    std::size_t len_ = 0;
    SetChild* ready_ = nullptr; // oldest first
    SetChild* last_ready_ = nullptr;
    bool registered_ = false;
};

/// A child of a type; its value goes to a `std::optional<NonVoid<Output>>`.
template <Future F>
class SetChildOf final : public SetChild {
public:
    using Value = NonVoid<OutputOf<F>>;
    static_assert(!std::is_reference_v<OutputOf<F>>,
                  "a set of futures hands out what they return: a future of a reference is not one of them; "
                  "let it return a pointer, or a std::reference_wrapper");

    SetChildOf(ReadySet& set, F future) : SetChild(set), future_(std::in_place, std::move(future)) {}

    bool poll_future(Context& cx, void* out) override {
        auto poll = future_->poll(cx);
        if (poll.is_pending()) return false;
        auto& value = *static_cast<std::optional<Value>*>(out);
        if constexpr (std::is_void_v<OutputOf<F>>) value.emplace();
        else value.emplace(std::move(poll).value());
        return true;
    }
    bool fail(std::exception_ptr error) override {
        if constexpr (Failable<F>) return future_->fail_await(std::move(error));
        else return false;
    }
    [[nodiscard]] F& future() noexcept { return *future_; }
    void end() noexcept override { future_.reset(); }
    void inspect(Inspector& to) const override {
        if (future_) inspect_future(*future_, to);
    }
    [[nodiscard]] std::string_view type() const noexcept override { return type_name<F>(); }

private:
    std::optional<F> future_;
};

/// The owner's end of a set, made with the first child.
class ReadySetHandle {
public:
    ReadySetHandle() noexcept = default;
    ReadySetHandle(ReadySetHandle&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}
    ReadySetHandle& operator=(ReadySetHandle&& other) noexcept {
        const ReadySetHandle old(std::move(*this));
        set_ = std::exchange(other.set_, nullptr);
        return *this;
    }
    ~ReadySetHandle() {
        if (set_) set_->close();
    }

    template <Future F>
    void push(F future) {
        if (!set_) set_ = ReadySet::make();
        set_->add(*new SetChildOf<F>(*set_, std::move(future)));
    }
    /// `fn(future)` for each that is left; all are of this type.
    template <Future F, class Fn>
    void for_each(Fn&& fn) {
        if (set_) set_->for_each([&](SetChild& child) { fn(static_cast<SetChildOf<F>&>(child).future()); });
    }
    ReadySet::Polled poll(Context& cx, void* out, std::string_view role) {
        return set_ ? set_->poll(cx, out, role) : ReadySet::Polled::none;
    }
    void clear() noexcept {
        if (set_) set_->clear();
    }
    void forget_waker() noexcept {
        if (set_) set_->forget_waker();
    }
    [[nodiscard]] std::size_t len() const noexcept { return set_ ? set_->len() : 0; }
    void inspect(Inspector& to, std::string_view role) const {
        if (set_) set_->inspect(to, role);
    }

private:
    ReadySet* set_ = nullptr;
};

} // namespace rouse::detail
