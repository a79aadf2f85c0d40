/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - an emulator with one object loaded and its maps filled, ready to run packets.
 */
#ifndef XB_BENCH_SESSION_H
#define XB_BENCH_SESSION_H

#include "bench/file.h"
#include "bench/mapinit.h"
#include "bench/notes.h"
#include "bench/object.h"
#include "bench/opts.h"

struct xb_session_opts {
	const struct xb_opts *cli;
	struct xb_file object;
	struct xb_mapinit *inits; /* cli->map_cnt, opened */
};

struct xb_session {
	struct xb_emu *emu;
	struct xb_object *object;
	void *image;
	struct xb_map **ringbufs; /* the object's */
	u32 ringbuf_cnt;
};

/* Messages begin with the object's name, but for those about map files and options. */
int xb_session_open(struct xb_session *s, const struct xb_session_opts *opts, struct xb_err *err);
void xb_session_close(struct xb_session *s);

/* Sends what programs say to `notes`, and puts readers on perf event arrays if `events`. */
int xb_session_listen(struct xb_session *s, struct xb_notes *notes, bool events,
                      struct xb_err *err);

/* Takes what a run left in the ring buffers. */
static inline void
xb_session_collect(struct xb_session *s, struct xb_notes *notes)
{
	for (u32 i = 0; i < s->ringbuf_cnt; i++)
		xb_ringbuf_consume(s->ringbufs[i], xb_notes_event, notes);
}

#endif
