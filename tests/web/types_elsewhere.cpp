// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "types_elsewhere.hpp"

class Far {
public:
    int number = 1;
};
class Further {
public:
    int number = 2;
};

void throw_far() {
    static Far* far = nullptr;
    throw &far;
}

void throw_member() { throw &Far::number; }

bool catches_far(void (*thrower)()) {
    try {
        thrower();
    } catch (Far**) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}

bool catches_member(void (*thrower)()) {
    try {
        thrower();
    } catch (int Far::*) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}
