// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/calls.hpp"

#include "fs/temporary.hpp"
#include "io/backends.hpp"

#include <cerrno>

namespace {

using rouse::detail::BlockingRef;
using rouse::detail::Calls;
using rouse::detail::FileAction;
using rouse::detail::FileCall;
using rouse::detail::UniqueFd;
using rouse_test::FdPair;
using rouse_test::put;

class KernelCalls : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto error = ring.start(Calls::most)) GTEST_SKIP() << error.message();
        pipe.emplace(FdPair::pipe());
        ::fcntl(pipe->a(), F_SETFL, 0);
        fd = std::make_shared<const UniqueFd>(pipe->release_a());
    }
    void TearDown() override {
        if (IsSkipped()) return;
        pipe->close_b(); // all reads end
        while (calls.under_way() != 0) drive();
    }
    /// A read that goes on for as long as nothing is written.
    std::unique_ptr<BlockingRef<rouse::Result<std::uint64_t>>> read() {
        auto room = std::make_shared<std::array<std::byte, 8>>();
        auto* const call = new FileCall(FileAction::read, fd, -1, rouse::io::Bytes(*room), room);
        auto ref = std::make_unique<BlockingRef<rouse::Result<std::uint64_t>>>(call);
        kept = room;
        return calls.start(ring, *call) ? std::move(ref) : nullptr;
    }
    void drive() {
        ring.drain(64, [&](std::uint64_t mark, int result, unsigned) {
            if (Calls::is_call(mark)) calls.take(ring, mark, result);
        });
        calls.dispatch();
    }
    static constexpr std::uint64_t mark_of(std::uint64_t slot) { return slot << 32 | Calls::low_mark; }

    rouse::detail::Ring ring;
    Calls calls;
    std::optional<FdPair> pipe;
    std::shared_ptr<const UniqueFd> fd;
    std::weak_ptr<void> kept; // the buffer of the last read
};

TEST_F(KernelCalls, what_the_file_answers_is_the_result) {
    const auto call = read();
    ASSERT_TRUE(call);
    pipe->close_b();
    while (calls.under_way() != 0) drive();
    EXPECT_TRUE((*call)->is_done());
    EXPECT_EQ((*call)->value.value(), 0u);
}

TEST_F(KernelCalls, there_are_not_more_than_the_kernel_has_threads_for) {
    for (unsigned i = 0; i < Calls::most; ++i) EXPECT_TRUE(read());
    EXPECT_FALSE(read());
    put(pipe->b(), "12345678");
    while (calls.under_way() == Calls::most) drive();
    EXPECT_TRUE(read());
}

TEST_F(KernelCalls, what_is_left_at_the_end_is_over_but_keeps_its_buffer) {
    auto call = read();
    ASSERT_TRUE(call);
    const auto buffer = kept;
    calls.end(ring);
    calls.abandon();
    EXPECT_EQ(calls.under_way(), 0u);
    EXPECT_TRUE((*call)->is_done());
    EXPECT_EQ((*call)->refused(), rouse::IoError::runtime_ended);
    EXPECT_FALSE(read()) << "and no more are started";
    call.reset();
    EXPECT_FALSE(buffer.expired());
    pipe->close_b(); // if it was not interrupted
    while (!buffer.expired()) drive();
}

// A file says EAGAIN when it has nothing: asking again would never end.
TEST_F(KernelCalls, only_what_was_not_done_is_done_again_and_not_for_ever) {
    const auto times_again = [&](int result, int error) {
        auto* const call = new FileCall(FileAction::none, fd, 0, {}, nullptr);
        const BlockingRef<rouse::Result<std::uint64_t>> ref(call);
        EXPECT_TRUE(calls.start(ring, *call));
        int times = 0;
        for (; times < 100 && !calls.any_taken(); ++times) {
            ring.drain(64, [](auto...) {}); // the test says how it went
            calls.take(ring, mark_of(0), result);
        }
        calls.dispatch();
        EXPECT_TRUE(call->is_done());
        EXPECT_EQ(call->value.value().error().value(), error);
        return times - 1;
    };
    EXPECT_EQ(times_again(-EAGAIN, EAGAIN), 0);
    EXPECT_EQ(times_again(-EIO, EIO), 0);
    EXPECT_EQ(times_again(-ECANCELED, ECANCELED), 2);
    EXPECT_EQ(times_again(-EINTR, EINTR), 2);
    // ERESTARTSYS and its like, the kernel's own words for EINTR: of an open that was interrupted.
    for (const int word : {512, 513, 514, 516}) EXPECT_EQ(times_again(-word, EINTR), 2) << word;
}

TEST_F(KernelCalls, which_it_takes_is_seen_without_a_step_to_another_machine) {
    const rouse_test::TemporaryDir folder;
    const auto kind = [&](const std::string& path, int flags) {
        const UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
        EXPECT_GE(file.get(), 0) << path;
        return calls.kind_of(file.get());
    };
    using rouse::detail::FileKind;
    const std::string file = folder / "file";
    const bool is_local = kind(file, O_RDWR | O_CREAT) == FileKind::regular;
    if (!is_local) GTEST_SKIP() << "the folder for temporary files is on no file system that is known";
    EXPECT_EQ(kind(file, O_WRONLY | O_APPEND), FileKind::appends);
    EXPECT_EQ(kind(file, O_RDONLY | O_NONBLOCK), FileKind::pool);
    EXPECT_EQ(kind(file, O_PATH), FileKind::pool);
    EXPECT_EQ(kind(folder / "", O_RDONLY | O_DIRECTORY), FileKind::pool);
    EXPECT_EQ(kind("/dev/null", O_RDWR), FileKind::pool);
    EXPECT_EQ(kind("/proc/self/status", O_RDONLY), FileKind::pool) << "a regular file of a process";
    EXPECT_EQ(calls.kind_of(pipe->b()), FileKind::pool);
    EXPECT_EQ(calls.kind_of(-1), FileKind::pool);
}

} // namespace
