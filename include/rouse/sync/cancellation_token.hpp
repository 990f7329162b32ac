// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/beside.hpp"
#include "rouse/sync/wait_list.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rouse {

class CancellationToken;

namespace detail {

/// A token's node: those who wait for its cancellation, and its children.
///
/// [K1] cancel: under the lock, set `cancelled`, take the children out of the list with a reference each, and
/// then those who wait; the children are cancelled after that, in a loop, without a lock. [K2] a child is
/// made under the lock of its parent: either it finds `cancelled`, and begins so, or K1 finds it. [K3] a node
/// that goes leaves its parent's list under the parent's lock, if it still is in it; K1 leaves out one whose
/// last reference is gone.
class CancelNode : public ListLink<>, public std::enable_shared_from_this<CancelNode> {
public:
    CancelNode(std::shared_ptr<CancelNode> parent, std::string_view name);
    ~CancelNode();
    CancelNode(const CancelNode&) = delete;
    CancelNode& operator=(const CancelNode&) = delete;

    void cancel() noexcept;
    /// This one, or one above it, whose cancellation is on its way here.
    [[nodiscard]] bool is_cancelled() const noexcept {
        for (const CancelNode* node = this; node; node = node->parent_.get())
            if (node->cancelled_.load(memory_order_acquire)) return true;
        return false;
    }
    [[nodiscard]] WaitQueue& waiting() noexcept { return waiting_; }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    static std::shared_ptr<CancelNode> make_child(const std::shared_ptr<CancelNode>& parent,
                                                  std::string_view name);

private:
    void cancel_one(std::vector<std::shared_ptr<CancelNode>>& then) noexcept;
    void leave_parent() noexcept;
    std::shared_ptr<CancelNode> parent_;
    const std::string_view name_;
    Atomic<bool> cancelled_{false};
    ShortLock lock_; // of the children, and taken before that of `waiting_`
    IntrusiveList<CancelNode> children_;
    WaitQueue waiting_;
};

} // namespace detail

/// Completes when its token is cancelled.
/// Wake: then. Cancel: destroy it. Thread: any, one at a time. Keeps the token alive.
class [[nodiscard]] Cancelled {
public:
    using Output = void;
    explicit Cancelled(std::shared_ptr<detail::CancelNode> node) noexcept : token_(std::move(node)) {}
    Cancelled(Cancelled&&) noexcept = default;
    Cancelled& operator=(Cancelled&&) = delete;
    ~Cancelled() {
        if (token_) token_->waiting().remove(node_);
    }

    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("Cancelled");
        if (node_.state() > detail::WaitNode::queued || (node_.is_idle() && token_->is_cancelled()))
            return true;
        return token_->waiting().poll(node_, cx.waker(), [this] { return token_->is_cancelled(); });
    }
    void take_ready() noexcept {
        taken_ = true;
        node_.reset();
    }
    void inspect(Inspector& to) const {
        if (token_)
            to.waits_for(WaitKind::notification, token_.get(),
                         detail::describe_wait("the cancellation of a token", token_->name()));
    }

private:
    std::shared_ptr<detail::CancelNode> token_;
    bool taken_ = false;
    detail::WaitNode node_;
};

/// See `CancellationToken::run_until_cancelled`.
template <class F>
class [[nodiscard]] UntilCancelled : detail::Beside<F, Cancelled> {
    using Both = detail::Beside<F, Cancelled>;
    using Both::child_, Both::signal_, Both::set_;

public:
    using Output = std::optional<NonVoid<typename Both::Value>>;

    template <class G>
    UntilCancelled(Cancelled cancelled, std::in_place_t, G&& future)
        : Both(std::move(cancelled), std::in_place, std::forward<G>(future)) {}
    /// Before the first poll.
    UntilCancelled(UntilCancelled&& other) noexcept = default;

