// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/ready_set.hpp"
#include "rouse/runtime/blocking.hpp"
#include "rouse/runtime/handle.hpp"

#include <vector>

namespace rouse {

/// Spawned tasks that return a `T`, and are joined as they end. It is a stream: `Item`, `poll_next`.
///
/// ```cpp
/// rouse::JoinSet<Page> fetches;
/// for (const auto& url : urls) fetches.spawn(fetch(url));
/// while (auto page = co_await fetches.join_next())
///     if (*page) use(**page); // else page->error() is a JoinError
/// ```
/// Wake:   by the end of a task; only tasks that have ended are looked at. Order: that of their ends.
/// Cancel: dropping a `join_next()` loses nothing. Destroying the set aborts all tasks that are left, and
///         waits for none: `shutdown` does.
/// Errors: a task that failed, was aborted, or was lost is a JoinError among the results.
/// Thread: one at a time; the tasks run wherever their runtime polls them. What a task wrote is seen by who
///         gets its result (release, acquire).
template <class T = void>
class [[nodiscard]] JoinSet {
    static_assert(!std::is_reference_v<T>,
                  "a JoinSet hands out what its tasks return: let them return a pointer");

public:
    /// What a task returned, or why there is nothing.
    using Item = std::expected<T, JoinError>;
    /// And the id of the task: see AbortHandle::id.
    using ItemWithId = std::pair<std::uint64_t, Item>;

    JoinSet() noexcept = default;
    JoinSet(JoinSet&&) noexcept = default;
    JoinSet& operator=(JoinSet&& other) noexcept {
        abort_all();
        set_ = std::move(other.set_);
        return *this;
    }
    ~JoinSet() { abort_all(); }

    /// As rouse::spawn, into this set.
    template <class F>
    AbortHandle spawn(F&& what, SourceLocation where = std::source_location::current()) {
        return insert(rouse::spawn(std::forward<F>(what), where));
    }
    template <class F, class A>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>>
    AbortHandle spawn(F&& fn, A&& a, SourceLocation where = std::source_location::current()) {
        return insert(rouse::spawn(std::forward<F>(fn), std::forward<A>(a), where));
    }
    template <class F, class A, class B>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>>
    AbortHandle spawn(F&& fn, A&& a, B&& b, SourceLocation where = std::source_location::current()) {
        return insert(rouse::spawn(std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b), where));
    }
    /// As rouse::spawn_local: the task stays on this thread.
    template <class F>
    AbortHandle spawn_local(F&& what, SourceLocation where = std::source_location::current()) {
        return insert(rouse::spawn_local(std::forward<F>(what), where));
    }
    /// As rouse::spawn_blocking: a task that waits for `fn(args...)` on a thread of the pool. Aborted, the
    /// task ends; a call that has not begun is taken back, and one that has runs on, unobserved. (With a
    /// name: `insert(rouse::TaskBuilder("digest").spawn(rouse::spawn_blocking(fn)))`.)
    template <class Fn, class... Args>
        requires std::invocable<std::decay_t<Fn>, std::decay_t<Args>...>
    AbortHandle spawn_blocking(Fn&& fn, Args&&... args) {
        return insert(
            rouse::spawn(Blocking(rouse::spawn_blocking(std::forward<Fn>(fn), std::forward<Args>(args)...))));
    }
    /// On another runtime, or from a thread that drives none.
    template <class F>
    AbortHandle spawn_on(const Handle& runtime, F&& what,
                         SourceLocation where = std::source_location::current()) {
        return insert(runtime.spawn(std::forward<F>(what), where));
    }
    /// Takes in a task that was spawned before.
    AbortHandle insert(JoinHandle<T> task) {
        AbortHandle abort = task.abort_handle();
        set_.push(Joining(std::move(task)));
        return abort;
    }

    /// The result of the next task that has ended; nothing when the set is empty.
    Poll<std::optional<Item>> poll_join_next(Context& cx) {
        auto poll = poll_join_next_with_id(cx);
        if (poll.is_pending()) return Pending;
        auto next = std::move(poll).value();
        if (!next) return Poll<std::optional<Item>>(std::in_place, std::nullopt);
        return Poll<std::optional<Item>>(std::in_place, std::move(next->second));
    }
    Poll<std::optional<ItemWithId>> poll_join_next_with_id(Context& cx) {
        std::optional<ItemWithId> next;
        if (set_.poll(cx, &next, role) == detail::ReadySet::Polled::pending) return Pending;
        return Poll<std::optional<ItemWithId>>(std::in_place, std::move(next));
    }
    /// The same, as a stream.
    Poll<std::optional<Item>> poll_next(Context& cx) { return poll_join_next(cx); }
    /// Whoever was told Pending by one of these no longer waits.
    void cancel_next() noexcept { set_.forget_waker(); }

