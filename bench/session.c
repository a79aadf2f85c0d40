/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/session.h"

#include "bench/diff.h"
#include "bench/native.h"
#include "bench/say.h"
#include "emu/captured.h"
#include "emu/kernel.h"
#include "emu/world.h"
#include "lib/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX_BYTES ((size_t)256 << 20)
#define LEFT_OUT_MOST    16u

/* Programs of an object that cannot be loaded. */
struct left_out {
	char *names[LEFT_OUT_MOST]; /* owned */
	u32 cnt;
};

/* Whether the map was filled already, as one of an object before. */
static bool
is_filled(const struct xb_session *s, u32 i, const struct xb_mapinit *init)
{
	const struct xb_map *map = xb_mapinit_map(init, s->objects[i]);

	for (u32 k = 0; map && k < i; k++)
		if (xb_object_has_map(s->objects[k], map))
			return true;
	return false;
}

/*
 * Contents go to every object that has a map of the name; variables to those that have them. Maps
 * of the kernel's come first: variables that are theirs cannot be set.
 */
static int
apply_inits(struct xb_session *s, const struct xb_session_opts *opts, u32 i, bool loaded,
            struct xb_err *err)
{
	u32 cnt = opts->cli->map_cnt;

	for (u32 k = 0; k < 2 * cnt; k++) {
		struct xb_mapinit *init = &opts->inits[k % cnt];

		if (xb_mapinit_is_live(init) != (k < cnt))
			continue;
		if (loaded ? !xb_mapinit_names(init, s->objects[i]) || is_filled(s, i, init)
		           : !xb_mapinit_fits(init, s->objects[i]))
			continue;
		if (xb_mapinit_apply(init, s->objects[i], loaded, err) != 0)
			return -1;
	}
	return 0;
}

/* What no object has: the first one with that map says so. */
static int
check_init(struct xb_session *s, struct xb_mapinit *init, struct xb_err *err)
{
	u32 named = 0;

	for (u32 i = 0; i < s->object_cnt; i++)
		if (xb_mapinit_fits(init, s->objects[i]))
			return 0;
	for (u32 i = s->object_cnt; i-- > 0;)
		if (xb_mapinit_names(init, s->objects[i]))
			named = i;
	return xb_mapinit_apply(init, s->objects[named], false, err);
}

static enum xb_object_want
want_of(const struct xb_session_opts *opts, u32 i)
{
	if (opts->cli->bare)
		return XB_WANT_BARE;
	if (opts->object_cnt == 1 && !opts->cli->staged)
		return XB_WANT_ANY;
	return opts->objects[i].kind == XB_STAGE_XDP ? XB_WANT_XDP : XB_WANT_TC;
}

static int
copy_image(struct xb_session *s, const struct xb_session *from, u32 i, struct xb_err *err)
{
	s->bytes[i] = from->bytes[i];
	s->images[i] = malloc(from->bytes[i] + 1);
	if (!s->images[i])
		return xb_err_errno(err, ENOMEM, "object");
	memcpy(s->images[i], from->images[i], from->bytes[i]);
	return 0;
}

static int
open_object(struct xb_session *s, const struct xb_session_opts *opts, u32 i,
            const struct left_out *left, struct xb_err *err)
{
	const struct xb_session_object *object = &opts->objects[i];
	struct xb_object_opts object_opts = {
		.path = object->file.name,
		.prog = object->prog,
		.type = opts->cli->type,
		.want = want_of(opts, i),
		.frags = opts->cli->frags,
		.print = opts->cli->verbose ? xb_say_text : NULL,
		.alone = left->cnt == LEFT_OUT_MOST,
		.without = left->names,
		.without_cnt = left->cnt,
	};

	if (!s->images[i] && opts->like && copy_image(s, opts->like, i, err) != 0)
		return -1;
	if (!s->images[i])
		s->images[i] = xb_file_read_all(&object->file, OBJECT_MAX_BYTES, &s->bytes[i], err);
	if (!s->images[i])
		return -1;
	object_opts.image = s->images[i];
	object_opts.bytes = s->bytes[i];
	s->objects[i] = xb_object_open(s->emu, &object_opts, err);
	if (!s->objects[i] || xb_object_choose(s->objects[i], err) != 0)
		return xb_err_prefix(err, "%s", object->file.name);
	return 0;
}

/* Programs of one file have their maps in common, as where it is loaded once. */
static int
load_once(struct xb_session *s, const struct xb_session_opts *opts, u32 i, struct xb_err *err)
{
	u32 k = 0;

	while (k < i && !xb_file_same(&opts->objects[i].file, &opts->objects[k].file))
		k++;
	if (k < i && xb_object_share_maps(s->objects[i], s->objects[k], err) != 0)
		return -1;
	return xb_object_load(s->objects[i], err);
}

/*
 * Opens the object anew without the program that could not be loaded, which err tells about. Each
 * takes a load of its own; where they are many, all but the chosen one are left out at once.
 */
