// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/waker.hpp"

namespace rouse {
namespace {

RawWaker noop_clone(void*);
void noop_act(void*) {}
constexpr RawWakerVTable noop_vtable(noop_clone, noop_act, noop_act, noop_act);
RawWaker noop_clone(void*) { return RawWaker(nullptr, &noop_vtable); }

detail::TaskState* task(void* data) noexcept { return static_cast<detail::TaskState*>(data); }

RawWaker task_clone(void* data) {
    task(data)->clone_waker();
    return RawWaker(data, &detail::task_waker_vtable);
}

} // namespace

Waker Waker::noop() noexcept { return from_raw(RawWaker(nullptr, &noop_vtable)); }

constinit const RawWakerVTable detail::task_waker_vtable(
    task_clone, [](void* data) { task(data)->wake(); }, [](void* data) { task(data)->wake_by_ref(); },
    [](void* data) { task(data)->drop_waker(); });

} // namespace rouse
