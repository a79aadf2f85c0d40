/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/script.h"

#include "emu/helper.h"
#include "tests/skb/emit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define KEPT_BYTES ((u32)(sizeof(struct script_kept) + SCRIPT_BUF))

static const char *const op_names[OP_CNT] = {
	[OP_CTX_LD] = "context load",
	[OP_CTX_ST] = "context store",
	[OP_CTX_LDSX] = "context load with sign",
	[OP_CTX_ST_IMM] = "context store of a number",
	[OP_PKT_LD] = "packet load",
	[OP_PKT_ST] = "packet store",
	[OP_META_LD] = "metadata load",
	[OP_META_ST] = "metadata store",
	[OP_SK_LD] = "load of skb->sk",
	[OP_FULL_LD] = "load of the full socket",
	[OP_PTR_LD] = "load of pointer",
	[OP_LD_ABS] = "LD_ABS",
	[OP_LD_IND] = "LD_IND",
	[OP_BUF_LD] = "buffer load",
};

static const char *const field_names[FIELD_CNT] = {
#define X(name, field) [FIELD_##name] = #field,
	SCRIPT_FIELDS(X)
#undef X
	        [FIELD_tstamp_type] = "tstamp_type",
	[FIELD_linear] = "data_end - data",
	[FIELD_meta] = "data - data_meta",
	[FIELD_has_sk] = "sk != NULL",
};

const char *
script_field_name(u32 field)
{
	return field_names[field];
}

u32
script_cnt(const struct script *script)
{
	u32 cnt = 0;

	while (cnt < SCRIPT_STEPS && script->steps[cnt].op != OP_END)
		cnt++;
	return cnt;
}

const char *
script_step_name(const struct script *script, u32 i, char *text, u32 bytes)
{
	const struct step *s = &script->steps[i];
	const char *name = s->op == OP_CALL ? xb_helper_name(s->func) : op_names[s->op];

	snprintf(text, bytes, "step %u (%s)", i, name ? name : "a helper without a name");
	return text;
}

int
script_open(const struct backend *b)
{
	return backend_map(b, BPF_MAP_TYPE_ARRAY, 4, KEPT_BYTES, 1);
}

u8
script_pattern(u32 off)
{
	return (u8)(0xa5 ^ off ^ off >> 8);
}

void
script_reset(const struct backend *b, int map, const void *preset, u32 bytes)
{
	u8 *value = calloc(1, KEPT_BYTES), *buf = value + sizeof(struct script_kept);
	struct script_kept kept = { .done = 0 };
	const u32 key = 0;
	u32 i;

	assert_non_null(value);
	assert_true(bytes <= SCRIPT_BUF);
	for (i = 0; i < SCRIPT_STEPS; i++)
		kept.results[i] = SCRIPT_UNREACHED;
	memcpy(value, &kept, sizeof(kept));
	for (i = 0; i < SCRIPT_BUF; i++)
		buf[i] = script_pattern(i);
	if (bytes)
		memcpy(buf, preset, bytes);
	assert_int_equal(backend_update(b, map, &key, value), 0);
	free(value);
}

void
script_read(const struct backend *b, int map, struct script_kept *kept, u8 *buf)
{
	u8 *value = malloc(KEPT_BYTES);
	const u32 key = 0;

	assert_non_null(value);
	assert_int_equal(backend_lookup(b, map, &key, value), 0);
	memcpy(kept, value, sizeof(*kept));
	memcpy(buf, value + sizeof(*kept), SCRIPT_BUF);
	free(value);
}

long
script_load(struct maps *maps, int kept, const struct script *script, char *text, u32 bytes)
{
	struct asm_buf *p = calloc(1, sizeof(*p));
	struct backend_prog prog = { .attach_type = script->attach_type };
	long ret;

	assert_non_null(p);
	text[0] = 0;
	p->maps = maps;
	p->kept = kept;
	emit_script(p, script);
	prog.insns = p->insns;
	prog.insn_cnt = p->cnt;
	prog.license = script->proprietary ? "Proprietary" : NULL;
	prog.type = script->type ? script->type : BPF_PROG_TYPE_SCHED_CLS;
	ret = p->err ? p->err : backend_try_prog(maps->b, &prog, text, bytes);
	if (p->err)
		snprintf(text, bytes, "a map cannot be made");
	free(p);
	return ret;
}
