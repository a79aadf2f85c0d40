/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf.c - bpf(2): from the number of a command to the function that does it.
 */
#include "emu/btf.h"
#include "emu/emu.h"
#include "emu/info.h"
#include "emu/link.h"
#include "emu/map.h"
#include "emu/obj.h"
#include "emu/obj_sweep.h"
#include "emu/pin.h"
#include "emu/prog.h"
#include "emu/sock_own.h"
#include "emu/test_run.h"
#include "emu/user.h"
#include "emu/vcpu.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#define TEST_RUN_VCPU 0u /* where xdp/ and skb/ have theirs */

/* A call on its way: the kernel's copy of the attributes, and their size. */
struct call {
	int cmd;
	union bpf_attr *attr;
	u32 bytes;
};

struct cmd {
	const char *name;
	u32 end; /* of the last field that the command has; what follows must be zero */
	long (*fn)(struct xb_emu *emu, const struct call *c); /* NULL: not emulated */
};

static long
map_create(struct xb_emu *emu, const struct call *c)
{
	return xb_map_create(emu, c->attr, c->bytes);
}

static long
map_sys(struct xb_emu *emu, const struct call *c)
{
	return xb_map_sys(emu, c->cmd, c->attr, c->bytes);
}

static long
prog_load(struct xb_emu *emu, const struct call *c)
{
	return xb_prog_load(emu, c->attr, c->bytes);
}

static long
btf_load(struct xb_emu *emu, const struct call *c)
{
	return xb_btf_load(emu, c->attr, c->bytes);
}

static long
obj_pin(struct xb_emu *emu, const struct call *c)
{
	return xb_pin_add(emu, c->attr);
}

static long
obj_get(struct xb_emu *emu, const struct call *c)
{
	return xb_pin_get(emu, c->attr);
}

static bool
has_storage(const struct xb_bpf_prog *prog)
{
	for (u32 i = 0; i < prog->map_cnt; i++)
		if (xb_map_is_cgroup_storage(prog->maps[i]))
			return true;
	return false;
}

/*
 * Every test run has storage of its own (cf. net/bpf/test_run.c: bpf_test_run). It is the vCPU's
 * from before the run on, so that nothing else runs there meanwhile.
 */
static long
test_run_with_storage(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	long rc = 0;

	xb_emu_run_begin(emu, TEST_RUN_VCPU);
	for (u32 i = 0; !rc && i < prog->map_cnt; i++)
		if (xb_map_is_cgroup_storage(prog->maps[i]))
			rc = xb_cgroup_storage_begin(prog->maps[i], TEST_RUN_VCPU);
	if (!rc)
		rc = prog->ops->test_run(emu, prog, attr);
	for (u32 i = 0; i < prog->map_cnt; i++)
		if (xb_map_is_cgroup_storage(prog->maps[i]))
			xb_cgroup_storage_end(prog->maps[i], TEST_RUN_VCPU);
	xb_emu_run_end(emu, TEST_RUN_VCPU);
	return rc;
}

/* What run, and how long: of a run that failed nothing is known but that it did not end. */
static void
count_runs(struct xb_bpf_prog *prog, const union bpf_attr *attr, long rc, u64 start_ns)
{
	if (!prog->emu->stats || (rc && rc != -ENOSPC))
		return;
	prog->run_cnt += xb_test_repeat(attr);
	prog->run_time_ns += xb_test_now_ns() - start_ns;
}

/* cf. kernel/bpf/syscall.c: bpf_prog_test_run */
static long
prog_test_run(struct xb_emu *emu, const struct call *c)
{
	union bpf_attr *attr = c->attr;
	struct xb_bpf_prog *prog;
	struct xb_obj *obj;
	u64 start_ns;
	long ran;
	int rc;

	if (!attr->test.ctx_size_in != !attr->test.ctx_in ||
	    !attr->test.ctx_size_out != !attr->test.ctx_out)
		return -EINVAL;
	rc = xb_obj_by_fd(emu, (int)attr->test.prog_fd, XB_OBJ_PROG, &obj);
	if (rc)
		return rc;
	prog = XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
	if (prog->ops == NULL || prog->ops->test_run == NULL)
		return -XB_ENOTSUPP;
	emu->interrupted = false;
	if (emu->own_task)
		xb_sock_own_find(emu);
	start_ns = emu->stats ? xb_test_now_ns() : 0;
	ran = has_storage(prog) ? test_run_with_storage(emu, prog, attr)
	                        : prog->ops->test_run(emu, prog, attr);
	count_runs(prog, attr, ran, start_ns);
	return ran;
}

/*
 * cf. kernel/bpf/syscall.c: bpf_enable_stats.
 *
 * Differs: they stay enabled when the descriptor is closed, and count test runs alone.
 */
