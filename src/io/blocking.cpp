// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/blocking.hpp"

#include "rouse/io/driver.hpp"

#include <string>

namespace rouse::detail {
namespace {

thread_local constinit const std::shared_ptr<BlockingPool>* current_pool ROUSE_TLS = nullptr;

} // namespace

std::shared_ptr<BlockingPool> BlockingPool::current(std::string_view what) {
    if (IoHost* const host = IoHost::current())
        if (auto pool = host->blocking_pool()) return pool;
    if (!current_pool) [[unlikely]]
        stop(
            std::string(what) +
            " outside of a runtime: run the task with Runtime::block_on or rouse::run, not with rouse::block_on");
    return *current_pool;
}

void BlockingPool::set_current(const std::shared_ptr<BlockingPool>* pool) noexcept { current_pool = pool; }

void BlockingJob::submit(std::shared_ptr<BlockingPool> pool) noexcept {
    pool_ = std::move(pool);
    references_.fetch_add(1, memory_order_relaxed);
    pool_->submit(*this);
}

bool BlockingJob::poll(const Waker& waker) {
    if (is_done()) {
        forget_waker();
        return true;
    }
    waker_.register_by_ref(waker); // [B2]
    if (!is_done()) return false;
    forget_waker();
    return true;
}

void BlockingJob::abort() noexcept {
    if (!pool_ || is_done() || !pool_->take_back(*this)) return;
    refuse(std::make_error_code(std::errc::operation_canceled));
}

void BlockingJob::refuse(std::error_code why) noexcept {
    refused_ = why;
    discard();
    finish();
}

void BlockingJob::finish() noexcept {
    done_.store(true, memory_order_release); // [B1]
    waker_.wake();
    drop_reference();
}

} // namespace rouse::detail
