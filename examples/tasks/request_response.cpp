// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// One task owns the state; the others send it requests by mpsc, each with a oneshot for the answer. No lock.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <map>
#include <string>

using namespace std::chrono_literals;
namespace mpsc = rouse::mpsc;
namespace oneshot = rouse::oneshot;

/// Put so much into an account (or take it), and tell what is in it then.
class Request {
public:
    Request(std::string account, int amount, oneshot::Sender<int> reply)
        : account(std::move(account)), amount(amount), reply(std::move(reply)) {}
    std::string account;
    int amount;
    oneshot::Sender<int> reply;
};

/// The task that owns the accounts. It ends when nobody is left who could ask.
rouse::Task<> bank(mpsc::Receiver<Request> requests) {
    std::map<std::string, int> accounts;
    while (auto request = co_await requests.recv()) {
        co_await rouse::sleep(1ms); // what it takes
        int& balance = accounts[request->account];
        if (balance + request->amount < 0) continue; // the reply is dropped: who waits is told
        balance += request->amount;
        (void)std::move(request->reply).send(balance); // whoever has given up waiting does not mind
    }
    for (const auto& [account, balance] : accounts) std::printf("%s: %d\n", account.c_str(), balance);
}

/// The client's side: one call, as any other.
rouse::Task<std::optional<int>> book(mpsc::Sender<Request>& to, std::string account, int amount) {
    auto [reply, answer] = oneshot::channel<int>();
    Request request(std::move(account), amount, std::move(reply));
    auto sent = co_await to.send(std::move(request));
    if (!sent) co_return std::nullopt; // the bank is closed
    auto balance = co_await answer;
    if (!balance) co_return std::nullopt; // refused
    co_return *balance;
}

rouse::Task<> client(std::string name, int amount, mpsc::Sender<Request> to) {
    for (int i = 0; i < 3; ++i) {
        const auto balance = co_await book(to, "shared", amount);
        if (balance) std::printf("%s booked %+d: %d\n", name.c_str(), amount, *balance);
        else std::printf("%s: %+d was refused\n", name.c_str(), amount);
    }
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    auto [to, requests] = mpsc::channel<Request>(8);
    auto closed = rouse::spawn(bank(std::move(requests)));
    rouse::JoinSet<> clients;
    clients.spawn(client("anna", 20, to));
    clients.spawn(client("bert", -30, std::move(to)));
    while (co_await clients.join_next()) {}
    co_await closed;
}

int main() { rouse::run(main_task()); }
