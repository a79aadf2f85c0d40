/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - what becomes of a redirected packet: the copies, and the programs of map entries.
 *
 * A copy that a program may alter is made of one kept beforehand, so that no copy sees what the
 * program of another entry did. The first program to run finds the packet itself.
 */
#include "emu/vcpu.h"
#include "emu/world.h"
#include "xdp/xdp_priv.h"

#define VLAN_HLEN 4u

/* One call of xb_xdp_follow(). */
struct trip {
	struct xb_xdp *x;
	const struct xb_redirect *redirect;
	struct xb_xdp_out came; /* the packet as it came */
	void (*fn)(void *arg, const struct xb_delivery *delivery);
	void *arg;
	u32 cnt;
	bool saved; /* x->saved has the packet */
	bool dirty; /* and the buffer has not: a program ran */
};

/* The program's view: the device that the packet came in by, queue 0, and where it would go. */
static void
run_entry(struct trip *t, const struct xb_bpf_prog *prog, u32 index, struct xb_xdp_out *out)
{
	struct xb_xdp *x = t->x;

	if (!t->saved)
		xdp_buff_save(x);
	t->saved = true;
	t->dirty = true;
	x->md->rx_queue_index = 0;
	x->md->egress_ifindex = t->redirect->kind == XB_REDIRECT_CPUMAP ? 0 : index;
	x->target = (struct xdp_target){ 0 };
	xdp_run_to_end(x, prog, out);
	if (out->fault)
		xdp_buff_restore(x);
	xdp_out_fill(x, out);
}

/*
 * Whether the interface takes the packet: that of a world which a file gives has to be there and
 * up, and has an MTU (cf. net/core/filter.c: xdp_ok_fwd_dev).
 */
static bool
is_taken(const struct trip *t, u32 index)
{
	const struct xb_world *w = t->x->emu->world;
	const struct xb_world_link *link;

	if (XB_LIKELY(!w->given) || t->redirect->kind == XB_REDIRECT_CPUMAP ||
	    t->redirect->kind == XB_REDIRECT_XSKMAP)
		return true;
	link = xb_world_link(w, index);
	return link && link->up &&
	       t->came.bytes <= (u64)link->mtu + link->hard_header_len + VLAN_HLEN;
}

/* cf. kernel/bpf/devmap.c: dev_map_bpf_prog_run, kernel/bpf/cpumap.c: cpu_map_bpf_prog_run_xdp */
static void
deliver(struct trip *t, u32 index, const struct xb_bpf_prog *prog)
{
	struct xb_delivery d = { .redirect = t->redirect, .index = index, .out = t->came };

	if (!is_taken(t, index))
		return;
	if (t->dirty) {
		xdp_buff_restore(t->x);
		t->dirty = false;
	}
	d.out.redirect = (struct xb_redirect){ .kind = XB_REDIRECT_NONE };
	d.ran = prog != NULL;
	if (d.ran) {
		run_entry(t, prog, index, &d.out);
		if (t->redirect->kind != XB_REDIRECT_CPUMAP)
			d.out.redirect.kind = XB_REDIRECT_NONE; /* a devmap's program cannot */
	}
	d.forwarded = !d.ran || (d.out.status == XB_RUN_EXIT && d.out.retval == XDP_PASS);
	t->cnt++;
	t->fn(t->arg, &d);
}

static void
deliver_key(struct trip *t, u64 key)
{
	const struct xb_map_target *to = xb_map_target(t->redirect->map, key);

	if (!to)
		return;
	if ((t->redirect->flags & BPF_F_EXCLUDE_INGRESS) && to->index == t->x->md->ingress_ifindex)
		return;
	deliver(t, to->index, to->prog);
}

/* To all entries, in the order of the map (cf. kernel/bpf/devmap.c: dev_map_enqueue_multi). */
static void
broadcast(struct trip *t)
{
	struct xb_map *map = t->redirect->map;
	u32 key, next;
	int ret;

	if (t->redirect->kind == XB_REDIRECT_DEVMAP) {
		for (key = 0; key < map->max_entries; key++)
			deliver_key(t, key);
		return;
	}
	for (ret = xb_map_next_key(map, NULL, &next); ret == 0;
	     ret = xb_map_next_key(map, &key, &next)) {
		key = next;
		deliver_key(t, key);
	}
}

u32
xb_xdp_follow(struct xb_xdp *x, const struct xb_xdp_out *out,
              void (*fn)(void *arg, const struct xb_delivery *delivery), void *arg)
{
	const struct xb_redirect redirect = out->redirect;
	struct trip t = { .x = x, .redirect = &redirect, .came = *out, .fn = fn, .arg = arg };

	if (redirect.kind == XB_REDIRECT_NONE)
		return 0;
	xb_emu_run_begin(x->emu, x->proc->vcpu); /* entries of maps are looked at */
	if (redirect.map && redirect.kind != XB_REDIRECT_CPUMAP &&
	    redirect.kind != XB_REDIRECT_XSKMAP && (redirect.flags & BPF_F_BROADCAST))
		broadcast(&t);
	else
		deliver(&t, redirect.index, redirect.prog);
	xb_emu_run_end(x->emu, x->proc->vcpu);
	return t.cnt;
}
