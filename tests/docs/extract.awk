# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# awk -v mode=fragments|programs -f extract.awk NAME.md: the ```cpp blocks of a Markdown file, as one C++ file on stdout.
# `programs`: the blocks that have a main(), each to be run; `fragments`: all others, to be compiled. Each is in a namespace of its
# own, and its lines are those of the Markdown file, so that an error names the place to mend.
# With `-v header=NAME` that is what the file includes, in place of what the tests of other pages need.
#
# A comment on the lines before a block, which no reader sees, says what to do with it:
#
#     <!-- cpp: in task -->         it is the inside of a coroutine
#     <!-- cpp: in function -->     it is the inside of a function
#     <!-- cpp: continues -->       it goes on with the block before, and sees its names
#     <!-- cpp: given               these lines come before it; functions that are only declared will do
#     rouse::Task<int> fetch(int id);
#     -->

function place(line) { return "#line " line " \"" FILENAME "\"\n" }

# Pages are linked into one program, and may have blocks on the same line.
function block() {
    page = FILENAME
    sub(/.*\//, "", page)
    gsub(/[^A-Za-z0-9]/, "_", page)
    return "block_" page "_" first_line
}

function finish_group() {
    if (group == "") return
    is_program = group ~ /\nint main\(/
    if (is_program && mode == "programs") {
        # Only the real main may end without a return.
        inside = substr(group, index(group, "\nint main("))
        if (inside !~ /[^_]return[ ;]/) sub(/\nint main\(/, "\nvoid main_(", group)
        else sub(/\nint main\(/, "\nint main_(", group)
        body = body "namespace " block() " {" group "}\n"
        body = body "static const ::docs::Program program_" block() "(\"" FILENAME ":" first_line "\", " block() "::main_);\n"
    } else if (!is_program && mode == "fragments") {
        body = body "namespace " block() " {" group "}\n"
    }
    group = ""
}

function add(line, number) {
    if (line ~ /^#include/) includes = includes line "\n"
    else group = group line "\n"
}

BEGIN { wrap = ""; state = "text"; continues = 0 }

state == "text" && /^<!-- cpp: given$/ { state = "given"; given_line = FNR + 1; given = ""; next }
state == "given" && /^-->$/ { state = "text"; next }
state == "given" { given = given $0 "\n"; next }
state == "text" && /^<!-- cpp: in task -->$/ { wrap = "::rouse::Task<> fragment() {"; next }
state == "text" && /^<!-- cpp: in function -->$/ { wrap = "void fragment() {"; next }
state == "text" && /^<!-- cpp: continues -->$/ { continues = 1; next }
/^<!-- cpp:/ { print FILENAME ":" FNR ": unknown marker: " $0 > "/dev/stderr"; failed = 1 }

state == "text" && /^```cpp$/ {
    if (!continues) { finish_group(); first_line = FNR }
    group = group "\n"
    if (given != "") {
        group = group place(given_line)
        count = split(given, lines, "\n")
        for (i = 1; i < count; i++) add(lines[i])
    }
    if (wrap != "") group = group wrap "\n"
    group = group place(FNR + 1)
    state = "code"
    next
}
state == "code" && /^```$/ {
    if (wrap ~ /Task/) group = group "co_return; }\n"
    else if (wrap != "") group = group "}\n"
    wrap = ""; given = ""; continues = 0
    state = "text"
    next
}
state == "code" { add($0); next }

END {
    finish_group()
    if (state != "text") { print FILENAME ": a block is not closed" > "/dev/stderr"; failed = 1 }
    if (failed) exit 1
    print "// Made of the code in " FILENAME "."
    if (body == "") exit 0
    if (header != "") {
        print "#include <" header ">"
    } else {
        print "#include \"docs/program.hpp\""
        print "#include <rouse/rouse.hpp>"
        print "#include <rouse/testing/harness.hpp>"
        print "#undef NDEBUG" # what a page asserts is checked, however the library was built
        print "#include <cassert>"
    }
    printf "%s", includes
    print "using namespace std::chrono_literals;"
    printf "%s", body
}
