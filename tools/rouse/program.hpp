// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>

namespace rouse_cli {

/// The file of the program that is running.
std::filesystem::path own_path();

/// Runs a program with our stdin, stdout and stderr, and waits for it. Empty when it ended with 0; else what
/// went wrong.
std::string run_program(const std::filesystem::path& path);

} // namespace rouse_cli
