// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Random trees of join, select and timeout over leaves that are completed, woken for nothing, or forgotten,
// on this thread or another: after each step the task must have ended exactly when a model of the tree says
// so, and as it says.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/timeout.hpp>

#include "support/scene.hpp"
#include "support/stress_rounds.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

enum class Kind { leaf, join, select, timeout };
/// What a node has come to. A dead one waits, and nobody can wake it; whether that is thrown is up to its
/// parent.
enum class State { waits, done, dead, threw };

class Node {
public:
    explicit Node(Kind kind) : kind(kind) {}

    [[nodiscard]] State state() const {
        if (kind == Kind::leaf) return leaf_state;
        std::size_t done = 0;
        std::size_t dead = 0;
        for (const auto& child : children) {
            switch (child->state()) {
            case State::threw:
                return State::threw;
            case State::dead:
                ++dead;
                break;
            case State::done:
                ++done;
                break;
            case State::waits:
                break;
            }
        }
        if (kind == Kind::select) {
            if (done) return State::done;
            return dead == children.size() ? State::dead : State::waits;
        }
        if (dead) return State::threw;
        return done == children.size() ? State::done : State::waits;
    }
    void leaves(std::vector<Node*>& into) {
        if (kind == Kind::leaf && leaf_state == State::waits) into.push_back(this);
        if (state() == State::done) return; // what is left in there was cancelled
        for (const auto& child : children) child->leaves(into);
    }
    [[nodiscard]] std::string text() const {
        static constexpr const char* names[] = {"leaf", "join", "select", "timeout"};
        static constexpr const char* states[] = {"", " done", " dead", " threw"};
        std::string text = names[static_cast<int>(kind)];
        if (kind == Kind::leaf) return text + states[static_cast<int>(leaf_state)];
        text += "(";
        for (const auto& child : children) text += child->text() + (child == children.back() ? ")" : ", ");
        return text;
    }

    Kind kind;
    std::vector<std::unique_ptr<Node>> children;
    Place place;
    State leaf_state = State::waits;
};

class RandomTree {
public:
    explicit RandomTree(unsigned seed) : random_(seed) {}
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
    std::unique_ptr<Node> make(int depth) {
        const auto kind = depth == 0 ? Kind::leaf : static_cast<Kind>(below(4));
        auto node = std::make_unique<Node>(kind);
        const std::size_t count = kind == Kind::leaf ? 0 : kind == Kind::timeout ? 1 : 2 + below(2);
        for (std::size_t i = 0; i < count; ++i) node->children.push_back(make(depth - 1));
        return node;
    }

private:
    std::mt19937 random_;
};

/// Keeps the waker of its first poll, whatever comes, and takes it back when it is cancelled.
class Leaf {
public:
    using Output = int;
    explicit Leaf(Place& place) noexcept : place_(place), inner_(place, Registers::once) {}
    Leaf(const Leaf&) = delete;
    Leaf& operator=(const Leaf&) = delete;
    ~Leaf() { place_.forget(); }
    rouse::Poll<int> poll(rouse::Context& cx) { return inner_.poll(cx); }

private:
    Place& place_;
    Waiting inner_;
};

/// The coroutine of a node.
Task<int> run_node(Node& node) {
    const auto child = [&](std::size_t i) { return run_node(*node.children[i]); };
    switch (node.kind) {
    case Kind::leaf:
        co_return co_await Leaf(node.place);
    case Kind::timeout: {
        auto result = co_await rouse::timeout(1h, child(0));
        co_return result.value();
    }
    case Kind::join: {
        if (node.children.size() == 2) {
            auto both = co_await rouse::join(child(0), child(1));
            co_return std::get<0>(both) + std::get<1>(both);
        }
        auto all = co_await rouse::join(child(0), child(1), child(2));
        co_return std::get<0>(all) + std::get<1>(all) + std::get<2>(all);
    }
    case Kind::select: {
        if (node.children.size() == 2) {
            auto first = co_await rouse::select(child(0), child(1));
            co_return static_cast<int>(first.index());
        }
        auto first = co_await rouse::select(child(0), child(1), child(2));
        co_return static_cast<int>(first.index());
    }
    }
    co_return 0;
}

