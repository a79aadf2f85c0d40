/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_link.c - tcx links: which are refused, and in which order programs stand, here and in the
 * kernel, on the loopback of a network namespace of the test's own.
 */
#include "emu/link.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LO       1u
#define BEFORE   (1u << 3)
#define AFTER    (1u << 4)
#define ID       (1u << 5)
#define LINK     (1u << 13)
#define NO_FLAG  (1u << 20)
#define IN       XB_TCX_INGRESS
#define OUT      XB_TCX_EGRESS
#define MAX      6 /* programs, and links: by the number of the program that each was made with */
#define ACTION   MAX
#define XDP      (MAX + 1)
#define NOT_OPEN (MAX + 2)
#define CNT      (MAX + 3)
#define NO_ID    0x7ffffff0u

/* What stands beside flags: the relative, or the old program. */
enum beside { NOTHING, PROG, PROG_ID, LINK_FD, LINK_ID, BAD_ID };

static const struct row {
	const char *name;
	int cmd;
	u32 prog;
	u32 flags;
	enum beside beside;
	u32 which; /* of the one beside */
	u64 revision;
	u32 attach_type, ifindex; /* 0: ingress, the loopback */
	u32 link;                 /* of updates and detaches */
	int rc;
	const char *after; /* programs at ingress, and the revision; NULL: as before */
	bool emu_only;
} rows[] = {
#define ATTACH(n, ...)    .cmd = BPF_LINK_CREATE, .prog = (n), __VA_ARGS__
#define UPDATE(l, n, ...) .cmd = BPF_LINK_UPDATE, .link = (l), .prog = (n), __VA_ARGS__
#define DETACH(l, ...)    .cmd = BPF_LINK_DETACH, .link = (l), __VA_ARGS__
#define BESIDE(what, n)   .beside = (what), .which = (n)
	{ "no interface", ATTACH(0, .ifindex = ~0u, .rc = -ENODEV, .after = "@1") },
	{ "attach type of cgroups",
	  ATTACH(0, .attach_type = BPF_CGROUP_GETSOCKOPT, .rc = -EINVAL) },
	{ "attach type of XDP", ATTACH(0, .attach_type = BPF_XDP, .rc = -EINVAL) },
	{ "action", ATTACH(ACTION, .rc = -EINVAL) },
	{ "XDP program", ATTACH(XDP, .rc = -EINVAL) },
	{ "wrong revision", ATTACH(0, .revision = 7, .rc = -ESTALE) },
	{ "unknown flag", ATTACH(0, .flags = NO_FLAG, .rc = -EINVAL) },
	{ "in place of nothing", ATTACH(0, .flags = BPF_F_REPLACE, .rc = -ENOENT) },
	{ "before and after, empty", ATTACH(0, .flags = BEFORE | AFTER, .rc = -ERANGE) },
	{ "relative without a flag", ATTACH(0, BESIDE(PROG, 1), .rc = -EINVAL) },
	{ "before what is not there", ATTACH(0, .flags = BEFORE, BESIDE(PROG, 1), .rc = -ENOENT) },
	{ "after what is not there", ATTACH(0, .flags = AFTER, BESIDE(PROG, 1), .rc = -ENOENT) },
	{ "both of what is not there",
	  ATTACH(0, .flags = BEFORE | AFTER, BESIDE(PROG, 1), .rc = -ENOENT) },
	{ "id 0", ATTACH(0, .flags = ID, .rc = -ENOENT) },
	{ "link 0", ATTACH(0, .flags = LINK, .rc = -EINVAL) },
	{ "first in an empty hook", ATTACH(0, .flags = BEFORE | NO_FLAG, .after = "0@2") },
	{ "last, by revision", ATTACH(1, .revision = 2, .after = "0 1@3") },
	{ "again", ATTACH(1, .rc = -EEXIST) },
	{ "again, relative that is none",
	  ATTACH(1, .flags = AFTER, BESIDE(PROG, NOT_OPEN), .rc = -EEXIST) },
	{ "again, old revision", ATTACH(1, .revision = 2, .rc = -ESTALE) },
	{ "before a program", ATTACH(2, .flags = BEFORE, BESIDE(PROG, 1), .after = "0 2 1@4") },
	{ "after a program's id",
	  ATTACH(3, .flags = AFTER | ID, BESIDE(PROG_ID, 2), .after = "0 2 3 1@5") },
	{ "after itself", ATTACH(4, .flags = AFTER, BESIDE(PROG, 4), .rc = -ENOENT) },
	{ "after an action", ATTACH(4, .flags = AFTER, BESIDE(PROG, ACTION), .rc = -EINVAL) },
	{ "after what is not open",
	  ATTACH(4, .flags = AFTER, BESIDE(PROG, NOT_OPEN), .rc = -EBADF) },
	{ "after nobody's id", ATTACH(4, .flags = AFTER | ID, BESIDE(BAD_ID, 0), .rc = -ENOENT) },
	{ "after a link that is a program",
	  ATTACH(4, .flags = AFTER | LINK, BESIDE(PROG, 1), .rc = -EINVAL) },
	{ "after nobody's link",
	  ATTACH(4, .flags = AFTER | LINK | ID, BESIDE(BAD_ID, 0), .rc = -ENOENT) },
	{ "at a link, without a side",
	  ATTACH(4, .flags = LINK, BESIDE(LINK_FD, 1), .rc = -EINVAL) },
	{ "before and after one",
	  ATTACH(4, .flags = BEFORE | AFTER, BESIDE(PROG, 2), .rc = -ERANGE) },
	{ "in place of one", ATTACH(4, .flags = BPF_F_REPLACE, BESIDE(PROG, 2), .rc = -ENOENT) },
	{ "after a link",
	  ATTACH(4, .flags = AFTER | LINK, BESIDE(LINK_FD, 2), .after = "0 2 4 3 1@6") },
	{ "before a link's id",
	  ATTACH(5, .flags = BEFORE | LINK | ID, BESIDE(LINK_ID, 0), .after = "5 0 2 4 3 1@7") },
	{ "updated by an action", UPDATE(1, ACTION, .rc = -EINVAL) },
	{ "updated by one that is there", UPDATE(1, 2, .rc = -EEXIST) },
	{ "updated by itself", UPDATE(1, 1, .after = "5 0 2 4 3 1@7") },
	{ "updated, wrong old one",
	  UPDATE(1, 1, .flags = BPF_F_REPLACE, BESIDE(PROG, 2), .rc = -EPERM) },
	{ "updated, old one without the flag", UPDATE(1, 1, BESIDE(PROG, 1), .rc = -EINVAL) },
	{ "updated, unknown flag", UPDATE(1, 1, .flags = BEFORE, .rc = -EINVAL) },
	{ "first gone", DETACH(5, .after = "0 2 4 3 1@8") },
	{ "updated by the one that went", UPDATE(1, 5, .after = "0 2 4 3 5@9") },
	{ "updated, right old one",
	  UPDATE(1, 1, .flags = BPF_F_REPLACE, BESIDE(PROG, 5), .after = "0 2 4 3 1@10") },
	{ "middle gone", DETACH(4, .after = "0 2 3 1@11") },
	{ "gone already", DETACH(4, .after = "0 2 3 1@11") },
	{ "gone, and updated", UPDATE(4, 4, .rc = -ENOLINK) },
	{ "first of all", ATTACH(4, .flags = BEFORE, .after = "4 0 2 3 1@12") },
	{ "at egress, another order",
	  ATTACH(5, .attach_type = OUT, .revision = 1, .after = "4 0 2 3 1@12") },
	{ "at egress, too", ATTACH(5, .after = "4 0 2 3 1 5@13") },
	{ "all gone: 4", DETACH(4, .after = "0 2 3 1 5@14") },
	{ "all gone: 0", DETACH(0, .after = "2 3 1 5@15") },
	{ "all gone: 5", DETACH(5, .after = "2 3 1@16") },
	{ "all gone: 2", DETACH(2, .after = "3 1@17") },
	{ "all gone: 1", DETACH(1, .after = "3@18") },
	{ "all gone: 3", DETACH(3, .after = "@1") },
	{ "anew", ATTACH(0, .after = "0@2") },
	{ "netkit", ATTACH(1, .attach_type = XB_NETKIT_PEER, .ifindex = 5, .after = "0@2"),
	  .emu_only = true },
};

