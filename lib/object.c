/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object_priv.h"

#include "lib/elfcheck.h"
#include "emu/btf.h"
#include "emu/legacy.h"
#include "emu/map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* libbpf puts a call of this number and the map's index in place of a map that was not made. */
#define MAP_POISON     2001000000ull
#define MAP_POISON_CNT 1000000u

#define NO_MAP_TYPE 0x7fffffffu

/* The name that libbpf would take from the path: its last part up to a dot. */
static void
object_name(const char *path, char *name, size_t bytes)
{
	const char *slash = strrchr(path, '/');

	snprintf(name, bytes, "%s", slash ? slash + 1 : path);
	name[strcspn(name, ".")] = 0;
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	if (!name[0])
		snprintf(name, bytes, "object");
}

/*
 * The map, or the one that describes the maps inside it, if its type is not emulated; else NULL.
 * What libbpf would put into a struct_ops is for programs that are not.
 */
static const struct bpf_map *
not_emulated(struct bpf_map *map)
{
	const struct bpf_map *inner = bpf_map__inner_map(map);

	if (!xb_map_ops_of(bpf_map__type(map)) || bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
		return map;
	return inner && !xb_map_ops_of(bpf_map__type(inner)) ? inner : NULL;
}

/* The kernel's own: its pins would outlive the tool, and be found by others. */
static void
prepare_kernel_map(struct bpf_map *map)
{
	if (bpf_map__pin_path(map))
		bpf_map__set_pin_path(map, NULL);
	if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
		bpf_map__set_autocreate(map, false);
}

/*
 * Maps of a type that is not emulated are left out; programs that need one are refused later. Where
 * a perf event array has no size libbpf gives it one slot for each CPU, of which it asks only once.
 */
static void
prepare_maps(struct xb_object *o)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->bpf)
	{
		if (!o->emu) {
			prepare_kernel_map(map);
			continue;
		}
		if (not_emulated(map))
			bpf_map__set_autocreate(map, false);
		if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
		    bpf_map__max_entries(map) == 0)
			bpf_map__set_max_entries(map, o->emu->cpu_cnt);
	}
}

/*
 * libbpf looks up each struct_ops in the kernel's BTF, though its map is not to be made, and
 * crashes where no program had made it read that BTF. So these maps bear a type of nobody's while
 * it loads.
 */
static void
retype_maps(struct xb_object *o, u32 from, u32 to)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->bpf)
	{
		if (bpf_map__type(map) == from)
			bpf_map__set_type(map, (enum bpf_map_type)to);
	}
}

static int
open_bpf(struct xb_object *o, struct xb_err *err)
{
	char name[64];
	LIBBPF_OPTS(bpf_object_open_opts, open_opts);
	struct xb_emu *was;
	const char *said;
	int errnum;

	if (xb_legacy_convert(o->opts.image, o->opts.bytes, &o->converted, &o->opts.bytes, err) !=
	    0)
		return -1;
	if (o->converted)
		o->opts.image = o->converted;
	object_name(o->opts.path, name, sizeof(name));
	open_opts.object_name = name;
	open_opts.kernel_log_buf = o->load_log;
	open_opts.kernel_log_size = o->log_bytes;
	/* The kernel's is asked for where a load failed: writing it takes longer than the load. */
	open_opts.kernel_log_level = o->emu ? 1 : 0;
	if (o->emu && xb_btf_kernel_set(o->emu, o->opts.image, o->opts.bytes, true, err) != 0)
		return -1;
	object_listen(o, true);
	was = xb_emu_enter(o->emu);
	o->bpf = bpf_object__open_mem(o->opts.image, o->opts.bytes, &open_opts);
	errnum = errno;
	xb_emu_enter(was);
	object_listen(o, false);
	if (o->bpf)
		return 0;
	said = object_said(o);
	return xb_err_set(err, XB_ERR_LOAD, "cannot be opened: %s", said ? said : strerror(errnum));
}

