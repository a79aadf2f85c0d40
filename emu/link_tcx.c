/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link_tcx.c - TC programs on one side of an interface, in the order in which they run (tcx and
 * netkit).
 *
 * An interface and an attach type are a hook. Nobody holds a list of its links: each knows its
 * place, from 0 on, and the hook's revision, which counts changes from 1 on and is 1 again where
 * the last link goes. (cf. kernel/bpf/mprog.c, kernel/bpf/tcx.c)
 */
#include "emu/link_priv.h"
#include "emu/prog.h"
#include "emu/user.h"

#include <errno.h>
#include <string.h>

#define MAX_LINKS 63u       /* on a hook (cf. bpf_mprog_max) */
#define F_BEFORE  (1u << 3) /* flags that an older uapi header lacks */
#define F_AFTER   (1u << 4)
#define F_ID      (1u << 5)
#define F_LINK    (1u << 13)

/* Members of union bpf_attr with what an older uapi header lacks of them. */
struct create_attr {
	u32 prog_fd, target_ifindex, attach_type, flags;
	u32 relative, pad; /* descriptor or id */
	u64 expected_revision;
};

struct query_attr {
	u32 target_ifindex, attach_type, query_flags, attach_flags;
	u64 prog_ids;
	u32 cnt, pad;
	u64 prog_attach_flags, link_ids, link_attach_flags, revision;
};

_Static_assert(sizeof(struct create_attr) <= sizeof(((union bpf_attr *)0)->link_create), "uapi");
_Static_assert(sizeof(struct query_attr) == XB_LINK_QUERY_BYTES, "uapi");
_Static_assert(sizeof(struct query_attr) <= sizeof(union bpf_attr), "uapi");

struct hook {
	struct xb_emu *emu;
	u32 ifindex, attach_type;
};

/* cf. kernel/bpf/mprog.c: struct bpf_tuple */
struct tuple {
	struct xb_bpf_prog *prog; /* NULL: none was named */
	struct xb_link *link;     /* NULL: by program alone */
};

static bool
is_netkit(u32 attach_type)
{
	return attach_type == XB_NETKIT_PRIMARY || attach_type == XB_NETKIT_PEER;
}

static bool
is_hook(u32 attach_type)
{
	return attach_type == XB_TCX_INGRESS || attach_type == XB_TCX_EGRESS ||
	       is_netkit(attach_type);
}

/* The hook's link behind `link` in the order of ids; NULL: from the first. */
static struct xb_link *
next_on(const struct hook *h, const struct xb_link *link)
{
	struct xb_obj *obj = xb_obj_next(h->emu, XB_OBJ_LINK, link ? link->obj.id : 0);

	for (; obj; obj = xb_obj_next(h->emu, XB_OBJ_LINK, obj->id)) {
		struct xb_link *other = XB_CONTAINER_OF(obj, struct xb_link, obj);

		if (xb_link_has_hook(other) && other->ifindex == h->ifindex &&
		    other->attach_type == h->attach_type)
			return other;
	}
	return NULL;
}

static u32
total(const struct hook *h)
{
	u32 cnt = 0;

	for (struct xb_link *link = next_on(h, NULL); link; link = next_on(h, link))
		cnt++;
	return cnt;
}

static struct xb_link *
link_at(const struct hook *h, u32 place)
{
	struct xb_link *link = next_on(h, NULL);

	while (link && link->place != place)
		link = next_on(h, link);
	return link;
}

/* By program alone where t->link is NULL. */
static struct xb_link *
find(const struct hook *h, const struct tuple *t)
{
	struct xb_link *link = next_on(h, NULL);

	while (link && (link->prog != t->prog || (t->link && t->link != link)))
		link = next_on(h, link);
	return link;
}

static u64
revision(const struct hook *h)
{
	const struct xb_link *link = next_on(h, NULL);

	return link ? link->revision : 1;
}

/* The links from `place` on go by `by`, and all know the new revision. */
static void
changed(const struct hook *h, u64 new_revision, u32 place, u32 by)
{
	for (struct xb_link *link = next_on(h, NULL); link; link = next_on(h, link)) {
		link->revision = new_revision;
		if (link->place >= place)
			link->place += by;
	}
}

/* cf. kernel/bpf/mprog.c: bpf_mprog_link, bpf_mprog_prog */
static int
find_object(struct xb_emu *emu, enum xb_obj_kind kind, u32 id_or_fd, bool id, struct xb_obj **obj)
{
	if (!id)
		return id_or_fd ? xb_obj_by_fd(emu, (int)id_or_fd, kind, obj) : -EINVAL;
	*obj = xb_obj_by_id(emu, kind, id_or_fd);
	return *obj ? 0 : -ENOENT;
}

static int
bpf_mprog_tuple_relative(struct xb_emu *emu, u32 id_or_fd, u32 flags, struct tuple *t)
{
	bool id = flags & F_ID, link = flags & F_LINK;
	struct xb_obj *obj;
	int rc;

	*t = (struct tuple){ 0 };
	if (!link && !id && !id_or_fd)
		return 0;
	rc = find_object(emu, link ? XB_OBJ_LINK : XB_OBJ_PROG, id_or_fd, id, &obj);
	if (rc)
		return rc;
	if (link)
		t->link = XB_CONTAINER_OF(obj, struct xb_link, obj);
	t->prog = link ? t->link->prog : XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
	return t->prog->type == BPF_PROG_TYPE_SCHED_CLS ? 0 : -EINVAL;
}