struct rig {
	const struct backend *b;
	int progs[CNT], links[MAX];
	u32 prog_ids[CNT];
};

/* Longer than what an older uapi header has. */
union attr {
	union bpf_attr bpf;
	struct {
		u32 prog_fd, ifindex, attach_type, flags, relative, pad;
		u64 revision;
	} create;
	struct {
		u32 ifindex, attach_type, query_flags, attach_flags;
		u64 prog_ids;
		u32 cnt, pad;
		u64 prog_flags, link_ids, link_flags, revision;
	} query;
};

static u32
id_of(const struct rig *rig, int fd)
{
	union bpf_attr attr;
	u32 info[64] = { 0 };

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info = (uintptr_t)info;
	attr.info.info_len = sizeof(info);
	assert_int_equal(backend_bpf(rig->b, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
	return info[1];
}

static void
rig_init(struct rig *rig, const struct backend *b)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, -1), XB_EXIT() };
	struct backend_prog prog = { .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) };

	*rig = (struct rig){ .b = b };
	for (u32 i = 0; i <= XDP; i++) {
		prog.type = i == XDP      ? BPF_PROG_TYPE_XDP
		            : i == ACTION ? BPF_PROG_TYPE_SCHED_ACT
		                          : BPF_PROG_TYPE_SCHED_CLS;
		rig->progs[i] = backend_prog(b, &prog);
		rig->prog_ids[i] = id_of(rig, rig->progs[i]);
	}
	rig->progs[NOT_OPEN] = 1000;
	memset(rig->links, -1, sizeof(rig->links));
}

