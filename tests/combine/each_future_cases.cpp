// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/rouse.hpp>

#include "combine/each_future.hpp"

namespace rouse_test::combined {
namespace {

using scripted::Case;
using scripted::Future;
using scripted::Scene;
using scripted::Waits;

using Result = std::expected<int, int>;

/// Any future, as one of int.
template <class F>
Future as_int(F future) {
    return rouse::boxed(rouse::map(std::move(future), [](auto&&...) { return 1; }));
}
std::vector<Waits> three(Scene& scene) {
    std::vector<Waits> futures;
    for (int i = 0; i < 3; ++i) futures.push_back(scene.waits());
    return futures;
}
auto as_result(Waits future) {
    return rouse::map(std::move(future), [](int n) { return Result(n); });
}

template <class Set>
Case set_case(std::string name, void (*fill)(Set&, Scene&)) {
    const auto set = std::make_shared<Set*>();
    Case one(std::move(name), [=](Scene& scene) {
        *set = &scene.keep(Set());
        fill(**set, scene);
        return as_int((*set)->next());
    });
    one.resume = [=](Scene&) { return as_int((*set)->next()); };
    return one;
}

} // namespace

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    cases.emplace_back("join", [](Scene& s) { return as_int(rouse::join(s.waits(), s.waits())); });
    cases.emplace_back("try_join",
                       [](Scene& s) { return as_int(rouse::try_join(as_result(s.waits()), s.waits())); });
    cases.emplace_back("select", [](Scene& s) { return as_int(rouse::select(s.waits(), s.waits())); });
    cases.emplace_back("race", [](Scene& s) { return as_int(rouse::race(s.waits(), s.waits())); });
    cases.emplace_back("select_on", [](Scene& s) {
        const auto handler = [&s](int) { return s.waits(); };
        return as_int(rouse::select_on(rouse::on(s.waits(), handler), rouse::on(s.waits(), handler)));
    });
    cases.emplace_back("join_all", [](Scene& s) { return as_int(rouse::join_all(three(s))); });
    cases.emplace_back("try_join_all", [](Scene& s) {
        std::vector<decltype(as_result(s.waits()))> futures;
        auto waits = three(s);
        for (Waits& one : waits) futures.push_back(as_result(std::move(one)));
        return as_int(rouse::try_join_all(std::move(futures)));
    });
    cases.emplace_back("select_all", [](Scene& s) { return as_int(rouse::select_all(three(s))); });
    cases.emplace_back("select_ok", [](Scene& s) {
        std::vector<decltype(as_result(s.waits()))> futures;
        auto waits = three(s);
        for (Waits& one : waits) futures.push_back(as_result(std::move(one)));
        return as_int(rouse::select_ok(std::move(futures)));
    });
    cases.push_back(
        set_case<rouse::FuturesUnordered<Waits>>("FuturesUnordered::next", [](auto& set, Scene& s) {
            auto waits = three(s);
            for (Waits& one : waits) set.push(std::move(one));
        }));
    cases.push_back(set_case<rouse::FuturesOrdered<Waits>>("FuturesOrdered::next", [](auto& set, Scene& s) {
        auto waits = three(s);
        for (Waits& one : waits) set.push_front(std::move(one));
    }));
    cases.emplace_back("Either", [](Scene& s) {
        return rouse::boxed(rouse::Either<Waits, rouse::ReadyFuture<int>>::left(s.waits()));
    });
    cases.emplace_back("map", [](Scene& s) { return as_int(s.waits()); });
    cases.emplace_back("inspect",
                       [](Scene& s) { return rouse::boxed(rouse::inspect(s.waits(), [](const int&) {})); });
    cases.emplace_back("then", [](Scene& s) {
        return rouse::boxed(rouse::then(s.waits(), [&s](int) { return s.waits(); }));
    });
    cases.emplace_back("and_then", [](Scene& s) {
        const auto next = [&s](int) { return as_result(s.waits()); };
        return as_int(as_result(s.waits()) | rouse::and_then(next) | rouse::map_ok([](int n) { return n; }));
    });
    cases.emplace_back("or_else", [](Scene& s) {
        const auto fail = [](int n) { return Result(std::unexpect, n); };
        const auto next = [&s](int) { return as_result(s.waits()); };
        return as_int(rouse::map(s.waits(), fail) | rouse::map_err([](int n) { return n; }) |
                      rouse::or_else(next));
    });
    cases.emplace_back("capture", [](Scene& s) { return as_int(rouse::capture(s.waits())); });
    cases.emplace_back("abortable", [](Scene& s) {
        auto [future, handle] = rouse::abortable(s.waits());
        s.keep(std::move(handle));
        return as_int(std::move(future));
    });
    cases.emplace_back("run_until_cancelled", [](Scene& s) {
        return as_int(s.keep(rouse::CancellationToken()).run_until_cancelled(s.waits()));
    });
    cases.emplace_back("poll_immediate", [](Scene& s) { return as_int(rouse::poll_immediate(s.waits())); });
    cases.emplace_back("shared", [](Scene& s) { return rouse::boxed(rouse::shared(s.waits())); });
    const auto handle = std::make_shared<rouse::Shared<Waits>*>();
    Case copy("a copy of shared", [=](Scene& s) {
        *handle = &s.keep(rouse::shared(s.waits()));
        return rouse::boxed(rouse::Shared<Waits>(**handle));
    });
    copy.resume = [=](Scene&) { return rouse::boxed(rouse::Shared<Waits>(**handle)); };
    cases.push_back(std::move(copy));
    return cases;
}

} // namespace rouse_test::combined
