// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The command line program.

#include "tour.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

constexpr int wrong_usage = 2;

/// What was wrong, and then the usage.
std::string failure_text(const CLI::App* app, const CLI::Error& error) {
    const std::vector<std::string> unknown = app->remaining();
    const std::string fault = unknown.empty() ? error.what() : fmt::format("unknown: {}", unknown.front());
    return fmt::format("rouse: {}\n\n{}", fault, app->help());
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("An async runtime for C++ in which a lost waker is an exception.", "rouse");
    app.set_version_flag("--version", "rouse " ROUSE_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(26);
    app.failure_message(failure_text);

    std::vector<std::string> names;
    CLI::App* tour = app.add_subcommand("tour", "Run the programs of the tour, or those named");
    tour->add_option("NAME", names, "Which ones: see `rouse list`")->type_name("");
    CLI::App* list = app.add_subcommand("list", "What the tour has");
    std::string footer = "The tour:\n" + rouse_cli::list_text();
    footer.pop_back(); // CLI11 ends it with a line of its own
    app.footer(footer);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // CLI11 prints help and version to stdout, mistakes to stderr; of its many codes we keep two.
        return app.exit(error) == 0 ? 0 : wrong_usage;
    }

    if (list->parsed()) {
        fmt::print("{}", rouse_cli::list_text());
        return 0;
    }
    std::vector<const rouse_cli::Stop*> chosen;
    for (const std::string& name : names) {
        const rouse_cli::Stop* stop = rouse_cli::find_stop(name);
        if (!stop) {
            fmt::print(stderr, "rouse: the tour has no `{}`\n\nusage: rouse tour [NAME]...\n\n{}", name,
                       rouse_cli::list_text());
            return wrong_usage;
        }
        chosen.push_back(stop);
    }
    if (chosen.empty())
        for (const rouse_cli::Stop& stop : rouse_cli::stops()) chosen.push_back(&stop);
    return rouse_cli::run_tour(chosen);
}
