/* SPDX-License-Identifier: BSD-2-Clause */
#include "xdpbench/linux.h"

#include "emu/pin.h"
#include "emu/vcpu.h"
#include "emu/world.h"
#include "lib/bind.h"
#include "lib/linux_priv.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LOAD_LOG_BYTES (64u << 10)

static void
say_printk(void *arg, struct xb_proc *proc, const char *text, u32 bytes)
{
	struct xb_linux *lx = arg;

	if (lx->printk)
		lx->printk(lx->printk_arg, proc->user, text, bytes);
}

/* The world becomes the emulator's. */
static int
set_world(struct xb_linux *lx, struct xb_err *err)
{
	struct xb_world *world;

	if (!lx->world)
		return 0;
	world = xb_world_parse(lx->world, lx->opts.world_bytes, err);
	if (world && xb_world_set(lx->emu, world, err) == 0)
		return 0;
	xb_world_free(world);
	return xb_err_prefix(err, "world");
}

static struct xb_vm *
linux_attach(struct xb_emulator *e, struct xb_machine *machine, struct xb_vm_opts *opts,
             struct xb_err *err)
{
	struct xb_linux *lx = lib_linux_of(e);
	const struct xb_emu_opts emu_opts = {
		.cpu_cnt = opts->vcpu_cnt,
		.seed = lx->opts.seed,
		.pin_dir = lx->pin_dir,
		.max_insns = opts->max_insns,
		.frame_bytes = opts->frame_bytes,
		.frame_cnt = opts->frame_cnt,
		.max_tail_calls = lx->opts.max_tail_calls,
		.zeroing = opts->zeroing,
		.strict = opts->strict,
	};

	lx->emu = xb_emu_new(&emu_opts, err);
	if (!lx->emu)
		return NULL;
	xb_xdp_register(lx->emu);
	xb_skb_register(lx->emu);
	if (set_world(lx, err) != 0) {
		xb_emu_free(lx->emu);
		lx->emu = NULL;
		return NULL;
	}
	xb_bound_register_types(lx->emu);
	lx->emu->watch = lx->opts.watch_calls;
	lx->emu->clock.now_ns = lx->opts.now_ns;
	lx->emu->clock.boot_ns = lx->opts.boot_ns;
	lx->emu->hooks = (struct xb_emu_hooks){
		.arg = lx,
		.printk = say_printk,
		.event = lib_linux_event,
	};
	e->machine = machine;
	return lx->emu->vm;
}

/* A name that bpf(2) takes: 15 letters, digits, _ and . of it. */
static void
kernel_name(const char *name, char *to, size_t bytes)
{
	size_t i = 0;

	for (; name[i] && i < bytes - 1; i++)
		to[i] = isalnum((unsigned char)name[i]) || name[i] == '.' ? name[i] : '_';
	to[i] = 0;
}

/* The last line of a verifier's log, which says what is wrong. */
static const char *
last_line(char *log)
{
	size_t len = strlen(log);
	char *nl;

	while (len && log[len - 1] == '\n')
		log[--len] = 0;
	nl = strrchr(log, '\n');
	return nl ? nl + 1 : log;
}

static int
prog_load(struct xb_linux *lx, const struct xb_program_opts *o, char *log, struct xb_err *err)
{
	union bpf_attr attr;
	const char *why;
	long fd;

	memset(&attr, 0, sizeof(attr)); /* an initialiser may leave the union's end as it is */
	attr.prog_type = o->type;
	attr.expected_attach_type = o->expected_attach_type;
	attr.insns = (uintptr_t)o->insns;
	attr.insn_cnt = o->insn_cnt;
	attr.license = (uintptr_t)(o->license ? o->license : "GPL");
	attr.prog_flags = o->flags;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = LOAD_LOG_BYTES;
	attr.log_level = 1;
	kernel_name(o->name ? o->name : "", attr.prog_name, sizeof(attr.prog_name));
	fd = xb_emu_bpf(lx->emu, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		return (int)fd;
	if (fd == -ENOMEM)
		return xb_err_set(err, XB_ERR_SYSTEM, "%s", strerror(ENOMEM));
	why = last_line(log);
	if (*why)
		return xb_err_set(err, XB_ERR_LOAD, "%s", why);
	/* Refused before it was looked at. */
	return o->flags ? xb_err_set(err, XB_ERR_LOAD, "flags 0x%x: %s", o->flags,
	                             strerror((int)-fd))
	                : xb_err_set(err, XB_ERR_LOAD, "%s", strerror((int)-fd));
}

static struct xb_bpf_prog *
bpf_of(struct xb_linux *lx, int fd)
{
	struct xb_obj *obj;

	return xb_obj_by_fd(lx->emu, fd, XB_OBJ_PROG, &obj) == 0
	               ? XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj)
	               : NULL;
}

