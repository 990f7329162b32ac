// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/sync/wait_list.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rouse {

template <class T>
class OnceCell;

/// A future of a reference to the value of a cell. `Make` gives the future of the value; it is called and
/// polled by whoever has the right to make it, one at a time. Wake:   when the value is there, or is this
/// one's to make; then by the future of the value. Cancel: destroy it; if the value was its to make, another
/// one makes it. Errors: throws what the making throws, or `Abandoned` when the cell is destroyed meanwhile.
/// Thread: any, one at a time.
template <class T, class Make>
class [[nodiscard]] GetOrInit {
    using Making = std::invoke_result_t<Make&>;

public:
    using Output = T&;
    GetOrInit(OnceCell<T>& cell, Make make) : cell_(&cell), make_(std::move(make)) {}
    GetOrInit(GetOrInit&& other) noexcept
        : cell_(other.cell_), make_(std::move(other.make_)), node_(std::move(other.node_)) {
        if (other.making_) detail::stop("an OnceCell's future was moved after its first poll");
    }
    GetOrInit& operator=(GetOrInit&&) = delete;
    ~GetOrInit();

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    Output take_ready();
    void inspect(Inspector& to) const;
    bool fail_await(std::exception_ptr error) {
        if constexpr (detail::Failable<Making>) return making_ && making_->get().fail_await(std::move(error));
        else return false;
    }

private:
    class Box { // a future that does not move
    public:
        explicit Box(Make& make) : future_(make()) {}
        Box(const Box&) = delete;
        Box& operator=(const Box&) = delete;
        [[nodiscard]] Making& get() noexcept { return future_; }
        [[nodiscard]] const Making& get() const noexcept { return future_; }

    private:
        Making future_;
    };
    bool claim(const Waker& waker);
    bool make_value(Context& cx);
    void give_up() noexcept;

    OnceCell<T>* cell_;
    Make make_;
    bool taken_ = false;
    detail::WaitNode node_;
    std::optional<Box> making_;
};

/// A value that is made once, by the first who asks for it, while the others wait.
///
/// If whoever makes it gives up, or its making throws (it gets the exception), the next one makes it.
/// Fairness: in the order in which they came. Memory: the making of the value happens before whatever is done
/// with it. Destroyed with waiters it wakes them, and they throw `Abandoned`. Thread: any.
/// Its destruction must not run beside a poll or a drop of one of its futures on another thread.
///
/// ```cpp
/// rouse::OnceCell<Connection> cell;
/// const auto make = [] { return connect("db"); }; // a Task<Connection>
/// Connection& connection = co_await cell.get_or_init(make);
/// ```
template <class T>
class OnceCell {
public:
    /// `name` is for the reader of a dump; it is not copied.
    explicit OnceCell(std::string_view name = {}) noexcept : name_(name) {}
    OnceCell(const OnceCell&) = delete;
    OnceCell& operator=(const OnceCell&) = delete;
    ~OnceCell() {
        if (is_initialized()) std::destroy_at(&value_);
    }

    [[nodiscard]] bool is_initialized() const noexcept { return there_.load(memory_order_acquire); }
    /// The value, or null.
    [[nodiscard]] T* get() noexcept { return is_initialized() ? &value_ : nullptr; }
    [[nodiscard]] const T* get() const noexcept { return is_initialized() ? &value_ : nullptr; }
    /// False: there is a value, or somebody makes one.
    template <class... Args>
    bool set(Args&&... args) {
        if (!queue_.locked([this] { return claim(); })) return false;
        Right right(*this);
        construct(std::forward<Args>(args)...);
        right.used();
        publish(nullptr);
        return true;
    }
    /// The value; if there is none, it is what the future that `make()` returns completes with.
    template <class Make>
    [[nodiscard]] GetOrInit<T, Make> get_or_init(Make make) {
        return GetOrInit<T, Make>(*this, std::move(make));
    }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }

