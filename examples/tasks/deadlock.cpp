// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Two tasks take two locks, each in its own order. The await that would have closed the cycle throws, and
// says who has what. Then the same with a lock and the end of a task.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>

using Account = rouse::Mutex<int>;

rouse::Task<> transfer(Account& from, Account& to, int amount) {
    auto source = co_await from.lock();
    co_await rouse::yield_now(); // the other one has its turn here
    auto target = co_await to.lock();
    *source -= amount;
    *target += amount;
}

void explain(const rouse::LockCycle& cycle) {
    for (const auto& task : cycle.tasks) {
        const std::string has = task.is_joined ? "" : "has " + task.has + " and ";
        std::printf("%s %swaits for %s (line %u)\n", task.task_name.c_str(), has.c_str(),
                    task.waits_for.c_str(), task.waits_at.line());
    }
}

rouse::Task<> pay_in(Account& account, int amount) { *co_await account.lock() += amount; }

/// Holds the lock while it awaits one who needs it.
rouse::Task<> audit(Account& account) {
    auto guard = co_await account.lock();
    auto payment = rouse::TaskBuilder("payment").spawn(pay_in, std::ref(account), 1);
    co_await rouse::yield_now(); // that one waits now
    bool deadlock = false;
    try {
        co_await payment;
    } catch (const rouse::LockDeadlock&) {
        deadlock = true;
    }
    if (!deadlock) co_return;
    std::printf("audit unlocks before it awaits\n");
    std::move(guard).unlock();
    co_await payment;
}

rouse::Task<> main_task() {
    Account savings(100, "savings"), wallet(10, "wallet");
    auto out = rouse::TaskBuilder("out").spawn(transfer, std::ref(savings), std::ref(wallet), 50);
    auto back = rouse::TaskBuilder("back").spawn(transfer, std::ref(wallet), std::ref(savings), 5);
    co_await out;
    try {
        co_await back;
    } catch (const rouse::LockDeadlock&) {
        std::printf("back failed, and let go of what it had: out went through\n");
    }
    co_await rouse::TaskBuilder("audit").spawn(audit, std::ref(wallet));
    std::printf("%d in savings, %d in the wallet\n", **savings.try_lock(), **wallet.try_lock());
}

int main() {
    rouse::RuntimeOptions options;
    options.on_lock_cycle = explain; // else it is printed to stderr
    rouse::run(main_task(), std::move(options));
}