struct xb_object *
xb_object_open(struct xb_emu *emu, const struct xb_object_opts *opts, struct xb_err *err)
{
	struct xb_object *o;

	if (xb_elf_check(opts->image, opts->bytes, err) != 0)
		return NULL;
	o = calloc(1, sizeof(*o));
	if (!o) {
		xb_err_errno(err, ENOMEM, "object");
		return NULL;
	}
	o->emu = emu;
	o->opts = *opts;
	o->said = calloc(1, OBJECT_SAID_BYTES);
	o->log_bytes = emu ? OBJECT_LOAD_LOG_BYTES : OBJECT_KERNEL_LOG_BYTES;
	o->load_log = calloc(1, o->log_bytes);
	if (!o->said || !o->load_log) {
		xb_err_errno(err, ENOMEM, "object");
		goto free_object;
	}
	if (open_bpf(o, err) != 0)
		goto free_object;
	if (!bpf_object__next_program(o->bpf, NULL)) {
		xb_err_set(err, XB_ERR_LOAD, "no program in it");
		goto free_object;
	}
	object_prepare_programs(o);
	prepare_maps(o);
	return o;

free_object:
	xb_object_free(o);
	return NULL;
}

void
xb_object_free(struct xb_object *o)
{
	if (!o)
		return;
	if (o->bpf) {
		struct xb_emu *was = xb_emu_enter(o->emu);

		bpf_object__close(o->bpf);
		xb_emu_enter(was);
	}
	free(o->converted);
	free(o->maps);
	free(o->other_failed);
	free(o->load_log);
	free(o->said);
	free(o);
}

/*
 * The program's use of a map that was not made is the machine's to stop when it is reached; but a
 * map type that is not emulated is told at once.
 */
static int
check_maps(const struct xb_object *o, const struct bpf_program *bpf, struct xb_err *err)
{
	const struct xb_bpf_prog *prog = xb_object_prog(o, bpf);

	for (u32 i = 0; prog && i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];
		u64 map_idx = (u64)(u32)insn->imm - MAP_POISON;
		const struct bpf_map *lacks;
		struct bpf_map *map = NULL;
		const char *type;

		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg ||
		    map_idx >= MAP_POISON_CNT)
			continue;
		do
			map = bpf_object__next_map(o->bpf, map);
		while (map && map_idx--);
		lacks = map ? not_emulated(map) : NULL;
		if (!lacks)
			continue;
		type = xb_map_type_name(bpf_map__type(lacks));
		return xb_err_set(err, XB_ERR_LOAD,
		                  "prog '%s': map '%s': type %s (%u) is not emulated",
		                  bpf_program__name(bpf), bpf_map__name(map),
		                  type ? type : "unknown", bpf_map__type(lacks));
	}
	return 0;
}

static int
list_maps(struct xb_object *o, struct xb_err *err)
{
	struct bpf_map *bpf;
	u32 cnt = 0;

	bpf_object__for_each_map(bpf, o->bpf) cnt++;
	o->maps = calloc(cnt ? cnt : 1, sizeof(*o->maps));
	if (!o->maps)
		return xb_err_errno(err, ENOMEM, "maps");
	bpf_object__for_each_map(bpf, o->bpf)
	{
		struct xb_map *map = xb_object_map(o, bpf);

		if (map)
			o->maps[o->map_cnt++] =
			        (struct xb_object_map){ .map = map, .name = bpf_map__name(bpf) };
	}
	return 0;
}

static int
check_all_maps(const struct xb_object *o, struct xb_err *err)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, o->bpf)
	{
		if (check_maps(o, prog, err) != 0)
			return -1;
	}
	return 0;
}

int
xb_object_share_maps(struct xb_object *o, const struct xb_object *other, struct xb_err *err)
{
	struct xb_emu *was;
	struct bpf_map *map;
	int rc = 0;

	object_listen(o, true);
	was = xb_emu_enter(o->emu);
	bpf_object__for_each_map(map, o->bpf)
	{
		const struct bpf_map *made = xb_object_find_map(other, bpf_map__name(map));

		if (made && bpf_map__fd(made) >= 0)
			rc = bpf_map__reuse_fd(map, bpf_map__fd(made));
		if (rc != 0)
			break;
	}
	xb_emu_enter(was);
	object_listen(o, false);
	if (rc == 0)
		return 0;
	return xb_err_set(err, XB_ERR_LOAD, "map '%s': cannot be shared: %s", bpf_map__name(map),
	                  strerror(-rc));
}

