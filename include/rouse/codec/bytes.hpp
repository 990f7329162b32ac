// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/io/bytes.hpp"

#include <compare>
#include <expected>
#include <string_view>
#include <utility>

namespace rouse::detail {

/// Memory that several handles have parts of; goes with the last of them.
///
/// [B1] A handle that is gone lowers the count (release) after all that it did to its part. [B2] Whoever
/// finds that he is the only one left (acquire) sees all of that, and may use the whole block, or free it.
/// Only one who has a handle makes more, so a count of one stays one.
class BytesBlock {
public:
    [[nodiscard]] static BytesBlock* make(std::size_t capacity);
    BytesBlock(const BytesBlock&) = delete;
    BytesBlock& operator=(const BytesBlock&) = delete;

    [[nodiscard]] std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    [[nodiscard]] std::byte* end() noexcept { return data() + capacity_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool has(const std::byte* at) noexcept;
    void add_reference() noexcept { count_.fetch_add(1, memory_order_relaxed); }
    void drop_reference() noexcept {
        if (count_.fetch_sub(1, memory_order_acq_rel) == 1) free(this); // [B1], [B2]
    }
    [[nodiscard]] bool is_unique() const noexcept { return count_.load(memory_order_acquire) == 1; } // [B2]

private:
    explicit BytesBlock(std::size_t capacity) noexcept : capacity_(capacity) {}
    ~BytesBlock() = default;
    static void free(BytesBlock* block) noexcept;
    Atomic<std::size_t> count_{1};
    std::size_t capacity_;
};

/// A handle's right to a block, or to none.
class BlockRef {
public:
    BlockRef() noexcept = default;
    explicit BlockRef(BytesBlock* fresh) noexcept : block_(fresh) {}
    BlockRef(const BlockRef& other) noexcept : block_(other.block_) {
        if (block_) block_->add_reference();
    }
    BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    BlockRef& operator=(BlockRef other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~BlockRef() {
        if (block_) block_->drop_reference();
    }
    [[nodiscard]] BytesBlock* operator->() const noexcept { return block_; }
    explicit operator bool() const noexcept { return block_ != nullptr; }
    friend bool operator==(const BlockRef&, const BlockRef&) noexcept = default;

private:
    BytesBlock* block_ = nullptr;
};

} // namespace rouse::detail

namespace rouse::codec {

class BytesMut;

/// Bytes that nobody changes: a part of memory that other parts share. A copy costs one count, and copies
/// nothing; so do `slice` and the splits. (A `rouse::io::Bytes` is something else: room that is lent.)
///
/// A part keeps all of its memory: who keeps ten bytes of each large buffer keeps `copy_of` them.
///
/// Thread: one object from one thread at a time, as everywhere; copies of it from any.
class Bytes {
public:
    Bytes() noexcept = default;
    Bytes(const Bytes& other) noexcept = default;
    Bytes(Bytes&& other) noexcept
        : block_(std::move(other.block_)), view_(std::exchange(other.view_, io::ConstBytes())) {}
    Bytes& operator=(const Bytes& other) noexcept = default;
    Bytes& operator=(Bytes&& other) noexcept {
        block_ = std::move(other.block_);
        view_ = std::exchange(other.view_, io::ConstBytes());
        return *this;
    }
    ~Bytes() = default;
    /// Of what outlives all copies: a literal.
    [[nodiscard]] static Bytes from_static(std::string_view text) noexcept {
        return Bytes(detail::BlockRef(), io::bytes(text));
    }
    [[nodiscard]] static Bytes copy_of(io::ConstBytes bytes);
    [[nodiscard]] static Bytes copy_of(std::string_view text) { return copy_of(io::bytes(text)); }

    [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
    [[nodiscard]] bool empty() const noexcept { return view_.empty(); }
    [[nodiscard]] const std::byte* data() const noexcept { return view_.data(); }
    [[nodiscard]] const std::byte* begin() const noexcept { return data(); }
    [[nodiscard]] const std::byte* end() const noexcept { return data() + size(); }
    [[nodiscard]] std::byte operator[](std::size_t at) const noexcept { return view_[at]; }
    [[nodiscard]] io::ConstBytes bytes() const noexcept { return view_; }
    /// The same as a text; refers to this.
    [[nodiscard]] std::string_view text() const noexcept { return io::text(view_); }

    // Positions past the end stop the program.

    /// The bytes from `first` up to `last`.
    [[nodiscard]] Bytes slice(std::size_t first, std::size_t last) const;
    /// Takes the first `at` bytes out.
    [[nodiscard]] Bytes split_to(std::size_t at);
    /// Takes out what is behind the first `at` bytes.
    [[nodiscard]] Bytes split_off(std::size_t at);
    void advance(std::size_t count);
    /// Keeps the first `size` at most.
    void truncate(std::size_t size) noexcept;
    void clear() noexcept { *this = Bytes(); }
    /// Nobody shares its memory.
    [[nodiscard]] bool is_unique() const noexcept { return block_ && block_->is_unique(); }
    /// To be changed again, without a copy; itself where its memory is shared, or static.
    [[nodiscard]] std::expected<BytesMut, Bytes> try_into_mut() &&;

    friend bool operator==(const Bytes& a, const Bytes& b) noexcept { return a.text() == b.text(); }
    friend auto operator<=>(const Bytes& a, const Bytes& b) noexcept { return a.text() <=> b.text(); }
    friend bool operator==(const Bytes& a, std::string_view b) noexcept { return a.text() == b; }

private:
    friend class BytesMut;
    Bytes(detail::BlockRef block, io::ConstBytes view) noexcept : block_(std::move(block)), view_(view) {}
    detail::BlockRef block_;
    io::ConstBytes view_;
};

} // namespace rouse::codec