private:
    template <class, class>
    friend class GetOrInit;
    class Right { // given back when it was of no use
    public:
        explicit Right(OnceCell& cell) noexcept : cell_(cell) {}
        ~Right() {
            if (!used_) cell_.give_up();
        }
        void used() noexcept { used_ = true; }
        Right(const Right&) = delete;
        Right& operator=(const Right&) = delete;

    private:
        OnceCell& cell_;
        bool used_ = false;
    };
    /// Under the lock: takes the right to make the value.
    bool claim() noexcept {
        if (making_ || there_.load(memory_order_relaxed)) return false;
        return making_ = true;
    }
    /// The right goes to the next.
    void give_up() noexcept {
        queue_.fire_one([this] { making_ = false; });
    }
    template <class... Args>
    void construct(Args&&... args) {
        ::new (static_cast<void*>(&value_)) T(std::forward<Args>(args)...);
    }
    /// The value is made; by the one with this node, if there is one. Those who are woken may destroy the
    /// cell: nothing of it is touched after this.
    void publish(detail::WaitNode* maker) noexcept {
        queue_.fire_all(detail::WaitNode::granted, [&] {
            if (maker) detail::WaitList::take(*maker);
            there_.store(true, memory_order_release);
        });
    }

    Atomic<bool> there_{false};
    bool making_ = false; // under the lock
    std::string_view name_;
    union {
        T value_;
    };
    detail::WaitQueue queue_; // its end comes first
};

/// A value that is made when it is first asked for, by `make`, which returns a future of it.
///
/// ```cpp
/// rouse::Lazy config([] { return load_config("app.conf"); }); // load_config is a Task<Config>
/// const Config& now = co_await config.get();
/// ```
template <class Make>
class Lazy {
public:
    using Value = OutputOf<std::invoke_result_t<Make&>>;
    explicit Lazy(Make make, std::string_view name = {}) : cell_(name), make_(std::move(make)) {}

    /// As `OnceCell::get_or_init`.
    [[nodiscard]] auto get() { return cell_.get_or_init(std::ref(make_)); }
    [[nodiscard]] bool is_initialized() const noexcept { return cell_.is_initialized(); }
    /// The value, or null.
    [[nodiscard]] Value* get_if() noexcept { return cell_.get(); }

private:
    OnceCell<Value> cell_;
    Make make_;
};

// A node is `granted` while its future has the right to make the value, or has the value and has not taken
// it: what it has is the cell's, and it is told when that goes: [W5]. Which of the two, `is_initialized`
// tells.

template <class T, class Make>
GetOrInit<T, Make>::~GetOrInit() {
    if (taken_) return;
    making_.reset(); // before the next one begins: they may use the same things
    give_up();
}

/// Whatever it has, or waits for.
template <class T, class Make>
void GetOrInit<T, Make>::give_up() noexcept {
    if (cell_->queue_.leave(node_) && !cell_->is_initialized()) cell_->give_up();
}

/// True: the value is there, or is ours to make, or the cell is gone.
template <class T, class Make>
bool GetOrInit<T, Make>::claim(const Waker& waker) {
    using Node = detail::WaitNode;
    if (node_.state() > Node::queued || (node_.is_idle() && cell_->is_initialized())) return true;
    return cell_->queue_.poll(node_, waker, [this] {
        if (cell_->claim()) cell_->queue_.give(node_);
        return !node_.is_idle() || cell_->there_.load(memory_order_relaxed);
    });
}

/// With the right to. True: it is there, or the cell is gone.
template <class T, class Make>
bool GetOrInit<T, Make>::make_value(Context& cx) {
    try {
        if (!making_) making_.emplace(make_);
        auto made = making_->get().poll(cx);
        if (node_.state() == detail::WaitNode::granted) { // the cell is still there
            if (made.is_pending()) return false;
            cell_->construct(std::move(made).value());
        }
    } catch (...) {
        making_.reset();
        give_up();
        throw;
    }
    if (node_.state() == detail::WaitNode::granted) cell_->publish(&node_);
    making_.reset();
    return true;
}

template <class T, class Make>
bool GetOrInit<T, Make>::poll_ready(Context& cx) {
    if (taken_) [[unlikely]]
        detail::stop_polled_after_ready("GetOrInit");
    if (!claim(cx.waker())) return false;
    if (node_.state() != detail::WaitNode::granted || cell_->is_initialized()) return true;
    return make_value(cx);
}

template <class T, class Make>
auto GetOrInit<T, Make>::take_ready() -> Output {
    taken_ = true;
    making_.reset();
    if (node_.state() == detail::WaitNode::granted) cell_->queue_.take(node_);
    if (node_.finish() == detail::WaitNode::closed)
        detail::throw_abandoned("an OnceCell was destroyed while a task waited for its value");
    return cell_->value_;
}

template <class T, class Make>
void GetOrInit<T, Make>::inspect(Inspector& to) const {
    if (taken_) return;
    if (making_) return detail::inspect_future(making_->get(), to);
    if (node_.state() > detail::WaitNode::queued) return;
    to.waits_for(WaitKind::notification, cell_, detail::describe_wait("the value of a cell", cell_->name()));
}

} // namespace rouse
