// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/codec/bytes.hpp"

#include "rouse/base/stop.hpp"
#include "rouse/codec/bytes_mut.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

namespace rouse::detail {

BytesBlock* BytesBlock::make(std::size_t capacity) {
    if (capacity > std::numeric_limits<std::size_t>::max() / 2) {
#if ROUSE_EXCEPTIONS
        throw std::length_error("codec::BytesMut: too many bytes");
#else
        stop("codec::BytesMut: too many bytes");
#endif
    }
    return ::new (::operator new(sizeof(BytesBlock) + capacity)) BytesBlock(capacity);
}
bool BytesBlock::has(const std::byte* at) noexcept {
    const std::less<const std::byte*> is_before; // also of memory that is not ours
    return !is_before(at, data()) && is_before(at, end());
}
void BytesBlock::free(BytesBlock* block) noexcept {
    block->~BytesBlock();
    ::operator delete(block);
}

} // namespace rouse::detail

namespace rouse::codec {
namespace {

void check(std::size_t at, std::size_t size, const char* what) {
    if (at > size) [[unlikely]]
        detail::stop(std::string(what) + ": " + std::to_string(at) + " is past the end, " +
                     std::to_string(size));
}
/// memcpy may not be given a null pointer, also for nothing.
void copy(std::byte* to, io::ConstBytes from) noexcept {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

} // namespace

Bytes Bytes::copy_of(io::ConstBytes bytes) {
    if (bytes.empty()) return {};
    detail::BlockRef block(detail::BytesBlock::make(bytes.size()));
    copy(block->data(), bytes);
    const io::ConstBytes view(block->data(), bytes.size());
    return Bytes(std::move(block), view);
}

Bytes Bytes::slice(std::size_t first, std::size_t last) const {
    check(last, size(), "codec::Bytes::slice");
    check(first, last, "codec::Bytes::slice");
    return Bytes(block_, view_.subspan(first, last - first));
}
Bytes Bytes::split_to(std::size_t at) {
    check(at, size(), "codec::Bytes::split_to");
    Bytes front(block_, view_.first(at));
    view_ = view_.subspan(at);
    return front;
}
Bytes Bytes::split_off(std::size_t at) {
    check(at, size(), "codec::Bytes::split_off");
    Bytes back(block_, view_.subspan(at));
    view_ = view_.first(at);
    return back;
}
void Bytes::advance(std::size_t count) {
    check(count, size(), "codec::Bytes::advance");
    view_ = view_.subspan(count);
}
void Bytes::truncate(std::size_t size) noexcept { view_ = view_.first(std::min(size, view_.size())); }

std::expected<BytesMut, Bytes> Bytes::try_into_mut() && {
    if (!is_unique()) return std::unexpected(std::move(*this));
    std::byte* const data = block_->data() + (view_.data() - block_->data());
    const std::size_t size = std::exchange(view_, io::ConstBytes()).size();
    const auto capacity = static_cast<std::size_t>(block_->end() - data);
    return BytesMut(std::move(block_), data, size, capacity);
}

void BytesMut::reserve(std::size_t additional) {
    if (additional > capacity_ - size_) grow(additional);
}

detail::BlockRef BytesMut::reserve(std::size_t additional, io::ConstBytes source) {
    detail::BlockRef kept;
    if (additional > capacity_ - size_) {
        // While a block has a second handle, `grow` neither frees it nor moves what is in it.
        if (block_ && block_->has(source.data())) kept = block_;
        grow(additional);
    }
    return kept;
}

void BytesMut::grow(std::size_t additional) {
    if (additional > std::numeric_limits<std::size_t>::max() / 2)
        additional = ~std::size_t(0) / 2; // too much
    const std::size_t needed = size_ + additional;
    if (block_ && block_->is_unique()) {
        // All of the block is ours. What is in it is moved to its front where that is at most as much as what
        // was dropped before it: so each byte that was dropped pays for one that is moved.
        const auto dropped = static_cast<std::size_t>(data_ - block_->data());
        if (block_->capacity() - dropped < needed && block_->capacity() >= needed && dropped >= size_) {
            if (size_ != 0) std::memmove(block_->data(), data_, size_);
            data_ = block_->data();
        }
        capacity_ = static_cast<std::size_t>(block_->end() - data_);
        if (capacity_ >= needed) return;
    }
    constexpr std::size_t least = 64;
    BytesMut bigger;
    bigger.block_ = detail::BlockRef(detail::BytesBlock::make(std::max({needed, 2 * size_, least})));
    bigger.data_ = bigger.block_->data();
    bigger.capacity_ = bigger.block_->capacity();
    bigger.size_ = size_;
    copy(bigger.data_, bytes());
    swap(bigger);
}

void BytesMut::commit(std::size_t count) {
    check(count, capacity_ - size_, "codec::BytesMut::commit");
    size_ += count;
}
void BytesMut::put(io::ConstBytes bytes) {
    if (bytes.empty()) return;
    const detail::BlockRef source = reserve(bytes.size(), bytes);
    copy(data_ + size_, bytes);
    size_ += bytes.size();
}
void BytesMut::put_zeros(std::size_t count) {
    if (count == 0) return;
    reserve(count);
    std::memset(data_ + size_, 0, count);
    size_ += count;
}
void BytesMut::put_integer(std::uint64_t value, std::size_t width, std::endian endian) {
    reserve(width);
    detail::write_integer(io::Bytes(data_ + size_, width), value, endian);
    size_ += width;
}

void BytesMut::advance(std::size_t count) {
    check(count, size_, "codec::BytesMut::advance");
    data_ += count;
    size_ -= count;
    capacity_ -= count;
}
void BytesMut::resize(std::size_t size) {
    if (size > size_) put_zeros(size - size_);
    else size_ = size;
}

BytesMut BytesMut::split_to(std::size_t at) {
    check(at, size_, "codec::BytesMut::split_to");
    if (at == 0) return {};
    BytesMut front(block_, data_, at, at);
    advance(at);
    return front;
}
BytesMut BytesMut::split_off(std::size_t at) {
    check(at, size_, "codec::BytesMut::split_off");
    if (!block_) return {};
    BytesMut back(block_, data_ + at, size_ - at, capacity_ - at);
    size_ = capacity_ = at;
    return back;
}
void BytesMut::unsplit(BytesMut other) {
    if (other.empty()) return;
    if (empty() && capacity_ == 0) return swap(other);
    if (block_ && block_ == other.block_ && data_ + size_ == other.data_ && size_ == capacity_) {
        size_ += other.size_;
        capacity_ += other.capacity_;
        return;
    }
    put(other.bytes());
}

} // namespace rouse::codec
