/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.c - what came of a row, against what it wants and against what came of it elsewhere.
 */
#include "tests/skb/run.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOG_END 600u /* bytes of the verifier's words that are shown */

/* An outcome being looked at, and where to say what is wrong. */
struct look {
	const struct skb_rig *rig;
	const struct skb_case *c;
	const struct skb_out *out;
	char *text;
	u32 bytes;
};

static bool __attribute__((format(printf, 2, 3)))
wrong(const struct look *l, const char *format, ...)
{
	va_list args;
	u32 at = (u32)snprintf(l->text, l->bytes, "%s: ", l->rig->b.name);

	va_start(args, format);
	vsnprintf(l->text + at, l->bytes - at, format, args);
	va_end(args);
	return false;
}

static const char *
log_end(const struct look *l)
{
	size_t len = strlen(l->rig->log);

	return l->rig->log + (len > LOG_END ? len - LOG_END : 0);
}

/* A loaded program that the emulator's checks stopped, or that did not load, is refused. */
static bool
is_refused(const struct look *l)
{
	long load = l->out->load;

	if (!l->rig->b.emu && load != l->c->load)
		return wrong(l, "load: %ld, expected %ld\n%s", load, l->c->load, log_end(l));
	if (load == 0 && l->out->kept.done)
		return wrong(l, "ran, expected to be refused");
	return true;
}

/* With all results, as they came: that is what a new row is filled with. */
static bool
wrong_step(const struct look *l, u32 wrong_one)
{
	const struct script *s = &l->c->script;
	long long got = (long long)l->out->kept.results[wrong_one], want = s->steps[wrong_one].want;
	char name[64], all[SCRIPT_STEPS * 20] = "";
	u32 i, at = 0;

	for (i = 0; i < script_cnt(s); i++)
		at += (u32)snprintf(all + at, sizeof(all) - at, " 0x%llx",
		                    (unsigned long long)l->out->kept.results[i]);
	return wrong(l, "%s: %lld (0x%llx), expected %lld (0x%llx); all steps:%s",
	             script_step_name(s, wrong_one, name, sizeof(name)), got, got, want, want, all);
}

static bool
steps_good(const struct look *l)
{
	const struct script *script = &l->c->script;
	u32 i;

	for (i = 0; i < script_cnt(script); i++) {
		const struct step *s = &script->steps[i];

		if (!s->any && !s->unlike && (s64)l->out->kept.results[i] != s->want)
			return wrong_step(l, i);
	}
	return true;
}

bool
case_good(const struct skb_rig *rig, const struct skb_case *c, const struct skb_out *out,
          char *text, u32 bytes)
{
	const struct look l = { rig, c, out, text, bytes };
	u32 verdict = out->kept.done ? (u32)c->script.verdict : 0; /* LD_ABS ends it so */

	if (c->load)
		return is_refused(&l);
	if (out->load)
		return wrong(&l, "load: %ld\n%s", out->load, log_end(&l));
	if (out->ret != c->ret)
		return wrong(&l, "test run: %ld, expected %ld", out->ret, c->ret);
	if (c->ret)
		return true;
	if (c->script.verdict != SCRIPT_LAST && out->retval != verdict)
		return steps_good(&l) && wrong(&l, "verdict %u, expected %u", out->retval, verdict);
	return steps_good(&l);
}

/* Two outcomes being compared, and where to say what differs. */
struct pair {
	const struct skb_case *c;
	const struct skb_out *a, *b;
	char *text;
	u32 bytes;
};

static bool
same(const struct pair *p, const char *what, u64 a, u64 b)
{
	if (a == b)
		return true;
	snprintf(p->text, p->bytes, "%s: %lld (0x%llx) in the %s, %lld (0x%llx) in the %s", what,
	         (long long)a, (long long)a, p->a->backend, (long long)b, (long long)b,
	         p->b->backend);
	return false;
}

/* Bytes but for a span; what is at an offset of both outcomes. */
static bool
same_bytes(const struct pair *p, const char *what, size_t at, u32 bytes, struct run_span unlike)
{
	const u8 *x = (const u8 *)p->a + at, *y = (const u8 *)p->b + at;
	char name[64];
	u32 i;

	for (i = 0; i < bytes; i++) {
		if (x[i] == y[i] || i - unlike.off < unlike.bytes)
			continue;
		snprintf(name, sizeof(name), "%s[%u]", what, i);
		return same(p, name, x[i], y[i]);
	}
	return true;
}

