/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_ops_rows.c - what programs try at the points of a connection's life. */
#include "tests/emu/sock_ops_rig.h"

#define SYN      BPF_LOAD_HDR_OPT_TCP_SYN
#define DATA     0x18 /* PSH and ACK */
#define EXP      254, 6, 0xeb, 0x9f, 1, 2
#define AUX      .reserve = 8, .aux_bytes = 6, .aux = { EXP }
#define FULL     .save_syn = true
#define ANSWERS  .save_syn = true, .has_syn = true
#define OP(name) .op = BPF_SOCK_OPS_##name
#define STEPS(...)                                                                                 \
	.steps = { __VA_ARGS__ },                                                                  \
	.step_cnt = sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step)

/* clang-format off */
#define LOADS \
	{ LOAD, 16, 0, { 8 } }, \
	{ LOAD, 2, 0, { 8 } }, \
	{ LOAD, 16, 0, { 254, 4, 0xeb, 0x9f } }, \
	{ LOAD, 16, 0, { 2 } }, \
	{ LOAD, 16, SYN, { 2 } }
#define REFUSALS \
	{ STORE, 6, 0, { EXP } }, \
	{ RESERVE, 4, 0, { 0 } }, \
	{ MAP_UPDATE, 0, 0, { 0 } }, \
	{ HASH_UPDATE, 0, 0, { 0 } }
#define UPDATES \
	{ MAP_UPDATE, 0, BPF_EXIST, { 1 } }, \
	{ MAP_UPDATE, 0, BPF_NOEXIST, { 1 } }, \
	{ MAP_UPDATE, 0, BPF_NOEXIST, { 1 } }, \
	{ MAP_UPDATE, 0, BPF_EXIST, { 1 } }, \
	{ MAP_UPDATE, 0, BPF_ANY, { 1 } }, \
	{ MAP_UPDATE, 0, 3, { 1 } }, \
	{ MAP_UPDATE, 0, 0, { 2 } }, \
	{ HASH_UPDATE, 0, BPF_EXIST, { 1 } }, \
	{ HASH_UPDATE, 0, BPF_NOEXIST, { 1 } }, \
	{ HASH_UPDATE, 0, BPF_NOEXIST, { 1 } }, \
	{ HASH_UPDATE, 0, BPF_EXIST, { 1 } }, \
	{ HASH_UPDATE, 0, BPF_ANY, { 1 } }, \
	{ HASH_UPDATE, 0, 4, { 1 } }, \
	{ HASH_UPDATE, 0, 0, { 2 } }

