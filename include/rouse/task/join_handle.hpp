// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/type_name.hpp"
#include "rouse/core/future.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/task/join_error.hpp"
#include "rouse/task/join_wait.hpp"

#include <expected>
#include <string>

namespace rouse {

/// A right to abort a task, apart from its JoinHandle. Copies are cheap. Thread: any.
class AbortHandle {
public:
    explicit AbortHandle(detail::Cell& cell) noexcept : cell_(&cell) { cell.add_reference(); }
    AbortHandle(const AbortHandle& other) noexcept : cell_(other.cell_) {
        if (cell_) cell_->add_reference();
    }
    AbortHandle(AbortHandle&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
    AbortHandle& operator=(AbortHandle other) noexcept {
        std::swap(cell_, other.cell_);
        return *this;
    }
    ~AbortHandle() {
        if (cell_) cell_->drop_reference();
    }
    /// See JoinHandle::abort.
    void abort() const noexcept {
        if (cell_) cell_->abort();
    }
    [[nodiscard]] bool is_finished() const noexcept {
        return !cell_ || (cell_->load() & detail::TaskState::done);
    }
    /// As JoinHandle::id.
    [[nodiscard]] std::uint64_t id() const noexcept { return cell_ ? cell_->id() : 0; }

private:
    detail::Cell* cell_;
};

template <class T>
class JoinResult;

/// The owner's end of a spawned task: a future of what it returns.
///
/// `co_await handle` gives the value; rethrows what the task threw (`LostWaker` when it could not be woken
/// any more); throws `JoinError` when it was cancelled.
/// Wake:   once, when the task has ended; its frame, arguments and closure are gone by then.
/// Cancel: dropping the handle detaches the task, which runs on.
/// Errors: throws `LockDeadlock` when the task can end only after the one that awaits it: it waits for a lock
///         that that one has, say. The handle is as it was.
/// Lifetime: who awaits it by reference needs it until then; one that is destroyed or assigned to meanwhile
///         leaves an await of what is not there.
/// Thread: any, one at a time; also after the end of the runtime, which cancels the tasks that are left.
template <class T = void>
class [[nodiscard]] JoinHandle {
public:
    using Output = T;

    explicit JoinHandle(detail::Cell* cell) noexcept : cell_(cell) {}
    JoinHandle(JoinHandle&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
    JoinHandle& operator=(JoinHandle&& other) noexcept {
        JoinHandle old(std::move(*this));
        cell_ = std::exchange(other.cell_, nullptr);
        return *this;
    }
    ~JoinHandle() {
        if (cell_) cell_->drop_handle();
    }

    Poll<T> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!cell_) [[unlikely]]
            detail::stop_polled_after_ready(type_name<JoinHandle>());
        return (cell_->load() & detail::TaskState::done) || cell_->poll_join(cx);
    }
    using AwaitState = detail::JoinWait;
    /// By the coroutine that awaits it.
    bool poll_awaited(Context& cx, detail::JoinWait& wait) {
        if (!cell_) [[unlikely]]
            detail::stop_polled_after_ready(type_name<JoinHandle>());
        if (!(cell_->load() & detail::TaskState::done) && !cell_->poll_join_awaited(cx, wait)) return false;
        wait.end();
        return true;
    }
    T take_ready() {
        JoinHandle ended(std::move(*this)); // polled again it stops with a message
        detail::Cell& cell = *ended.cell_;
        if (cell.outcome() != detail::Outcome::value) [[unlikely]]
            ended.throw_error();
        if constexpr (std::is_reference_v<T>)
            return **static_cast<std::remove_reference_t<T>**>(cell.value());
        else if constexpr (!std::is_void_v<T>) return std::move(*static_cast<T*>(cell.value()));
    }

    /// The value, or why there is none, without throwing: `auto r = co_await
    /// std::move(handle).into_result();`
    [[nodiscard]] JoinResult<T> into_result() && noexcept;

    /// Asks for the end of the task: it is destroyed at its await the next time its runtime turns to it, at
    /// once if it is not running. One that has ended already, or ends first, keeps its value. Nobody waits
    /// here: await the handle to see it gone.
    void abort() const noexcept {
        if (cell_) cell_->abort();
    }
    [[nodiscard]] AbortHandle abort_handle() const noexcept {
        cell_->prepare_reference();
        return AbortHandle(*cell_);
    }
    [[nodiscard]] bool is_finished() const noexcept {
        return !cell_ || (cell_->load() & detail::TaskState::done);
    }
    /// Drops the handle; says that it is meant.
    void detach() && noexcept { JoinHandle dropped(std::move(*this)); }
    /// Of a task that was spawned from another thread: 0 until its runtime has taken it in.
    [[nodiscard]] std::uint64_t id() const noexcept { return cell_ ? cell_->id() : 0; }
    [[nodiscard]] std::string name() const { return cell_ ? std::string(cell_->name()) : std::string(); }

    void inspect(Inspector& to) const {
        if (cell_) to.waits_for(WaitKind::task, cell_, describe());
    }

private:
    friend class JoinResult<T>;

    [[nodiscard]] std::string describe() const {
        std::string text = "task " + std::to_string(cell_->id());
        if (!cell_->name().empty()) text += " `" + std::string(cell_->name()) + "`";
        return text;
    }
    [[noreturn]] void throw_error() const {
        if (cell_->outcome() == detail::Outcome::error) std::rethrow_exception(cell_->error());
#if ROUSE_EXCEPTIONS
        throw JoinError(JoinError::Kind::cancelled, cell_->id(), nullptr);
#else
        detail::stop("a task was cancelled, and its handle awaited without exceptions: use into_result()");
#endif
    }

    detail::Cell* cell_;
};

/// A future of `std::expected<T, JoinError>`: see `JoinHandle::into_result`.
template <class T>
class [[nodiscard]] JoinResult {
public:
    using Output = std::expected<T, JoinError>;
    explicit JoinResult(JoinHandle<T> handle) noexcept : handle_(std::move(handle)) {}

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) { return handle_.poll_ready(cx); }
    using AwaitState = detail::JoinWait;
    bool poll_awaited(Context& cx, detail::JoinWait& wait) { return handle_.poll_awaited(cx, wait); }
    Output take_ready() {
        detail::Cell& cell = *handle_.cell_;
        if (cell.outcome() == detail::Outcome::value) {
            if constexpr (std::is_void_v<T>) {
                handle_.take_ready();
                return Output();
            } else {
                return Output(handle_.take_ready());
            }
        }
        const auto kind =
            cell.outcome() == detail::Outcome::error ? JoinError::Kind::failed : JoinError::Kind::cancelled;
        JoinError error(kind, cell.id(), cell.outcome() == detail::Outcome::error ? cell.error() : nullptr);
        JoinHandle<T> ended(std::move(handle_));
        return Output(std::unexpect, std::move(error));
    }
    void inspect(Inspector& to) const { handle_.inspect(to); }

private:
    JoinHandle<T> handle_;
};

template <class T>
JoinResult<T> JoinHandle<T>::into_result() && noexcept {
    return JoinResult<T>(std::move(*this));
}

} // namespace rouse