static bool
same_steps(const struct pair *p)
{
	const struct script *s = &p->c->script;
	char name[64];
	u32 i;

	for (i = 0; i < script_cnt(s); i++)
		if (!s->steps[i].unlike && !same(p, script_step_name(s, i, name, sizeof(name)),
		                                 p->a->kept.results[i], p->b->kept.results[i]))
			return false;
	return true;
}

static bool
same_fields(const struct pair *p)
{
	u32 i;

	for (i = 0; i < FIELD_CNT; i++)
		if (!(p->c->unlike >> i & 1) &&
		    !same(p, script_field_name(i), p->a->kept.fields[i], p->b->kept.fields[i]))
			return false;
	return true;
}

/* The fields of __sk_buff that come back, all of 4 bytes but two. */
static bool
same_ctx(const struct pair *p)
{
	static const struct {
		const char *name;
		u32 field; /* that tells whether it may differ */
		size_t off, bytes;
	} fields[] = {
#define X(name, member)                                                                            \
	{ "ctx_out." #member, FIELD_##name, offsetof(struct __sk_buff, member),                    \
	  sizeof(((struct __sk_buff *)0)->member) },
		SCRIPT_FIELDS(X)
#undef X
	};
	const struct run_span none = { 0, 0 };
	u32 i;

	for (i = 0; i < XB_ARRAY_SIZE(fields); i++)
		if (!(p->c->unlike >> fields[i].field & 1) &&
		    !same_bytes(p, fields[i].name, offsetof(struct skb_out, ctx) + fields[i].off,
		                (u32)fields[i].bytes, none))
			return false;
	if (p->c->unlike)
		return true;
	return same_bytes(p, "ctx_out", offsetof(struct skb_out, ctx), sizeof(p->a->ctx), none);
}

/* Bytes of the sample without its padding, as far as the script tells. */
static u32
sample_bytes(const struct skb_case *c, u32 padded)
{
	const struct script *s = &c->script;
	u32 i, bytes = padded;

	for (i = 0; i < script_cnt(s); i++) {
		const struct step *step = &s->steps[i];

		if (step->op == OP_CALL && step->func == BPF_FUNC_perf_event_output)
			bytes = (u32)(step->args[4].value + (step->args[2].value >> 32 & 0xfffff));
	}
	return bytes < padded ? bytes : padded;
}

/* The kernel pads a sample with what was in its ring before. */
static bool
same_sample(const struct pair *p)
{
	const struct run_span none = { 0, 0 };
	u32 bytes = sample_bytes(p->c, p->a->sample_bytes);

	return same(p, "number of samples", p->a->sample_cnt, p->b->sample_cnt) &&
	       same(p, "bytes of the sample", p->a->sample_bytes, p->b->sample_bytes) &&
	       same_bytes(p, "sample", offsetof(struct skb_out, sample), bytes, none);
}

static bool
last_unlike(const struct script *s)
{
	u32 cnt = script_cnt(s);

	return s->verdict == SCRIPT_LAST && cnt && s->steps[cnt - 1].unlike;
}

bool
case_same(const struct skb_case *c, const struct skb_out *a, const struct skb_out *b, char *text,
          u32 bytes)
{
	const struct pair p = { c, a, b, text, bytes };

	if (c->load || a->load || b->load) /* case_good() has its say on it */
		return true;
	return same(&p, "test run", (u64)a->ret, (u64)b->ret) && same_steps(&p) &&
	       same(&p, "done", a->kept.done, b->kept.done) &&
	       (last_unlike(&c->script) || same(&p, "verdict", a->retval, b->retval)) &&
	       same_fields(&p) && same(&p, "data_size_out", a->data_bytes, b->data_bytes) &&
	       same_bytes(&p, "data_out", offsetof(struct skb_out, data), RUN_BYTES,
	                  c->unlike_data) &&
	       same_bytes(&p, "buffer", offsetof(struct skb_out, buf), SCRIPT_BUF, c->unlike_buf) &&
	       same(&p, "ctx_size_out", a->ctx_bytes, b->ctx_bytes) && same_ctx(&p) &&
	       same_sample(&p);
}
