/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - a test of TC programs as a row: a packet, a context and a script go through
 * BPF_PROG_TEST_RUN on the kernel and on the emulator. Each must give what the row wants, and both
 * the same, to the byte.
 *
 * The kernel runs it in a network namespace of its own, with its loopback up, so that what is
 * redirected there stays there.
 */
#ifndef XB_TESTS_SKB_RUN_H
#define XB_TESTS_SKB_RUN_H

#include "tests/rig/samples.h"
#include "tests/skb/packets.h"
#include "tests/skb/script.h"

#define RUN_BYTES     20480u /* room for data_out: an skb grows to 16064 */
#define RUN_LOG_BYTES 65536u

/* A part that is another each time. */
struct run_span {
	u32 off, bytes;
};

struct skb_case {
	const char *name;
	enum packet packet;
	u32 bytes;                   /* of it; longer than it is: zeros follow. 0: all of it */
	const struct __sk_buff *ctx; /* ctx_in, or NULL */
	u32 ctx_bytes;               /* ctx_size_in; 0: all of it */
	u32 flags, repeat, cpu, batch_size;
	u32 data_out_bytes; /* data_size_out; 0: RUN_BYTES */
	const void *preset; /* the buffer's first bytes; behind them is the pattern */
	u32 preset_bytes;
	struct script script;

	/*
	 * The kernel's verifier refuses the program so; nothing else is looked at. The emulator,
	 * which has none, must refuse it too, or its run must not come to an end.
	 */
	long load;
	long ret;   /* of the test run: 0 or -errno; then no step is looked at */
	u64 unlike; /* fields that are another each time: bit 1 << FIELD_hash */
	struct run_span unlike_buf, unlike_data; /* of the buffer, of data_out */
};

/* clang-format off */
/* .ctx = CTX_IN(.mark = 7) */
#define CTX_IN(...)          &(const struct __sk_buff){ __VA_ARGS__ }
/* PRESET(1, 2, 3); PRESET_OF(struct bpf_fib_lookup, .l4_protocol = 6) */
#define PRESET(...)          .preset = (const u8[]){ __VA_ARGS__ }, \
                             .preset_bytes = sizeof((const u8[]){ __VA_ARGS__ })
#define PRESET_OF(type, ...) .preset = &(const type){ __VA_ARGS__ }, .preset_bytes = sizeof(type)
/* .script = STEPS({ CALL(...) }, { ... }): the verdict is TC_ACT_OK. */
#define STEPS(...)           { .steps = { __VA_ARGS__ } }
/* clang-format on */

/* What came of it. Bytes that were not written are 0xcc. */
struct skb_out {
	const char *backend; /* its name */
	long load;
	long ret;
	u32 retval, data_bytes, ctx_bytes;
	struct __sk_buff ctx;
	u8 data[RUN_BYTES];
	struct script_kept kept;
	u8 buf[SCRIPT_BUF];
	u32 sample_cnt, sample_bytes; /* the last one */
	u8 sample[RUN_BYTES];
};

/* A backend with all that rows need. */
struct skb_rig {
	struct backend b;
	struct maps maps;
	int kept;
	struct samples samples;
	char log[RUN_LOG_BYTES]; /* the verifier's words on the last program */
};

/* False, and said so, where there is none. */
bool skb_rig_open_emu(struct skb_rig *rig);
bool skb_rig_open_kernel(struct skb_rig *rig);
void skb_rig_close(struct skb_rig *rig);

void case_run(struct skb_rig *rig, const struct skb_case *c, struct skb_out *out);

/* Whether it is as the row wants; `text` says what is not. */
bool case_good(const struct skb_rig *rig, const struct skb_case *c, const struct skb_out *out,
               char *text, u32 bytes);

/* Whether both are the same, as far as the row can tell; `text` says what is not. */
bool case_same(const struct skb_case *c, const struct skb_out *a, const struct skb_out *b,
               char *text, u32 bytes);

/*
 * All rows, on what there is of both backends. The kernel does each twice, and must agree with
 * itself: what does not is UNLIKE. Prints each row that fails, and fails if there was one.
 */
void skb_cases(const struct skb_case *cases, u32 cnt);

#endif
