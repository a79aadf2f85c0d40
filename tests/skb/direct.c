/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/direct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

struct direct *
direct_new(void)
{
	struct direct *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	assert_true(skb_rig_open_emu(&d->rig));
	return d;
}

void
direct_free(struct direct *d)
{
	xb_skb_free(d->s);
	skb_rig_close(&d->rig);
	free(d);
}

void
direct_again(struct direct *d, const struct script *script)
{
	struct skb_rig *rig = &d->rig;
	long prog = script_load(&rig->maps, rig->kept, script, rig->log, sizeof(rig->log));

	if (prog < 0)
		fail_msg("load: %ld\n%s", prog, rig->log);
	script_reset(&rig->b, rig->kept, d->preset, d->preset_bytes);
	rig->samples.cnt = 0;
	xb_skb_run(d->s, backend_emu_prog(&rig->b, (int)prog), &d->out);
	script_read(&rig->b, rig->kept, &d->kept, d->buf);
	samples_read(&rig->samples);
	close((int)prog);
}

void
direct_run(struct direct *d, const struct direct_run *run)
{
	struct xb_err err = XB_ERR_INIT;

	xb_skb_free(d->s);
	d->s = xb_skb_new(d->rig.b.emu, &d->opts, &err);
	assert_non_null(d->s);
	xb_skb_on_clone(d->s, d->clone_fn, d->clone_arg);
	d->preset = run->preset;
	d->preset_bytes = run->preset_bytes;
	xb_skb_load(d->s, &run->in);
	direct_again(d, run->script);
}

void
direct_check(const struct direct *d, const char *name, const struct script *script)
{
	char text[64];

	for (u32 i = 0; i < script_cnt(script); i++) {
		const struct step *s = &script->steps[i];
		s64 got = (s64)d->kept.results[i];

		if (!s->any && !s->unlike && got != s->want)
			fail_msg("%s: %s: %lld (0x%llx), expected %lld (0x%llx)", name,
			         script_step_name(script, i, text, sizeof(text)), (long long)got,
			         (unsigned long long)got, (long long)s->want,
			         (unsigned long long)s->want);
	}
}

void
direct_on_tcp4(struct direct *d, const char *name, const struct script *script,
               const struct xb_skb_ctx *ctx)
{
	u8 data[PACKET_MAX_BYTES];
	const struct direct_run run = {
		.in = { .data = data, .bytes = packet_build(TCP4, data), .ctx = ctx },
		.script = script,
	};

	direct_run(d, &run);
	direct_check(d, name, script);
}
