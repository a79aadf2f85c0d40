/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_ops_rig.h - rows that run a SOCK_OPS program at one point of a TCP connection's life: on the
 * kernel in a cgroup of the test's own, with a connection of the loopback, and then in the emulator
 * with what the kernel's program saw.
 */
#ifndef XB_TESTS_EMU_SOCK_OPS_RIG_H
#define XB_TESTS_EMU_SOCK_OPS_RIG_H

#include "emu/sock_ops.h"
#include "tests/emu/sk_msg_rig.h"

#define STEPS_MOST                     64u
#define OPTIONS_MOST                   40u
#define SYN_MOST                       128u /* bytes of a SYN's headers */
#define STEP_BYTES                     16u
#define BPF_SOCK_OPS_TSTAMP_SENDMSG_CB 20u  /* not in every header */
#define SOCK_OPS_ATTACH                3u   /* BPF_CGROUP_SOCK_OPS */
#define ALL_FLAGS                      127u /* BPF_SOCK_OPS_ALL_CB_FLAGS */

enum step_kind {
	LOAD,
	STORE,
	RESERVE,
	MAP_UPDATE,
	HASH_UPDATE,
	FLAGS,
	REPLY,
	TXHASH,
	PERF,
	SETOPT,
	GETOPT
};

/*
 * A helper's call, or a store to a field, which is loaded again then. FLAGS, REPLY, TXHASH and PERF
 * take `flags` alone, RESERVE `len` and `flags`; for the others `bytes` is the option or the key.
 * Of SETOPT and GETOPT, `flags` has the level, in its upper half, and the option's number.
 */
struct step {
	enum step_kind kind;
	u32 len;
	u64 flags;
	u8 bytes[STEP_BYTES];
};

struct script {
	const char *name;
	u32 op;
	bool request;    /* of a request, not of a full socket */
	u8 tcp_flags;    /* of the packet; 0: any, and none */
	bool v6;         /* the connection */
	bool save_syn;   /* at the listener */
	bool has_syn;    /* the call can know one */
	bool timestamps; /* are asked for, on the kernel */
	bool fails;      /* the program returns 0 */
	bool options;    /* the socket's are recorded, before the steps and after them */
	u32 room;        /* for options, in a call that may write or reserve */
	/* All other calls that may do so reserve that many bytes and write this option. */
	u32 reserve, aux_bytes;
	u8 aux[8];
	struct step steps[STEPS_MOST];
	u32 step_cnt;
};

extern const struct script sock_ops_scripts[], sock_ops_option_scripts[];
extern const u32 sock_ops_script_cnt, sock_ops_option_script_cnt;

/* The options of int that Linux tells programs. */
struct option {
	s32 level, name;
};
extern const struct option sock_ops_options[];
extern const u32 sock_ops_option_cnt;

/* What a program saw. */
struct record {
	u64 seen;
	u64 cookie;
	u8 ctx[224]; /* but for the pointers in it */
	u8 header[64], header_after[64];
	u32 header_bytes, header_bytes_after;
	u32 cb_flags_after, wire_bytes;
	u8 wire[64]; /* where it wrote options: the header, as it comes in at the other end */
	struct bpf_sock sk;
	struct bpf_tcp_sock tcp;
	struct {
		s64 r0;
		u8 bytes[STEP_BYTES];
	} steps[STEPS_MOST];
	struct option_seen {
		s64 r0;
		s32 value, pad;
	} options[OPTIONS_MOST], options_after[OPTIONS_MOST];
	u8 congestion[16];
};

/* The maps that a row's program uses. */
struct script_maps {
	int value, socks, hash, readers;
};

void script_maps_open(const struct backend *b, struct script_maps *m);
void script_maps_close(const struct script_maps *m);
int script_prog(const struct backend *b, const struct script *s, const struct script_maps *m);

/* Whether it writes to data, which comes in at the other end: `wire` of its record. */
bool script_has_wire(const struct script *s);

/* A cgroup with this process in it; false, and said so, where it may make none. */
struct own_cgroup {
	int root, fd;
	char name[32], before[256];
};
bool own_cgroup_open(struct own_cgroup *c);
void own_cgroup_close(struct own_cgroup *c);

/* Runs it on a connection. Of the SYN that the listener saved: its IP header and TCP's. */
void script_run_kernel(const struct backend *b, const struct own_cgroup *c, const struct script *s,
                       struct record *seen, u8 *syn, u32 *syn_bytes);

#endif