/* Where a new program comes to, or -errno. */
static int
place_for(const struct hook *h, const struct tuple *relative, u32 flags)
{
	const struct xb_link *link = relative->prog ? find(h, relative) : NULL;
	u32 cnt = total(h);

	if (flags & BPF_F_REPLACE || (flags & (F_BEFORE | F_AFTER) && relative->prog && !link))
		return -ENOENT;
	if (!(flags & (F_BEFORE | F_AFTER)) && (flags || relative->prog))
		return -EINVAL;
	if ((flags & F_BEFORE && flags & F_AFTER) || cnt >= MAX_LINKS)
		return -ERANGE;
	if (flags & F_BEFORE)
		return link ? (int)link->place : 0;
	return link ? (int)link->place + 1 : (int)cnt;
}

/* cf. kernel/bpf/mprog.c: bpf_mprog_attach */
static int
bpf_mprog_attach(const struct hook *h, struct xb_bpf_prog *prog, const struct create_attr *attr)
{
	struct tuple relative, itself = { .prog = prog };
	int rc;

	if (attr->expected_revision && attr->expected_revision != revision(h))
		return -ESTALE;
	if (find(h, &itself))
		return -EEXIST;
	rc = bpf_mprog_tuple_relative(h->emu, attr->relative, attr->flags, &relative);
	return rc ? rc : place_for(h, &relative, attr->flags);
}

/* cf. kernel/bpf/tcx.c: tcx_link_attach; drivers/net/netkit.c: netkit_link_attach */
int
link_tcx_attach(struct xb_emu *emu, struct xb_bpf_prog *prog, const union bpf_attr *attr)
{
	struct create_attr create;
	struct xb_link like = { .prog = prog };
	struct hook h = { .emu = emu };
	struct xb_link *link;
	int rc;

	memcpy(&create, &attr->link_create, sizeof(create));
	if (!is_hook(create.attach_type))
		return -EINVAL;
	if (create.target_ifindex == 0)
		return -ENODEV;
	h.ifindex = create.target_ifindex;
	h.attach_type = create.attach_type;
	rc = bpf_mprog_attach(&h, prog, &create);
	if (rc < 0)
		return rc;
	like.type = is_netkit(h.attach_type) ? XB_LINK_TYPE_NETKIT : XB_LINK_TYPE_TCX;
	like.revision = revision(&h) + 1;
	like.place = (u32)rc;
	like.attach_type = h.attach_type;
	rc = link_add(emu, &like, &link);
	if (rc)
		return rc;
	changed(&h, like.revision, like.place, 1);
	link->ifindex = h.ifindex;
	return xb_obj_fd(&link->obj);
}

/* cf. kernel/bpf/tcx.c: tcx_link_update */
int
link_tcx_update(struct xb_link *link, struct xb_bpf_prog *prog)
{
	const struct hook h = { link->emu, link->ifindex, link->attach_type };
	const struct tuple itself = { .prog = prog };

	if (link->prog == prog)
		return 0;
	if (find(&h, &itself))
		return -EEXIST;
	if (prog->type != link->prog->type)
		return -EINVAL;
	link->prog = prog;
	changed(&h, link->revision + 1, 0, 0);
	return 0;
}

void
link_tcx_detach(struct xb_link *link)
{
	const struct hook h = { link->emu, link->ifindex, link->attach_type };

	link->ifindex = 0;
	changed(&h, link->revision + 1, link->place, ~0u);
}

/* One of the arrays of a query's answer: what `value` is of the link in each place. */
static int
answer(const struct hook *h, u64 to, u32 cnt, u32 (*value)(const struct xb_link *link))
{
	int rc = 0;

	for (u32 i = 0; to && rc == 0 && i < cnt; i++) {
		u32 v = value(link_at(h, i));

		rc = xb_user_write(to + sizeof(v) * i, &v, sizeof(v));
	}
	return rc;
}

static u32
prog_id(const struct xb_link *link)
{
	return link->prog->obj.id;
}

static u32
link_id(const struct xb_link *link)
{
	return link->obj.id;
}

static u32
no_flags(const struct xb_link *link)
{
	(void)link;
	return 0;
}

/* cf. kernel/bpf/mprog.c: bpf_mprog_query */
static int
bpf_mprog_query(const struct hook *h, struct query_attr *q)
{
	u32 cnt = total(h), room = q->cnt, most = cnt < room ? cnt : room;
	int rc;

	if (q->query_flags || q->attach_flags)
		return -EINVAL;
	q->revision = revision(h);
	q->cnt = cnt;
	if (most == 0 || !q->prog_ids)
		return 0;
	rc = answer(h, q->prog_ids, most, prog_id);
	if (rc == 0)
		rc = answer(h, q->prog_attach_flags, most, no_flags);
	if (rc == 0)
		rc = answer(h, q->link_ids, most, link_id);
	if (rc == 0)
		rc = answer(h, q->link_attach_flags, most, no_flags);
	return rc || cnt <= room ? rc : -ENOSPC;
}

int
xb_link_query(struct xb_emu *emu, union bpf_attr *attr)
{
	struct hook h = { .emu = emu };
	struct query_attr q;
	int rc;

	memcpy(&q, attr, sizeof(q));
	if (!is_hook(q.attach_type))
		return -EOPNOTSUPP;
	if (q.target_ifindex == 0)
		return -ENODEV;
	h.ifindex = q.target_ifindex;
	h.attach_type = q.attach_type;
	rc = bpf_mprog_query(&h, &q);
	memcpy(attr, &q, sizeof(q));
	return rc;
}

struct xb_bpf_prog *
xb_link_tcx(struct xb_emu *emu, u32 ifindex, u32 attach_type, u32 place)
{
	const struct hook h = { emu, ifindex, attach_type };
	const struct xb_link *link = ifindex ? link_at(&h, place) : NULL;

	return link ? link->prog : NULL;
}
