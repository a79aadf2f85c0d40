/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * direct.h - a script on a packet that no test run could have, on the emulator alone: given with a
 * struct xb_skb_ctx, in parts, on a device's way in.
 */
#ifndef XB_TESTS_SKB_DIRECT_H
#define XB_TESTS_SKB_DIRECT_H

#include "skb/skb.h"
#include "tests/skb/run.h"

struct direct {
	struct skb_rig rig;
	struct xb_skb_opts opts; /* of the packet's buffer; zeros at first */
	void (*clone_fn)(void *arg, const struct xb_skb_clone *clone);
	void *clone_arg;

	struct xb_skb *s;      /* of the last run */
	struct xb_skb_out out; /* what it left */
	struct script_kept kept;
	u8 buf[SCRIPT_BUF];

	const void *preset;
	u32 preset_bytes;
};

struct direct *direct_new(void);
void direct_free(struct direct *d);

/*
 * Loads the packet into a new buffer and runs the script on it, with a buffer of steps that starts
 * with `preset`. The samples are in d->rig.
 */
struct direct_run {
	struct xb_skb_in in;
	const struct script *script;
	const void *preset;
	u32 preset_bytes;
};
void direct_run(struct direct *d, const struct direct_run *run);

/* The script on a TCP packet over IPv4, given with `ctx`, and checked. */
void direct_on_tcp4(struct direct *d, const char *name, const struct script *script,
                    const struct xb_skb_ctx *ctx);

/* The same on the packet as the last run left it, with the buffer as it was then at the start. */
void direct_again(struct direct *d, const struct script *script);

/* Fails, with the row's name, where a step's result is not what it wants. */
void direct_check(const struct direct *d, const char *name, const struct script *script);

#endif
