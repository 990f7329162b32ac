// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Types at run time: types.cpp has what is tried, and answers with what went otherwise than the standard says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { start } from "./modules.mjs";

const { exports } = await start("types");
for (const name of ["catches_of_values", "catches_of_pointers", "catches_of_incomplete_classes", "catches_see_the_object", "casts"])
  test(name.replaceAll("_", " "), () => assert.equal(exports[name](), ""));
