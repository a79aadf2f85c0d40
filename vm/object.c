/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses of what is not memory alone: objects of the emulator's, and memory that the host answers
 * for. They come here when the shadow has refused them.
 */
#include "vm/bytes.h"
#include "vm/mem_host.h"
#include "vm/proc_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static u64
extend(u64 value, u32 bytes)
{
	u32 shift = 64 - 8 * bytes;

	return (u64)((s64)(value << shift) >> shift);
}

static u64
narrow(u64 value, u32 bytes)
{
	return value & (~0ull >> (64 - 8 * bytes));
}

/* By the emulator; false: it is none of its own. */
static bool
access_emulated(struct xb_proc *proc, const struct bpf_insn *insn, u64 gaddr)
{
	const struct xb_vm_ops *ops = proc->vm->ops;
	u8 class = BPF_CLASS(insn->code);
	u64 value = class == BPF_ST ? (u64)(s64)insn->imm : proc->r[insn->src_reg];

	if (!ops || !ops->access_object || !ops->access_object(proc, insn, gaddr, &value))
		return false;
	if (class == BPF_LDX && !proc->event)
		proc->r[insn->dst_reg] = BPF_MODE(insn->code) == BPF_MEMSX
		                                 ? extend(value, xb_insn_bytes(insn->code))
		                                 : value;
	return true;
}

/* One access of memory that the host answers for. */
struct access {
	struct xb_proc *proc;
	const struct bpf_insn *insn;
	struct xb_host_object o;
	u64 gaddr;
	u32 bytes;
};

static void
refused(const struct access *a, const char *what, int ret)
{
	struct xb_fault *f = xb_proc_new_fault(a->proc, XB_FAULT_OBJECT);

	if (!f)
		return;
	f->gaddr = a->gaddr;
	f->bytes = a->bytes;
	memcpy(f->object, a->o.name, sizeof(f->object));
	snprintf(f->message, sizeof(f->message), "%s: %s of %u bytes at offset %llu: %s", a->o.name,
	         what, a->bytes, (unsigned long long)(a->gaddr - a->o.gaddr), strerror(-ret));
}

static bool
load(const struct access *a, u64 *value)
{
	int ret = a->o.ops->load(a->o.arg, a->gaddr - a->o.gaddr, a->bytes, value);

	if (ret)
		refused(a, "load", ret);
	else
		*value = narrow(*value, a->bytes);
	return ret == 0;
}

static bool
store(const struct access *a, u64 value)
{
	int ret;

	if (!a->o.ops->store) {
		xb_proc_fault_mem(a->proc, a->gaddr, a->bytes, XB_MEM_WRITE, NULL);
		return false;
	}
	ret = a->o.ops->store(a->o.arg, a->gaddr - a->o.gaddr, a->bytes, narrow(value, a->bytes));
	if (ret)
		refused(a, "store", ret);
	return ret == 0;
}

/* What an atomic instruction makes of `old`; false: it leaves that. */
static bool
atomic_result(const struct access *a, u64 old, u64 *now)
{
	const u64 *r = a->proc->r;
	u64 b = narrow(r[a->insn->src_reg], a->bytes);

	*now = b;
	switch (a->insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
		*now = old + b;
		return true;
	case BPF_OR:
		*now = old | b;
		return true;
	case BPF_AND:
		*now = old & b;
		return true;
	case BPF_XOR:
		*now = old ^ b;
		return true;
	case BPF_CMPXCHG & ~BPF_FETCH:
		return old == narrow(r[0], a->bytes);
	default: /* BPF_XCHG, the last of them */
		return true;
	}
}

/* By a load and a store: between the two nobody else may come, which is the host's to see to. */
static void
atomic(const struct access *a)
{
	const struct bpf_insn *insn = a->insn;
	u64 old, now;

	if (!load(a, &old) || (atomic_result(a, old, &now) && !store(a, now)))
		return;
	if (insn->imm == BPF_CMPXCHG)
		a->proc->r[0] = old;
	else if (insn->imm & BPF_FETCH)
		a->proc->r[insn->src_reg] = old;
}

