/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - an emulator with the objects loaded and their maps filled, ready to run packets.
 */
#ifndef XB_BENCH_SESSION_H
#define XB_BENCH_SESSION_H

#include "bench/file.h"
#include "bench/mapinit.h"
#include "bench/notes.h"
#include "lib/object.h"
#include "bench/opts.h"
#include "bench/stage.h"

#include <pthread.h>

/* One object file, and what is wanted of it. */
struct xb_session_object {
	struct xb_file file;
	const char *prog;        /* its program's name, or NULL */
	enum xb_stage_kind kind; /* of the stage; where there is one object: told by its program */
};

struct xb_session_opts {
	const struct xb_opts *cli;
	const struct xb_session_object *objects;
	u32 object_cnt;                /* 1, or one for each stage */
	struct xb_mapinit *inits;      /* cli->map_cnt, opened */
	const struct xb_session *like; /* of the same objects: they are read from there; or NULL */
	struct xb_world *world; /* the network around, or NULL; the session's from its opening on */
};

struct xb_session_vcpu;
struct xb_native;
struct xb_diff;

struct xb_session {
	struct xb_emu *emu;
	struct xb_object *objects[XB_STAGE_CNT]; /* in the order given */
	void *images[XB_STAGE_CNT];
	size_t bytes[XB_STAGE_CNT]; /* of the images */
	u32 object_cnt;
	struct xb_stage stages[XB_STAGE_CNT]; /* by kind */
	struct xb_map **ringbufs;             /* the objects', each once */
	u32 ringbuf_cnt;
	struct xb_playback *playback;  /* of a captured context, or NULL */
	bool warned;                   /* that a call differs from its recording */
	struct xb_session_vcpu *vcpus; /* of xb_session_spread(); or NULL */
	struct xb_native *native;      /* that runs packets in the emulator's place, or NULL */
	struct xb_diff *diff;          /* and with it: compares both; the owner's, or NULL */
	pthread_mutex_t drain;         /* over the ring buffers' readers, then */
};

/* Messages begin with the object's name, but for those about map files and options. */
int xb_session_open(struct xb_session *s, const struct xb_session_opts *opts, struct xb_err *err);
void xb_session_close(struct xb_session *s);

/* Sends what programs say to `notes`, and puts readers on perf event arrays if `events`. */
int xb_session_listen(struct xb_session *s, struct xb_notes *notes, bool events,
                      struct xb_err *err);

/*
 * Has programs run on several vCPUs at the same time: what they say goes to notes[vcpu], an array
 * of the caller's. Nothing runs meanwhile; nor when that is over.
 */
int xb_session_spread(struct xb_session *s, struct xb_notes **notes, bool events,
                      struct xb_err *err);
void xb_session_gather(struct xb_session *s);

/* Then: puts what a vCPU's run left in ring buffers to its notes. On that vCPU's thread. */
void xb_session_collect_on(struct xb_session *s, u32 vcpu);

/* The full name of a map that the emulator hands out. */
const char *xb_session_map_name(const struct xb_session *s, const struct xb_map *map);

/*
 * Calls fn for every map, in the order of the objects; one that several share comes once. Stops
 * with the first that is not 0, and returns it.
 */
int xb_session_each_map(const struct xb_session *s,
                        int (*fn)(void *arg, const struct xb_object_map *map), void *arg);

/* Whose program it is; the first object where that is not known. */
const struct xb_object *xb_session_object(const struct xb_session *s, const struct xb_prog *prog);

/* The first stage that there is: the one that packets come to. */
const struct xb_stage *xb_session_first(const struct xb_session *s);

/* Takes what a run left in the ring buffers. */
static inline void
xb_session_collect(struct xb_session *s, struct xb_notes *notes)
{
	for (u32 i = 0; i < s->ringbuf_cnt; i++)
		xb_ringbuf_consume(s->ringbufs[i], xb_notes_event, notes);
}

#endif
