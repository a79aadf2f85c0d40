/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sk_lookup.h - programs that choose the socket of a connection: struct bpf_sk_lookup, and their
 * test run. There is no packet. cf. net/core/filter.c: sk_lookup_is_valid_access;
 * net/bpf/test_run.c: bpf_prog_test_run_sk_lookup
 */
#ifndef XB_SKB_SK_LOOKUP_H
#define XB_SKB_SK_LOOKUP_H

#include "emu/prog.h"
#include "emu/sock.h"

/* Registers the program type, and helpers that have a form of their own for it. */
void skb_sk_lookup_register(struct xb_emu *emu);

#endif
