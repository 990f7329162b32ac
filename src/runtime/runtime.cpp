// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/runtime/runtime.hpp"

namespace rouse {

void pause_clock() { detail::RuntimeCore::current("pause_clock")->pause_clock(); }
void resume_clock() { detail::RuntimeCore::current("resume_clock")->resume_clock(); }
void advance_clock(Duration by) { detail::RuntimeCore::current("advance_clock")->advance_clock(by); }

} // namespace rouse
