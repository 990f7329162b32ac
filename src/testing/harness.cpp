// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/testing/harness.hpp"

#include "rouse/base/atomic.hpp"

namespace rouse::testing {

class CountingWaker::State {
public:
    Atomic<std::size_t> wakes{0};
    Atomic<std::size_t> alive{0};
};

namespace {

// Each waker owns a shared_ptr to the counts: it may outlive the test's object.
template <class State>
struct Counting {
    using Shared = std::shared_ptr<State>;
    static Shared& of(void* data) noexcept { return *static_cast<Shared*>(data); }
    static RawWaker clone(void* data) {
        of(data)->alive.fetch_add(1, memory_order_acq_rel);
        return RawWaker(new Shared(of(data)), &vtable);
    }
    static void wake(void* data) {
        wake_by_ref(data);
        drop(data);
    }
    static void wake_by_ref(void* data) { of(data)->wakes.fetch_add(1, memory_order_acq_rel); }
    static void drop(void* data) {
        of(data)->alive.fetch_sub(1, memory_order_acq_rel);
        delete &of(data);
    }
    static constexpr RawWakerVTable vtable{clone, wake, wake_by_ref, drop};
};

} // namespace

CountingWaker::CountingWaker() : state_(std::make_shared<State>()) {
    state_->alive.store(1, memory_order_relaxed);
    waker_ = Waker::from_raw(RawWaker(new std::shared_ptr<State>(state_), &Counting<State>::vtable));
}
CountingWaker::~CountingWaker() = default;

std::size_t CountingWaker::wakes() const noexcept { return state_->wakes.load(memory_order_acquire); }
std::size_t CountingWaker::clones_alive() const noexcept {
    return state_->alive.load(memory_order_acquire) - 1;
}
std::size_t CountingWaker::take_wakes() noexcept {
    const std::size_t all = wakes();
    return all - std::exchange(taken_, all);
}

} // namespace rouse::testing
