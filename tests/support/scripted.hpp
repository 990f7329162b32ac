// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/box_future.hpp>
#include <rouse/core/future.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

// Futures of one kind behind one type, so that one test goes for all and is compiled once; and what they wait
// for.
namespace rouse_test::scripted {

/// Something that happens once, and one future that waits for it.
class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    void fire() {
        fired_ = true;
        std::exchange(waker_, {}).wake();
    }
    [[nodiscard]] bool is_fired() const noexcept { return fired_; }
    [[nodiscard]] bool has_waker() const noexcept { return static_cast<bool>(waker_); }

private:
    friend class Waits;
    rouse::Waker waker_;
    bool fired_ = false;
};
/// Ready with 1 when its source has fired.
class Waits {
public:
    using Output = int;
    explicit Waits(Source& source) noexcept : source_(&source) {}
    Waits(Waits&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
    Waits& operator=(Waits&&) = delete;
    ~Waits() {
        if (source_) source_->waker_ = {};
    }
    rouse::Poll<int> poll(rouse::Context& cx) {
        if (source_->fired_) return rouse::Ready(1);
        source_->waker_.clone_from(cx.waker());
        return rouse::Pending;
    }

private:
    Source* source_;
};

/// The things that a future waits for, and whatever it borrows.
class Scene {
public:
    /// A new thing to wait for. They fire in the order in which they were made.
    Waits waits() { return Waits(sources_.emplace_back()); }
    /// Puts an object where a future may refer to it.
    template <class T>
    T& keep(T object) {
        auto kept = std::make_shared<T>(std::move(object));
        kept_.push_back(kept);
        return *kept;
    }
    /// The next thing that somebody waits for happens; false: nobody waits for any.
    bool step() {
        for (Source& source : sources_) {
            if (source.is_fired() || !source.has_waker()) continue;
            source.fire();
            return true;
        }
        return false;
    }
    [[nodiscard]] bool any_waker() const {
        for (const Source& source : sources_)
            if (source.has_waker()) return true;
        return false;
    }

private:
    std::deque<Source> sources_;
    std::deque<std::shared_ptr<void>> kept_;
};

using Future = rouse::BoxFuture<int>;

class Case {
public:
    Case(std::string name, std::function<Future(Scene&)> make)
        : name(std::move(name)), make(std::move(make)) {}
    std::string name;
    std::function<Future(Scene&)> make;
    /// After a future of `make` was dropped, whenever that was: completes with what it did not take.
    std::function<Future(Scene&)> resume;
};

/// For `drop_anywhere`.
class DropCase {
public:
    explicit DropCase(const Case& kind) noexcept : kind_(kind) {}
    std::optional<Future> make() {
        if (done_) return std::nullopt;
        if (!std::exchange(begun_, true)) return kind_.make(scene_);
        if (kind_.resume) return kind_.resume(scene_);
        return std::nullopt; // it is gone, and all with it
    }
    void take(int) { done_ = true; }
    void go() { EXPECT_TRUE(scene_.step()) << "it is Pending, and waits for nothing"; }
    void check(std::size_t drops) {
        EXPECT_TRUE(done_ || drops == 1);
        if (!kind_.resume) {
            EXPECT_FALSE(scene_.any_waker()) << "a child is left, or its waker is";
        }
        while (scene_.step()) {}
    }

private:
    const Case& kind_;
    Scene scene_;
    bool begun_ = false;
    bool done_ = false;
};

/// One for each future of combine.
} // namespace rouse_test::scripted