static int
linux_load(struct xb_emulator *e, struct xb_program *program, const struct xb_program_opts *opts,
           struct xb_err *err)
{
	struct lib_linux_program *p = calloc(1, sizeof(*p));
	struct xb_linux *lx = lib_linux_of(e);
	char *log = calloc(1, LOAD_LOG_BYTES);

	if (!p || !log) {
		xb_err_errno(err, ENOMEM, "program");
		goto free_all;
	}
	p->fd = prog_load(lx, opts, log, err);
	if (p->fd < 0)
		goto free_all;
	free(log);
	p->bpf = bpf_of(lx, p->fd);
	program->data = p;
	return 0;

free_all:
	free(log);
	free(p);
	return -1;
}

struct xb_program *
lib_linux_adopt(struct xb_linux *lx, int fd, const char *name, struct xb_err *err)
{
	struct lib_linux_program *p = calloc(1, sizeof(*p));
	struct xb_program *program = NULL;

	if (p)
		program = lib_program_new(lx->head.machine, name, err);
	else
		xb_err_errno(err, ENOMEM, "program");
	if (!program) {
		free(p);
		close(fd);
		return NULL;
	}
	*p = (struct lib_linux_program){ .bpf = bpf_of(lx, fd), .fd = fd };
	program->data = p;
	program->type = p->bpf->type;
	lib_program_append(program);
	return program;
}

static void
linux_unload(struct xb_program *program)
{
	struct lib_linux_program *p = program->data;

	close(p->fd);
	free(p);
}

static const struct xb_prog *
linux_prog(const struct xb_program *program)
{
	const struct lib_linux_program *p = program->data;

	return xb_bpf_prog_vm(p->bpf);
}

/* Of what it was before functions of it were replaced, too. */
static bool
linux_is_of(const struct xb_program *program, const struct xb_prog *prog)
{
	const struct lib_linux_program *p = program->data;

	return xb_prog_user(prog) == p->bpf;
}

static void
linux_run_begin(struct xb_emulator *e, u32 vcpu)
{
	xb_emu_run_begin(lib_linux_of(e)->emu, vcpu);
}

static void
linux_run_end(struct xb_emulator *e, u32 vcpu)
{
	xb_emu_run_end(lib_linux_of(e)->emu, vcpu);
}

static bool
linux_is_busy(const struct xb_emulator *e)
{
	return lib_linux_of(e)->emu->runs != 0;
}

static void
linux_share(struct xb_emulator *e, bool on)
{
	if (on)
		xb_emu_concurrent_begin(lib_linux_of(e)->emu);
	else
		xb_emu_concurrent_end(lib_linux_of(e)->emu);
}

/* Programs that came by bpf(2) become the machine's when somebody asks for them. */
static struct xb_program *
linux_adopt(struct xb_emulator *e, const struct xb_prog *prog)
{
	struct xb_bpf_prog *bpf = xb_prog_user(prog);
	struct xb_err err = XB_ERR_INIT;
	int fd = xb_obj_fd(&bpf->obj);

	return fd < 0 ? NULL : lib_linux_adopt(lib_linux_of(e), fd, bpf->func_name, &err);
}

