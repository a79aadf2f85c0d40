/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen.h - the captures that are generated: each function writes all packets of one.
 */
#ifndef XB_TESTS_CAPTURES_GEN_H
#define XB_TESTS_CAPTURES_GEN_H

#include "tests/captures/out.h"

/* A quarter of a second in the life of a small server behind the firewall program. */
void gen_demo(struct out *o);

/* One of each kind of packet that parsers stumble over. */
void gen_mixed(struct out *o);

/* Tunnels, congestion marks, TCP options, translated addresses: what TC programs are for. */
void gen_overlay(struct out *o);

#endif
