/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

const struct xb_skb_ctx fixture_plain = { .ifindex = 1 };

struct xb_skb *
fixture_skb(const struct fixture *f, const struct xb_skb_opts *opts)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_skb *s = xb_skb_new(f->b.emu, opts, &err);

	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

struct fixture *
fixture_new(void)
{
	const struct xb_skb_opts opts = { .vcpu = 0 };
	struct fixture *f = calloc(1, sizeof(*f));
	u32 i;

	assert_non_null(f);
	backend_open_emu(&f->b, xb_skb_register);
	f->s = fixture_skb(f, &opts);
	for (i = 0; i < sizeof(f->data); i++)
		f->data[i] = (u8)(1 + i * 7 + i / 251);
	for (i = 0; i < sizeof(f->meta); i++)
		f->meta[i] = (u8)(0x80 + i);
	return f;
}

void
fixture_free(struct fixture *f)
{
	xb_skb_free(f->s);
	backend_close(&f->b);
	free(f);
}

const struct xb_bpf_prog *
fixture_prog(const struct fixture *f, const struct bpf_insn *insns, u32 cnt)
{
	const struct backend_prog opts = { .insns = insns,
		                           .insn_cnt = cnt,
		                           .type = BPF_PROG_TYPE_SCHED_CLS };
	int fd = backend_prog(&f->b, &opts);
	const struct xb_bpf_prog *prog = backend_emu_prog(&f->b, fd);

	close(fd);
	return prog;
}