static int
open_without(struct xb_session *s, const struct xb_session_opts *opts, u32 i, struct left_out *left,
             struct xb_err *err)
{
	struct xb_object *o = s->objects[i];
	const char *path = opts->objects[i].file.name;

	left->names[left->cnt++] = o->other_failed;
	o->other_failed = NULL;
	xb_object_free(o);
	s->objects[i] = NULL;
	if (!opts->cli->quiet)
		xb_say("%s: left out: %s", path, err->msg);
	if (!opts->cli->quiet && left->cnt == LEFT_OUT_MOST)
		xb_say("%s: left out, as there may be more: all programs but the chosen one", path);
	*err = XB_ERR_INIT;
	if (open_object(s, opts, i, left, err) != 0)
		return -1;
	return apply_inits(s, opts, i, false, err);
}

/* All programs; but for those that cannot be loaded, where the chosen one can. */
static int
load_object(struct xb_session *s, const struct xb_session_opts *opts, u32 i, struct xb_err *err)
{
	struct left_out left = { .cnt = 0 };
	bool again = true;
	int rc = -1;

	while (again) {
		rc = load_once(s, opts, i, err);
		again = rc != 0 && s->objects[i]->other_failed && left.cnt < LEFT_OUT_MOST;
		if (rc != 0 && !again)
			xb_err_prefix(err, "%s", opts->objects[i].file.name);
		if (again)
			again = (rc = open_without(s, opts, i, &left, err)) == 0;
	}
	while (left.cnt)
		free(left.names[--left.cnt]);
	return rc;
}

static void
set_stages(struct xb_session *s, const struct xb_session_opts *opts)
{
	for (u32 i = 0; i < s->object_cnt; i++) {
		struct xb_object *o = s->objects[i];
		enum xb_stage_kind kind = opts->objects[i].kind;

		if (!opts->cli->staged)
			kind = o->prog->type == BPF_PROG_TYPE_XDP ? XB_STAGE_XDP : XB_STAGE_TC;
		s->stages[kind] = (struct xb_stage){
			.kind = kind,
			.object = o,
			.prog = o->prog,
			.mode = opts->cli->has_tc_mode ? opts->cli->tc_mode : xb_object_tc_mode(o),
		};
	}
}

static int
open_all(struct xb_session *s, const struct xb_session_opts *opts, struct xb_err *err)
{
	const struct left_out none = { .cnt = 0 };

	s->object_cnt = opts->object_cnt;
	for (u32 i = 0; i < s->object_cnt; i++)
		if (open_object(s, opts, i, &none, err) != 0)
			return -1;
	for (u32 k = 0; k < opts->cli->map_cnt; k++)
		if (check_init(s, &opts->inits[k], err) != 0)
			return -1;
	for (u32 i = 0; i < s->object_cnt; i++)
		if (apply_inits(s, opts, i, false, err) != 0 || load_object(s, opts, i, err) != 0)
			return -1;
	for (u32 i = 0; i < s->object_cnt; i++)
		if (apply_inits(s, opts, i, true, err) != 0)
			return -1;
	set_stages(s, opts);
	return 0;
}

int
xb_session_each_map(const struct xb_session *s,
                    int (*fn)(void *arg, const struct xb_object_map *map), void *arg)
{
	int rc = 0;

	for (u32 i = 0; rc == 0 && i < s->object_cnt; i++) {
		for (u32 k = 0; rc == 0 && k < s->objects[i]->map_cnt; k++) {
			const struct xb_object_map *map = &s->objects[i]->maps[k];
			bool seen = false;

			for (u32 j = 0; j < i && !seen; j++)
				seen = xb_object_has_map(s->objects[j], map->map);
			if (!seen)
				rc = fn(arg, map);
		}
	}
	return rc;
}

static int
add_ringbuf(void *arg, const struct xb_object_map *map)
{
	struct xb_session *s = arg;

	if (map->map->type == BPF_MAP_TYPE_RINGBUF)
		s->ringbufs[s->ringbuf_cnt++] = map->map;
	return 0;
}

static int
list_ringbufs(struct xb_session *s, struct xb_err *err)
{
	u32 cnt = 1;

	for (u32 i = 0; i < s->object_cnt; i++)
		cnt += s->objects[i]->map_cnt;
	s->ringbufs = calloc(cnt, sizeof(struct xb_map *));
	if (!s->ringbufs)
		return xb_err_errno(err, ENOMEM, "ring buffers");
	return xb_session_each_map(s, add_ringbuf, s);
}

/* The world becomes the emulator's. */
static int
set_world(struct xb_session *s, struct xb_world *world, struct xb_err *err)
{
	if (!world)
		return 0;
	if (xb_world_set(s->emu, world, err) == 0)
		return 0;
	xb_world_free(world);
	return -1;
}

