// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/asymmetric_fence.hpp"

namespace rouse::detail {

// One thread: there is nobody to fence against.

constinit bool AsymmetricFence::heavy_works_ = true;
void AsymmetricFence::prepare() noexcept {}
void AsymmetricFence::heavy() noexcept {}

} // namespace rouse::detail
