// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/driver.hpp"

#include <bit>

namespace rouse::detail {
namespace {

thread_local constinit IoHost* current_host ROUSE_TLS = nullptr;

} // namespace

IoHost* IoHost::current() noexcept { return current_host; }
void IoHost::set_current(IoHost* host) noexcept { current_host = host; }

IoDriver::~IoDriver() {
    for (Atomic<IoSource*>& page : pages_) delete[] page.load(memory_order_relaxed);
}

IoSource& IoDriver::source_at(std::uint32_t index) const noexcept {
    const auto page = static_cast<unsigned>(std::bit_width((index >> first_page_bits) + 1) - 1);
    const std::uint32_t begin = ((1u << page) - 1) << first_page_bits;
    return pages_[page].load(memory_order_acquire)[index - begin];
}

/// Under the mutex.
IoSource* IoDriver::take_source() {
    if (!free_) {
        const std::uint32_t made = made_.load(memory_order_relaxed);
        const auto page = static_cast<unsigned>(std::bit_width((made >> first_page_bits) + 1) - 1);
        const std::uint32_t count = 1u << (page + first_page_bits);
        auto* sources = new IoSource[count];
        for (std::uint32_t i = count; i-- > 0;) {
            sources[i].index = made + i;
            sources[i].next_free = free_;
            free_ = &sources[i];
        }
        pages_[page].store(sources, memory_order_release);
        made_.store(made + count, memory_order_release);
    }
    IoSource* const source = free_;
    free_ = source->next_free;
    return source;
}

Result<IoSource*> IoDriver::add(int fd, std::uint32_t ready) {
    IoSource* source = nullptr;
    std::uint32_t generation = 0;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return io_error(IoError::runtime_ended);
        source = take_source();
        generation = source->open(ready);
    }
    registrations_.fetch_add(1, memory_order_relaxed);
    if (const std::error_code error = arm(fd, key(*source, generation))) {
        remove(*source);
        return std::unexpected(error);
    }
    return source;
}

bool IoDriver::close(IoSource& source, std::uint32_t generation, int fd) noexcept {
    if (!source.finish(generation, IoSource::closed)) return false;
    disarm(fd, key(source, generation));
    return true;
}

void IoDriver::remove(IoSource& source) noexcept {
    source.retire();
    registrations_.fetch_sub(1, memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    source.next_free = free_;
    free_ = &source;
}

// An `add` that was before this in the mutex is seen by the loop; one after it fails.
void IoDriver::shutdown() noexcept {
    std::uint32_t made = 0;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        made = made_.load(memory_order_relaxed);
    }
    for (std::uint32_t i = 0; i < made; ++i) source_at(i).end();
}

bool IoDriver::anyone_waits() noexcept {
    if (calls() != 0) return true;
    if (registrations() == 0) return false;
    const std::uint32_t made = made_.load(memory_order_acquire);
    for (std::uint32_t i = 0; i < made; ++i)
        if (source_at(i).has_waiters()) return true;
    return false;
}

bool IoDriver::seems_awaited() noexcept {
    if (calls() != 0) return true;
    const std::uint32_t made = made_.load(memory_order_acquire);
    if (made == 0 || registrations() == 0) return false;
    for (int looks = 0; looks < 16; ++looks) { // a server's listener is found again at once
        if (source_at(looked_at_).has_waiters()) return true;
        looked_at_ = looked_at_ + 1 < made ? looked_at_ + 1 : 0;
    }
    return false;
}

} // namespace rouse::detail
