// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Classes that one source file sees whole and another one does not.
class Far;
class Further;

void throw_far();    // a Far**
void throw_member(); // an int Far::*
/// Whether a handler where Far is complete takes what `thrower` throws.
bool catches_far(void (*thrower)());
bool catches_member(void (*thrower)());
