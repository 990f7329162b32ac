// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/bytes.hpp"
#include "rouse/io/numbers.hpp"

#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rouse::codec {

/// A buffer that grows at its end, loses bytes at its front, and comes apart without a copy: the parts share
/// its memory, and each may change what is its own. `reserve` uses the room of what is gone again when no
/// other part is left, so that a buffer through which messages pass settles on one piece of memory.
///
/// Positions past the end stop the program. Errors: `std::bad_alloc`, `std::length_error`.
/// Thread: one object from one thread at a time; parts of one memory from any.
class BytesMut {
public:
    BytesMut() noexcept = default;
    explicit BytesMut(io::ConstBytes bytes) { put(bytes); }
    explicit BytesMut(std::string_view text) { put(text); }
    BytesMut(BytesMut&& other) noexcept
        : block_(std::move(other.block_)),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    BytesMut& operator=(BytesMut&& other) noexcept {
        BytesMut old(std::move(other));
        swap(old);
        return *this;
    }
    ~BytesMut() = default;
    [[nodiscard]] static BytesMut with_capacity(std::size_t capacity) {
        BytesMut made;
        made.reserve(capacity);
        return made;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// How much it can have without new memory.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::byte* data() noexcept { return data_; }
    [[nodiscard]] const std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::byte* begin() noexcept { return data_; }
    [[nodiscard]] std::byte* end() noexcept { return data_ + size_; }
    [[nodiscard]] const std::byte* begin() const noexcept { return data_; }
    [[nodiscard]] const std::byte* end() const noexcept { return data_ + size_; }
    [[nodiscard]] std::byte& operator[](std::size_t at) noexcept { return data_[at]; }
    [[nodiscard]] std::byte operator[](std::size_t at) const noexcept { return data_[at]; }
    [[nodiscard]] io::Bytes bytes() noexcept { return {data_, size_}; }
    [[nodiscard]] io::ConstBytes bytes() const noexcept { return {data_, size_}; }
    /// The same as a text; refers to this.
    [[nodiscard]] std::string_view text() const noexcept { return io::text(bytes()); }

    /// Makes room for `additional` bytes at the end.
    void reserve(std::size_t additional);
    /// The same for one who then puts `source` there, which may be a part of what is here: it stays where it
    /// is for as long as the result is kept.
    [[nodiscard]] detail::BlockRef reserve(std::size_t additional, io::ConstBytes source);
    /// The room behind the last byte; what is in it is anything. After writing to it: `commit`.
    [[nodiscard]] io::Bytes spare() noexcept { return {data_ + size_, capacity_ - size_}; }
    /// The first `count` bytes of `spare` belong to it.
    void commit(std::size_t count);
    /// These may be its own.
    void put(io::ConstBytes bytes);
    void put(std::string_view text) { put(io::bytes(text)); }
    /// `count` zeros.
    void put_zeros(std::size_t count);
    /// An integer, the most significant byte first.
    template <std::integral T>
    void put_int(T value) {
        put_integer(static_cast<std::uint64_t>(value), sizeof(T), std::endian::big);
    }
    template <std::integral T>
    void put_int_le(T value) {
        put_integer(static_cast<std::uint64_t>(value), sizeof(T), std::endian::little);
    }
    /// Takes an integer out of the front.
    template <std::integral T>
    [[nodiscard]] T get_int() {
        return get_integer<T>(std::endian::big);
    }
    template <std::integral T>
    [[nodiscard]] T get_int_le() {
        return get_integer<T>(std::endian::little);
    }

    /// Drops the first `count` bytes.
    void advance(std::size_t count);
    /// Keeps the first `size` at most.
    void truncate(std::size_t size) noexcept {
        if (size < size_) size_ = size;
    }
    void clear() noexcept { size_ = 0; }
    /// More are zeros.
    void resize(std::size_t size);
    /// Takes the first `at` bytes out.
    [[nodiscard]] BytesMut split_to(std::size_t at);
    /// Takes out what is behind the first `at` bytes, and the room.
    [[nodiscard]] BytesMut split_off(std::size_t at);
    /// Takes all bytes out, and leaves the room.
    [[nodiscard]] BytesMut split() { return split_to(size_); }
    /// Puts `other` behind it; without a copy if that was split off here.
    void unsplit(BytesMut other);
    /// The same bytes, which nobody changes any more.
    [[nodiscard]] Bytes freeze() && {
        const io::ConstBytes view(std::exchange(data_, nullptr), std::exchange(size_, 0));
        capacity_ = 0;
        return Bytes(std::move(block_), view);
    }

    friend bool operator==(const BytesMut& a, const BytesMut& b) noexcept { return a.text() == b.text(); }
    friend bool operator==(const BytesMut& a, std::string_view b) noexcept { return a.text() == b; }

private:
    friend class Bytes;
    BytesMut(detail::BlockRef block, std::byte* data, std::size_t size, std::size_t capacity) noexcept
        : block_(std::move(block)), data_(data), size_(size), capacity_(capacity) {}
    void swap(BytesMut& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }
    void grow(std::size_t additional);
    void put_integer(std::uint64_t value, std::size_t width, std::endian endian);
    template <class T>
    T get_integer(std::endian endian) {
        const std::byte* const from = data_;
        advance(sizeof(T));
        return detail::read_integer<T>(io::ConstBytes(from, sizeof(T)), endian);
    }

    detail::BlockRef block_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0; // from `data_` on; what is behind that may be another's
};

} // namespace rouse::codec
