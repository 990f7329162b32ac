// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/sync/mpsc.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace {

namespace mpsc = rouse::mpsc;

/// What the sender that is slow and the end of the receiver tell each other.
class Meeting {
public:
    std::latch claimed{1}; // the slow one has its place, and has not filled it
    std::latch dropping{1};
};

/// A message whose move into its place takes until the receiver is dropped, if it is the slow one; whose
/// destruction tells, if it is the first one.
class Message {
public:
    enum class Kind : unsigned char { first, slow, plain };
    Message(Kind kind, Meeting& meeting, std::shared_ptr<int> held)
        : kind_(kind), meeting_(&meeting), held_(std::move(held)) {}
    Message(Message&& other) noexcept
        : kind_(other.kind_), meeting_(other.meeting_), held_(std::move(other.held_)) {
        if (kind_ != Kind::slow) return;
        meeting_->claimed.count_down();
        meeting_->dropping.wait();
    }
    Message& operator=(Message&&) = delete;
    ~Message() {
        if (kind_ == Kind::first && held_) meeting_->dropping.count_down();
    }

private:
    Kind kind_;
    Meeting* meeting_;
    std::shared_ptr<int> held_;
};

TEST(MpscDrop, messages_behind_one_that_is_on_its_way_go_with_the_receiver) {
    using Kind = Message::Kind;
    auto [tx, rx] = mpsc::unbounded_channel<Message>();
    std::optional receiver(std::move(rx));
    const auto held = std::make_shared<int>(1);
    Meeting meeting;
    EXPECT_TRUE(tx.send(Message(Kind::first, meeting, held)).has_value());
    // Made in the argument: the only move is that into its place.
    std::thread slow(
        [&, sender = tx] { EXPECT_TRUE(sender.send(Message(Kind::slow, meeting, held)).has_value()); });
    meeting.claimed.wait();
    EXPECT_TRUE(tx.send(Message(Kind::plain, meeting, held)).has_value());
    receiver.reset();
    EXPECT_EQ(held.use_count(), 1) << "a message is stuck in a channel that nobody reads";
    slow.join();
}

} // namespace