static long
enable_stats(struct xb_emu *emu, const struct call *c)
{
	int fd;

	if (c->attr->enable_stats.type != BPF_STATS_RUN_TIME)
		return -EINVAL;
	fd = memfd_create("bpf-stats", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	emu->stats = true;
	return fd;
}

/* cf. kernel/bpf/syscall.c: bpf_obj_get_next_id */
static long
get_next_id(struct xb_emu *emu, const struct call *c)
{
	enum xb_obj_kind kind = c->cmd == BPF_PROG_GET_NEXT_ID  ? XB_OBJ_PROG
	                        : c->cmd == BPF_MAP_GET_NEXT_ID ? XB_OBJ_MAP
	                        : c->cmd == BPF_BTF_GET_NEXT_ID ? XB_OBJ_BTF
	                                                        : XB_OBJ_LINK;
	struct xb_obj *obj;

	if (c->attr->start_id >= INT_MAX)
		return -EINVAL;
	obj = xb_obj_next(emu, kind, c->attr->start_id);
	if (obj == NULL)
		return -ENOENT;
	c->attr->next_id = obj->id;
	return 0;
}

/* cf. kernel/bpf/syscall.c: bpf_prog_get_fd_by_id, bpf_map_get_fd_by_id, bpf_link_get_fd_by_id */
static long
get_fd_by_id(struct xb_emu *emu, const struct call *c)
{
	enum xb_obj_kind kind = c->cmd == BPF_PROG_GET_FD_BY_ID  ? XB_OBJ_PROG
	                        : c->cmd == BPF_MAP_GET_FD_BY_ID ? XB_OBJ_MAP
	                        : c->cmd == BPF_BTF_GET_FD_BY_ID ? XB_OBJ_BTF
	                                                         : XB_OBJ_LINK;
	u32 flags = kind == XB_OBJ_MAP ? c->attr->open_flags : 0;
	struct xb_obj *obj;

	if (flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	obj = xb_obj_by_id(emu, kind, c->attr->map_id);
	return obj ? xb_obj_fd_flags(obj, flags) : -ENOENT;
}

static long
get_info(struct xb_emu *emu, const struct call *c)
{
	return xb_info_get(emu, c->attr);
}

static long
prog_bind_map(struct xb_emu *emu, const struct call *c)
{
	return xb_prog_bind_map(emu, c->attr);
}

static long
link_create(struct xb_emu *emu, const struct call *c)
{
	return xb_link_create(emu, c->attr);
}

static long
link_update(struct xb_emu *emu, const struct call *c)
{
	return xb_link_update(emu, c->attr);
}

static long
link_detach(struct xb_emu *emu, const struct call *c)
{
	return xb_link_detach(emu, c->attr);
}

static long
raw_tracepoint_open(struct xb_emu *emu, const struct call *c)
{
	return xb_link_raw_open(emu, c->attr);
}

static long
prog_query(struct xb_emu *emu, const struct call *c)
{
	long rc = xb_link_query(emu, c->attr);

	if (rc != -EOPNOTSUPP)
		return rc;
	emu->missing_cmds |= 1ull << BPF_PROG_QUERY;
	return -EINVAL;
}

#define END(field)              (offsetof(union bpf_attr, field) + sizeof(((union bpf_attr *)0)->field))
#define CMD(id, last, function) [BPF_##id] = { .name = #id, .end = END(last), .fn = function }

/* clang-format off */
static const struct cmd cmds[] = {
	[BPF_MAP_CREATE] = { .name = "MAP_CREATE", .end = XB_MAP_CREATE_BYTES, .fn = map_create },
	CMD(MAP_LOOKUP_ELEM,		 flags,				map_sys),
	CMD(MAP_UPDATE_ELEM,		 flags,				map_sys),
	CMD(MAP_DELETE_ELEM,		 key,				map_sys),
	CMD(MAP_GET_NEXT_KEY,		 next_key,			map_sys),
	CMD(PROG_LOAD,			 core_relo_rec_size,		prog_load),
	CMD(OBJ_PIN,			 file_flags,			obj_pin),
	CMD(OBJ_GET,			 file_flags,			obj_get),
	CMD(PROG_ATTACH,		 replace_bpf_fd,		NULL),
	CMD(PROG_DETACH,		 attach_type,			NULL),
	CMD(PROG_TEST_RUN,		 test.batch_size,		prog_test_run),
	CMD(PROG_GET_NEXT_ID,		 next_id,			get_next_id),
	CMD(MAP_GET_NEXT_ID,		 next_id,			get_next_id),
	CMD(PROG_GET_FD_BY_ID,		 prog_id,			get_fd_by_id),
	CMD(MAP_GET_FD_BY_ID,		 open_flags,			get_fd_by_id),
	CMD(OBJ_GET_INFO_BY_FD,		 info.info,			get_info),
	[BPF_PROG_QUERY] = { .name = "PROG_QUERY", .end = XB_LINK_QUERY_BYTES, .fn = prog_query },
	CMD(RAW_TRACEPOINT_OPEN,	 raw_tracepoint.prog_fd,	raw_tracepoint_open),
	CMD(BTF_LOAD,			 btf_log_level,			btf_load),
	CMD(BTF_GET_FD_BY_ID,		 btf_id,			get_fd_by_id),
	CMD(TASK_FD_QUERY,		 task_fd_query.probe_addr,	NULL),
	CMD(MAP_LOOKUP_AND_DELETE_ELEM,	 flags,				map_sys),
	CMD(MAP_FREEZE,			 map_fd,			map_sys),
	CMD(BTF_GET_NEXT_ID,		 next_id,			get_next_id),
	CMD(MAP_LOOKUP_BATCH,		 batch.flags,			map_sys),
	CMD(MAP_LOOKUP_AND_DELETE_BATCH, batch.flags,			map_sys),
	CMD(MAP_UPDATE_BATCH,		 batch.flags,			map_sys),
	CMD(MAP_DELETE_BATCH,		 batch.flags,			map_sys),
	CMD(LINK_CREATE,		 link_create.kprobe_multi.cookies, link_create),
	CMD(LINK_UPDATE,		 link_update.old_prog_fd,	link_update),
	CMD(LINK_GET_FD_BY_ID,		 link_id,			get_fd_by_id),
	CMD(LINK_GET_NEXT_ID,		 next_id,			get_next_id),
	CMD(ENABLE_STATS,		 enable_stats.type,		enable_stats),
	CMD(ITER_CREATE,		 iter_create.flags,		NULL),
	CMD(LINK_DETACH,		 link_detach.link_fd,		link_detach),
	CMD(PROG_BIND_MAP,		 prog_bind_map.flags,		prog_bind_map),
	[36] = { .name = "TOKEN_CREATE" },
	[37] = { .name = "PROG_STREAM_READ_BY_FD" },
	[38] = { .name = "PROG_ASSOC_STRUCT_OPS" },
};
/* clang-format on */

_Static_assert(XB_ARRAY_SIZE(cmds) <= 64, "missing_cmds has a bit for each");

const char *
xb_emu_cmd_name(int cmd)
{
	return cmd >= 0 && (size_t)cmd < XB_ARRAY_SIZE(cmds) ? cmds[cmd].name : NULL;
}

/*
 * Whether everything behind the command's last field is zero (cf. kernel/bpf/syscall.c:
 * CHECK_ATTR).
 */
static bool
attr_fits(const struct cmd *cmd, const union bpf_attr *attr)
{
	const u8 *bytes = (const u8 *)attr;

	for (size_t i = cmd->end; i < sizeof(*attr); i++)
		if (bytes[i])
			return false;
	return true;
}

static long
dispatch(struct xb_emu *emu, const struct call *c)
{
	const struct cmd *cmd;

	if (xb_emu_cmd_name(c->cmd) == NULL)
		return -EINVAL;
	cmd = &cmds[c->cmd];
	if (cmd->fn == NULL) {
		emu->missing_cmds |= 1ull << c->cmd;
		return -EINVAL;
	}
	return attr_fits(cmd, c->attr) ? cmd->fn(emu, c) : -EINVAL;
}

/* Elements of maps have locks of their own: programs and other threads get at them meanwhile. */
static long
dispatch_alone(struct xb_emu *emu, const struct call *c)
{
	bool alone = emu->concurrent && xb_emu_cmd_name(c->cmd) && cmds[c->cmd].fn != map_sys;
	long rc;

	if (alone)
		pthread_mutex_lock(&emu->sys);
	rc = dispatch(emu, c);
	if (alone)
		pthread_mutex_unlock(&emu->sys);
	return rc;
}

long
xb_emu_bpf(struct xb_emu *emu, int cmd, union bpf_attr *attr, u32 bytes)
{
	u32 copied = bytes < sizeof(union bpf_attr) ? bytes : (u32)sizeof(union bpf_attr);
	union bpf_attr own, before;
	long rc;

	xb_obj_sweep_before(emu, cmd);
	rc = xb_user_tail_zero((uintptr_t)attr, sizeof(own), bytes);
	if (rc)
		return rc;
	memset(&own, 0, sizeof(own));
	if (xb_user_read(&own, (uintptr_t)attr, copied))
		return -EFAULT;
	before = own;
	rc = dispatch_alone(emu, &(struct call){ .cmd = cmd, .attr = &own, .bytes = copied });
	/* What commands give back, they put into fields of the attributes. */
	if (memcmp(&before, &own, copied) && xb_user_write((uintptr_t)attr, &own, copied))
		return -EFAULT;
	return rc;
}