const struct script sock_ops_scripts[] = {
	{ "a packet's options", OP(PARSE_HDR_OPT_CB), .tcp_flags = DATA, ANSWERS, AUX,
	  STEPS(LOADS,
	        { LOAD, 9, 0, { 8 } },
	        { LOAD, 10, 0, { 8 } },
	        { LOAD, 6, 0, { EXP } },
	        { LOAD, 16, 0, { 254, 6, 0xeb, 0x9f, 1, 3 } },
	        { LOAD, 16, 0, { 254, 4, 0xeb, 0x9e } },
	        { LOAD, 16, 0, { 253, 4, 0xeb, 0x9f } },
	        { LOAD, 4, 0, { 254, 4, 0xeb, 0x9f } },
	        { LOAD, 16, SYN, { 8 } },
	        { LOAD, 16, SYN, { 254, 4, 0xeb, 0x9f } },
	        { LOAD, 3, SYN, { 2 } }) },
	{ "options that cannot be asked for", OP(PARSE_HDR_OPT_CB), .tcp_flags = DATA, ANSWERS, AUX,
	  STEPS({ LOAD, 1, 0, { 8 } },
	        { LOAD, 16, 2, { 8 } },
	        { LOAD, 16, 3, { 8 } },
	        { LOAD, 16, 0, { 0 } },
	        { LOAD, 16, 0, { 1 } },
	        { LOAD, 16, 0, { 8, 1 } },
	        { LOAD, 16, 0, { 8, 10 } },
	        { LOAD, 16, 0, { 254, 0 } },
	        { LOAD, 16, 0, { 254, 2 } },
	        { LOAD, 16, 0, { 254, 5, 0xeb, 0x9f, 1 } },
	        { LOAD, 16, 0, { 254, 8, 0xeb, 0x9f, 1, 2 } },
	        { LOAD, 16, 0, { 253, 3 } },
	        { LOAD, 4, 0, { EXP } },
	        REFUSALS,
	        { FLAGS, 0, 0x1ff, { 0 } },
	        { TXHASH, 0, 77, { 0 } },
	        { REPLY, 0, 5, { 0 } }) },
	{ "an option shorter than its number", OP(PARSE_HDR_OPT_CB), .tcp_flags = DATA, ANSWERS,
	  .reserve = 4, .aux_bytes = 4, .aux = { 254, 4, 0xeb, 0x9f },
	  STEPS({ LOAD, 16, 0, { EXP } }, { LOAD, 16, 0, { 254, 4, 0xeb, 0x9f } }) },
	{ "an option that is cut off", OP(PARSE_HDR_OPT_CB), .tcp_flags = DATA, ANSWERS,
	  .reserve = 4, .aux_bytes = 4, .aux = { 77, 1, 77, 1 },
	  STEPS(LOADS, { LOAD, 16, 0, { 99 } }) },
	{ "no SYN was saved", OP(PARSE_HDR_OPT_CB), .tcp_flags = DATA, AUX, STEPS(LOADS) },
	{ "a packet's options, of IPv6", OP(PARSE_HDR_OPT_CB), .tcp_flags = DATA, ANSWERS, AUX,
	  .v6 = true, STEPS(LOADS) },
	{ "options to write", OP(WRITE_HDR_OPT_CB), .tcp_flags = DATA, FULL, .reserve = 13, .room = 16,
	  STEPS({ STORE, 6, 0, { EXP } },
	        { STORE, 6, 0, { EXP } },
	        { STORE, 6, 0, { 254, 6, 0xeb, 0x9f, 3, 4 } },
	        { STORE, 16, 0, { 254, 17, 0xeb, 0x9e } },
	        { STORE, 16, 0, { 254, 11, 0xeb, 0x9e } },
	        { STORE, 16, 0, { 254, 4, 0xeb, 0x9e } },
	        { STORE, 10, 0, { 8, 10 } },
	        { STORE, 16, 0, { 8, 2 } },
	        { LOAD, 16, 0, { 254, 4, 0xeb, 0x9e } },
	        LOADS,
	        { STORE, 7, 0, { 99, 7 } },
	        { STORE, 6, 0, { 99, 6, 1, 2, 3, 4 } },
	        { STORE, 2, 0, { 98, 2 } },
	        { LOAD, 16, 0, { 99 } }) },
	{ "options that cannot be written", OP(WRITE_HDR_OPT_CB), .tcp_flags = DATA, FULL,
	  .reserve = 8, .room = 8,
	  STEPS({ STORE, 1, 0, { 99, 1 } },
	        { STORE, 4, 1, { 99, 4 } },
	        { STORE, 4, 0, { 99, 5 } },
	        { STORE, 4, 0, { 0, 2 } },
	        { STORE, 4, 0, { 1, 2 } },
	        { STORE, 4, 0, { 254, 3, 1 } },
	        { STORE, 4, 0, { 253, 2 } },
	        { STORE, 9, 0, { 99, 9 } },
	        { STORE, 9, 0, { 254, 9 } },
	        { STORE, 4, 0, { 99, 0 } },
	        { RESERVE, 2, 0, { 0 } },
	        { MAP_UPDATE, 0, 0, { 0 } },
	        { HASH_UPDATE, 0, 0, { 0 } },
	        { STORE, 8, 0, { 99, 8, 1, 2, 3, 4, 5, 6 } },
	        { STORE, 4, 0, { 98, 0 } }) },
	{ "options of one that fails", OP(WRITE_HDR_OPT_CB), .tcp_flags = DATA, FULL, .reserve = 8,
	  .room = 8, .fails = true, STEPS({ STORE, 6, 0, { EXP } }, LOADS) },
	{ "room that is left", OP(WRITE_HDR_OPT_CB), .tcp_flags = DATA, FULL, .reserve = 9,
	  .room = 12, STEPS({ STORE, 6, 0, { EXP } }, { STORE, 3, 0, { 99, 3, 7 } }) },
	{ "an option behind a shorter one of its kind", OP(WRITE_HDR_OPT_CB), .tcp_flags = DATA,
	  FULL, .reserve = 12, .room = 12,
	  STEPS({ STORE, 4, 0, { 254, 4, 0xeb, 0x9f } }, { STORE, 6, 0, { 254, 6, 0xeb, 0x9e, 1, 2 } },
	        { LOAD, 16, 0, { 254, 6, 0xeb, 0x9e, 1, 2 } },
	        { LOAD, 16, 0, { 254, 4, 0xeb, 0x9e } }) },
	{ "an option of one byte", OP(WRITE_HDR_OPT_CB), .tcp_flags = DATA, FULL, .reserve = 8,
	  .room = 8,
	  STEPS({ STORE, 4, 0, { 99, 1 } }, { LOAD, 16, 0, { 99 } }, { STORE, 4, 0, { 98, 4 } },
	        { STORE, 4, 0, { 99, 4 } }, { LOAD, 16, 0, { 8 } }) },
	{ "options of a SYN to write", OP(WRITE_HDR_OPT_CB), .tcp_flags = 2, FULL, .reserve = 8,
	  .room = 8, STEPS(LOADS, { STORE, 6, 0, { EXP } }, { STORE, 4, 0, { 2, 4 } }) },
	{ "options of an answer to write", OP(WRITE_HDR_OPT_CB), .request = true, ANSWERS, AUX,
	  .room = 8,
	  STEPS(LOADS, { LOAD, 16, SYN, { 254, 4, 0xeb, 0x9f } }, { STORE, 6, 0, { EXP } },
	        { FLAGS, 0, 1, { 0 } }, { TXHASH, 0, 7, { 0 } }, { REPLY, 0, 7, { 0 } },
	        { LOAD, 16, 0, { 254, 4, 0xeb, 0x9f } }) },
	{ "room in a SYN", OP(HDR_OPT_LEN_CB), .tcp_flags = 2, FULL, .room = 20,
	  STEPS({ RESERVE, 1, 0, { 0 } }, { RESERVE, 0, 0, { 0 } }, { RESERVE, 2, 1, { 0 } },
	        { RESERVE, 21, 0, { 0 } }, { RESERVE, 5, 0, { 0 } }, { RESERVE, 16, 0, { 0 } },
	        { RESERVE, 13, 0, { 0 } }, { RESERVE, 2, 0, { 0 } }, LOADS,
	        { STORE, 6, 0, { EXP } }, { MAP_UPDATE, 0, 0, { 0 } },
	        { HASH_UPDATE, 0, 0, { 0 } }) },
	{ "room in an answer", OP(HDR_OPT_LEN_CB), .request = true, ANSWERS, AUX, .room = 20,
	  STEPS({ RESERVE, 21, 0, { 0 } }, { RESERVE, 18, 0, { 0 } }, { RESERVE, 3, 0, { 0 } },
	        { RESERVE, 2, 0, { 0 } }, LOADS, { LOAD, 16, SYN, { 254, 4, 0xeb, 0x9f } },
	        { FLAGS, 0, 1, { 0 } }) },
	{ "room in data", OP(HDR_OPT_LEN_CB), .tcp_flags = DATA, FULL, .room = 28,
	  STEPS({ RESERVE, 29, 0, { 0 } }, { RESERVE, 28, 0, { 0 } }, { RESERVE, 2, 0, { 0 } }) },
	{ "connected", OP(ACTIVE_ESTABLISHED_CB), FULL, AUX, STEPS(LOADS, UPDATES) },
	{ "accepted", OP(PASSIVE_ESTABLISHED_CB), ANSWERS, AUX, STEPS(LOADS, UPDATES) },
	{ "connected, by IPv6", OP(ACTIVE_ESTABLISHED_CB), FULL, AUX, .v6 = true,
	  STEPS(LOADS, UPDATES) },
	{ "accepted, by IPv6", OP(PASSIVE_ESTABLISHED_CB), ANSWERS, AUX, .v6 = true,
	  STEPS(LOADS, { STORE, 6, 0, { EXP } }, { RESERVE, 4, 0, { 0 } },
	        { FLAGS, 0, 0x80, { 0 } }) },
	{ "listens", OP(TCP_LISTEN_CB), FULL,
	  STEPS(LOADS, UPDATES, { FLAGS, 0, (u32)-1, { 0 } }) },
	{ "connects", OP(TCP_CONNECT_CB), FULL,
	  STEPS(LOADS, REFUSALS, { FLAGS, 0, ALL_FLAGS, { 0 } }, { FLAGS, 0, 0, { 0 } }) },
	{ "changes its state", OP(STATE_CB), FULL, STEPS(LOADS, REFUSALS, { REPLY, 0, 9, { 0 } }) },
	{ "asks for a timeout", OP(TIMEOUT_INIT), FULL,
	  STEPS(LOADS, REFUSALS, { REPLY, 0, 300, { 0 } }) },
	{ "asks for a timeout, of a request", OP(TIMEOUT_INIT), .request = true, ANSWERS,
	  STEPS(LOADS, { FLAGS, 0, 1, { 0 } }, { TXHASH, 0, 7, { 0 } }, { REPLY, 0, 300, { 0 } }) },
	{ "asks for a window", OP(RWND_INIT), FULL, STEPS(LOADS, REFUSALS) },
	{ "asks for ECN", OP(NEEDS_ECN), FULL, STEPS(LOADS, REFUSALS) },
	{ "a timestamp", .op = BPF_SOCK_OPS_TSTAMP_SENDMSG_CB, FULL, .timestamps = true,
	  STEPS(LOADS, REFUSALS, { FLAGS, 0, 3, { 0 } }, { TXHASH, 0, 7, { 0 } },
	        { REPLY, 0, 7, { 0 } }) },
	{ "tells a reader", OP(RWND_INIT), FULL,
	  STEPS({ PERF, 0, 0, { 0 } }, { PERF, 0, 9, { 0 } }, { PERF, 0, (u32)-1, { 0 } }) },
	{ "knows its round trip", OP(RTT_CB), FULL, STEPS(REFUSALS, { FLAGS, 0, 3, { 0 } }) },
};
/* clang-format on */

const u32 sock_ops_script_cnt = XB_ARRAY_SIZE(sock_ops_scripts);