static void
ordered(const struct access *a)
{
	u64 *r = a->proc->r;

	if (a->gaddr & (a->bytes - 1))
		xb_proc_fault(a->proc, XB_FAULT_BAD_ATOMIC, XB_MISALIGNED);
	else if (a->insn->imm == BPF_LOAD_ACQ)
		load(a, &r[a->insn->dst_reg]);
	else
		store(a, r[a->insn->src_reg]);
}

static void
access_host_object(const struct access *a)
{
	const struct bpf_insn *insn = a->insn;
	u64 *r = a->proc->r, value;

	if (BPF_MODE(insn->code) == BPF_ATOMIC) {
		if (insn->imm == BPF_LOAD_ACQ || insn->imm == BPF_STORE_REL)
			ordered(a);
		else
			atomic(a);
	} else if (BPF_CLASS(insn->code) == BPF_LDX) {
		if (load(a, &value))
			r[insn->dst_reg] =
			        BPF_MODE(insn->code) == BPF_MEMSX ? extend(value, a->bytes) : value;
	} else {
		store(a, BPF_CLASS(insn->code) == BPF_ST ? (u64)(s64)insn->imm : r[insn->src_reg]);
	}
}

bool
xb_proc_access_object(struct xb_proc *proc, u64 gaddr)
{
	struct access a = { .proc = proc, .insn = &proc->prog->insns[proc->pc], .gaddr = gaddr };

	if (access_emulated(proc, a.insn, gaddr))
		return true;
	a.bytes = xb_insn_bytes(a.insn->code);
	if (!xb_mem_host_object(proc->vm->mem, gaddr, a.bytes, &a.o))
		return false;
	access_host_object(&a);
	return true;
}

/* A copy that a call works on in place of such memory. */
struct xb_bounce {
	struct xb_bounce *next;
	struct access a;
	u64 bytes;
	bool write;
	u64 data[];
};

void *
xb_proc_mem(struct xb_proc *proc, u64 gaddr, u64 bytes, u8 need)
{
	void *host = xb_mem_range(proc->vm->mem, gaddr, bytes, need);
	struct access a = { .proc = proc, .gaddr = gaddr, .bytes = (u32)bytes };
	struct xb_bounce *b;
	int ret;

	if (XB_LIKELY(host != NULL))
		return host;
	if (bytes > UINT32_MAX || !xb_mem_host_object(proc->vm->mem, gaddr, bytes, &a.o) ||
	    (need == XB_MEM_WRITE && !a.o.ops->store))
		return NULL;
	if (a.o.ops->host)
		return a.o.ops->host(a.o.arg, gaddr - a.o.gaddr);
	b = malloc(sizeof(*b) + xb_align_up(bytes, 8));
	if (!b) {
		xb_proc_fault(proc, XB_FAULT_INTERNAL, "no memory for %llu bytes of %s",
		              (unsigned long long)bytes, a.o.name);
		return NULL;
	}
	ret = xb_host_object_read(&a.o, gaddr, b->data, bytes);
	if (ret) {
		refused(&a, "load", ret);
		free(b);
		return NULL;
	}
	b->a = a;
	b->bytes = bytes;
	b->write = need == XB_MEM_WRITE;
	b->next = proc->bounces;
	proc->bounces = b;
	proc->event |= XB_PROC_BOUNCED;
	return b->data;
}

/* Writes back what the call wrote, which it did unless it faulted. */
bool
xb_proc_settle(struct xb_proc *proc)
{
	struct xb_bounce *b;

	while ((b = proc->bounces) != NULL) {
		int ret = 0;

		if (b->write && !(proc->event & XB_PROC_FAULTED))
			ret = xb_host_object_write(&b->a.o, b->a.gaddr, b->data, b->bytes);
		if (ret)
			refused(&b->a, "store", ret);
		proc->bounces = b->next;
		free(b);
	}
	proc->event &= ~(u32)XB_PROC_BOUNCED;
	return proc->event != 0;
}