    template <bool WithId>
    class [[nodiscard]] Next {
    public:
        using Output = std::optional<std::conditional_t<WithId, ItemWithId, Item>>;
        explicit Next(JoinSet& set) noexcept : set_(&set) {}
        Next(Next&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}
        ~Next() {
            if (set_) set_->cancel_next();
        }
        Poll<Output> poll(Context& cx) {
            if (!set_) [[unlikely]]
                detail::stop_polled_after_ready("JoinSet::Next");
            auto poll = [&] {
                if constexpr (WithId) return set_->poll_join_next_with_id(cx);
                else return set_->poll_join_next(cx);
            }();
            if (poll.is_ready()) set_ = nullptr;
            return poll;
        }
        void inspect(Inspector& to) const {
            if (set_) set_->inspect(to);
        }

    private:
        JoinSet* set_; // null after Ready
    };
    /// A future of the next result, or of nothing when the set is empty. One at a time.
    [[nodiscard]] auto join_next() noexcept { return Next<false>(*this); }
    [[nodiscard]] auto join_next_with_id() noexcept { return Next<true>(*this); }
    /// The result of a task that has ended, if there is one; does not wait.
    [[nodiscard]] std::optional<Item> try_join_next() {
        const Waker nobody = Waker::noop();
        Context cx(nobody);
        auto poll = poll_join_next(cx);
        set_.forget_waker();
        if (poll.is_pending()) return std::nullopt;
        return std::move(poll).value();
    }
    /// The values of all tasks, in the order of their ends. The first that failed has the others aborted, and
    /// its error is thrown, or JoinError if it was cancelled.
    [[nodiscard]] Task<std::vector<NonVoid<T>>> join_all() {
        std::vector<NonVoid<T>> values;
        while (auto next = co_await join_next()) {
            if (!next->has_value()) fail(next->error());
            if constexpr (std::is_void_v<T>) values.emplace_back();
            else values.push_back(std::move(**next));
        }
        co_return values;
    }

    /// Asks for the end of all tasks; their results, mostly that they were cancelled, are still to be joined.
    void abort_all() noexcept {
        set_.template for_each<Joining>([](Joining& task) { task.abort(); });
    }
    /// Aborts all tasks, and waits until they are gone.
    [[nodiscard]] Task<> shutdown() {
        abort_all();
        bool more = true; // g++ 12 cannot await in the condition of a loop here
        while (more) {
            const auto next = co_await join_next();
            more = next.has_value();
        }
    }
    /// Lets go of all tasks: they run on, and nobody joins them.
    void detach_all() noexcept { set_.clear(); }
    /// Tasks that were not joined, ended or not.
    [[nodiscard]] std::size_t len() const noexcept { return set_.len(); }
    [[nodiscard]] bool is_empty() const noexcept { return len() == 0; }
    void inspect(Inspector& to) const { set_.inspect(to, role); }

private:
    static constexpr std::string_view role = "JoinSet";

    /// A task as a future of the set.
    class Joining {
    public:
        using Output = ItemWithId;
        explicit Joining(JoinHandle<T> task) noexcept : task_(std::move(task)) {}
        Poll<Output> poll(Context& cx) {
            if (!task_.poll_ready(cx)) return Pending;
            const std::uint64_t id = task_.id();
            return Poll<Output>(std::in_place, id, JoinResult<T>(std::move(task_)).take_ready());
        }
        void abort() const noexcept { task_.abort(); }
        void inspect(Inspector& to) const { task_.inspect(to); }

    private:
        JoinHandle<T> task_;
    };
    /// A blocking call that is taken back with its task, if it has not begun.
    class Blocking {
    public:
        using Output = T;
        explicit Blocking(BlockingHandle<T> call) noexcept : call_(std::in_place, std::move(call)) {}
        Blocking(Blocking&& other) noexcept : call_(std::exchange(other.call_, std::nullopt)) {}
        Blocking& operator=(Blocking&&) = delete;
        ~Blocking() {
            if (call_) call_->abort();
        }
        Poll<Output> poll(Context& cx) {
            if (!call_->poll_ready(cx)) return Pending;
            BlockingHandle<T> done = *std::exchange(call_, std::nullopt);
            if constexpr (std::is_void_v<T>) {
                done.take_ready();
                return Ready();
            } else {
                return Poll<Output>(std::in_place, done.take_ready());
            }
        }
        void inspect(Inspector& to) const {
            if (call_) call_->inspect(to);
        }

    private:
        std::optional<BlockingHandle<T>> call_;
    };
    [[noreturn]] void fail(const JoinError& error) {
        abort_all();
        if (error.error()) std::rethrow_exception(error.error());
#if ROUSE_EXCEPTIONS
        throw error;
#else
        detail::stop("a task of a JoinSet has no value, and there are no exceptions to say so");
#endif
    }

    detail::ReadySetHandle set_;
};

} // namespace rouse
