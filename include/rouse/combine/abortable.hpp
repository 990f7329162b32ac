// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/beside.hpp"
#include "rouse/core/atomic_waker.hpp"

#include <expected>
#include <memory>

namespace rouse {

/// The error of an abortable future that was aborted.
class Aborted {
public:
    constexpr Aborted() noexcept = default;
    friend constexpr bool operator==(Aborted, Aborted) noexcept { return true; }
    [[nodiscard]] const char* what() const noexcept { return "aborted"; }
};

namespace detail {

/// What the handles and the future share.
///
/// [B1] abort: sets `aborted` (release), then wakes the waker.
/// [B2] poll: registers its waker, then loads `aborted` (acquire). The place of the waker is changed by RMWs
/// of acquire and release: the later of B1's wake and B2's registration sees what came before the other. [B3]
/// the last handle goes: nobody can abort any more, and the waker is dropped. `handles` is counted down first
/// (release), and the poll loads it after it has registered (acquire), and lets go of the waker itself.
class AbortState {
public:
    void abort() noexcept {
        aborted_.store(true, memory_order_release);
        waker_.wake();
    }
    [[nodiscard]] bool is_aborted() const noexcept { return aborted_.load(memory_order_acquire); }
    void add_handle() noexcept { handles_.fetch_add(1, memory_order_relaxed); }
    void drop_handle() noexcept {
        if (handles_.fetch_sub(1, memory_order_acq_rel) == 1) forget_waker();
    }
    /// True: aborted. Else `waker` will be woken, if anybody is left who could abort.
    bool poll(const Waker& waker) {
        if (is_aborted()) return true;
        if (handles_.load(memory_order_acquire) == 0) return false;
        waker_.register_by_ref(waker);
        if (is_aborted()) {
            forget_waker();
            return true;
        }
        if (handles_.load(memory_order_acquire) == 0) forget_waker();
        return false;
    }
    void forget_waker() noexcept { const Waker dropped = waker_.take(); }

private:
    Atomic<bool> aborted_{false};
    Atomic<std::size_t> handles_{0};
    AtomicWaker waker_;
};

} // namespace detail

/// A right to abort a future that was made `abortable`. Copies are cheap. Thread: any.
class FutureAbortHandle {
public:
    explicit FutureAbortHandle(std::shared_ptr<detail::AbortState> state) noexcept
        : state_(std::move(state)) {
        state_->add_handle();
    }
    FutureAbortHandle(const FutureAbortHandle& other) noexcept : state_(other.state_) {
        if (state_) state_->add_handle();
    }
    FutureAbortHandle(FutureAbortHandle&&) noexcept = default;
    FutureAbortHandle& operator=(FutureAbortHandle other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~FutureAbortHandle() {
        if (state_) state_->drop_handle();
    }
    /// The future completes with the error `Aborted` at its next poll, and is woken for it; what is inside of
    /// it is destroyed then. One that has completed keeps its value.
    void abort() const noexcept {
        if (state_) state_->abort();
    }
    /// `abort` was called, whatever came of it.
    [[nodiscard]] bool is_aborted() const noexcept { return state_ && state_->is_aborted(); }

private:
    std::shared_ptr<detail::AbortState> state_;
};

/// The other end of a FutureAbortHandle: what a future is made abortable with.
class AbortRegistration {
public:
    explicit AbortRegistration(std::shared_ptr<detail::AbortState> state) noexcept
        : state_(std::move(state)) {}
    AbortRegistration(AbortRegistration&&) noexcept = default;
    AbortRegistration& operator=(AbortRegistration&&) noexcept = default;
    /// A handle for this end.
    [[nodiscard]] FutureAbortHandle handle() const noexcept { return FutureAbortHandle(state_); }

private:
    template <class>
    friend class Abortable;
    std::shared_ptr<detail::AbortState> state_;
};

/// A handle and its registration, for a future that is made later.
[[nodiscard]] inline std::pair<FutureAbortHandle, AbortRegistration> abort_pair() {
    auto state = std::make_shared<detail::AbortState>();
    FutureAbortHandle handle(state);
    return {std::move(handle), AbortRegistration(std::move(state))};
}

namespace detail {

/// Completes when the state says so.
class AbortSignal {
public:
    using Output = void;
    explicit AbortSignal(std::shared_ptr<AbortState> state) noexcept : state_(std::move(state)) {}
    AbortSignal(AbortSignal&&) noexcept = default;
    ~AbortSignal() {
        if (state_) state_->forget_waker();
    }
    Poll<void> poll(Context& cx) {
        if (state_->poll(cx.waker())) return Ready();
        return Pending;
    }

private:
    std::shared_ptr<AbortState> state_;
};

} // namespace detail

/// See `abortable`.
template <class F>
class [[nodiscard]] Abortable : detail::Beside<F, detail::AbortSignal> {
    using Both = detail::Beside<F, detail::AbortSignal>;
    using Both::child_, Both::signal_, Both::set_;

public:
    using Output = std::expected<typename Both::Value, Aborted>;

    template <class G>
    Abortable(AbortRegistration registration, std::in_place_t, G&& future)
        : Both(detail::AbortSignal(std::move(registration.state_)), std::in_place, std::forward<G>(future)) {}
    /// Before the first poll.
    Abortable(Abortable&& other) noexcept = default;

    Poll<Output> poll(Context& cx) {
        if (!child_.pending()) [[unlikely]]
            detail::stop_polled_after_ready("Abortable");
        for (;;) {
            if (signal_.poll(cx, set_).is_ready()) {
                this->end();
                return Poll<Output>(std::in_place, std::unexpect);
            }
            auto poll = child_.poll(cx, set_);
            if (poll.is_ready()) return this->template finish<Output>(std::move(poll));
            if (!child_.is_lost() || !child_.fail_lost("future of abortable")) return Pending;
        }
    }
    void inspect(Inspector& to) const { child_.inspect(to, "future of abortable"); }
};

/// `future`, or the error `Aborted` once its handle was told so. The abort is looked at before each poll of
/// the future, which is destroyed then; it is not polled again. (To abort a spawned task there is its
/// AbortHandle.) An lvalue is polled where it is, and stays.
/// Wake:   by the future, and by `abort`, from any thread. What was written before `abort` is seen by who is
///         told `Aborted` (release, acquire).
/// Cancel: destroys the future; the handle does nothing then.
/// Errors: what the future throws; `LostWaker` where it can never be woken again, at its own await, at once,
///         though the handle might still abort it.
///
/// ```cpp
/// auto [download, handle] = rouse::abortable(fetch(url));
/// on_cancel_button([handle] { handle.abort(); });
/// auto page = co_await download; // std::expected<Page, rouse::Aborted>
/// ```
template <class F>
    requires Future<std::remove_reference_t<F>>
[[nodiscard]] auto abortable(F&& future, AbortRegistration registration) {
    return Abortable<F>(std::move(registration), std::in_place, std::forward<F>(future));
}
template <class F>
    requires Future<std::remove_reference_t<F>>
[[nodiscard]] auto abortable(F&& future) {
    auto [handle, registration] = abort_pair();
    return std::pair<Abortable<F>, FutureAbortHandle>(
        abortable(std::forward<F>(future), std::move(registration)), std::move(handle));
}

} // namespace rouse
