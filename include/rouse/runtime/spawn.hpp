// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/runtime/core.hpp"
#include "rouse/task/join_handle.hpp"

#include <string>

namespace rouse {

namespace detail {

/// The forms of `spawn`, for all that offer it: `spawn(task)`, `spawn(future)`, `spawn(fn, args...)`. A
/// parameter pack cannot be followed by the place of the call, so the arities are written out; a closure
/// takes any number.
template <class Derived>
class Spawner {
public:
    template <class F>
    auto spawn(F&& what, SourceLocation where = std::source_location::current()) const {
        return start(where, std::forward<F>(what));
    }
    template <class F, class A>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>>
    auto spawn(F&& fn, A&& a, SourceLocation where = std::source_location::current()) const {
        return start(where, std::forward<F>(fn), std::forward<A>(a));
    }
    template <class F, class A, class B>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>>
    auto spawn(F&& fn, A&& a, B&& b, SourceLocation where = std::source_location::current()) const {
        return start(where, std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b));
    }
    template <class F, class A, class B, class C>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>, std::decay_t<C>>
    auto spawn(F&& fn, A&& a, B&& b, C&& c, SourceLocation where = std::source_location::current()) const {
        return start(where, std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c));
    }
    template <class F, class A, class B, class C, class D>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>, std::decay_t<C>,
                                std::decay_t<D>>
    auto spawn(F&& fn, A&& a, B&& b, C&& c, D&& d,
               SourceLocation where = std::source_location::current()) const {
        return start(where, std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c),
                     std::forward<D>(d));
    }

private:
    template <class... Args>
    auto start(SourceLocation where, Args&&... args) const {
        auto [cell, type] = make_task(where, std::forward<Args>(args)...);
        static_cast<const Derived*>(this)->submit(*cell);
        return JoinHandle<typename decltype(type)::type>(cell);
    }
};

/// Spawns on the runtime that drives this thread.
class CurrentSpawner : public Spawner<CurrentSpawner> {
public:
    void submit(Cell& cell) const {
        auto* const here = static_cast<Executor*>(turn.runtime);
        if (here && here->open) [[likely]]
            here->adopt_new(cell);
        else submit_elsewhere(cell);
    }

private:
    ROUSE_COLD static void submit_elsewhere(Cell& cell) { RuntimeCore::current("spawn")->spawn(cell); }
};

/// The same for a task that stays on the thread that spawns it.
class LocalSpawner : public Spawner<LocalSpawner> {
public:
    void submit(Cell& cell) const {
        cell.make_local();
        CurrentSpawner().submit(cell);
    }
};

/// The forms of `spawn` as a function object.
template <class SpawnsBy>
class SpawnFunction {
    using Where = SourceLocation;

public:
    template <class F>
    auto operator()(F&& what, Where where = std::source_location::current()) const {
        return SpawnsBy().spawn(std::forward<F>(what), where);
    }
    template <class F, class A>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>>
    auto operator()(F&& fn, A&& a, Where where = std::source_location::current()) const {
        return SpawnsBy().spawn(std::forward<F>(fn), std::forward<A>(a), where);
    }
    template <class F, class A, class B>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>>
    auto operator()(F&& fn, A&& a, B&& b, Where where = std::source_location::current()) const {
        return SpawnsBy().spawn(std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b), where);
    }
    template <class F, class A, class B, class C>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>, std::decay_t<C>>
    auto operator()(F&& fn, A&& a, B&& b, C&& c, Where where = std::source_location::current()) const {
        return SpawnsBy().spawn(std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b),
                                std::forward<C>(c), where);
    }
    template <class F, class A, class B, class C, class D>
        requires std::invocable<std::decay_t<F>&, std::decay_t<A>, std::decay_t<B>, std::decay_t<C>,
                                std::decay_t<D>>
    auto operator()(F&& fn, A&& a, B&& b, C&& c, D&& d, Where where = std::source_location::current()) const {
        return SpawnsBy().spawn(std::forward<F>(fn), std::forward<A>(a), std::forward<B>(b),
                                std::forward<C>(c), std::forward<D>(d), where);
    }
};

} // namespace detail

/// `spawn(task)`, `spawn(future)`, `spawn(fn, args...)` (up to four; a closure takes any number): starts a
/// task on the runtime that drives this thread, and gives its JoinHandle, a future of the result. `fn` and
/// `args` are kept in the task, and die when it ends. The task is polled first when its turn comes, never
/// inside `spawn`. Outside of a runtime it stops the program with a message; from other threads use
/// `Handle::spawn`.
///
/// ```cpp
/// auto sum = rouse::spawn([a = 1, b = 2]() -> rouse::Task<int> { co_return a + b; });
/// assert(co_await sum == 3);
/// ```
inline constexpr detail::SpawnFunction<detail::CurrentSpawner> spawn{};

/// As `spawn`, for a task that must stay on this thread, whatever the kind of the runtime: it is polled
/// here, and ends here, also where `spawn`'s tasks move between threads. (What is left of it at the end of
/// the runtime is destroyed by whoever ends that.)
inline constexpr detail::SpawnFunction<detail::LocalSpawner> spawn_local{};

/// A task with a name, for reports and dumps: `rouse::TaskBuilder("fetch").spawn(fn)`.
class TaskBuilder : public detail::Spawner<TaskBuilder> {
public:
    explicit TaskBuilder(std::string name) : name_(std::move(name)) {}
    void submit(detail::Cell& cell) const {
        if (!name_.empty()) cell.set_name(name_);
        detail::CurrentSpawner().submit(cell);
    }

private:
    std::string name_;
};

} // namespace rouse