static void
rig_fini(struct rig *rig)
{
	for (u32 i = 0; i <= XDP; i++)
		close(rig->progs[i]);
	for (u32 i = 0; i < MAX; i++)
		if (rig->links[i] >= 0)
			close(rig->links[i]);
}

static u32
beside(const struct rig *rig, const struct row *row)
{
	switch (row->beside) {
	case NOTHING:
		break;
	case PROG:
		return (u32)rig->progs[row->which];
	case PROG_ID:
		return rig->prog_ids[row->which];
	case LINK_FD:
		return (u32)rig->links[row->which];
	case LINK_ID:
		return id_of(rig, rig->links[row->which]);
	case BAD_ID:
		return NO_ID;
	}
	return 0;
}

static long
create(struct rig *rig, const struct row *row)
{
	union attr attr = { .create = {
		                    .prog_fd = (u32)rig->progs[row->prog],
		                    .ifindex = row->ifindex == ~0u ? 0
		                               : row->ifindex      ? row->ifindex
		                                                   : LO,
		                    .attach_type = row->attach_type ? row->attach_type : IN,
		                    .flags = row->flags,
		                    .relative = beside(rig, row),
		                    .revision = row->revision,
		            } };
	long fd = backend_bpf(rig->b, BPF_LINK_CREATE, &attr.bpf);

	if (fd < 0)
		return fd;
	if (rig->links[row->prog] >= 0)
		close(rig->links[row->prog]);
	rig->links[row->prog] = (int)fd;
	return 0;
}

static long
run(struct rig *rig, const struct row *row)
{
	union attr attr = { 0 };

	if (row->cmd == BPF_LINK_CREATE)
		return create(rig, row);
	if (row->cmd == BPF_LINK_UPDATE) {
		attr.bpf.link_update.link_fd = (u32)rig->links[row->link];
		attr.bpf.link_update.new_prog_fd = (u32)rig->progs[row->prog];
		attr.bpf.link_update.flags = row->flags;
		attr.bpf.link_update.old_prog_fd = beside(rig, row);
	} else {
		attr.bpf.link_detach.link_fd = (u32)rig->links[row->link];
	}
	return backend_bpf(rig->b, row->cmd, &attr.bpf);
}

/* "0 2 1@4": the programs at ingress in order, and the revision. */
static void
describe(const struct rig *rig, char *text, size_t bytes)
{
	u32 ids[MAX] = { 0 };
	union attr attr = { .query = { .ifindex = LO, .attach_type = IN, .cnt = MAX } };
	size_t len = 0;

	attr.query.prog_ids = (uintptr_t)ids;
	assert_int_equal(backend_bpf(rig->b, BPF_PROG_QUERY, &attr.bpf), 0);
	assert_true(attr.query.cnt <= MAX);
	for (u32 i = 0; i < attr.query.cnt; i++) {
		u32 n = 0;

		while (n < MAX && rig->prog_ids[n] != ids[i])
			n++;
		len += (size_t)snprintf(text + len, bytes - len, "%s%u", i ? " " : "", n);
	}
	snprintf(text + len, bytes - len, "@%llu", (unsigned long long)attr.query.revision);
}

static void
run_rows(const struct backend *b)
{
	char before[64] = "@1", after[64];
	struct rig rig;

	rig_init(&rig, b);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		long rc;

		if (row->emu_only && !b->emu)
			continue;
		rc = run(&rig, row);
		describe(&rig, after, sizeof(after));
		if (rc != row->rc)
			fail_msg("%s: %s: %ld, not %d", b->name, row->name, rc, row->rc);
		if (strcmp(after, row->after ? row->after : before))
			fail_msg("%s: %s: '%s', not '%s'", b->name, row->name, after,
			         row->after ? row->after : before);
		strcpy(before, after);
	}
	rig_fini(&rig);
}

static bool
open_kernel(struct backend *b)
{
	if (!backend_open_kernel(b))
		return false;
	if (unshare(CLONE_NEWNET) == 0)
		return true;
	printf("skipped: no network namespace: %s\n", strerror(errno));
	backend_close(b);
	return false;
}

static void
types(struct xb_emu *emu)
{
	static const struct xb_prog_type xdp = { .type = BPF_PROG_TYPE_XDP, .name = "xdp" };

	xb_prog_type_register(emu, &xdp);
	xb_skb_register(emu);
}

