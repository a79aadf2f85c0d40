/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/link_priv.h"

#include "emu/prog_priv.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>

static struct xb_link *
link_of(struct xb_obj *obj)
{
	return XB_CONTAINER_OF(obj, struct xb_link, obj);
}

static struct xb_bpf_prog *
prog_of(struct xb_obj *obj)
{
	return XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
}

static void
free_link(struct xb_obj *obj)
{
	free(link_of(obj));
}

struct xb_bpf_prog *
xb_link_replacement(const struct xb_bpf_prog *target, u32 btf_id)
{
	struct xb_emu *emu = target->emu;
	struct xb_obj *obj = NULL;

	while ((obj = xb_obj_next(emu, XB_OBJ_LINK, obj ? obj->id : 0)))
		if (link_of(obj)->target == target && link_of(obj)->btf_id == btf_id)
			return link_of(obj)->prog;
	return NULL;
}

static struct xb_link *
xdp_link(struct xb_emu *emu, u32 ifindex)
{
	struct xb_obj *obj = NULL;

	while ((obj = xb_obj_next(emu, XB_OBJ_LINK, obj ? obj->id : 0)))
		if (link_of(obj)->type == BPF_LINK_TYPE_XDP && link_of(obj)->ifindex == ifindex)
			return link_of(obj);
	return NULL;
}

struct xb_bpf_prog *
xb_link_xdp(struct xb_emu *emu, u32 ifindex)
{
	struct xb_link *link = ifindex ? xdp_link(emu, ifindex) : NULL;

	return link ? link->prog : NULL;
}

int
link_add(struct xb_emu *emu, const struct xb_link *like, struct xb_link **out)
{
	struct xb_link *link = malloc(sizeof(*link));
	int rc;

	if (link == NULL)
		return -ENOMEM;
	*link = *like;
	link->emu = emu;
	rc = xb_obj_add(emu, &link->obj, XB_OBJ_LINK, link->prog->name, free_link);
	if (rc) {
		free(link);
		return rc;
	}
	*out = link;
	return 0;
}

static void
drop_link(struct xb_emu *emu, struct xb_link *link)
{
	xb_obj_remove(emu, &link->obj);
	free(link);
}

/*
 * An EXT program in its target: the one given, or the one of load time the first time (cf.
 * bpf_tracing_prog_attach).
 */
static int
attach_ext(struct xb_emu *emu, struct xb_bpf_prog *prog, u32 target_fd, u32 btf_id, u64 cookie)
{
	struct xb_link like = { .type = BPF_LINK_TYPE_TRACING, .prog = prog, .cookie = cookie };
	struct xb_log log = { 0 };
	struct xb_link *link;
	struct xb_obj *obj;
	int rc;

	if (!target_fd != !btf_id)
		return -EINVAL;
	like.target = prog->attach_prog;
	like.btf_id = prog->attach_btf_id;
	if (target_fd) {
		rc = xb_obj_by_fd(emu, (int)target_fd, XB_OBJ_PROG, &obj);
		if (rc)
			return rc;
		like.target = prog_of(obj);
		like.btf_id = btf_id;
		rc = xb_prog_check_target(prog, like.target, btf_id, &log);
		/* The context was fixed when the program was loaded. */
		if (rc || like.target->type != prog->attach_prog->type)
			return -EINVAL;
	} else if (prog->was_attached) {
		return -EINVAL;
	}
	if (xb_link_replacement(like.target, like.btf_id))
		return -EBUSY;
	rc = link_add(emu, &like, &link);
	if (rc)
		return rc;
	rc = xb_prog_relink(like.target);
	if (rc) {
		drop_link(emu, link);
		return rc;
	}
	prog->was_attached = true;
	like.target->freplace = prog;
	return xb_obj_fd(&link->obj);
}

