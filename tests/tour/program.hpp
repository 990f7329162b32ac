// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tour {

/// What a program did.
class Outcome {
public:
    int exit_code = -1; ///< 128 and the signal, if it was one, as a shell says it.
    std::string out;
    std::string err;
};

/// Runs `file` in the root of the source tree, where reports show paths relative to it, and waits for it.
Outcome run(const std::filesystem::path& file, std::vector<std::string> arguments = {});
/// An example by its name.
Outcome run_example(std::string_view name);
/// The command line program.
std::filesystem::path rouse_program();
Outcome run_rouse(std::vector<std::string> arguments);

/// How often `part` is in `text`.
std::size_t count(std::string_view text, std::string_view part);
/// The number behind the first `before` that has one; fails the test when there is none.
double number_after(std::string_view text, std::string_view before);
/// The first report in `text`, from its first line to its help.
std::string first_report(std::string_view text);
std::string read(const std::filesystem::path& file);

} // namespace tour
