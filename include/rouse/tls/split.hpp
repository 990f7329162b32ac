// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/split.hpp"
#include "rouse/tls/stream.hpp"

#include <utility>

namespace rouse::tls {

/// The halves of a TlsStream. Both directions are of one TLS session, so they share a lock; their wakers stay
/// apart, since the stream below has a place for each direction: see `TlsStream::writer_sends`.
template <class S>
using TlsReadHalf = io::ReadHalf<TlsStream<S>>;
template <class S>
using TlsWriteHalf = io::WriteHalf<TlsStream<S>>;

template <class S>
std::pair<io::ReadHalf<TlsStream<S>>, io::WriteHalf<TlsStream<S>>> TlsStream<S>::into_split() && {
    return io::split(std::move(*this));
}

} // namespace rouse::tls
