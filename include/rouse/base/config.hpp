// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// What the compiler and the build options offer, as macros with a value (0 or 1), never as mere presence.

#if defined(__cpp_exceptions)
#define ROUSE_EXCEPTIONS 1
#else
#define ROUSE_EXCEPTIONS 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ROUSE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROUSE_ASAN 1
#endif
#endif
#if !defined(ROUSE_ASAN)
#define ROUSE_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define ROUSE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ROUSE_TSAN 1
#endif
#endif
#if !defined(ROUSE_TSAN)
#define ROUSE_TSAN 0
#endif

// The promise of a coroutine lies behind the two pointers that its frame begins with, if it is aligned to no
// more than they are together.
#define ROUSE_PROMISE_ALIGNMENT (2 * sizeof(void*))

// WebAssembly without threads: one thread is all there is, and the standard library lacks the types for more.
#if defined(__wasm__) && !defined(__wasm_atomics__)
#define ROUSE_THREADS 0
#else
#define ROUSE_THREADS 1
#endif

// The frame cache keeps freed coroutine frames for the next coroutine. Off under ASan, which wants to see
// each free.
#if !defined(ROUSE_FRAME_CACHE)
#define ROUSE_FRAME_CACHE (!ROUSE_ASAN)
#endif

// A build for one measurement: keeps the waker counts and leaves out the branches that turn them into
// verdicts.
#if !defined(ROUSE_NO_VERDICT)
#define ROUSE_NO_VERDICT 0
#endif

// Thread-locals of the library are read on every poll. Initial-exec makes that one load in the shared library
// as well.
#if defined(__wasm__)
#define ROUSE_TLS
#else
#define ROUSE_TLS __attribute__((tls_model("initial-exec")))
#endif
#define ROUSE_ALWAYS_INLINE inline __attribute__((always_inline))
#define ROUSE_NOINLINE __attribute__((noinline))
#define ROUSE_COLD __attribute__((noinline, cold))
