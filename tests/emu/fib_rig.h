/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_rig.h - bpf_fib_lookup, bpf_check_mtu and bpf_get_netns_cookie called with arguments as they
 * come, by programs of XDP and TC, on the kernel in a network and on the emulator in a world of the
 * same rows.
 */
#ifndef XB_TESTS_EMU_FIB_RIG_H
#define XB_TESTS_EMU_FIB_RIG_H

#include "tests/rig/backend.h"
#include "tests/rig/network.h"

/* What a call is given, and what it leaves; the map's value. */
struct fib_call {
	struct bpf_fib_lookup params;
	u64 flags;
	s64 ret;
	u32 mtu_len, ifindex;
	s64 len_diff;
	u64 mtu_flags;
	s64 mtu_ret;
	u64 cookie; /* of TC programs alone */
};

/* The packet and the context. */
struct fib_packet {
	u32 bytes;    /* of the packet; 0: 60 */
	u32 ifindex;  /* that it came in by; 0: none is said */
	u32 gso_size; /* of TC */
};

/*
 * The network of the tests: without rules, where Linux has another way through its tables; and with
 * some, where ports choose among hops too.
 */
extern const struct network fib_plain, fib_ruled;

struct fib_rig {
	struct backend b;
	int map, xdp, tc;
};

/* False, and said so, where there is none. The kernel's runs in the network, which is open. */
bool fib_rig_open(struct fib_rig *rig, const struct network *net, bool kernel);
void fib_rig_close(struct fib_rig *rig);

/* `tc`: by the program of TC. Returns the test run's 0 or -errno; *call is untouched then. */
long fib_rig_call(struct fib_rig *rig, bool tc, const struct fib_packet *packet,
                  struct fib_call *call);

/* Whether both left the same; `text` says what is not. */
bool fib_call_same(const struct fib_call *a, const struct fib_call *b, char *text, u32 bytes);

/* "tc 10.0.0.1 > 10.9.0.1 flags 0x3 ..." */
void fib_call_name(bool tc, const struct fib_call *call, char *text, u32 bytes);

#endif
