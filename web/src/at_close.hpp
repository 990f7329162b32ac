// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rouse::web::detail {

/// Called at the end of the module, after that of its tasks. Set by who needs it, so that a module without
/// closures has none of their code.
extern void (*at_close)() noexcept;

} // namespace rouse::web::detail
