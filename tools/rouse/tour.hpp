// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rouse_cli {

/// A program of the tour: an example of that name, and what it is about.
class Stop {
public:
    constexpr Stop(std::string_view name, std::string_view about) : name(name), about(about) {}
    std::string_view name;
    std::string_view about;
};

/// In the order of the tour.
std::span<const Stop> stops();
/// Null: there is none of that name.
const Stop* find_stop(std::string_view name);
/// Names and what they are about, a line each.
std::string list_text();

/// Runs the programs one after another, with a heading each. 0, or 1 when one failed: its name is said at the
/// end.
int run_tour(const std::vector<const Stop*>& chosen);

} // namespace rouse_cli
