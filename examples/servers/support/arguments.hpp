// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace servers {

/// What a program takes on its command line, and where it is to be put. Read by CLI11, which only one file
/// here includes: it takes longer to compile than an example.
class Arguments {
public:
    /// `what`: the first line of `--help`.
    Arguments(const std::string& name, const std::string& what);
    ~Arguments();
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;

    /// A name that begins with `--` is an option's, any other that of a place.
    Arguments& required(const std::string& name, std::string& value, const std::string& what);
    Arguments& required(const std::string& name, std::vector<std::string>& values, const std::string& what);

    /// What is there already is the default.
    Arguments& optional(const std::string& name, std::string& value, const std::string& what);
    Arguments& optional(const std::string& name, std::uint16_t& value, const std::string& what);
    Arguments& optional(const std::string& name, unsigned& value, unsigned highest, const std::string& what);
    /// In seconds: from a millisecond to a day.
    Arguments& optional(const std::string& name, std::chrono::duration<double>& value,
                        const std::string& what);
    /// In whole seconds, up to a day.
    Arguments& optional(const std::string& name, std::chrono::seconds& value, const std::string& what);

    /// With what the program is to end at once: 0 after `--help`, 2 after bad arguments, of which one line on
    /// stderr tells.
    std::optional<int> parse(int argc, char** argv);

private:
    std::unique_ptr<CLI::App> app_;
};

/// One line, at once: somebody waits for the address.
void say(std::string_view line);
void complain(std::string_view line);

} // namespace servers
