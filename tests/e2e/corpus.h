/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * corpus.h - the objects to compare, and what their maps hold before the first packet.
 */
#ifndef XB_TESTS_E2E_CORPUS_H
#define XB_TESTS_E2E_CORPUS_H

#include "tests/rig/network.h"

/* An element, in hex; per-CPU maps get the value for every CPU. */
struct corpus_elem {
	const char *map;
	const char *key;
	const char *value; /* "prog:NAME" among the bytes: that program's descriptor */
};

/* How TC's test runs differ from packet to packet. */
enum corpus_skb {
	CORPUS_SUM_KNOWN = 1, /* the kernel knows the sum of the packet, and checks it afterwards */
	CORPUS_SEGMENTS = 2,  /* packets that will be cut into segments of `gso_size` */
};

struct corpus_row {
	const char *name;             /* NULL: the object's */
	const char *object;           /* without ".o" */
	u32 skb;                      /* enum corpus_skb */
	const struct network *net;    /* that programs ask about, or NULL: the loopback alone */
	const char *not_compared;     /* why results depend on more than packet and maps, or NULL */
	struct corpus_elem elems[12]; /* up to the first without a map */
};

extern const struct corpus_row corpus_rows[];
extern const u32 corpus_row_cnt;

/* Two Ethernet interfaces, 10 and 20, and routes to where the captures' packets go. */
extern const struct network corpus_network;

/* The loopback alone, and sockets that the captures' packets are for. */
extern const struct network corpus_sockets;

/* Programs of TC. */
extern const struct corpus_row tc_rows[];
extern const u32 tc_row_cnt;

/* Programs of other types that have an sk_buff. */
extern const struct corpus_row skb_rows[];
extern const u32 skb_row_cnt;

/*
 * Debian's xdp-tools: objects that others wrote. Each has some of the maps; elements for the others
 * are left out.
 */
extern const struct corpus_row foreign_rows[];
extern const u32 foreign_row_cnt;

#endif
