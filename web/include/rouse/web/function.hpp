// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/web/value.hpp"

#include <functional>

namespace rouse::js {

/// A C++ closure as a JavaScript function: an event listener, a comparison for `sort`. It is handed its
/// arguments as an array, and its result goes back; what it throws is thrown in JavaScript. It lives until
/// JavaScript has collected the function, or the module is torn down, after which a call throws.
///
/// ```cpp
/// auto listener = js::function([](const js::Value& arguments) { on_click(arguments.get(0)); return
/// js::Value(); }); button.invoke("addEventListener", "click", listener);
/// ```
[[nodiscard]] Value function(std::function<Value(const Value& arguments)> closure);

} // namespace rouse::js
