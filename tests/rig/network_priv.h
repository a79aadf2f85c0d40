/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network_priv.h - what to do about rows that are wrong.
 */
#ifndef XB_TESTS_RIG_NETWORK_PRIV_H
#define XB_TESTS_RIG_NETWORK_PRIV_H

/* Says so and ends the process. */
_Noreturn void network_die(const char *what, const char *which);

#endif