/* For xb_playback_opts: each session warns once, as every packet may call alike. */
static void
warn(void *arg, struct xb_proc *proc, const char *text)
{
	struct xb_session *s = arg;

	(void)proc;
	if (!s->warned)
		xb_say("%s", text);
	s->warned = true;
}

static int
open_playback(struct xb_session *s, const struct xb_opts *cli, struct xb_err *err)
{
	const struct xb_captured *calls = cli->context ? xb_ctx_calls(cli->context) : NULL;
	const struct xb_playback_opts opts = {
		.strict = cli->captured_strict,
		.emulate = cli->captured_emulate,
		.note = cli->quiet ? NULL : warn,
		.arg = s,
	};

	if (!calls || cli->bare) /* lib/bind.h has its own */
		return 0;
	s->playback = xb_playback_new(s->emu, calls, &opts, err);
	return s->playback ? 0 : -1;
}

static int
open_kernel(struct xb_session *s, const struct xb_session_opts *opts, struct xb_err *err)
{
	const struct xb_native_opts kernel_opts = { .cli = opts->cli,
		                                    .session = s,
		                                    .inits = opts->inits };

	if (opts->cli->engine != XB_ENGINE_KERNEL)
		return 0;
	s->native = xb_native_open(&kernel_opts, err);
	return s->native ? 0 : -1;
}

int
xb_session_open(struct xb_session *s, const struct xb_session_opts *opts, struct xb_err *err)
{
	bool kernel = opts->cli->engine == XB_ENGINE_KERNEL;
	u32 cpu_cnt = kernel ? xb_kernel_cpu_cnt() : opts->cli->cpus;
	const struct xb_emu_opts emu_opts = {
		.cpu_cnt = opts->like ? opts->like->emu->cpu_cnt : cpu_cnt,
		.seed = opts->cli->seed,
		.pin_dir = opts->cli->pin_dir,
		.max_insns = opts->cli->max_insns,
	};

	*s = (struct xb_session){ 0 };
	s->emu = xb_emu_new(&emu_opts, err);
	if (!s->emu) {
		xb_world_free(opts->world);
		return -1;
	}
	s->emu->watch = opts->cli->context || opts->cli->record;
	xb_xdp_register(s->emu);
	xb_skb_register(s->emu);
	if (opts->cli->bare)
		xb_bound_register_types(s->emu);
	if (set_world(s, opts->world, err) != 0 || open_playback(s, opts->cli, err) != 0 ||
	    open_all(s, opts, err) != 0 || open_kernel(s, opts, err) != 0) {
		xb_session_close(s);
		return -1;
	}
	return 0;
}

void
xb_session_close(struct xb_session *s)
{
	xb_native_close(s->native);
	free(s->ringbufs);
	for (u32 i = 0; i < XB_STAGE_CNT; i++)
		xb_object_free(s->objects[i]);
	xb_playback_free(s->playback);
	xb_emu_free(s->emu);
	for (u32 i = 0; i < XB_STAGE_CNT; i++)
		free(s->images[i]);
	*s = (struct xb_session){ 0 };
}

static int
open_reader(void *arg, const struct xb_object_map *m)
{
	struct xb_err *err = arg;
	int rc = m->map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ? xb_perf_array_open(m->map) : 0;

	return rc == 0 ? 0
	               : xb_err_set(err, XB_ERR_SYSTEM, "map '%s': no reader: %s", m->name,
	                            strerror(-rc));
}

int
xb_session_listen(struct xb_session *s, struct xb_notes *notes, bool events, struct xb_err *err)
{
	struct xb_notes *native_notes = s->diff ? xb_diff_native_notes(s->diff) : notes;

	s->emu->hooks = (struct xb_emu_hooks){ .arg = notes, .printk = xb_notes_printk };
	if (!events)
		return 0;
	s->emu->hooks.event = xb_notes_event;
	if (s->native && xb_native_listen(s->native, native_notes, err) != 0)
		return -1;
	if (s->diff && xb_diff_listen(s->diff, err) != 0)
		return -1;
	if (xb_session_each_map(s, open_reader, err) != 0)
		return -1;
	return list_ringbufs(s, err);
}

const char *
xb_session_map_name(const struct xb_session *s, const struct xb_map *map)
{
	for (u32 i = 0; i < s->object_cnt; i++)
		if (xb_object_has_map(s->objects[i], map))
			return xb_object_map_name(s->objects[i], map);
	return map->name;
}

const struct xb_object *
xb_session_object(const struct xb_session *s, const struct xb_prog *prog)
{
	for (u32 i = 0; i < s->object_cnt; i++)
		if (xb_object_has_prog(s->objects[i], prog))
			return s->objects[i];
	return s->objects[0];
}

const struct xb_stage *
xb_session_first(const struct xb_session *s)
{
	const struct xb_stage *stage = s->stages;

	while (!stage->object)
		stage++;
	return stage;
}
