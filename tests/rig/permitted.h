/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * permitted.h - whether a test may ask the kernel: no for want of privilege, or of bpf(2) itself,
 * and for nothing else. What else goes wrong with a first call is the test's own fault, and must
 * not pass for a test that was skipped.
 */
#ifndef XB_TESTS_RIG_PERMITTED_H
#define XB_TESTS_RIG_PERMITTED_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of what a first call gave: a descriptor or -errno. The caller says aloud what is skipped. */
static inline bool
probe_permitted(long ret)
{
	if (ret >= 0)
		return true;
	if (ret == -EPERM || ret == -EACCES || ret == -ENOSYS)
		return false;
	fprintf(stderr, "the kernel cannot be asked: %s\n", strerror((int)-ret));
	exit(1);
}

#endif
