// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/sync/barrier.hpp>
#include <rouse/sync/broadcast.hpp>
#include <rouse/sync/cancellation_token.hpp>
#include <rouse/sync/event.hpp>
#include <rouse/sync/mpmc.hpp>
#include <rouse/sync/mpsc.hpp>
#include <rouse/sync/mutex.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/once_cell.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/sync/rw_lock.hpp>
#include <rouse/sync/semaphore.hpp>
#include <rouse/sync/task_tracker.hpp>
#include <rouse/sync/watch.hpp>
#include <rouse/testing/harness.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

// One class for each future of sync:
//   make()       a future that waits; `single`: one at a time
//   fire()       lets one of those that wait, or all of them, go on
//   conserved()  after that one was ready, and what it got is gone: nothing was lost
//   destroy()    what it waits for, if that can be while it waits
namespace rouse_test::futures {

using rouse::testing::Harness;

class Many {
public:
    static constexpr bool single = false;
    static constexpr bool keeps = true; // what was fired and not taken is there for the next one
};
class Single {
public:
    static constexpr bool single = true;
    static constexpr bool keeps = true;
};

template <std::size_t Count>
class Acquire : public Many {
public:
    auto make() { return semaphore->acquire_many(Count); }
    void fire() { semaphore->add_permits(Count); }
    bool conserved() { return semaphore->available_permits() == Count; }
    void destroy() { semaphore.reset(); }

private:
    std::optional<rouse::Semaphore> semaphore{std::in_place, 0};
};
class AcquireOwned : public Many {
public:
    auto make() { return rouse::Semaphore::acquire_owned(semaphore, 2); }
    void fire() { semaphore->add_permits(2); }
    bool conserved() { return semaphore->available_permits() == 2; }

private:
    std::shared_ptr<rouse::Semaphore> semaphore = std::make_shared<rouse::Semaphore>(0);
};

class Lock : public Many {
public:
    auto make() { return mutex.lock(); }
    void fire() { guard.reset(); }
    bool conserved() { return mutex.try_lock().has_value(); }

private:
    rouse::Mutex<int> mutex{1};
    std::optional<rouse::MutexGuard<int>> guard = mutex.try_lock();
};
class LockOwned : public Many {
public:
    auto make() { return rouse::Mutex<int>::lock_owned(mutex); }
    void fire() { guard.reset(); }
    bool conserved() { return mutex->try_lock().has_value(); }

private:
    std::shared_ptr<rouse::Mutex<int>> mutex = std::make_shared<rouse::Mutex<int>>(1);
    std::optional<rouse::MutexGuard<int>> guard = mutex->try_lock();
};
class Read : public Many {
public:
    auto make() { return lock.read(); }
    void fire() { guard.reset(); }
    bool conserved() { return lock.try_write().has_value(); }

private:
    rouse::RwLock<int> lock{1};
    std::optional<rouse::RwLockWriteGuard<int>> guard = lock.try_write();
};
class Write : public Many {
public:
    auto make() { return lock.write(); }
    void fire() { guard.reset(); }
    bool conserved() { return lock.try_write().has_value(); }

private:
    rouse::RwLock<int> lock{1};
    std::optional<rouse::RwLockReadGuard<int>> guard = lock.try_read();
};

class NotifyOne : public Many {
public:
    auto make() { return notify->notified(); }
    void fire() { notify->notify_one(); }
    bool conserved() { return Harness(notify->notified()).poll().is_pending(); } // and not twice
    void destroy() { notify.reset(); }

private:
    std::optional<rouse::Notify> notify{std::in_place};
};
class NotifyAll : public Many {
public:
    static constexpr bool keeps = false;
    auto make() { return notify->notified(); }
    void fire() { notify->notify_waiters(); }
    bool conserved() { return Harness(notify->notified()).poll().is_pending(); }
    void destroy() { notify.reset(); }

private:
    std::optional<rouse::Notify> notify{std::in_place};
};
class EventSet : public Many {
public:
    auto make() { return event->wait(); }
    void fire() { event->set(); }
    bool conserved() { return Harness(event->wait()).poll().is_ready(); }
    void destroy() { event.reset(); }

private:
    std::optional<rouse::Event> event{std::in_place};
};
class BarrierMet : public Many {
public:
    static constexpr bool keeps = false;
    auto make() { return barrier->wait(); }
    void fire() { // as many as are missing come
        do others.push_back(std::make_unique<Harness<rouse::BarrierWait>>(barrier->wait()));
        while (others.back()->poll().is_pending());
    }
    bool conserved() { return Harness(barrier->wait()).poll().is_pending(); }
    void destroy() { barrier.reset(); }

private:
    std::optional<rouse::Barrier> barrier{std::in_place, 3};
    std::vector<std::unique_ptr<Harness<rouse::BarrierWait>>> others;
};
class CellValue : public Many {
public:
    CellValue() { (void)maker->poll(); }
    auto make() {
        return cell.get_or_init(+[] { return rouse::ready(1); });
    }
    void fire() { maker.reset(); } // the right to make it goes on
    bool conserved() { return cell.is_initialized(); }

private:
    using MakeNever = rouse::Never<int> (*)();
    rouse::OnceCell<int> cell;
    std::optional<Harness<rouse::GetOrInit<int, MakeNever>>> maker{
        std::in_place, cell.get_or_init<MakeNever>([] { return rouse::never<int>(); })};
};

class Send : public Many {
public:
    Send() { (void)channel.first.try_send(0); }
    auto make() { return channel.first.send(1); }
    void fire() { (void)channel.second.try_recv(); }
    bool conserved() { return channel.second.try_recv() == 1 && channel.first.capacity() == 1; }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(1);
};
class Reserve : public Many {
public:
    Reserve() { (void)channel.first.try_send(0); }
    auto make() { return channel.first.reserve(); }
    void fire() { (void)channel.second.try_recv(); }
    bool conserved() { return channel.first.capacity() == 1; }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(1);
};
class ReserveMany : public Many {
public:
    ReserveMany() { (void)channel.first.try_send(0); }
    auto make() { return channel.first.reserve_many(2); }
    void fire() { (void)channel.second.try_recv(); }
    bool conserved() { return channel.first.capacity() == 2; }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(2);
};
class ReserveOwned : public Many {
public:
    ReserveOwned() { (void)channel.first.try_send(0); }
    auto make() { return channel.first.reserve_owned(); }
    void fire() { (void)channel.second.try_recv(); }
    bool conserved() { return channel.first.capacity() == 1 && channel.first.strong_count() == 1; }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(1);
};
class Recv : public Single {
public:
    auto make() { return channel.second.recv(); }
    void fire() { (void)sender->try_send(1); }
    bool conserved() { return sender->capacity() == 4 && channel.second.is_empty(); }
    void destroy() { sender.reset(); }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(4);
    std::optional<rouse::mpsc::Sender<int>> sender{std::move(channel.first)};
};
class RecvMany : public Single {
public:
    auto make() { return channel.second.recv_many(got, 10); }
    void fire() { (void)channel.first.try_send(1); }
    bool conserved() { return channel.first.capacity() == 4 && got == std::vector<int>{1}; }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(4);
    std::vector<int> got;
};
class RecvUnbounded : public Single {
public:
    auto make() { return channel.second.recv(); }
    void fire() { (void)channel.first.send(1); }
    bool conserved() { return channel.second.is_empty(); }

private:
    std::pair<rouse::mpsc::UnboundedSender<int>, rouse::mpsc::UnboundedReceiver<int>> channel =
        rouse::mpsc::unbounded_channel<int>();
};
class ReceiverClosed : public Many {
public:
    auto make() { return channel.first.closed(); }
    void fire() { channel.second.close(); }
    bool conserved() { return channel.first.is_closed(); }

private:
    std::pair<rouse::mpsc::Sender<int>, rouse::mpsc::Receiver<int>> channel = rouse::mpsc::channel<int>(4);
};
class SendToMany : public Many {
public:
    SendToMany() { (void)channel.first.try_send(0); }
    auto make() { return channel.first.send(1); }
    void fire() { (void)channel.second.try_recv(); }
    bool conserved() { return channel.second.try_recv() == 1 && channel.first.try_send(2).has_value(); }

private:
    std::pair<rouse::mpmc::Sender<int>, rouse::mpmc::Receiver<int>> channel = rouse::mpmc::channel<int>(1);
};
class RecvOfMany : public Many {
public:
    auto make() { return channel.second.recv(); }
    void fire() { (void)sender->try_send(1); }
    bool conserved() {
        return channel.second.try_recv() == std::unexpected(rouse::mpmc::TryRecvError::empty);
    }
    void destroy() { sender.reset(); }

private:
    std::pair<rouse::mpmc::Sender<int>, rouse::mpmc::Receiver<int>> channel = rouse::mpmc::channel<int>(4);
    std::optional<rouse::mpmc::Sender<int>> sender{std::move(channel.first)};
};
class WatchChanged : public Many {
public:
    auto make() { return receivers.emplace_back(channel.second).changed(); }
    void fire() { (void)sender->send(2); }
    bool conserved() { // somebody has seen it
        return std::ranges::any_of(receivers, [](auto& one) { return !one.has_changed().value(); });
    }
    void destroy() { sender.reset(); }

private:
    std::pair<rouse::watch::Sender<int>, rouse::watch::Receiver<int>> channel = rouse::watch::channel(1);
    std::optional<rouse::watch::Sender<int>> sender{std::move(channel.first)};
    std::deque<rouse::watch::Receiver<int>> receivers;
};
class WatchClosed : public Many {
public:
    auto make() { return channel.first.closed(); }
    void fire() { receiver.reset(); }
    bool conserved() { return channel.first.is_closed(); }

private:
    std::pair<rouse::watch::Sender<int>, rouse::watch::Receiver<int>> channel = rouse::watch::channel(1);
    std::optional<rouse::watch::Receiver<int>> receiver{std::move(channel.second)};
};
class BroadcastRecv : public Many {
public:
    static constexpr bool keeps = false; // each has a receiver of its own
    auto make() { return receivers.emplace_back(sender->subscribe()).recv(); }
    void fire() { (void)sender->send(1); }
    bool conserved() { // somebody has got it
        return std::ranges::any_of(receivers, [](auto& one) { return one.is_empty(); });
    }
    void destroy() { sender.reset(); }

private:
    std::optional<rouse::broadcast::Sender<int>> sender{rouse::broadcast::channel<int>(2).first};
    std::deque<rouse::broadcast::Receiver<int>> receivers;
};
class OneshotValue : public Single {
public:
    auto make() { return std::move(channel.second); }
    void destroy() { sender.reset(); }
    void fire() { (void)std::move(*std::exchange(sender, std::nullopt)).send(1); }
    bool conserved() { return true; }

private:
    std::pair<rouse::oneshot::Sender<int>, rouse::oneshot::Receiver<int>> channel =
        rouse::oneshot::channel<int>();
    std::optional<rouse::oneshot::Sender<int>> sender{std::move(channel.first)};
};
class TokenCancelled : public Many {
public:
    auto make() { return child.cancelled(); }
    void fire() { token.cancel(); }
    bool conserved() { return child.is_cancelled(); }

private:
    rouse::CancellationToken token;
    rouse::CancellationToken child = token.child_token();
};
class TrackerEmpty : public Many {
public:
    TrackerEmpty() { tracker.close(); }
    auto make() { return tracker.wait(); }
    void fire() { task.reset(); }
    bool conserved() { return tracker.is_empty(); }

private:
    rouse::TaskTracker tracker;
    std::optional<rouse::TaskTrackerToken> task{tracker.token()};
};

} // namespace rouse_test::futures
