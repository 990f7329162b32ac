// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rouse::process {

/// Collects what is left of children that were dropped while they ran, and have ended since.
void reap_orphans() noexcept;

} // namespace rouse::process
