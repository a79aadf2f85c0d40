/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_helpers.c - every XDP helper with success, each error and each boundary, against what is
 * known of Linux and against Linux itself.
 */
#include "tests/xdp/run.h"
#include "tests/xdp/script.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define ANY         ~0u /* linear: not said */
#define RANDOM_ROWS 250

/*
 * A packet of `bytes` with `meta` bytes of metadata in front, `linear` of it in the frame (ANY:
 * what fits).
 */
struct row {
	const char *name;
	u32 bytes, meta, linear, repeat;
	struct script script;
	s64 results[SCRIPT_STEPS];
	u32 retval;
};

#define E(errnum) (-(s64)(errnum))

/* clang-format off */
static const struct row rows[] = {
	{ "get_buff_len",			64, 0, ANY, 1, { { { LEN, 0, 0 } }, XDP_PASS }, { 64 }, XDP_PASS },
	{ "get_buff_len: without metadata",	64, 8, ANY, 1, { { { LEN, 0, 0 } }, XDP_PASS }, { 64 }, XDP_PASS },
	{ "get_buff_len: fragments",		9000, 0, ANY, 1, { { { LEN, 0, 0 } }, XDP_PASS }, { 9000 }, XDP_PASS },
	{ "get_buff_len: longest",		73152, 0, ANY, 1, { { { LEN, 0, 0 } }, XDP_PASS }, { 73152 }, XDP_PASS },
	{ "get_buff_len: nothing linear",	100, 0, 0, 1, { { { LEN, 0, 0 } }, XDP_PASS }, { 100 }, XDP_PASS },

	{ "adjust_head: forward",		64, 0, ANY, 1, { { { HEAD, 14, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: back",			64, 0, ANY, 1, { { { HEAD, -20, 0 }, { FIRST, 9, 0 } }, XDP_TX }, { 0, 1 }, XDP_TX },
	{ "adjust_head: by nothing",		64, 0, ANY, 1, { { { HEAD, 0, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: leaves 14",		64, 0, ANY, 1, { { { HEAD, 50, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: leaves 13",		64, 0, ANY, 1, { { { HEAD, 51, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: 216 back",		64, 0, ANY, 1, { { { HEAD, -216, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: 217 back",		64, 0, ANY, 1, { { { HEAD, -217, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: INT_MIN",		64, 0, ANY, 1, { { { HEAD, -2147483648ll, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: INT_MAX",		64, 0, ANY, 1, { { { HEAD, 2147483647, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: there and back",	64, 0, ANY, 1, { { { HEAD, 20, 0 }, { HEAD, -20, 0 } }, XDP_PASS }, { 0, 0 }, XDP_PASS },
	{ "adjust_head: metadata moves along",	64, 8, ANY, 1, { { { HEAD, -16, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: metadata forward",	64, 8, ANY, 1, { { { HEAD, 4, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: metadata's limit",	64, 8, ANY, 1, { { { HEAD, -208, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: past it",		64, 8, ANY, 1, { { { HEAD, -209, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: adds up",		64, 0, ANY, 3, { { { HEAD, -20, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: adds up to the limit",	64, 0, ANY, 11, { { { HEAD, -20, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: fragments",		5000, 0, ANY, 1, { { { HEAD, 3506, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_head: fragments do not count", 5000, 0, ANY, 1, { { { HEAD, 3507, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: nothing linear",	100, 0, 0, 1, { { { HEAD, 0, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_head: 14 linear bytes made",	100, 0, 0, 1, { { { HEAD, -14, 0 }, { FIRST, 3, 0 } }, XDP_PASS }, { 0, 1 }, XDP_PASS },

	{ "adjust_meta: 4",			64, 0, ANY, 1, { { { META, -4, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_meta: 32",			64, 0, ANY, 1, { { { META, -32, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_meta: 216",			64, 0, ANY, 1, { { { META, -216, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_meta: 220",			64, 0, ANY, 1, { { { META, -220, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_meta: odd",			64, 0, ANY, 1, { { { META, -3, 0 } }, XDP_PASS }, { E(EACCES) }, XDP_PASS },
	{ "adjust_meta: into the packet",	64, 0, ANY, 1, { { { META, 4, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_meta: away",			64, 8, ANY, 1, { { { META, 8, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_meta: a part of it",		64, 8, ANY, 1, { { { META, 4, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_meta: longest",		200, 0, ANY, 1, { { { HEAD, 100, 0 }, { META, -252, 0 } }, XDP_PASS }, { 0, 0 }, XDP_PASS },
	{ "adjust_meta: too long",		200, 0, ANY, 1, { { { HEAD, 100, 0 }, { META, -256, 0 } }, XDP_PASS }, { 0, E(EACCES) }, XDP_PASS },
	{ "adjust_meta: then head",		64, 0, ANY, 1, { { { META, -8, 0 }, { HEAD, -8, 0 } }, XDP_PASS }, { 0, 0 }, XDP_PASS },
	{ "adjust_meta: INT_MIN",		64, 0, ANY, 1, { { { META, -2147483648ll, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },

	{ "adjust_tail: shrink",		64, 0, ANY, 1, { { { TAIL, -10, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_tail: leaves 14",		64, 0, ANY, 1, { { { TAIL, -50, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_tail: leaves 13",		64, 0, ANY, 1, { { { TAIL, -51, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: grow",			64, 0, ANY, 1, { { { TAIL, 100, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_tail: to the end",		64, 0, ANY, 1, { { { TAIL, 3456, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_tail: past the end",		64, 0, ANY, 1, { { { TAIL, 3457, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: the head moved",	64, 0, ANY, 1, { { { HEAD, -100, 0 }, { TAIL, 3457, 0 } }, XDP_PASS }, { 0, E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: shrunk bytes are gone",	64, 0, ANY, 1, { { { TAIL, -20, 0 }, { TAIL, 20, 0 } }, XDP_PASS }, { 0, 0 }, XDP_PASS },
	{ "adjust_tail: INT_MIN",		64, 0, ANY, 1, { { { TAIL, -2147483648ll, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: INT_MAX",		64, 0, ANY, 1, { { { TAIL, 2147483647, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: fragment grows",	5000, 0, ANY, 1, { { { TAIL, 2616, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_tail: fragment is full",	5000, 0, ANY, 1, { { { TAIL, 2617, 0 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: fragment by nothing",	5000, 0, ANY, 1, { { { TAIL, 0, 0 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "adjust_tail: fragment shrinks",	9000, 0, ANY, 1, { { { TAIL, -1000, 0 }, { LEN, 0, 0 } }, XDP_PASS }, { 0, 8000 }, XDP_PASS },
	{ "adjust_tail: fragment goes",		9000, 0, ANY, 1, { { { TAIL, -1384, 0 }, { LEN, 0, 0 }, { TAIL, 1, 0 } }, XDP_PASS }, { 0, 7616, E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: all fragments go",	9000, 0, ANY, 1, { { { TAIL, -5480, 0 }, { LEN, 0, 0 }, { TAIL, 1, 0 } }, XDP_PASS }, { 0, 3520, E(EINVAL) }, XDP_PASS },
	{ "adjust_tail: into the linear part",	9000, 0, ANY, 1, { { { TAIL, -8000, 0 }, { LEN, 0, 0 }, { TAIL, 10, 0 } }, XDP_PASS }, { 0, 1000, 0 }, XDP_PASS },
	{ "adjust_tail: fragments leave 14",	9000, 0, ANY, 1, { { { TAIL, -8986, 0 }, { LEN, 0, 0 } }, XDP_PASS }, { 0, 14 }, XDP_PASS },
	{ "adjust_tail: fragments leave 13",	9000, 0, ANY, 1, { { { TAIL, -8987, 0 }, { LEN, 0, 0 } }, XDP_PASS }, { E(EINVAL), 9000 }, XDP_PASS },
	{ "adjust_tail: short linear part",	100, 0, 8, 1, { { { TAIL, -86, 0 }, { LEN, 0, 0 } }, XDP_PASS }, { 0, 14 }, XDP_PASS },
	{ "adjust_tail: fragment, INT_MIN",	9000, 0, ANY, 1, { { { TAIL, -2147483648ll, 0 }, { LEN, 0, 0 } }, XDP_PASS }, { 0, 9000 }, XDP_PASS },

	{ "load_bytes: all",			64, 0, ANY, 1, { { { LOAD, 0, 64 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "load_bytes: last",			64, 0, ANY, 1, { { { LOAD, 63, 1 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "load_bytes: past the end",		64, 0, ANY, 1, { { { LOAD, 63, 2 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "load_bytes: at the end",		64, 0, ANY, 1, { { { LOAD, 64, 1 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "load_bytes: offset of 65535",	64, 0, ANY, 1, { { { LOAD, 65535, 1 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "load_bytes: offset of 65536",	64, 0, ANY, 1, { { { LOAD, 65536, 1 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },
	{ "load_bytes: offset of -1",		64, 0, ANY, 1, { { { LOAD, -1, 1 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },
	{ "load_bytes: 65535",			70000, 0, ANY, 1, { { { LOAD, 0, 65535 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "load_bytes: 65536",			70000, 0, ANY, 1, { { { LOAD, 0, 65536 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },
	{ "load_bytes: last of all",		73152, 0, ANY, 1, { { { LOAD, 65535, 7617 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "load_bytes: across parts",		9000, 0, ANY, 1, { { { LOAD, 3510, 4200 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "load_bytes: in a fragment",		9000, 0, ANY, 1, { { { LOAD, 8000, 100 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "load_bytes: after adjust_head",	64, 8, ANY, 1, { { { HEAD, -10, 0 }, { LOAD, 0, 74 } }, XDP_PASS }, { 0, 0 }, XDP_PASS },
	{ "store_bytes: all",			64, 0, ANY, 1, { { { STORE, 0, 64 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "store_bytes: past the end",		64, 0, ANY, 1, { { { STORE, 60, 5 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
	{ "store_bytes: offset of 65536",	64, 0, ANY, 1, { { { STORE, 65536, 5 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },
	{ "store_bytes: across parts",		9000, 0, ANY, 1, { { { STORE, 3500, 5000 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "store_bytes: 65535",			70000, 0, ANY, 1, { { { STORE, 100, 65535 } }, XDP_PASS }, { 0 }, XDP_PASS },
	{ "store_bytes: 65536",			70000, 0, ANY, 1, { { { STORE, 100, 65536 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },

	{ "redirect",				64, 0, ANY, 1, { { { REDIRECT, 1, 0 } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "redirect: nobody there",		64, 0, ANY, 1, { { { REDIRECT, 12345, 0 } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "redirect: a flag",			64, 0, ANY, 1, { { { REDIRECT, 1, 1 } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "redirect: a high flag",		64, 0, ANY, 1, { { { REDIRECT, 1, 1ll << 40 } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "devmap: entry",			64, 0, ANY, 1, { { { REDIR_DEVMAP, 1, 0 } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap: empty, aborted",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, XDP_ABORTED } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "devmap: empty, drop",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, XDP_DROP } }, SCRIPT_LAST }, { XDP_DROP }, XDP_DROP },
	{ "devmap: empty, pass",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, XDP_PASS } }, SCRIPT_LAST }, { XDP_PASS }, XDP_PASS },
	{ "devmap: empty, tx",			64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, XDP_TX } }, SCRIPT_LAST }, { XDP_TX }, XDP_TX },
	{ "devmap: out of range",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 4, XDP_PASS } }, SCRIPT_LAST }, { XDP_PASS }, XDP_PASS },
	{ "devmap: key beyond 32 bits",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 0x100000001ll, XDP_PASS } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap: entry, fallback unused",	64, 0, ANY, 1, { { { REDIR_DEVMAP, 1, XDP_DROP } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap: flag 4",			64, 0, ANY, 1, { { { REDIR_DEVMAP, 1, 4 } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "devmap: flag 4, pass",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, 4 | XDP_PASS } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "devmap: a high flag",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 1, 1ll << 32 } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "devmap: broadcast",			64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, BPF_F_BROADCAST } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap: broadcast out of range",	64, 0, ANY, 1, { { { REDIR_DEVMAP, 99, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap: exclude alone",		64, 0, ANY, 1, { { { REDIR_DEVMAP, 0, BPF_F_EXCLUDE_INGRESS | XDP_TX } }, SCRIPT_LAST }, { XDP_TX }, XDP_TX },
	{ "devmap_hash: entry",			64, 0, ANY, 1, { { { REDIR_HASH, 1, 0 } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap_hash: no entry",		64, 0, ANY, 1, { { { REDIR_HASH, 77, XDP_PASS } }, SCRIPT_LAST }, { XDP_PASS }, XDP_PASS },
	{ "devmap_hash: broadcast",		64, 0, ANY, 1, { { { REDIR_HASH, 77, BPF_F_BROADCAST } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "devmap_hash: flag 32",		64, 0, ANY, 1, { { { REDIR_HASH, 1, 32 } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "cpumap: entry",			64, 0, ANY, 1, { { { REDIR_CPUMAP, 1, 0 } }, SCRIPT_LAST }, { XDP_REDIRECT }, XDP_REDIRECT },
	{ "cpumap: empty",			64, 0, ANY, 1, { { { REDIR_CPUMAP, 0, XDP_TX } }, SCRIPT_LAST }, { XDP_TX }, XDP_TX },
	{ "cpumap: no broadcast",		64, 0, ANY, 1, { { { REDIR_CPUMAP, 1, BPF_F_BROADCAST } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },
	{ "xskmap: empty",			64, 0, ANY, 1, { { { REDIR_XSKMAP, 0, XDP_PASS } }, SCRIPT_LAST }, { XDP_PASS }, XDP_PASS },
	{ "xskmap: out of range",		64, 0, ANY, 1, { { { REDIR_XSKMAP, 4, XDP_DROP } }, SCRIPT_LAST }, { XDP_DROP }, XDP_DROP },
	{ "xskmap: no broadcast",		64, 0, ANY, 1, { { { REDIR_XSKMAP, 0, BPF_F_BROADCAST } }, SCRIPT_LAST }, { XDP_ABORTED }, XDP_ABORTED },

	{ "perf_event_output: no reader",	64, 0, ANY, 1, { { { PERF, 0, 8 } }, XDP_PASS }, { E(ENOENT) }, XDP_PASS },
	{ "perf_event_output: nothing to say",	64, 0, ANY, 1, { { { PERF, 0, 0 } }, XDP_PASS }, { E(ENOENT) }, XDP_PASS },
	{ "perf_event_output: no such slot",	64, 0, ANY, 1, { { { PERF, 4, 8 } }, XDP_PASS }, { E(E2BIG) }, XDP_PASS },
	{ "perf_event_output: all bytes",	64, 0, ANY, 1, { { { PERF, 64ll << 32, 8 } }, XDP_PASS }, { E(ENOENT) }, XDP_PASS },
	{ "perf_event_output: one too many",	64, 0, ANY, 1, { { { PERF, 65ll << 32, 8 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },
	{ "perf_event_output: no such slot, one too many", 64, 0, ANY, 1, { { { PERF, 65ll << 32 | 9, 8 } }, XDP_PASS }, { E(EFAULT) }, XDP_PASS },
	{ "perf_event_output: longest",		73152, 0, ANY, 1, { { { PERF, 73152ll << 32, 8 } }, XDP_PASS }, { E(ENOENT) }, XDP_PASS },
	{ "perf_event_output: flag of 52 bits",	64, 0, ANY, 1, { { { PERF, 1ll << 52, 8 } }, XDP_PASS }, { E(EINVAL) }, XDP_PASS },
};
/* clang-format on */

struct outcome {
	struct run_out run;
	struct script_kept kept;
	u8 buf[SCRIPT_BUF];
};

static void
run_row(const struct backend *b, const struct script_maps *maps, const struct row *row,
        struct outcome *o)
{
	struct run_in in = { .bytes = row->bytes + row->meta,
		             .has_ctx = true,
		             .repeat = row->repeat };
	int prog = script_load(b, maps, &row->script);

	in.ctx.data = row->meta;
	in.ctx.data_end = row->linear == ANY ? in.bytes : row->meta + row->linear;
	script_reset(b, maps);
	run_do(b, prog, &in, &o->run);
	script_read(b, maps, &o->kept, o->buf);
	close(prog);
}

static void
check_row(const struct backend *b, const struct row *row, const struct outcome *o)
{
	u32 i;

	if (o->run.ret)
		fail_msg("%s: %s: test run: %ld", row->name, b->name, o->run.ret);
	if (o->run.retval != row->retval)
		fail_msg("%s: %s: verdict %u, expected %u", row->name, b->name, o->run.retval,
		         row->retval);
	for (i = 0; i < SCRIPT_STEPS; i++)
		if ((s64)o->kept.results[i] != row->results[i])
			fail_msg("%s: %s: step %u: %lld, expected %lld", row->name, b->name, i,
			         (long long)o->kept.results[i], (long long)row->results[i]);
}

static void
compare_row(const struct row *row, const struct outcome *emu, const struct outcome *kernel)
{
	run_equal(row->name, &emu->run, &kernel->run);
	if (memcmp(&emu->kept, &kernel->kept, sizeof(emu->kept)))
		fail_msg("%s: bounds or results differ: linear %llu and %llu, metadata %llu and "
		         "%llu",
		         row->name, (unsigned long long)emu->kept.linear,
		         (unsigned long long)kernel->kept.linear,
		         (unsigned long long)emu->kept.meta, (unsigned long long)kernel->kept.meta);
	if (memcmp(emu->buf, kernel->buf, SCRIPT_BUF))
		fail_msg("%s: the bytes loaded differ", row->name);
}

static void
test_rows(void **state)
{
	struct outcome *o = calloc(2, sizeof(*o));
	struct script_sides s;

	(void)state;
	assert_non_null(o);
	script_sides_open(&s);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		for (u32 k = 0; k < s.cnt; k++) {
			run_row(&s.b[k], &s.maps[k], &rows[i], &o[k]);
			check_row(&s.b[k], &rows[i], &o[k]);
		}
		if (s.cnt == 2)
			compare_row(&rows[i], &o[0], &o[1]);
	}
	script_sides_close(&s);
	free(o);
}

/* xorshift: the same rows in every run. */
static u32
next_random(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A number near the bounds that helpers have, of either sign. */
static s64
random_amount(u32 *state)
{
	static const s32 near[] = { 0, 4, 8, 14, 40, 50, 216, 252, 256, 1000, 3520, 4096 };
	s64 n = (s64)near[next_random(state) % XB_ARRAY_SIZE(near)] + next_random(state) % 9 - 4;

	return next_random(state) % 2 ? n : -n;
}

static struct step
random_step(u32 *state)
{
	switch (next_random(state) % 8) {
	case 0:
	case 1:
		return (struct step){ HEAD, random_amount(state), 0 };
	case 2:
		return (struct step){ META, random_amount(state) & ~3ll, 0 };
	case 3:
	case 4:
		return (struct step){ TAIL, random_amount(state), 0 };
	case 5:
		return (struct step){ LOAD, next_random(state) % 9000,
			              1 + next_random(state) % 6000 };
	case 6:
		return (struct step){ STORE, next_random(state) % 4000,
			              1 + next_random(state) % 200 };
	default:
		return (struct step){ next_random(state) % 2 ? FIRST : LEN, 77, 0 };
	}
}

static void
random_row(struct row *row, char *name, size_t name_bytes, u32 seed)
{
	u32 state = seed * 2654435761u + 1, i;

	snprintf(name, name_bytes, "random %u", seed);
	*row = (struct row){ .name = name, .script.verdict = XDP_PASS, .retval = XDP_PASS };
	row->bytes = 14 + next_random(&state) % (seed % 3 ? 200 : 20000);
	row->meta = next_random(&state) % 4 ? 0 : next_random(&state) % 55 * 4;
	row->linear = next_random(&state) % 3 ? ANY : next_random(&state) % row->bytes;
	row->repeat = 1 + next_random(&state) % 3;
	for (i = 0; i < SCRIPT_STEPS; i++)
		row->script.steps[i] = random_step(&state);
}

/* Many scripts, whatever they do: Linux knows what is right. */
static void
test_random(void **state)
{
	struct outcome *o = calloc(2, sizeof(*o));
	struct script_sides s;
	struct row row;
	char name[32];

	(void)state;
	assert_non_null(o);
	script_sides_open(&s);
	for (u32 seed = 0; s.cnt == 2 && seed < RANDOM_ROWS; seed++) {
		random_row(&row, name, sizeof(name), seed);
		for (u32 k = 0; k < 2; k++)
			run_row(&s.b[k], &s.maps[k], &row, &o[k]);
		assert_int_equal(o[1].run.ret, 0);
		compare_row(&row, &o[0], &o[1]);
	}
	script_sides_close(&s);
	free(o);
	if (s.cnt != 2)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("xdp helpers", tests, NULL, NULL);
}