static void
linux_free(struct xb_emulator *e)
{
	struct xb_linux *lx = lib_linux_of(e);

	lib_linux_maps_free(lx);
	lib_linux_objects_free(lx);
	xb_emu_free(lx->emu);
	lib_linux_helpers_free(lx);
	pthread_mutex_destroy(&lx->lock);
	free(lx->pin_dir);
	free(lx->world);
	free(lx);
}

static const struct lib_emulator_kind linux_kind = {
	.attach = linux_attach,
	.load = linux_load,
	.unload = linux_unload,
	.prog = linux_prog,
	.is_of = linux_is_of,
	.run_begin = linux_run_begin,
	.run_end = linux_run_end,
	.is_busy = linux_is_busy,
	.share = linux_share,
	.adopt = linux_adopt,
	.free = linux_free,
};

static int
copy_strings(struct xb_linux *lx)
{
	struct xb_linux_opts *o = &lx->opts;

	if (o->pin_dir) {
		lx->pin_dir = strdup(o->pin_dir);
		if (!lx->pin_dir)
			return -1;
	}
	if (!o->world)
		return 0;
	lx->world = malloc(o->world_bytes + 1);
	if (!lx->world)
		return -1;
	memcpy(lx->world, o->world, o->world_bytes);
	return 0;
}

struct xb_linux *
xb_linux_new(const struct xb_linux_opts *opts, struct xb_err *err)
{
	struct xb_linux *lx = calloc(1, sizeof(*lx));

	if (!lx) {
		xb_err_errno(err, ENOMEM, "Linux emulator");
		return NULL;
	}
	lx->head.kind = &linux_kind;
	pthread_mutex_init(&lx->lock, NULL);
	if (lib_opts_copy(&lx->opts, sizeof(lx->opts), opts, "Linux emulator", err) != 0)
		goto free_linux;
	if (copy_strings(lx) != 0) {
		xb_err_errno(err, ENOMEM, "Linux emulator");
		goto free_linux;
	}
	return lx;

free_linux:
	linux_free(&lx->head);
	return NULL;
}

void
xb_linux_free(struct xb_linux *lx)
{
	if (lx)
		linux_free(&lx->head);
}

struct xb_emulator *
xb_linux_emulator(struct xb_linux *lx)
{
	return &lx->head;
}

struct xb_linux *
xb_linux_of(const struct xb_machine *machine)
{
	return machine->emulator->kind == &linux_kind ? lib_linux_of(machine->emulator) : NULL;
}

long
xb_linux_bpf(struct xb_linux *lx, int cmd, union bpf_attr *attr, uint32_t bytes)
{
	return xb_emu_bpf(lx->emu, cmd, attr, bytes);
}

int
xb_linux_save_pins(struct xb_linux *lx, struct xb_err *err)
{
	return xb_pin_save(lx->emu, err);
}

void
xb_linux_enter(struct xb_linux *lx)
{
	xb_emu_enter(lx ? lx->emu : NULL);
}

struct xb_program *
xb_linux_program_by_fd(struct xb_linux *lx, int fd)
{
	struct xb_bpf_prog *bpf = bpf_of(lx, fd);

	return bpf ? lib_program_of(lx->head.machine, xb_bpf_prog_vm(bpf)) : NULL;
}

int
xb_linux_program_fd(const struct xb_program *program)
{
	const struct lib_linux_program *p = program->data;

	return program->machine->emulator->kind == &linux_kind ? p->fd : -1;
}

void
xb_linux_on_printk(struct xb_linux *lx,
                   void (*fn)(void *arg, struct xb_process *process, const char *text,
                              size_t bytes),
                   void *arg)
{
	lx->printk = fn;
	lx->printk_arg = arg;
}

void
xb_linux_set_clock(struct xb_linux *lx, uint64_t now_ns, uint64_t boot_ns)
{
	lx->emu->clock = (struct xb_clock){ .now_ns = now_ns, .boot_ns = boot_ns };
	for (u32 i = 0; lx->emu->concurrent && i < lx->emu->cpu_cnt; i++)
		lx->emu->vcpus[i].clock = lx->emu->clock;
}
