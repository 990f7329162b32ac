// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/readable_parts.hpp"

namespace rouse::detail {
namespace {

constexpr Change of_gcc[] = {
    {"{anonymous}::", ""},
    {"<lambda(", "<lambda"}, // <lambda(int)>
    {"<lambda>", "(lambda)"},
    {"std::__cxx11::", "std::"},
    {"long long unsigned int", "unsigned long long"},
    {"long unsigned int", "unsigned long"},
    {"short unsigned int", "unsigned short"},
    {"long int", "long"},
};

/// GCC names a coroutine by the function that resumes it: `void ns::work(work(int)::_Z4worki.Frame*)`. The
/// signature is in the parameter, up to the mangled name; its qualification may be missing there.
void undo_frames(std::string& text) {
    static constexpr std::string_view frame = ".Frame*)";
    for (std::size_t at; (at = text.find(frame)) != std::string::npos;) {
        const std::size_t close = at + frame.size() - 1;
        const std::size_t open = open_of(text, close);
        const std::size_t mangled = text.rfind("::_Z", at);
        if (open == nowhere || mangled == nowhere || mangled < open) return;
        const std::size_t begin = name_before(text, open);
        const std::string_view name(text.data() + begin, open - begin);
        std::string signature = text.substr(open + 1, mangled - open - 1);
        std::string_view bare = std::string_view(signature).substr(0, parameters_of(signature));
        if (const std::size_t arguments = bare.find('<'); arguments != nowhere)
            bare = bare.substr(0, arguments);
        if (name.size() > bare.size() && name.ends_with(bare) && name[name.size() - bare.size() - 1] == ':')
            signature.insert(0, name.substr(0, name.size() - bare.size()));
        text.replace(begin, close + 1 - begin, signature);
    }
}

} // namespace

std::string without_gcc(std::string_view name) {
    std::string text(name);
    undo_frames(text);
    return changed(text, of_gcc);
}

} // namespace rouse::detail
