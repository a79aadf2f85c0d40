/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/session.h"

#include "xdp/xdp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX_BYTES ((size_t)256 << 20)

static int
apply_inits(struct xb_session *s, const struct xb_session_opts *opts, bool loaded,
            struct xb_err *err)
{
	for (u32 i = 0; i < opts->cli->map_cnt; i++)
		if (xb_mapinit_apply(&opts->inits[i], s->object, loaded, err) != 0)
			return -1;
	return 0;
}

static int
open_object(struct xb_session *s, const struct xb_session_opts *opts,
            const struct xb_object_opts *object_opts, struct xb_err *err)
{
	s->object = xb_object_open(s->emu, object_opts, err);
	if (!s->object || xb_object_choose(s->object, err) != 0)
		return xb_err_prefix(err, "%s", opts->object.name);
	if (apply_inits(s, opts, false, err) != 0)
		return -1;
	if (xb_object_load(s->object, err) != 0)
		return xb_err_prefix(err, "%s", opts->object.name);
	return apply_inits(s, opts, true, err);
}

/* All programs; or the chosen one alone, where another cannot be loaded. */
static int
open_some_object(struct xb_session *s, const struct xb_session_opts *opts, size_t bytes,
                 struct xb_err *err)
{
	struct xb_object_opts object_opts = {
		.path = opts->object.name,
		.image = s->image,
		.bytes = bytes,
		.prog = opts->cli->prog,
		.type = opts->cli->type,
		.frags = opts->cli->frags,
		.verbose = opts->cli->verbose,
	};

	if (open_object(s, opts, &object_opts, err) == 0)
		return 0;
	if (!s->object || !s->object->other_failed)
		return -1;
	xb_object_free(s->object);
	object_opts.alone = true;
	return open_object(s, opts, &object_opts, err);
}

static int
list_ringbufs(struct xb_session *s, struct xb_err *err)
{
	s->ringbufs = calloc(s->object->map_cnt + 1, sizeof(struct xb_map *));
	if (!s->ringbufs)
		return xb_err_errno(err, ENOMEM, "ring buffers");
	for (u32 i = 0; i < s->object->map_cnt; i++)
		if (s->object->maps[i].map->type == BPF_MAP_TYPE_RINGBUF)
			s->ringbufs[s->ringbuf_cnt++] = s->object->maps[i].map;
	return 0;
}

int
xb_session_open(struct xb_session *s, const struct xb_session_opts *opts, struct xb_err *err)
{
	const struct xb_emu_opts emu_opts = {
		.cpu_cnt = opts->cli->cpus,
		.seed = opts->cli->seed,
		.pin_dir = opts->cli->pin_dir,
		.max_insns = opts->cli->max_insns,
	};
	size_t bytes;

	*s = (struct xb_session){ 0 };
	s->image = xb_file_read_all(&opts->object, OBJECT_MAX_BYTES, &bytes, err);
	if (!s->image)
		return -1;
	s->emu = xb_emu_new(&emu_opts, err);
	if (!s->emu)
		goto close_session;
	xb_xdp_register(s->emu);
	if (open_some_object(s, opts, bytes, err) != 0)
		goto close_session;
	return 0;

close_session:
	xb_session_close(s);
	return -1;
}

void
xb_session_close(struct xb_session *s)
{
	free(s->ringbufs);
	xb_object_free(s->object);
	xb_emu_free(s->emu);
	free(s->image);
	*s = (struct xb_session){ 0 };
}

int
xb_session_listen(struct xb_session *s, struct xb_notes *notes, bool events, struct xb_err *err)
{
	s->emu->hooks = (struct xb_emu_hooks){ .arg = notes, .printk = xb_notes_printk };
	if (!events)
		return 0;
	s->emu->hooks.event = xb_notes_event;
	for (u32 i = 0; i < s->object->map_cnt; i++) {
		const struct xb_object_map *m = &s->object->maps[i];
		int rc = 0;

		if (m->map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			rc = xb_perf_array_open(m->map);
		if (rc != 0)
			return xb_err_set(err, XB_ERR_SYSTEM, "map '%s': no reader: %s", m->name,
			                  strerror(-rc));
	}
	return list_ringbufs(s, err);
}