/* Where arenas are said to be in user space, if the object does not say: far from all else. */
#define ARENA_FIRST  (1ull << 45)
#define ARENA_STRIDE (1ull << 33)

/*
 * Nobody maps the arenas of an object before its programs are loaded, as its own user space would:
 * they get an address, the same in every run.
 */
static void
place_arenas(struct xb_object *o)
{
	u64 next = ARENA_FIRST;
	struct bpf_map *map;

	bpf_object__for_each_map(map, o->bpf)
	{
		if ((u32)bpf_map__type(map) != XB_MAP_TYPE_ARENA || bpf_map__map_extra(map))
			continue;
		bpf_map__set_map_extra(map, next);
		next += ARENA_STRIDE;
	}
}

int
xb_object_load(struct xb_object *o, struct xb_err *err)
{
	const struct bpf_program *untargeted = NULL;
	struct xb_emu *was;
	int rc;

	object_listen(o, true);
	was = xb_emu_enter(o->emu);
	retype_maps(o, BPF_MAP_TYPE_STRUCT_OPS, NO_MAP_TYPE);
	place_arenas(o);
	rc = object_set_targets(o, &untargeted);
	if (rc == 0)
		rc = bpf_object__load(o->bpf);
	retype_maps(o, NO_MAP_TYPE, BPF_MAP_TYPE_STRUCT_OPS);
	xb_emu_enter(was);
	object_listen(o, false);
	if (untargeted)
		return xb_err_set(err, XB_ERR_LOAD,
		                  "prog '%s': no BTF of a function to load it for: %s",
		                  bpf_program__name(untargeted), strerror(-rc));
	if (rc != 0)
		return object_load_error(o, -rc, err);
	if (!o->emu)
		return 0;
	if (list_maps(o, err) != 0)
		return -1;
	if (!o->chosen)
		return check_all_maps(o, err);
	if (check_maps(o, o->chosen, err) != 0)
		return -1;
	o->prog = xb_object_prog(o, o->chosen);
	if (!o->prog)
		return xb_err_set(err, XB_ERR_LOAD, "prog '%s' was not loaded",
		                  bpf_program__name(o->chosen));
	return 0;
}

struct xb_bpf_prog *
xb_object_prog(const struct xb_object *o, const struct bpf_program *prog)
{
	struct xb_obj *obj;
	int fd = o->emu ? bpf_program__fd(prog) : -1;

	if (fd < 0 || xb_obj_by_fd(o->emu, fd, XB_OBJ_PROG, &obj) != 0)
		return NULL;
	return XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
}

struct xb_map *
xb_object_map(const struct xb_object *o, const struct bpf_map *map)
{
	struct xb_obj *obj;
	int fd = o->emu ? bpf_map__fd(map) : -1;

	if (fd < 0 || xb_obj_by_fd(o->emu, fd, XB_OBJ_MAP, &obj) != 0)
		return NULL;
	return XB_CONTAINER_OF(obj, struct xb_map, obj);
}

struct bpf_program *
xb_object_find_prog(const struct xb_object *o, const char *name)
{
	return bpf_object__find_program_by_name(o->bpf, name);
}

struct bpf_map *
xb_object_find_map(const struct xb_object *o, const char *name)
{
	return bpf_object__find_map_by_name(o->bpf, name);
}

bool
xb_object_has_map(const struct xb_object *o, const struct xb_map *map)
{
	for (u32 i = 0; i < o->map_cnt; i++)
		if (o->maps[i].map == map)
			return true;
	return false;
}

bool
xb_object_has_prog(const struct xb_object *o, const struct xb_prog *prog)
{
	struct bpf_program *bpf;

	bpf_object__for_each_program(bpf, o->bpf)
	{
		const struct xb_bpf_prog *p = xb_object_prog(o, bpf);

		if (p && p->vm == prog)
			return true;
	}
	return false;
}

const char *
xb_object_map_name(const struct xb_object *o, const struct xb_map *map)
{
	for (u32 i = 0; i < o->map_cnt; i++)
		if (o->maps[i].map == map)
			return o->maps[i].name;
	return map->name;
}
