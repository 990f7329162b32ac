// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/fs/metadata.hpp"

#include <sys/sysmacros.h>

namespace rouse::fs {
namespace {

timespec time_of(const statx_timestamp& time) noexcept {
    timespec same{};
    same.tv_sec = time.tv_sec;
    same.tv_nsec = static_cast<long>(time.tv_nsec);
    return same;
}

} // namespace

Metadata::Metadata(const struct statx& raw) noexcept {
    raw_.st_dev = makedev(raw.stx_dev_major, raw.stx_dev_minor);
    raw_.st_ino = raw.stx_ino;
    raw_.st_mode = raw.stx_mode;
    raw_.st_nlink = raw.stx_nlink;
    raw_.st_uid = raw.stx_uid;
    raw_.st_gid = raw.stx_gid;
    raw_.st_rdev = makedev(raw.stx_rdev_major, raw.stx_rdev_minor);
    raw_.st_size = static_cast<off_t>(raw.stx_size);
    raw_.st_blksize = static_cast<blksize_t>(raw.stx_blksize);
    raw_.st_blocks = static_cast<blkcnt_t>(raw.stx_blocks);
    raw_.st_atim = time_of(raw.stx_atime);
    raw_.st_mtim = time_of(raw.stx_mtime);
    raw_.st_ctim = time_of(raw.stx_ctime);
}

} // namespace rouse::fs
