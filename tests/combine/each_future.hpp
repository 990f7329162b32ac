// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/scripted.hpp"

#include <vector>

namespace rouse_test::combined {

/// Every future of combine.
std::vector<scripted::Case> all_cases();

} // namespace rouse_test::combined
