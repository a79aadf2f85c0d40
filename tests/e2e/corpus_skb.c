/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/corpus.h"

/* clang-format off */
const struct corpus_row skb_rows[] = {
	{ .object = "cg_account" },
	{ .object = "cg_firewall", .elems = {
		{ "ports", "35 00 11 00", "00 00 00 00 00 00 00 00" },
		{ "ports", "50 00 06 00", "00 00 00 00 00 00 00 00" },
		{ "ports", "bb 01 06 00", "00 00 00 00 00 00 00 00" },
		{ "ports", "bb 01 11 00", "00 00 00 00 00 00 00 00" },
		{ "nets", "18 00 00 00  c0 00 02 00", "00 00 00 00 00 00 00 00" },
		{ "nets", "08 00 00 00  0a 00 00 00", "00 00 00 00 00 00 00 00" },
		{ "nets", "20 00 00 00  0a 00 00 02", "00 00 00 00 00 00 00 00" },
	} },
	{ .object = "count_protos" },
	{ .name = "count_protos, sum known", .object = "count_protos", .skb = CORPUS_SUM_KNOWN },
	{ .object = "dissector" },
	{ .object = "lwt_tunnel" },
	{ .name = "lwt_tunnel, segments", .object = "lwt_tunnel", .skb = CORPUS_SEGMENTS },
};
/* clang-format on */

const u32 skb_row_cnt = XB_ARRAY_SIZE(skb_rows);
