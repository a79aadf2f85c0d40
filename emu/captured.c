/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/captured.h"

#include "emu/helper.h"
#include "vm/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct xb_captured *
xb_captured_new(struct xb_err *err)
{
	struct xb_captured *c = calloc(1, sizeof(*c));

	if (!c)
		xb_err_errno(err, ENOMEM, "recorded calls");
	return c;
}

static void
free_call(struct xb_captured_call *call)
{
	for (u32 i = 0; i < call->param_cnt; i++)
		free(call->params[i].bytes);
	for (u32 i = 0; i < call->result_cnt; i++)
		free(call->results[i].bytes);
}

void
xb_captured_free(struct xb_captured *c)
{
	if (!c)
		return;
	for (u32 id = 0; id < XB_EMU_HELPER_MAX; id++) {
		for (u32 i = 0; i < c->cnt[id]; i++)
			free_call(&c->calls[id][i]);
		free(c->calls[id]);
	}
	free(c);
}

int
xb_captured_add(struct xb_captured *c, u32 helper, const struct xb_captured_call *call,
                struct xb_err *err)
{
	struct xb_captured_call *calls;

	assert(helper < XB_EMU_HELPER_MAX);
	calls = realloc(c->calls[helper], (c->cnt[helper] + 1) * sizeof(*calls));
	if (!calls)
		return xb_err_errno(err, ENOMEM, "recorded calls");
	c->calls[helper] = calls;
	calls[c->cnt[helper]++] = *call;
	return 0;
}

void
xb_captured_rewind(struct xb_captured *c)
{
	if (c)
		memset(c->next, 0, sizeof(c->next));
}

/* Whether the program calls with what was recorded. Bytes are not compared: addresses differ. */
static bool
same_params(struct xb_proc *proc, const char *name, u32 n, const struct xb_captured_call *call)
{
	for (u32 i = 0; i < call->param_cnt; i++) {
		const struct xb_captured_reg *p = &call->params[i];

		if (p->bytes || proc->r[p->reg] == p->value)
			continue;
		xb_proc_fault(proc, XB_FAULT_BAD_CALL,
		              "bpf_%s: recorded call %u has 0x%llx in r%u, the program 0x%llx",
		              name, n, (unsigned long long)p->value, p->reg,
		              (unsigned long long)proc->r[p->reg]);
		return false;
	}
	return true;
}

static bool
write_bytes(struct xb_proc *proc, const char *name, const struct xb_captured_reg *result)
{
	u64 gaddr = proc->r[result->reg];
	void *to = xb_mem_range(proc->vm->mem, gaddr, result->byte_cnt, XB_MEM_WRITE);
	char what[64];

	if (to) {
		memcpy(to, result->bytes, result->byte_cnt);
		return true;
	}
	snprintf(what, sizeof(what), "bpf_%s: recorded bytes for r%u", name, result->reg);
	xb_proc_fault_mem(proc, gaddr, result->byte_cnt, XB_MEM_WRITE, what);
	return false;
}

u64
xb_captured_call(struct xb_proc *proc, u32 helper)
{
	struct xb_captured *c = xb_proc_emu(proc)->captured;
	const char *name = xb_helper_name(helper);
	const struct xb_captured_call *call;
	u64 r0 = 0;
	u32 n;

	if (!c || c->next[helper] == c->cnt[helper])
		return xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
		                     "bpf_%s reads the machine: its results have to be given, as "
		                     "\"helperCalls\" of a captured context%s",
		                     name,
		                     c && c->cnt[helper] ? ", which has no more of them" : "");
	n = ++c->next[helper];
	call = &c->calls[helper][n - 1];
	if (!same_params(proc, name, n, call))
		return 0;
	for (u32 i = 0; i < call->result_cnt; i++) {
		const struct xb_captured_reg *result = &call->results[i];

		if (result->bytes && !write_bytes(proc, name, result))
			return 0;
		if (!result->bytes && result->reg == 0)
			r0 = result->value;
	}
	return r0;
}
