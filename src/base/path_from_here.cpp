// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/readable_parts.hpp"

#include <unistd.h>

namespace rouse::detail {

std::string_view path_from_here(std::string_view file) noexcept {
    char buffer[4096];
    if (file.starts_with('/') && ::getcwd(buffer, sizeof(buffer))) {
        const std::string_view here = buffer;
        if (file.size() > here.size() + 1 && file.starts_with(here) && file[here.size()] == '/')
            file.remove_prefix(here.size() + 1);
    }
    return file;
}

} // namespace rouse::detail
