// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What of JsFuture is not on the way of every await, which is settled.cpp.
#include "rouse/web/future.hpp"

#include "settlements.hpp"

namespace rouse::web {

using detail::Settlements;

void JsFuture::inspect(Inspector& to) const {
    if (place_ == none) return;
    const bool collected = Settlements::all().at(place_).state == Settlements::State::collected;
    to.waits_for(WaitKind::promise, this,
                 collected ? "a Promise that was garbage collected, and can never settle"
                           : "a JavaScript Promise");
}

} // namespace rouse::web
