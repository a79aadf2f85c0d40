/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup.h - the cgroups of the machine that tests run on, for what is asked about them.
 */
#ifndef XB_TESTS_RIG_CGROUP_H
#define XB_TESTS_RIG_CGROUP_H

#include "vm/types.h"

#include <stdbool.h>

/*
 * The directory that the hierarchy of the second version is mounted on: a descriptor, or -1 where
 * it is not mounted.
 */
int cgroup2_open(void);

/* Whether this process is in the root of that hierarchy, not of a namespace's part of it. */
bool cgroup2_in_root(void);

#endif
