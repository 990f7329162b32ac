// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/waker.hpp"

#include <memory>
#include <utility>

namespace rouse {

namespace detail {

template <class T>
struct SharedWaker {
    using Shared = std::shared_ptr<T>;
    static Shared* get(void* data) noexcept { return static_cast<Shared*>(data); }
    static RawWaker clone(void* data) { return RawWaker(new Shared(*get(data)), &vtable); }
    static void wake(void* data) {
        const std::unique_ptr<Shared> owned(get(data));
        (*owned)->wake();
    }
    static void wake_by_ref(void* data) { (*get(data))->wake(); }
    static void drop(void* data) { delete get(data); }
    static constexpr RawWakerVTable vtable{clone, wake, wake_by_ref, drop};
};

template <class Fn>
class CallbackWake {
public:
    explicit CallbackWake(Fn fn) : fn_(std::move(fn)) {}
    void wake() { fn_(); }

private:
    Fn fn_;
};

} // namespace detail

/// A waker from a shared object with a member `wake()`, which is called from any thread, and may not throw.
/// As Rust's `Wake` trait.
template <class T>
    requires requires(T& object) { object.wake(); }
[[nodiscard]] Waker waker_from(std::shared_ptr<T> object) {
    return Waker::from_raw(
        RawWaker(new std::shared_ptr<T>(std::move(object)), &detail::SharedWaker<T>::vtable));
}

/// A waker that calls `fn()` at each wake, from any thread; `fn` dies with the last clone.
template <class Fn>
    requires requires(Fn& fn) { fn(); }
[[nodiscard]] Waker waker_from(Fn fn) {
    return waker_from(std::make_shared<detail::CallbackWake<Fn>>(std::move(fn)));
}

} // namespace rouse
