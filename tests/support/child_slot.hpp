// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/waker.hpp>
#include <rouse/task/slot.hpp>

#include <optional>
#include <vector>

#include <support/fake_task.hpp>

namespace rouse_test {

/// A slot in the hands of a test, as a combinator has it for a child.
class ChildSlot {
public:
    using Slot = rouse::detail::Slot;
    using ChildSet = rouse::detail::ChildSet;

    ChildSlot(FakeTask& task, ChildSet& set, Slot* parent = nullptr)
        : slot_(Slot::make(&task, parent, &set)) {
        set.add(*slot_);
    }
    ~ChildSlot() { end(); }
    ChildSlot(const ChildSlot&) = delete;
    ChildSlot& operator=(const ChildSlot&) = delete;

    /// A poll of the child: `body` gets the waker that its future is lent. True: it still has wakers.
    template <class Body>
    bool poll(Body body) {
        const rouse::detail::LentWaker waker(slot_->waker());
        slot_->open();
        body(waker.get());
        return slot_->close();
    }
    /// The combinator is through with it.
    void end() {
        if (!slot_) return;
        slot_->unlink();
        slot_->retire();
        slot_ = nullptr;
    }
    [[nodiscard]] Slot& get() const noexcept { return *slot_; }

private:
    Slot* slot_;
};

/// A task that is idle with one child, which keeps `wakers` wakers.
class OneChild {
public:
    explicit OneChild(int wakers) {
        task.poll([&] {
            child.emplace(task, set);
            child->poll([&](const rouse::Waker& waker) {
                for (int i = 0; i < wakers; ++i) kept.push_back(waker.clone());
            });
        });
    }
    FakeTask task;
    rouse::detail::ChildSet set;
    std::vector<rouse::Waker> kept;
    std::optional<ChildSlot> child;
};

} // namespace rouse_test