/// One thing happens to a leaf that waits.
void step(RandomTree& random, Node& leaf) {
    std::vector<rouse::Waker> wakers = leaf.place.take();
    ASSERT_EQ(wakers.size(), 1u);
    const bool elsewhere = random.below(8) == 0;
    const std::size_t what = random.below(5);
    const auto act = [&] {
        if (what == 0) wakers.front().wake_by_ref(); // for nothing
        else if (what <= 2) wakers.clear();
        else std::move(wakers.front()).wake();
    };
    if (what >= 3) {
        leaf.place.complete();
        leaf.leaf_state = State::done;
    } else if (what >= 1) {
        leaf.leaf_state = State::dead;
    }
    if (elsewhere) std::thread(act).join();
    else act();
    if (what == 0) leaf.place.put_back(std::move(wakers));
}

Task<> live_through(RandomTree& random, Node& root) {
    auto body = [&root] { return run_node(root); };
    auto handle = spawn(body);
    co_await give_turns(2);
    std::string history = root.text();
    while (root.state() == State::waits) {
        EXPECT_FALSE(handle.is_finished()) << history;
        if (handle.is_finished()) break;
        std::vector<Node*> leaves;
        root.leaves(leaves);
        step(random, *leaves[random.below(leaves.size())]);
        history += "\n" + root.text();
        co_await give_turns(4);
    }
    EXPECT_TRUE(handle.is_finished()) << history;
    if (!handle.is_finished()) {
        handle.abort();
        co_return;
    }
    auto result = co_await std::move(handle).into_result();
    EXPECT_EQ(result.has_value(), root.state() == State::done) << history;
    if (!result.has_value()) {
        EXPECT_TRUE(result.error().is_lost()) << history;
    }
}

TEST(random_trees, end_exactly_when_and_as_they_must) {
    const std::size_t trees = rouse_test::scaled(10'000);
    Scene scene;
    for (unsigned seed = 0; seed < trees; ++seed) {
        RandomTree random(seed);
        auto root = random.make(1 + static_cast<int>(random.below(4)));
        scene.run([&]() -> Task<> { co_await live_through(random, *root); });
        ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
    EXPECT_TRUE(scene.unhandled().empty());
}

// With a waker of the task that belongs to no child, nothing can be proven: no child may be failed.
TEST(random_trees, with_a_waker_that_belongs_to_nobody_nothing_is_thrown) {
    const std::size_t trees = rouse_test::scaled(5'000);
    Scene scene;
    for (unsigned seed = 0; seed < trees; ++seed) {
        RandomTree random(seed);
        auto root = random.make(1 + static_cast<int>(random.below(4)));
        scene.run([&]() -> Task<> {
            rouse::Waker nobodys;
            auto body = [&]() -> Task<int> {
                auto keeps = [&](rouse::Context& cx) -> rouse::Poll<> {
                    nobodys = cx.waker().clone();
                    return rouse::Ready();
                };
                co_await rouse::poll_fn(keeps);
                co_return co_await run_node(*root);
            };
            auto handle = spawn(body);
            co_await give_turns(2);
            std::vector<Node*> leaves;
            root->leaves(leaves);
            for (Node* leaf : leaves) {
                leaf->place.forget();
                nobodys.wake_by_ref(); // the combinators look
                co_await give_turns(3);
                EXPECT_FALSE(handle.is_finished()) << root->text();
            }
            std::move(nobodys).wake(); // the last look: now all is known
            auto result = co_await std::move(handle).into_result();
            EXPECT_TRUE(result.error().is_lost());
        });
        ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
}

} // namespace
