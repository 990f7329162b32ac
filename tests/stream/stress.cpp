// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Streams whose other ends are on other threads: nothing is lost, nothing comes twice, and each source keeps
// its order.

#include <rouse/runtime/runtime.hpp>
#include <rouse/stream/buffered.hpp>
#include <rouse/stream/channels.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/merge.hpp>
#include <rouse/stream/select_all.hpp>
#include <rouse/stream/sender_sink.hpp>
#include <rouse/stream/split.hpp>
#include <rouse/sync/mpsc.hpp>
#include <rouse/task/yield_now.hpp>

#include "sync/threads.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace {

namespace stream = rouse::stream;
using rouse::Task;
using rouse_test::on_workers;

constexpr int sources = 3;
constexpr int messages = 2000;

/// A message of a source.
class Message {
public:
    Message(int source, int number) noexcept : source(source), number(number) {}
    int source;
    int number;
};
Task<> produce(int source, rouse::mpsc::Sender<Message> to) {
    for (int i = 0; i < messages; ++i) {
        auto sent = co_await to.send(Message(source, i));
        if (!sent) co_return;
    }
}
/// Spawned sources, and what comes out of them.
class Sources {
public:
    Sources() {
        for (int i = 0; i < sources; ++i) {
            auto [tx, rx] = rouse::mpsc::channel<Message>(static_cast<std::size_t>(i) * 3 + 1);
            rouse::spawn(produce(i, std::move(tx))).detach();
            receivers.push_back(std::move(rx));
        }
    }
    void take(const Message& message) {
        int& next = next_.at(static_cast<std::size_t>(message.source));
        EXPECT_EQ(message.number, next);
        next = message.number + 1;
    }
    void expect_all() const {
        for (int next : next_) EXPECT_EQ(next, messages);
    }
    std::vector<rouse::mpsc::Receiver<Message>> receivers;

private:
    std::vector<int> next_ = std::vector<int>(sources);
};

TEST(StreamStress, merge_of_channels) {
    on_workers([]() -> Task<> {
        Sources from;
        auto& rx = from.receivers;
        auto all = stream::merge(stream::from(std::move(rx[0])), stream::from(std::move(rx[1])),
                                 stream::from(std::move(rx[2])));
        while (auto message = co_await stream::next(all)) from.take(*message);
        from.expect_all();
    });
}
TEST(StreamStress, select_all_of_channels) {
    on_workers([]() -> Task<> {
        Sources from;
        stream::SelectAll<stream::ReceiverStream<rouse::mpsc::Receiver<Message>>> all;
        for (auto& rx : from.receivers) all.push(stream::from(std::move(rx)));
        while (auto message = co_await stream::next(all)) from.take(*message);
        from.expect_all();
    });
}
TEST(StreamStress, merge_that_is_dropped_in_the_middle_lets_the_sources_end) {
    on_workers([]() -> Task<> {
        for (int i = 0; i < 50; ++i) {
            Sources from;
            auto& rx = from.receivers;
            auto all = stream::merge(stream::from(std::move(rx[0])), stream::from(std::move(rx[1])),
                                     stream::from(std::move(rx[2])));
            for (int n = 0; n < i; ++n) {
                auto message = co_await stream::next(all);
                EXPECT_TRUE(message.has_value());
                if (message) from.take(*message);
            }
        }
    });
}

/// In another task, on whichever worker.
Task<int> elsewhere(int n) {
    auto work = [](int number) -> Task<int> {
        co_await rouse::yield_now();
        co_return number;
    };
    auto handle = rouse::spawn(work(n));
    co_return co_await handle;
}
TEST(StreamStress, buffer_unordered_of_spawned_tasks) {
    on_workers([]() -> Task<> {
        std::vector<int> seen(messages);
        std::vector<int> numbers;
        for (int i = 0; i < messages; ++i) numbers.push_back(i);
        auto done = stream::iter(numbers) | stream::map(elsewhere) | stream::buffer_unordered(16);
        while (auto n = co_await stream::next(done)) ++seen.at(static_cast<std::size_t>(*n));
        for (int times : seen) EXPECT_EQ(times, 1);
    });
}
TEST(StreamStress, for_each_concurrent_over_a_channel) {
    on_workers([]() -> Task<> {
        Sources from;
        int count = 0; // of one task
        auto work = [&count](Message message) -> Task<> {
            const int n = co_await elsewhere(message.number);
            EXPECT_EQ(n, message.number);
            ++count;
        };
        co_await stream::for_each_concurrent(stream::from(std::move(from.receivers[0])), 8, work);
        EXPECT_EQ(count, messages);
        from.receivers.clear();
    });
}

/// What is sent to it comes out of it.
class Loop {
public:
    using Error = rouse::mpsc::ReserveError;
    using Result = std::expected<void, Error>;
    using Item = int;
    Loop() : Loop(rouse::mpsc::channel<int>(4)) {}
    rouse::Poll<Result> poll_ready(rouse::Context& cx) { return sink_.poll_ready(cx); }
    Result start_send(int value) { return sink_.start_send(value); }
    rouse::Poll<Result> poll_flush(rouse::Context& cx) { return sink_.poll_flush(cx); }
    rouse::Poll<Result> poll_close(rouse::Context& cx) { return sink_.poll_close(cx); }
    rouse::Poll<std::optional<int>> poll_next(rouse::Context& cx) { return stream_.poll_next(cx); }

private:
    using Channel = std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>>;
    explicit Loop(Channel channel)
        : sink_(stream::into_sink(std::move(channel.first))),
          stream_(stream::from(std::move(channel.second))) {}
    stream::SenderSink<int> sink_;
    stream::ReceiverStream<rouse::mpsc::Receiver<int>> stream_;
};
Task<> send_all_of(stream::SplitSink<Loop> sink) {
    std::vector<int> numbers;
    for (int i = 0; i < messages; ++i) numbers.push_back(i);
    auto sent = co_await stream::forward(stream::iter(numbers), sink);
    EXPECT_TRUE(sent.has_value());
}
TEST(StreamStress, the_halves_of_a_split_object_on_two_workers) {
    on_workers([]() -> Task<> {
        auto [sink, numbers] = stream::split(Loop());
        auto sender = rouse::spawn(send_all_of(std::move(sink)));
        int next = 0;
        while (auto n = co_await stream::next(numbers)) EXPECT_EQ(*n, next++);
        EXPECT_EQ(next, messages);
        co_await sender;
    });
}

} // namespace
