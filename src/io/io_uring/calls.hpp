// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "io/io_uring/mounts.hpp"
#include "io/io_uring/ring.hpp"
#include "rouse/base/atomic.hpp"
#include "rouse/io/file_call.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace rouse::detail {

/// The calls on files that one ring has under way. It holds a reference to each until its result has come.
///
/// [U6] A call that ends with ECANCELED or EINTR has done nothing, and nobody meant it to end: the thread
/// that submitted it is gone. It is submitted again, by the thread that drives; after `end` no more. Nor when
/// it ends so once more: the kernel may have no thread for it (a limit on processes), and never get one. Then
/// who waits for it has it done otherwise. EAGAIN is an answer: some files have it.
class Calls {
public:
    static constexpr std::uint32_t low_mark = 0xffff'fffe; // no source has this index
    static bool is_call(std::uint64_t mark) noexcept { return static_cast<std::uint32_t>(mark) == low_mark; }

    /// So many at a time: as many as the kernel is allowed threads for, so none waits for another.
    static constexpr unsigned most = 32;
    /// False: there are as many, the kernel cannot do it or has no room for it now, it might need another
    /// machine, or it is the end.
    bool start(Ring& ring, FileCall& call) noexcept;
    /// See IoDriver.
    [[nodiscard]] FileKind kind_of(int fd) noexcept;
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.load(memory_order_acquire); }

    // ---- the thread that drives ----

    void take(Ring& ring, std::uint64_t mark, int result) noexcept;
    [[nodiscard]] bool any_taken() const noexcept { return !taken_.empty(); }
    /// Completes what was taken; how many.
    std::size_t dispatch() noexcept;

    /// No more are started, and those that are under way are interrupted, where that can be.
    void end(Ring& ring) noexcept;
    /// After that: nobody waits for those that are left.
    void abandon() noexcept;

private:
    static constexpr unsigned most_tries = 3;

    [[nodiscard]] bool can(const Ring& ring, const FileCall& call);
    static void prepare(io_uring_sqe* sqe, const FileCall& call, std::uint64_t mark) noexcept;

    Atomic<std::size_t> under_way_{0};
    std::mutex mutex_; // for what follows
    std::vector<FileCall*> slots_;
    std::vector<std::uint32_t> free_;
    Mounts mounts_;
    bool ended_ = false;
    bool abandoned_ = false;

    std::vector<std::pair<FileCall*, int>> taken_; // of the thread that drives
};

} // namespace rouse::detail
