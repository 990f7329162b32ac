// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/duplex.hpp"

#include "rouse/base/stop.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rouse::detail {

MemoryPipe::MemoryPipe(std::size_t capacity) : capacity_(capacity) {
    if (capacity == 0) stop("io::simplex or io::duplex with a capacity of 0: nothing could ever be written");
    ring_ = std::make_unique_for_overwrite<std::byte[]>(capacity);
}

/// `act()`, under the mutex: true when this side is through. False: it waits.
template <class Act>
bool MemoryPipe::poll_side(Context& cx, Waker& own, Waker& other, Act act) {
    Waker fresh, stale, woken; // their ends are behind those of the lock
    for (bool cloned = false;;) {
        std::unique_lock lock(mutex_);
        if (act()) {
            stale = std::move(own);   // [D5]
            woken = std::move(other); // [D2], [D4]
            break;
        }
        if (own.will_wake(cx.waker())) return false;
        if (std::exchange(cloned, true)) { // [D1], [D3]
            std::swap(own, fresh);
            return false;
        }
        lock.unlock();
        fresh = cx.waker().clone();
    }
    std::move(woken).wake();
    return true;
}

Poll<Result<std::size_t>> MemoryPipe::poll_read(Context& cx, io::Bytes room) {
    using Ready = Poll<Result<std::size_t>>;
    if (room.empty()) {
        cancel_read();
        return Ready(std::in_place, std::size_t(0));
    }
    std::size_t count = 0;
    const bool done = poll_side(cx, reader_, writer_, [&] {
        if (size_ == 0) return no_writer_;
        count = std::min(size_, room.size());
        const std::size_t straight = std::min(count, capacity_ - first_);
        std::memcpy(room.data(), ring_.get() + first_, straight);
        std::memcpy(room.data() + straight, ring_.get(), count - straight);
        first_ = (first_ + count) % capacity_;
        size_ -= count;
        return true;
    });
    if (!done) return Pending;
    return Ready(std::in_place, count);
}

void MemoryPipe::put(io::ConstBytes bytes) noexcept {
    if (bytes.empty()) return;
    const std::size_t at = (first_ + size_) % capacity_;
    const std::size_t straight = std::min(bytes.size(), capacity_ - at);
    std::memcpy(ring_.get() + at, bytes.data(), straight);
    std::memcpy(ring_.get(), bytes.data() + straight, bytes.size() - straight);
    size_ += bytes.size();
}

Poll<Result<std::size_t>> MemoryPipe::poll_write(Context& cx, std::span<const io::ConstBytes> buffers) {
    using Ready = Poll<Result<std::size_t>>;
    const bool nothing =
        std::all_of(buffers.begin(), buffers.end(), [](const io::ConstBytes& one) { return one.empty(); });
    std::size_t count = 0;
    bool broken = false;
    const bool done = poll_side(cx, writer_, reader_, [&] {
        broken = no_reader_ || no_writer_;
        if (broken || nothing) return true;
        for (const io::ConstBytes& one : buffers) {
            const std::size_t part = std::min(one.size(), capacity_ - size_);
            put(one.first(part));
            count += part;
        }
        return count != 0;
    });
    if (!done) return Pending;
    if (broken) return Ready(std::in_place, std::unexpect, std::error_code(EPIPE, std::system_category()));
    return Ready(std::in_place, count);
}

void MemoryPipe::end_writing() noexcept {
    Waker own, other;
    {
        const std::lock_guard lock(mutex_);
        no_writer_ = true;
        own = std::move(writer_);
        other = std::move(reader_);
    }
    std::move(other).wake();
}

void MemoryPipe::end_reading() noexcept {
    Waker own, other;
    {
        const std::lock_guard lock(mutex_);
        no_reader_ = true;
        size_ = 0;
        own = std::move(reader_);
        other = std::move(writer_);
    }
    std::move(other).wake();
}

void MemoryPipe::forget(Waker& own) noexcept {
    Waker old;
    const std::lock_guard lock(mutex_);
    old = std::move(own);
}

void MemoryPipe::inspect(Inspector& to, io::Interest interest) const {
    to.waits_for(WaitKind::io, this,
                 interest == io::Interest::readable ? "bytes in a pipe in memory"
                                                    : "room in a pipe in memory");
}

} // namespace rouse::detail

namespace rouse::io {

std::pair<SimplexReader, SimplexWriter> simplex(std::size_t capacity) {
    auto pipe = std::make_shared<detail::MemoryPipe>(capacity);
    SimplexWriter writer(pipe);
    return {SimplexReader(std::move(pipe)), std::move(writer)};
}

std::pair<DuplexStream, DuplexStream> duplex(std::size_t capacity) {
    auto [here, to_here] = simplex(capacity);
    auto [there, to_there] = simplex(capacity);
    return {DuplexStream(std::move(here), std::move(to_there)),
            DuplexStream(std::move(there), std::move(to_here))};
}

} // namespace rouse::io
