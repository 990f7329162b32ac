// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/mutex.hpp>
#include <rouse/sync/rw_lock.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

using rouse::Abandoned;
using rouse::Mutex;
using rouse::RwLock;
using rouse::testing::Harness;

/// The guard of a future that is ready.
template <class H>
auto guard_of(H& test) {
    auto poll = test.poll();
    EXPECT_TRUE(poll.is_ready());
    return std::move(poll).value();
}

TEST(Mutex, belongs_to_one_and_then_to_the_next) {
    Mutex<int> mutex(1);
    Harness first(mutex.lock()), second(mutex.lock()), third(mutex.lock());
    {
        auto guard = guard_of(first);
        *guard += 1;
        EXPECT_TRUE(second.poll().is_pending());
        EXPECT_TRUE(third.poll().is_pending());
        EXPECT_FALSE(mutex.try_lock().has_value());
    }
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(third.wakes(), 0u);
    EXPECT_FALSE(mutex.try_lock().has_value()) << "it is the second one's";
    {
        auto guard = guard_of(second);
        EXPECT_EQ(*guard, 2);
        std::move(guard).unlock();
        EXPECT_EQ(third.take_wakes(), 1u);
    }
    EXPECT_EQ(first.clones_alive() + second.clones_alive() + third.clones_alive(), 0u);
}

TEST(Mutex, a_lock_that_was_not_seen_goes_to_the_next) {
    Mutex<> mutex;
    std::optional guard(mutex.try_lock().value());
    Harness first(mutex.lock()), second(mutex.lock());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    guard.reset();
    EXPECT_EQ(first.wakes(), 1u);
    first.drop();
    EXPECT_EQ(second.take_wakes(), 1u);
    second.drop();
    EXPECT_TRUE(mutex.try_lock().has_value());
}

TEST(Mutex, an_owned_guard_keeps_it) {
    auto mutex = std::make_shared<Mutex<std::string>>("text");
    const std::weak_ptr<Mutex<std::string>> watch = mutex;
    {
        Harness test(Mutex<std::string>::lock_owned(mutex));
        auto guard = guard_of(test);
        EXPECT_FALSE(Mutex<std::string>::try_lock_owned(mutex).has_value());
        mutex.reset();
        EXPECT_EQ(*guard, "text");
        EXPECT_EQ(guard->size(), 4u);
    }
    EXPECT_TRUE(watch.expired());
}

TEST(Mutex, its_destruction_wakes_those_who_wait_with_an_error) {
    std::optional<Mutex<int>> mutex(std::in_place, 1);
    Harness first(mutex->lock());
    auto guard = std::make_optional(guard_of(first));
    Harness waiter(mutex->lock());
    EXPECT_TRUE(waiter.poll().is_pending());
    // A guard must not outlive its mutex: this one is leaked.
    alignas(8) static unsigned char place[sizeof(*guard)];
    ::new (static_cast<void*>(place)) auto(std::move(*guard));
    mutex.reset();
    EXPECT_EQ(waiter.take_wakes(), 1u);
    EXPECT_EQ(waiter.clones_alive(), 0u);
    EXPECT_THROW((void)waiter.poll(), Abandoned);
}

/// What a future tells of itself.
class Told : public rouse::Inspector {
public:
    void frame(const rouse::SourceLocation&) override {}
    void leaf(std::string_view) override {}
    void waits_for(rouse::WaitKind kind, const void* what, std::string_view text) override {
        EXPECT_EQ(kind, rouse::WaitKind::lock);
        address = what;
        words = text;
    }
    void held_by(std::uint64_t task_id) override { holder = task_id; }
    void begin_child(std::string_view) override {}
    void end_child() override {}
    const void* address = nullptr;
    std::string words;
    std::uint64_t holder = 0;
};