    Poll<Output> poll(Context& cx) {
        if (!child_.pending()) [[unlikely]]
            detail::stop_polled_after_ready("UntilCancelled");
        for (;;) {
            if (signal_.poll(cx, set_).is_ready()) {
                this->end();
                return Poll<Output>(std::in_place, std::nullopt);
            }
            auto poll = child_.poll(cx, set_);
            if (poll.is_ready()) return this->template finish<Output>(std::move(poll), Unit());
            if (!child_.is_lost() || !child_.fail_lost("future of run_until_cancelled")) return Pending;
        }
    }
    void inspect(Inspector& to) const {
        child_.inspect(to, "future of run_until_cancelled");
        signal_.inspect(to, "cancellation");
    }
};

/// Cancels its token when it is destroyed, unless it is disarmed.
class [[nodiscard]] DropGuard;

/// Tells any number of tasks to stop. Copies are the same token; children are cancelled with it, not it with
/// them.
///
/// Fairness: all who wait are woken, in the order in which they came, those of the token before those of its
/// children. Memory: what was done before `cancel` happens before what is done after `cancelled` completes. A
/// token that is destroyed uncancelled never completes its `cancelled()`, which keep it. Thread: any.
///
/// ```cpp
/// rouse::CancellationToken stop;
/// rouse::spawn(serve, stop.child_token()).detach(); // which selects on co_await token.cancelled()
/// stop.cancel();
/// ```
class CancellationToken {
public:
    CancellationToken() : CancellationToken(std::string_view()) {}
    /// `name` is for the reader of a dump; it is not copied.
    explicit CancellationToken(std::string_view name)
        : node_(std::make_shared<detail::CancelNode>(nullptr, name)) {}

    void cancel() const noexcept {
        const auto keep = node_; // those who are woken may destroy this
        keep->cancel();
    }
    [[nodiscard]] bool is_cancelled() const noexcept { return node_->is_cancelled(); }
    [[nodiscard]] Cancelled cancelled() const noexcept { return Cancelled(node_); }
    /// One that is cancelled with this one, and can be cancelled alone. Without a name it has this one's.
    [[nodiscard]] CancellationToken child_token(std::string_view name = {}) const {
        return CancellationToken(detail::CancelNode::make_child(node_, name.empty() ? node_->name() : name));
    }
    [[nodiscard]] std::string_view name() const noexcept { return node_->name(); }
    [[nodiscard]] DropGuard drop_guard() const noexcept;
    /// A future of what `future` returns, or of nothing if the token is cancelled before: the future is then
    /// destroyed. When both are there the cancellation counts. An lvalue is polled where it is, and stays.
    /// Wake:   by either. Cancel: destroy it, and the future with it. Thread: as the future.
    /// Errors: what the future throws; `LostWaker` where it can never be woken again, at its own await, at
    ///         once, though the token might still be cancelled.
    template <class F>
        requires Future<std::remove_reference_t<F>>
    [[nodiscard]] UntilCancelled<F> run_until_cancelled(F&& future) const {
        return UntilCancelled<F>(cancelled(), std::in_place, std::forward<F>(future));
    }
    friend bool operator==(const CancellationToken& a, const CancellationToken& b) noexcept {
        return a.node_ == b.node_;
    }

private:
    explicit CancellationToken(std::shared_ptr<detail::CancelNode> node) noexcept : node_(std::move(node)) {}
    std::shared_ptr<detail::CancelNode> node_;
};

class [[nodiscard]] DropGuard {
public:
    explicit DropGuard(CancellationToken token) noexcept : token_(std::move(token)) {}
    DropGuard(DropGuard&& other) noexcept : token_(std::exchange(other.token_, std::nullopt)) {}
    DropGuard& operator=(DropGuard&&) = delete;
    ~DropGuard() {
        if (token_) token_->cancel();
    }
    /// Does not cancel any more. The token.
    CancellationToken disarm() && { return *std::exchange(token_, std::nullopt); }

private:
    std::optional<CancellationToken> token_;
};

inline DropGuard CancellationToken::drop_guard() const noexcept { return DropGuard(*this); }

} // namespace rouse
