// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/intrusive_list.hpp"
#include "rouse/core/atomic_waker.hpp"
#include "rouse/core/future.hpp"
#include "rouse/io/result.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace rouse::detail {

class BlockingPool;

/// A call that blocks, for a thread of a pool, and the place of its result. Shared by the pool, until the
/// call is over, and by whoever waits for it: the last of them frees it. What the call uses lies in here, so
/// that it may go on when nobody waits any more.
///
/// [B1] The pool stores the result, sets `done_` (release), then wakes. [B2] Who waits registers its waker,
/// then loads `done_` (acquire). AtomicWaker orders the two: one of them sees the other.
class BlockingJob : public ListLink<> {
public:
    BlockingJob(const BlockingJob&) = delete;
    BlockingJob& operator=(const BlockingJob&) = delete;

    // ---- the pool: one of the two, once; the job may be gone afterwards ----

    void run() noexcept {
        call();
        finish();
    }
    /// It is never run.
    void refuse(std::error_code why) noexcept;

    // ---- who waits ----

    /// Gives it to a pool.
    void submit(std::shared_ptr<BlockingPool> pool) noexcept;
    [[nodiscard]] bool is_submitted() const noexcept { return pool_ != nullptr; }
    [[nodiscard]] bool is_done() const noexcept { return done_.load(memory_order_acquire); }
    /// True: it is done. Else `waker` is registered.
    bool poll(const Waker& waker);
    /// Instead of `submit`: somebody else than a pool has it done, and shares it until it is.
    void share() noexcept { references_.fetch_add(1, memory_order_relaxed); }
    /// Drops the waker that is registered.
    void forget_waker() noexcept { (void)waker_.take(); }
    /// Takes it back, if it has not begun: it then is done, with an error.
    void abort() noexcept;
    /// With `is_done`: why it was not run; empty: it was.
    [[nodiscard]] std::error_code refused() const noexcept { return refused_; }
    void drop_reference() noexcept {
        if (references_.fetch_sub(1, memory_order_acq_rel) == 1) delete this;
    }

protected:
    BlockingJob() noexcept = default;
    virtual ~BlockingJob() = default;
    /// Calls the function, stores its result and destroys the function; or only destroys it.
    virtual void call() noexcept = 0;
    virtual void discard() noexcept = 0;
    /// [B1] The result is there.
    void finish() noexcept;
    /// The same without one: what the call uses is left as it is.
    void give_up(std::error_code why) noexcept {
        refused_ = why;
        finish();
    }

private:
    AtomicWaker waker_;
    Atomic<unsigned> references_{1};
    Atomic<bool> done_{false};
    std::error_code refused_;
    std::shared_ptr<BlockingPool> pool_; // of who waits
};

template <class T>
class BlockingResult : public BlockingJob {
public:
    std::optional<NonVoid<T>> value;
    std::exception_ptr error;
};

template <class T, class Fn>
class BlockingCall final : public BlockingResult<T> {
public:
    explicit BlockingCall(Fn fn) : fn_(std::in_place, std::move(fn)) {}

private:
    void call() noexcept override {
#if ROUSE_EXCEPTIONS
        try {
            store();
        } catch (...) {
            this->error = std::current_exception();
        }
#else
        store();
#endif
        fn_.reset();
    }
    void store() {
        if constexpr (std::is_void_v<T>) {
            std::move (*fn_)();
            this->value.emplace();
        } else {
            this->value.emplace(std::move(*fn_)());
        }
    }
    void discard() noexcept override { fn_.reset(); }
    std::optional<Fn> fn_;
};

/// The waiting end of a job: at most one.
template <class T>
class BlockingRef {
public:
    BlockingRef() noexcept = default;
    explicit BlockingRef(BlockingResult<T>* job) noexcept : job_(job) {}
    template <class Fn>
    static BlockingRef make(Fn fn) {
        return BlockingRef(new BlockingCall<T, Fn>(std::move(fn)));
    }
    BlockingRef(BlockingRef&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
    BlockingRef& operator=(BlockingRef&& other) noexcept {
        BlockingRef old(std::move(*this));
        job_ = std::exchange(other.job_, nullptr);
        return *this;
    }
    /// The job goes on, or begins, all the same.
    ~BlockingRef() {
        if (!job_) return;
        job_->forget_waker();
        job_->drop_reference();
    }
    explicit operator bool() const noexcept { return job_ != nullptr; }
    BlockingResult<T>* operator->() const noexcept { return job_; }
    [[nodiscard]] const void* address() const noexcept { return job_; }

private:
    BlockingResult<T>* job_ = nullptr;
};

/// Threads for calls that block. A runtime has one; the layers below it reach it by this.
class BlockingPool {
public:
    virtual ~BlockingPool() = default;
    /// Runs `job` when a thread is free, or refuses it, here or later: `IoError::runtime_ended`, or the
    /// system's error where there is no thread and none can be made. From any thread.
    virtual void submit(BlockingJob& job) noexcept = 0;
    /// True: `job` had not begun, and is the caller's to refuse.
    virtual bool take_back(BlockingJob& job) noexcept = 0;

    /// That of the runtime which drives this thread, or whose pool this thread is of. Stops the program with
    /// a message where there is none; `what` was tried.
    static std::shared_ptr<BlockingPool> current(std::string_view what);
    /// The calling thread is one of this pool's.
    static void set_current(const std::shared_ptr<BlockingPool>* pool) noexcept;
};

/// The future of a blocking call that gives a `Result<T>`. It begins with the first poll, on the pool of the
/// runtime that polls.
/// Wake:   by the pool, once.
/// Cancel: destroy it. A call that has not begun never does; one that has goes on alone, with data of its
/// own, and its result is dropped. Errors: the call's, and `IoError::runtime_ended`. Thread: any.
template <class T = void>
class [[nodiscard]] BlockingOperation {
public:
    using Output = Result<T>;

    /// `what`, for messages: a literal.
    template <class Fn>
    BlockingOperation(const char* what, Fn fn)
        : job_(BlockingRef<Output>::make(std::move(fn))), what_(what) {}
    BlockingOperation(BlockingOperation&&) noexcept = default;
    BlockingOperation& operator=(BlockingOperation&&) = delete;
    ~BlockingOperation() {
        if (!job_) return;
        job_->forget_waker();
        job_->abort();
    }

    Poll<Output> poll(Context& cx) { return poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!job_) [[unlikely]]
            stop_polled_after_ready(what_);
        if (!job_->is_submitted()) job_->submit(BlockingPool::current(what_));
        return job_->poll(cx.waker());
    }
    Output take_ready() {
        const BlockingRef<Output> job = std::move(job_);
        if (job->refused()) return Output(std::unexpect, job->refused());
        if (job->error) std::rethrow_exception(std::exchange(job->error, nullptr));
        return std::move(*job->value);
    }
    void inspect(Inspector& to) const { to.waits_for(WaitKind::future, job_.address(), what_); }

private:
    BlockingRef<Output> job_;
    const char* what_;
};

} // namespace rouse::detail