TEST(Mutex, tells_who_waits_its_name_and_who_holds_it) {
    rouse::run([]() -> rouse::Task<> {
        Mutex<int> mutex(1, "accounts");
        RwLock<int> lock(1, "config");
        const auto body = [&]() -> rouse::Task<> {
            auto guard = co_await mutex.lock();
            auto write = co_await lock.write();
            EXPECT_EQ(mutex.holder(), rouse::detail::current_task_id());
            EXPECT_EQ(lock.writer(), mutex.holder());
            Harness waiter(mutex.lock());
            Harness reader(lock.read());
            EXPECT_TRUE(waiter.poll().is_pending());
            EXPECT_TRUE(reader.poll().is_pending());
            Told of_mutex, of_lock;
            waiter.future().inspect(of_mutex);
            reader.future().inspect(of_lock);
            const std::string by = ", held by task " + std::to_string(mutex.holder());
            EXPECT_EQ(of_mutex.words, "a mutex `accounts`" + by);
            EXPECT_EQ(of_mutex.address, &mutex);
            EXPECT_EQ(of_mutex.holder, mutex.holder());
            EXPECT_EQ(of_lock.words, "to read under an RwLock `config`" + by);
            EXPECT_EQ(of_lock.holder, mutex.holder());
        };
        co_await rouse::spawn(body);
        EXPECT_EQ(mutex.holder(), 0u);
        EXPECT_EQ(lock.writer(), 0u);
    });
}

TEST(RwLock, many_read_and_one_writes) {
    RwLock<int> lock(1);
    std::optional first(lock.try_read());
    Harness second(lock.read());
    std::optional also(guard_of(second));
    EXPECT_FALSE(lock.try_write().has_value());
    Harness writer(lock.write());
    EXPECT_TRUE(writer.poll().is_pending());
    first.reset();
    EXPECT_EQ(writer.wakes(), 0u);
    also.reset();
    EXPECT_EQ(writer.take_wakes(), 1u);
    auto guard = guard_of(writer);
    *guard = 2;
    EXPECT_FALSE(lock.try_read().has_value());
}

TEST(RwLock, readers_wait_behind_a_writer_that_waits) {
    RwLock<int> lock(1);
    std::optional reading(lock.try_read());
    Harness writer(lock.write());
    Harness reader(lock.read()), other(lock.read());
    EXPECT_TRUE(writer.poll().is_pending());
    EXPECT_TRUE(reader.poll().is_pending());
    EXPECT_TRUE(other.poll().is_pending());
    EXPECT_FALSE(lock.try_read().has_value());
    reading.reset();
    EXPECT_EQ(writer.take_wakes(), 1u);
    EXPECT_EQ(reader.wakes(), 0u);
    { auto guard = guard_of(writer); }
    EXPECT_EQ(reader.take_wakes(), 1u);
    EXPECT_EQ(other.take_wakes(), 1u);
}

TEST(RwLock, a_writer_that_gives_up_lets_the_readers_behind_it_in) {
    RwLock<int> lock(1);
    std::optional reading(lock.try_read());
    Harness writer(lock.write());
    Harness reader(lock.read());
    EXPECT_TRUE(writer.poll().is_pending());
    EXPECT_TRUE(reader.poll().is_pending());
    writer.drop();
    EXPECT_EQ(reader.take_wakes(), 1u);
    { auto guard = guard_of(reader); }
    reading.reset();
    EXPECT_TRUE(lock.try_write().has_value());
}

TEST(RwLock, a_writer_goes_on_as_a_reader) {
    RwLock<int> lock(1);
    Harness reader(lock.read());
    Harness writer(lock.write());
    {
        auto write = lock.try_write().value();
        EXPECT_TRUE(reader.poll().is_pending());
        EXPECT_TRUE(writer.poll().is_pending());
        *write = 5;
        auto read = std::move(write).downgrade();
        EXPECT_EQ(*read, 5);
        EXPECT_EQ(reader.take_wakes(), 1u);
        EXPECT_EQ(writer.wakes(), 0u);
        EXPECT_EQ(*guard_of(reader), 5);
    }
    EXPECT_EQ(writer.take_wakes(), 1u);
}

TEST(RwLock, owned_guards_keep_it) {
    auto lock = std::make_shared<RwLock<int>>(1);
    const std::weak_ptr<RwLock<int>> watch = lock;
    {
        Harness test(RwLock<int>::write_owned(lock));
        auto write = guard_of(test);
        Harness waits(RwLock<int>::read_owned(lock));
        lock.reset();
        EXPECT_TRUE(waits.poll().is_pending());
        auto read = std::move(write).downgrade();
        EXPECT_EQ(waits.take_wakes(), 1u);
        EXPECT_EQ(*read + *guard_of(waits), 2);
    }
    EXPECT_TRUE(watch.expired());
}

} // namespace