/* cf. net/core/dev.c: bpf_xdp_link_attach, dev_xdp_attach */
static int
attach_xdp(struct xb_emu *emu, struct xb_bpf_prog *prog, const union bpf_attr *attr)
{
	u32 modes = attr->link_create.flags & XDP_FLAGS_MODES;
	struct xb_link like = {
		.type = BPF_LINK_TYPE_XDP,
		.prog = prog,
		.ifindex = attr->link_create.target_ifindex,
	};
	struct xb_link *link;
	int rc;

	if (attr->link_create.attach_type != BPF_XDP || like.ifindex == 0)
		return -EINVAL;
	if (attr->link_create.flags & ~XDP_FLAGS_MODES || modes & (modes - 1))
		return -EINVAL;
	if (prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    prog->expected_attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	if (xdp_link(emu, like.ifindex))
		return -EBUSY;
	rc = link_add(emu, &like, &link);
	return rc ? rc : xb_obj_fd(&link->obj);
}

int
xb_link_create(struct xb_emu *emu, const union bpf_attr *attr)
{
	struct xb_bpf_prog *prog;
	struct xb_obj *obj;
	int rc = xb_obj_by_fd(emu, (int)attr->link_create.prog_fd, XB_OBJ_PROG, &obj);

	if (rc)
		return rc;
	prog = prog_of(obj);
	switch (prog->type) {
	case BPF_PROG_TYPE_EXT:
		return attach_ext(emu, prog, attr->link_create.target_fd,
		                  attr->link_create.target_btf_id,
		                  attr->link_create.tracing.cookie);
	case BPF_PROG_TYPE_XDP:
		return attach_xdp(emu, prog, attr);
	case BPF_PROG_TYPE_SCHED_CLS:
		return link_tcx_attach(emu, prog, attr);
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_KPROBE:
		/* No perf event is the emulator's (cf. kernel/bpf/syscall.c: bpf_perf_link_attach).
		 */
		return attr->link_create.attach_type == BPF_PERF_EVENT ? -EBADF : -EINVAL;
	default:
		return -EINVAL;
	}
}

int
xb_link_raw_open(struct xb_emu *emu, const union bpf_attr *attr)
{
	struct xb_bpf_prog *prog;
	struct xb_obj *obj;
	int rc = xb_obj_by_fd(emu, (int)attr->raw_tracepoint.prog_fd, XB_OBJ_PROG, &obj);

	if (rc)
		return rc;
	prog = prog_of(obj);
	if (prog->type == BPF_PROG_TYPE_EXT && attr->raw_tracepoint.name == 0)
		return attach_ext(emu, prog, 0, 0, 0);
	/* Tracing programs load but are never run. */
	return prog->type == BPF_PROG_TYPE_TRACING ? -XB_ENOTSUPP : -EINVAL;
}

int
xb_link_update(struct xb_emu *emu, const union bpf_attr *attr)
{
	u32 flags = attr->link_update.flags;
	struct xb_obj *obj, *prog, *old = NULL;
	struct xb_link *link;
	int rc;

	if (flags & ~(u32)BPF_F_REPLACE)
		return -EINVAL;
	rc = xb_obj_by_fd(emu, (int)attr->link_update.link_fd, XB_OBJ_LINK, &obj);
	if (rc == 0)
		rc = xb_obj_by_fd(emu, (int)attr->link_update.new_prog_fd, XB_OBJ_PROG, &prog);
	if (rc == 0 && flags & BPF_F_REPLACE)
		rc = xb_obj_by_fd(emu, (int)attr->link_update.old_prog_fd, XB_OBJ_PROG, &old);
	else if (rc == 0 && attr->link_update.old_prog_fd)
		rc = -EINVAL;
	if (rc)
		return rc;
	link = link_of(obj);
	if (link->type != BPF_LINK_TYPE_XDP && !xb_link_has_hook(link))
		return -EINVAL;
	if (link->ifindex == 0)
		return -ENOLINK;
	if (old && link->prog != prog_of(old))
		return -EPERM;
	if (xb_link_has_hook(link))
		return link_tcx_update(link, prog_of(prog));
	if (prog_of(prog)->type != link->prog->type ||
	    prog_of(prog)->expected_attach_type != link->prog->expected_attach_type)
		return -EINVAL;
	link->prog = prog_of(prog);
	return 0;
}

void
xb_link_release(struct xb_link *link)
{
	struct xb_bpf_prog *target = link->target;

	if (link->type == BPF_LINK_TYPE_XDP)
		link->ifindex = 0;
	else if (xb_link_has_hook(link) && link->ifindex)
		link_tcx_detach(link);
	if (!target)
		return;
	link->target = NULL;
	target->freplace = NULL;
	xb_prog_relink(target);
}

int
xb_link_detach(struct xb_emu *emu, const union bpf_attr *attr)
{
	struct xb_obj *obj;
	int rc = xb_obj_by_fd(emu, (int)attr->link_detach.link_fd, XB_OBJ_LINK, &obj);

	if (rc)
		return rc;
	if (link_of(obj)->type == BPF_LINK_TYPE_XDP)
		link_of(obj)->ifindex = 0;
	else if (!xb_link_has_hook(link_of(obj)))
		return -EOPNOTSUPP;
	else if (link_of(obj)->ifindex)
		link_tcx_detach(link_of(obj));
	return 0;
}
