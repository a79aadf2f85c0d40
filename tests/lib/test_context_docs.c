/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The examples of docs/contexts.md are read, run, and written so that they can be read again.
 */
#define XB_INSN_BRACES
#include "lib/bind.h"
#include "lib/model.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char *
slurp(const char *path)
{
	char *text = calloc(1, 1u << 16);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, (1u << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

static void
register_types(struct xb_emu *emu)
{
	xb_xdp_register(emu);
	xb_skb_register(emu);
	xb_bound_register_types(emu);
	emu->watch = true;
}

/* By a program that does nothing, of a type that has such contexts. */
static void
run(const struct xb_context *c)
{
	static const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 2), XB_EXIT() };
	static const u32 types[] = { [XB_CTX_XDP_MD] = BPF_PROG_TYPE_XDP,
		                     [XB_CTX_SK_BUFF] = BPF_PROG_TYPE_SCHED_CLS,
		                     [XB_CTX_GENERIC] = BPF_PROG_TYPE_KPROBE };
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = types[xb_ctx_type(xb_ctx_inner(c))] };
	struct xb_bound_opts opts = { .context = c };
	struct xb_err err = XB_ERR_INIT;
	struct xb_bound_out out;
	struct xb_bound *bound;
	struct backend b;
	int fd;

	backend_open_emu(&b, register_types);
	fd = backend_prog(&b, &prog);
	opts.emu = b.emu;
	opts.prog = backend_emu_prog(&b, fd);
	bound = xb_bound_new(&opts, &err);
	if (!bound)
		fail_msg("%s", err.msg);
	assert_int_equal(xb_bound_run(bound, &out, &err), 0);
	assert_int_equal(out.r0, 2);
	xb_bound_free(bound);
	close(fd);
	backend_close(&b);
}

static void
check(const char *json, size_t bytes)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, json, bytes, &err);
	char *text, *again;

	if (!c)
		fail_msg("%s\n%.*s", err.msg, (int)bytes, json);
	run(c);
	text = xb_context_print(c, &bytes, &err);
	assert_non_null(text);
	xb_context_free(c);
	c = xb_context_parse(NULL, text, bytes, &err);
	if (!c)
		fail_msg("%s\n%s", err.msg, text);
	again = xb_context_print(c, NULL, &err);
	assert_string_equal(text, again);
	xb_context_free(c);
	free(again);
	free(text);
}

static void
test_examples(void **state)
{
	char *text = slurp(*state), *at = text, *end;
	u32 cnt = 0;

	while ((at = strstr(at, "```json\n"))) {
		at += strlen("```json\n");
		end = strstr(at, "```");
		assert_non_null(end);
		check(at, (size_t)(end - at));
		at = end + 3;
		cnt++;
	}
	assert_int_equal(cnt, 5);
	free(text);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(test_examples, argv[1]) };

	return argc == 2 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
