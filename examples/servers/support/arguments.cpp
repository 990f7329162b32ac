// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "support/arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace servers {

namespace {

constexpr int seconds_of_a_day = 86400;

/// As it is shown, without zeros at its end.
std::string shown(double seconds) { return fmt::format("{:g}", seconds); }

} // namespace

Arguments::Arguments(const std::string& name, const std::string& what)
    : app_(std::make_unique<CLI::App>(what, name)) {}
Arguments::~Arguments() = default;

Arguments& Arguments::required(const std::string& name, std::string& value, const std::string& what) {
    app_->add_option(name, value, what)->required();
    return *this;
}

Arguments& Arguments::required(const std::string& name, std::vector<std::string>& values,
                               const std::string& what) {
    app_->add_option(name, values, what)->required();
    return *this;
}

Arguments& Arguments::optional(const std::string& name, std::string& value, const std::string& what) {
    auto* const option = app_->add_option(name, value, what);
    if (!value.empty()) option->capture_default_str();
    return *this;
}

Arguments& Arguments::optional(const std::string& name, std::uint16_t& value, const std::string& what) {
    app_->add_option(name, value, what)->capture_default_str();
    return *this;
}

Arguments& Arguments::optional(const std::string& name, unsigned& value, unsigned highest,
                               const std::string& what) {
    app_->add_option(name, value, what)->check(CLI::Range(0u, highest))->capture_default_str();
    return *this;
}

Arguments& Arguments::optional(const std::string& name, std::chrono::duration<double>& value,
                               const std::string& what) {
    app_->add_option_function<double>(
            name, [&value](double seconds) { value = std::chrono::duration<double>(seconds); }, what)
        ->check(CLI::Range(0.001, double{seconds_of_a_day}))
        ->type_name("SECONDS")
        ->default_str(shown(value.count()));
    return *this;
}

Arguments& Arguments::optional(const std::string& name, std::chrono::seconds& value,
                               const std::string& what) {
    app_->add_option_function<int>(
            name, [&value](int seconds) { value = std::chrono::seconds(seconds); }, what)
        ->check(CLI::Range(1, seconds_of_a_day))
        ->type_name("SECONDS")
        ->default_str(std::to_string(value.count()));
    return *this;
}

std::optional<int> Arguments::parse(int argc, char** argv) {
    try {
        app_->parse(argc, argv);
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        say(app_->help());
        return 0;
    } catch (const CLI::ParseError& error) {
        complain(fmt::format("{}: {}; --help says what it takes", app_->get_name(), error.what()));
        return 2;
    }
}

void say(std::string_view line) {
    fmt::print(stdout, "{}\n", line);
    (void)std::fflush(stdout);
}

void complain(std::string_view line) { fmt::print(stderr, "{}\n", line); }

} // namespace servers
