/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Object files in the machine: loaded by libbpf, into the emulator.
 */
#include "lib/object.h"

#include "lib/linux_priv.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct lib_object {
	struct lib_object *next;
	struct xb_object *object;
	void *image; /* owned */
};

static void
object_free(struct lib_object *o)
{
	xb_object_free(o->object);
	free(o->image);
	free(o);
}

void
lib_linux_objects_free(struct xb_linux *lx)
{
	while (lx->objects) {
		struct lib_object *o = lx->objects;

		lx->objects = o->next;
		object_free(o);
	}
}

const char *
lib_linux_map_name(const struct xb_linux *lx, const struct xb_map *map)
{
	for (const struct lib_object *o = lx->objects; o; o = o->next)
		if (xb_object_has_map(o->object, map))
			return xb_object_map_name(o->object, map);
	return map->name;
}

/*
 * Whether libbpf's calls come here: a shared libbpf finds those of the C library where this one was
 * opened later and for somebody alone (dlopen), and would ask the kernel.
 */
static int
check_calls(struct xb_linux *lx, struct xb_err *err)
{
	struct xb_emu *was = xb_emu_enter(lx->emu);
	bool arrived;
	u32 id;

	bpf_map_get_next_id(0, &id);
	arrived = xb_emu_arrived();
	xb_emu_enter(was);
	if (arrived)
		return 0;
	return xb_err_set(err, XB_ERR_SYSTEM,
	                  "libbpf's system calls do not come to the emulator: link with "
	                  "libxdpbench, or open it with RTLD_DEEPBIND");
}

static int
adopt_programs(struct xb_linux *lx, const struct xb_object *object, struct xb_err *err)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object->bpf)
	{
		int fd = bpf_program__fd(prog);

		if (fd < 0)
			continue;
		fd = dup(fd);
		if (fd < 0)
			return xb_err_errno(err, errno, "program");
		if (!lib_linux_adopt(lx, fd, bpf_program__name(prog), err))
			return -1;
	}
	return 0;
}

/* Those that were adopted after `last`. */
static void
drop_programs(struct xb_machine *machine, const struct xb_program *last)
{
	struct xb_program *p;

	while ((p = xb_machine_next_program(machine, last)) != NULL) {
		machine->emulator->kind->unload(p);
		lib_program_remove(p);
	}
}

static struct xb_program *
last_program(const struct xb_machine *machine)
{
	struct xb_program *p = NULL, *next;

	while ((next = xb_machine_next_program(machine, p)) != NULL)
		p = next;
	return p;
}

static int
load(struct xb_linux *lx, struct lib_object *o, const struct xb_object_opts *opts,
     struct xb_err *err)
{
	const struct xb_program *last = last_program(lx->head.machine);

	if (check_calls(lx, err) != 0)
		return xb_err_prefix(err, "%s", opts->path);
	o->object = xb_object_open(lx->emu, opts, err);
	if (!o->object || xb_object_load(o->object, err) != 0)
		return xb_err_prefix(err, "%s", opts->path);
	if (adopt_programs(lx, o->object, err) == 0)
		return 0;
	drop_programs(lx->head.machine, last);
	return -1;
}

int
xb_linux_load_object(struct xb_linux *lx, const void *image, size_t bytes, const char *name,
                     struct xb_err *err)
{
	struct lib_object *o = calloc(1, sizeof(*o));
	struct xb_object_opts opts = { .path = name ? name : "object",
		                       .bytes = bytes,
		                       .all = true };
	struct xb_obj_mark mark;

	if (o)
		o->image = malloc(bytes ? bytes : 1);
	if (!o || !o->image) {
		free(o);
		return xb_err_errno(err, ENOMEM, "object");
	}
	memcpy(o->image, image, bytes);
	opts.image = o->image;
	mark = xb_obj_mark(lx->emu);
	if (load(lx, o, &opts, err) != 0) {
		object_free(o);
		if (!lx->emu->concurrent)
			xb_obj_forget_since(lx->emu, &mark);
		return -1;
	}
	o->next = lx->objects;
	lx->objects = o;
	return 0;
}
