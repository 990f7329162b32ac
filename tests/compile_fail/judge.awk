# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# awk -v name=FILE -f judge.awk FILE MESSAGES: a fault of FILE begins with a line `// REFUSED: <regular expression>`, and ends with
# the next one or with its #endif. MESSAGES, of clang or g++, must have an error at the lines of each fault that matches what is
# expected there, and no error at another line of FILE. An error is all that is said of it: through which templates one came there,
# the notes, and the errors that follow from it, which name no line of FILE.

# The fault at which an error is; 0: at none, "": it names no line of the file.
function place_of(error,    lines, count, i, line, place) {
    place = ""
    count = split(error, lines, "\n")
    for (i = 1; i <= count; i++) {
        if (lines[i] ~ /^(In file included| +) *from / || !match(lines[i], "(^|[ /])" name ":[0-9]+:")) continue
        line = substr(lines[i], RSTART, RLENGTH - 1)
        sub(/.*:/, "", line)
        if (line in fault_at) return fault_at[line]
        place = 0
    }
    return place
}

function end_of_error(    place) {
    if (error == "") return
    place = place_of(error)
    if (place == "") place = last_place
    if (place) said[place] = said[place] error
    else elsewhere = elsewhere error
    if (place && error ~ expected[place]) refused[place] = 1
    last_place = place
    error = ""
}

# ---- the faults ----
FNR == NR && /\/\/ REFUSED: / {
    current = FNR
    expected[current] = $0
    sub(/.*\/\/ REFUSED: /, "", expected[current])
    next
}
FNR == NR {
    if (/^#endif/) current = 0
    if (current) fault_at[FNR] = current
    next
}

# ---- the messages ----
# g++ says how it came there before it says what is wrong.
/: In .*(function|instantiation|substitution|lambda|constructor)|required (from|by)|^In file included from|^ +from |: At global scope/ {
    way = way $0 "\n"
    next
}
/: (fatal )?(error|warning): / { end_of_error() }
/: (fatal )?error: / { error = way $0 "\n"; way = ""; next }
error != "" { error = error way $0 "\n" }
{ way = "" }

END {
    end_of_error()
    for (fault in expected) {
        faults++
        if (fault in refused) continue
        bad = bad name ":" fault ": "
        if (fault in said) bad = bad "it is refused, but not with\n    " expected[fault] "\nbut with\n" said[fault]
        else bad = bad "it compiles\n"
    }
    if (!faults) bad = name " has no line `// REFUSED: `\n"
    if (elsewhere != "") bad = bad name ": it is refused where no fault is:\n" elsewhere
    printf "%s", bad
    exit bad != ""
}
