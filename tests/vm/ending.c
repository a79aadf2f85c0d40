/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/ending.h"

#include "tests/vm/machine.h"
#include "tests/vm/twice.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static u32
insns_len(const struct bpf_insn *insns, u32 max)
{
	while (max && insns[max - 1].code == 0)
		max--;
	return max;
}

static u64
address_of(const struct xb_machine *m, const struct xb_ending *row)
{
	u64 from = row->from == XB_FROM_CTX     ? m->ctx->gaddr
	           : row->from == XB_FROM_FRAME ? m->proc->frames[0].top
	                                        : 0;

	return from + (u64)row->off;
}

static u32
check_fault(const struct xb_machine *m, const struct xb_ending *row)
{
	const struct xb_fault *f = &m->proc->fault;
	u64 gaddr = row->bytes ? address_of(m, row) : 0;

	if (f->kind == row->kind && f->pc == row->pc && strcmp(f->message, row->message) == 0 &&
	    f->gaddr == gaddr && f->bytes == row->bytes &&
	    strcmp(f->object, row->object ? row->object : "") == 0 && f->prog == m->proc->prog)
		return 0;
	print_error("%s: expected %s at %u, %" PRIx64 "+%" PRIu64 " (%s): %s\n"
	            "  got %s at %u, %" PRIx64 "+%" PRIu64 " (%s): %s\n",
	            row->name, xb_fault_kind_name(row->kind), row->pc, gaddr, row->bytes,
	            row->object ? row->object : "", row->message, xb_fault_kind_name(f->kind),
	            f->pc, f->gaddr, f->bytes, f->object, f->message);
	return 1;
}

u32
xb_ending_check(const struct xb_ending *row)
{
	struct xb_machine m;
	struct xb_prog *prog;
	enum xb_run_status status;
	u32 failures = 0;

	xb_machine_init(&m, row->budget);
	prog = xb_machine_must_load(&m, row->name, row->insns,
	                            insns_len(row->insns, XB_ARRAY_SIZE(row->insns)));
	status = xb_machine_run_twice(&m, prog, row->name);
	if ((status == XB_RUN_FAULT) != (row->kind != XB_FAULT_NONE)) {
		failures++;
		print_error("%s: status %d, r0 %" PRIx64 ", fault '%s'\n", row->name, status,
		            m.proc->r[0], m.proc->fault.message);
	} else if (status == XB_RUN_FAULT) {
		failures += check_fault(&m, row);
	} else if (m.proc->r[0] != row->r0) {
		failures++;
		print_error("%s: expected r0 %" PRIx64 ", got %" PRIx64 "\n", row->name, row->r0,
		            m.proc->r[0]);
	}
	if (row->insns_cnt && m.proc->insns != row->insns_cnt) {
		failures++;
		print_error("%s: expected %" PRIu64 " instructions, got %" PRIu64 "\n", row->name,
		            row->insns_cnt, m.proc->insns);
	}
	xb_prog_free(prog);
	xb_machine_fini(&m);
	return failures;
}