static void
on_both(void (*test)(const struct backend *b))
{
	struct backend b;

	backend_open_emu(&b, types);
	test(&b);
	backend_close(&b);
	if (!open_kernel(&b))
		return;
	test(&b);
	backend_close(&b);
}

static void
test_rows(void **state)
{
	(void)state;
	on_both(run_rows);
}

/* 63 programs find room, wherever the next wants to stand. */
static void
fill(const struct backend *b)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, -1), XB_EXIT() };
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = BPF_PROG_TYPE_SCHED_CLS };
	static const u32 flags[] = { 0, BEFORE, AFTER };
	union attr attr = { .create = { .ifindex = LO, .attach_type = OUT } };
	int progs[64], links[63];

	for (u32 i = 0; i < XB_ARRAY_SIZE(progs); i++) {
		progs[i] = backend_prog(b, &prog);
		attr.create.prog_fd = (u32)progs[i];
		if (i < XB_ARRAY_SIZE(links))
			links[i] = (int)backend_bpf(b, BPF_LINK_CREATE, &attr.bpf);
		if (i < XB_ARRAY_SIZE(links) && links[i] < 0)
			fail_msg("%s: link %u: %d", b->name, i, links[i]);
	}
	for (u32 i = 0; i < XB_ARRAY_SIZE(flags); i++) {
		attr.create.flags = flags[i];
		assert_int_equal(backend_bpf(b, BPF_LINK_CREATE, &attr.bpf), -ERANGE);
	}
	for (u32 i = 0; i < XB_ARRAY_SIZE(progs); i++)
		close(progs[i]);
	for (u32 i = 0; i < XB_ARRAY_SIZE(links); i++)
		close(links[i]);
}

static void
test_fill(void **state)
{
	(void)state;
	on_both(fill);
}

/* What there is to know of two links, one of them detached, and what a query refuses. */
static void
ask(const struct backend *b)
{
	static const struct row first = { "", ATTACH(0) };
	static const struct row second = { "", ATTACH(1) };
	static const struct row detach = { "", DETACH(1) };
	u32 info[16] = { 0 }, progs[2] = { 0 }, links[2] = { 0 }, flags[2] = { 9, 9 };
	union bpf_attr attr;
	union attr q = { .query = { .ifindex = LO, .attach_type = IN, .cnt = 1 } };
	struct rig rig;

	memset(&attr, 0, sizeof(attr));
	rig_init(&rig, b);
	assert_int_equal(run(&rig, &first), 0);
	assert_int_equal(run(&rig, &second), 0);
	q.query.prog_ids = (uintptr_t)progs;
	q.query.link_ids = (uintptr_t)links;
	q.query.link_flags = (uintptr_t)flags;
	assert_int_equal(backend_bpf(b, BPF_PROG_QUERY, &q.bpf), -ENOSPC);
	assert_int_equal(q.query.cnt, 2);
	assert_int_equal(q.query.revision, 3);
	assert_int_equal(progs[0], rig.prog_ids[0]);
	assert_int_equal(progs[1], 0);
	assert_int_equal(links[0], id_of(&rig, rig.links[0]));
	assert_int_equal(flags[0], 0);
	assert_int_equal(flags[1], 9);
	q.query.cnt = 0;
	assert_int_equal(backend_bpf(b, BPF_PROG_QUERY, &q.bpf), 0);
	assert_int_equal(q.query.cnt, 2);
	q.query.query_flags = 1;
	assert_int_equal(backend_bpf(b, BPF_PROG_QUERY, &q.bpf), -EINVAL);
	q.query.query_flags = 0;
	q.query.ifindex = 0;
	assert_int_equal(backend_bpf(b, BPF_PROG_QUERY, &q.bpf), -ENODEV);
	q.query.attach_type = 200;
	assert_int_equal(backend_bpf(b, BPF_PROG_QUERY, &q.bpf), -EINVAL);

	assert_int_equal(run(&rig, &detach), 0);
	for (u32 i = 0; i < 2; i++) {
		attr.info.bpf_fd = (u32)rig.links[i];
		attr.info.info = (uintptr_t)info;
		attr.info.info_len = sizeof(info);
		assert_int_equal(backend_bpf(b, BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
		assert_int_equal(info[0], XB_LINK_TYPE_TCX);
		assert_int_equal(info[2], rig.prog_ids[i]);
		assert_int_equal(info[4], i ? 0 : LO);
		assert_int_equal(info[5], IN);
	}
	if (b->emu) {
		assert_ptr_equal(xb_link_tcx(b->emu, LO, IN, 0), backend_emu_prog(b, rig.progs[0]));
		assert_null(xb_link_tcx(b->emu, LO, IN, 1));
		assert_null(xb_link_tcx(b->emu, LO, OUT, 0));
	}
	rig_fini(&rig);
}

static void
test_ask(void **state)
{
	(void)state;
	on_both(ask);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
