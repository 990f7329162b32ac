// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "io/io_uring/mounts.hpp"

#include <gtest/gtest.h>

namespace {

using rouse::detail::Mounts;

constexpr const char* table = R"(22 27 0:21 / /proc rw,relatime shared:2 - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
28 27 0:40 / /mnt rw,relatime shared:3 master:1 - nfs4 server:/all rw
29 28 0:41 / /mnt/disk rw,relatime - xfs /dev/vdb rw
30 27 0:42 / /with\040blank rw - fuse.sshfs me@there rw
31 27 0:43 / /over rw - nfs4 server:/all rw
32 31 0:44 / /over rw - tmpfs tmpfs rw
)";

TEST(RingMounts, a_path_is_where_the_nearest_mount_is) {
    Mounts mounts;
    mounts.parse(table);
    EXPECT_TRUE(mounts.is_local_by_table("/var/me/file"));
    EXPECT_TRUE(mounts.is_local_by_table("/"));
    EXPECT_FALSE(mounts.is_local_by_table("/proc/self"));
    EXPECT_FALSE(mounts.is_local_by_table("/mnt/file"));
    EXPECT_FALSE(mounts.is_local_by_table("/mnt")) << "to look at it is to ask the server";
    EXPECT_TRUE(mounts.is_local_by_table("/mntfile"));
    EXPECT_TRUE(mounts.is_local_by_table("/mnt/disk/file"));
    EXPECT_FALSE(mounts.is_local_by_table("/mnt/diskfile"));
    EXPECT_FALSE(mounts.is_local_by_table("/with blank/file"));
    EXPECT_TRUE(mounts.is_local_by_table("/over/file")) << "the last one hides those before it";
}

TEST(RingMounts, what_lies_under_a_later_mount_is_not_met) {
    Mounts mounts;
    mounts.parse(R"(31 27 0:5 / /proc rw - proc proc rw
27 1 254:0 / / rw - ext4 /dev/vda rw
40 27 0:50 / /mm/b rw - tmpfs tmpfs rw
41 27 0:51 / /mm rw - nfs4 server:/all rw
42 41 0:52 / /mm/c rw - xfs /dev/vdb rw
)");
    EXPECT_FALSE(mounts.is_local_by_table("/mm/b/x")) << "the tmpfs is below the server's";
    EXPECT_FALSE(mounts.is_local_by_table("/mm/x"));
    EXPECT_TRUE(mounts.is_local_by_table("/mm/c/x"));
    EXPECT_TRUE(mounts.is_local_by_table("/m"));
}

TEST(RingMounts, a_path_is_read_as_it_is_meant) {
    Mounts mounts;
    mounts.parse(table);
    EXPECT_FALSE(mounts.is_local_by_table("//mnt/./x"));
    EXPECT_FALSE(mounts.is_local_by_table("/var/../var/x")) << "a link may be before the dots";
    EXPECT_TRUE(mounts.is_local_by_table("/var/..x"));
}

TEST(RingMounts, nothing_is_local_where_nothing_is_known) {
    Mounts mounts;
    EXPECT_FALSE(mounts.is_local_by_table("/"));
    mounts.parse("nonsense\n\n1 2 3\n");
    EXPECT_FALSE(mounts.is_local_by_table("/x"));
}

TEST(RingMounts, the_table_of_this_system_is_found) {
    Mounts mounts;
    EXPECT_FALSE(mounts.is_local("/proc/self/status"));
    EXPECT_FALSE(mounts.is_local("/proc/self/status")) << "again, as it was read";
}

} // namespace
