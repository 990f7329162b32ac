// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// rouse-coroutine-check: finds what GCC before 13 compiles wrongly in coroutines. See docs/guide/gcc-12.md.
// Needs nothing but a compiler: c++ -std=c++23 -O2 coroutine_check.cpp

#include "rules.hpp"
#include "tokens.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#ifndef ROUSE_CHECK_VERSION
#define ROUSE_CHECK_VERSION "(built by hand)"
#endif

namespace {

namespace fs = std::filesystem;
using namespace rouse::check;

constexpr std::string_view help_text = R"(usage: rouse-coroutine-check [OPTION]... FILE-OR-FOLDER...

Finds C++ coroutine code that GCC before 13 compiles wrongly: in a full-expression with co_await or
co_yield it destroys some temporaries twice, in silence; and some conditions that await crash. Reads source text only; nothing is compiled.

  error: [rouse-gcc-closure]         co_await f([x] { ... })
      a closure that owns a capture. Captures by reference, `this`, literals, and locals declared as
      numbers or pointers are harmless and not reported.
  error: [rouse-gcc-ternary]         co_await f(c ? T{} : t)     co_await (c ? f() : g())
      the value of ?: where a branch is T{...}, or where it is what is awaited.
  warning: [rouse-gcc-ternary]       c ? co_await f() : t
      the same where the branches do not show whether the type has a destructor.
  warning: [rouse-gcc-aggregate]     co_await f({a, b})          co_await T{a, b}
      a braced temporary, which may be an aggregate. Types of std (but std::array), of rouse, and
      arithmetic ones are not.
  warning: [rouse-gcc-braced-await]  T t{co_await f(), 1}
      the same with the co_await between the braces.
  error: [rouse-gcc-condition]       Task<> f(int n) { if (co_await g(n)) h(); }
      an await in the condition of if, while, for or switch, in a coroutine that declares no name in any of
      its blocks: it reads wild memory. Lambdas are right.

Not seen: an aggregate made with parentheses, T(a, b); default arguments; what a macro expands to.

  --strict        warnings are errors
  --errors-only   no warnings
  --help          this text
  --version       the version

A comment `// rouse-check: ok`, on the line of a finding or alone on the line above it, excuses it.
Folders are searched for C++ files, but for hidden ones and build trees of CMake.

Ends with 0 if there are no errors, 1 if there are, 2 if it cannot do its work.
)";

struct Options {
    bool strict = false;
    bool errors_only = false;
    std::vector<fs::path> paths;
};

struct Tally {
    int errors = 0;
    int warnings = 0;
    bool broken = false; // some file could not be read
};

void complain(const std::string& what) { std::cerr << "rouse-coroutine-check: " << what << '\n'; }

void check_text(const std::string& text, const std::string& shown, const Options& options, Tally& tally) {
    const Source source = Tokenizer(text).run();
    for (const Finding& finding : Checker(source).run()) {
        const bool error = finding.severity == Severity::error || options.strict;
        if (!error && options.errors_only) continue;
        ++(error ? tally.errors : tally.warnings);
        std::cout << shown << ':' << finding.line << ':' << finding.column
                  << (error ? ": error: " : ": warning: ") << finding.message << " [" << finding.rule
                  << "]\n";
    }
}

void check_file(const fs::path& path, const Options& options, Tally& tally) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) {
        complain("cannot read " + path.string());
        tally.broken = true;
        return;
    }
    try {
        check_text(text, path.string(), options, tally);
    } catch (const TooDeep& problem) {
        complain("cannot check " + path.string() + ": " + problem.what());
        tally.broken = true;
    }
}

bool is_cpp(const fs::path& path) {
    static constexpr std::string_view endings[] = {".cpp", ".cc",  ".cxx", ".c++", ".C",  ".cppm", ".ixx",
                                                   ".hpp", ".hh",  ".hxx", ".h++", ".H",  ".h",    ".ipp",
                                                   ".tpp", ".txx", ".tcc", ".inl", ".inc"};
    return std::find(std::begin(endings), std::end(endings), path.extension().string()) != std::end(endings);
}

void check_folder(const fs::path& folder, const Options& options, Tally& tally) {
    std::vector<fs::path> files;
    for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
         ++entry) {
        const fs::path& path = entry->path();
        if (entry->is_directory()) {
            const bool skip =
                path.filename().string().starts_with('.') || fs::exists(path / "CMakeCache.txt");
            if (skip) entry.disable_recursion_pending();
        } else if (is_cpp(path)) {
            files.push_back(path);
        }
    }
    std::sort(files.begin(), files.end()); // the same order on every machine
    for (const fs::path& file : files) check_file(file, options, tally);
}

int run(const Options& options) {
    Tally tally;
    for (const fs::path& path : options.paths) {
        std::error_code ignored;
        if (fs::is_directory(path, ignored)) {
            check_folder(path, options, tally);
        } else {
            check_file(path, options, tally);
        }
    }
    std::cout.flush();
    if (tally.errors + tally.warnings > 0) {
        std::cerr << "rouse-coroutine-check: " << tally.errors
                  << (tally.errors == 1 ? " error, " : " errors, ") << tally.warnings
                  << (tally.warnings == 1 ? " warning\n" : " warnings\n");
    }
    if (!std::cout) {
        complain("cannot write the findings");
        return 2;
    }
    return tally.broken ? 2 : tally.errors > 0 ? 1 : 0;
}

int bad_usage(const std::string& what) {
    complain(what + " (--help says more)");
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    bool only_paths = false;
    for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
        if (only_paths || !argument.starts_with('-')) {
            if (argument.empty()) return bad_usage("a file name is empty");
            options.paths.emplace_back(argument);
        } else if (argument == "--help" || argument == "-h") {
            std::cout << help_text;
            return 0;
        } else if (argument == "--version") {
            std::cout << "rouse-coroutine-check " ROUSE_CHECK_VERSION "\n";
            return 0;
        } else if (argument == "--strict") {
            options.strict = true;
        } else if (argument == "--errors-only") {
            options.errors_only = true;
        } else if (argument == "--") {
            only_paths = true;
        } else {
            return bad_usage("unknown option " + std::string(argument));
        }
    }
    if (options.paths.empty()) return bad_usage("no file or folder given");
    if (options.strict && options.errors_only)
        return bad_usage("--strict and --errors-only exclude each other");
    try {
        return run(options);
    } catch (const std::exception& problem) {
        complain(problem.what());
        return 2;
    }
}
