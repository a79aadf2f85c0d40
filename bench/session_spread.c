/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_spread.c - what programs say while several vCPUs run them.
 *
 * A ring buffer is one for all vCPUs: its records are taken down as they are committed, when it is
 * known whose they are, and put behind what else the run said when it is over, as a reader that
 * comes then finds them. The buffer itself is read by whoever has put something into it.
 */
#include "bench/session.h"
#include "emu/vcpu.h"
#include "vm/proc.h"

#include <errno.h>
#include <stdlib.h>

/* What is said on one vCPU. */
struct xb_session_vcpu {
	struct xb_notes *notes;
	struct xb_notes records; /* of ring buffers, in this run */
} __attribute__((aligned(64)));

/* For struct xb_emu_hooks, with the session as arg. */
static void
note_printk(void *arg, struct xb_proc *proc, const char *text, u32 bytes)
{
	const struct xb_session *s = arg;

	xb_notes_printk(s->vcpus[proc->vcpu].notes, proc, text, bytes);
}

static void
note_event(void *arg, const struct xb_event *event)
{
	const struct xb_session *s = arg;

	xb_notes_event(s->vcpus[event->proc->vcpu].notes, event);
}

/* Inner maps that no object names have no reader. */
static bool
is_read(const struct xb_session *s, const struct xb_map *map)
{
	for (u32 i = 0; i < s->ringbuf_cnt; i++)
		if (s->ringbufs[i] == map)
			return true;
	return false;
}

static void
note_record(void *arg, const struct xb_event *event)
{
	const struct xb_session *s = arg;

	if (is_read(s, event->map))
		xb_notes_event(&s->vcpus[event->proc->vcpu].records, event);
}

int
xb_session_spread(struct xb_session *s, struct xb_notes **notes, bool events, struct xb_err *err)
{
	u32 cnt = s->emu->cpu_cnt;

	s->vcpus = aligned_alloc(_Alignof(struct xb_session_vcpu), cnt * sizeof(*s->vcpus));
	if (!s->vcpus)
		return xb_err_errno(err, ENOMEM, "%u CPUs", cnt);
	for (u32 i = 0; i < cnt; i++) {
		s->vcpus[i] = (struct xb_session_vcpu){ .notes = notes[i] };
		s->vcpus[i].records.keep_events = notes[i]->keep_events;
	}
	pthread_mutex_init(&s->drain, NULL);
	if (xb_session_listen(s, notes[0], events, err) != 0)
		return -1;
	s->emu->hooks = (struct xb_emu_hooks){ .arg = s, .printk = note_printk };
	if (events) {
		s->emu->hooks.event = note_event;
		s->emu->hooks.record = note_record;
	}
	xb_emu_concurrent_begin(s->emu);
	return 0;
}

void
xb_session_gather(struct xb_session *s)
{
	if (!s->vcpus)
		return;
	xb_emu_concurrent_end(s->emu);
	s->emu->hooks = (struct xb_emu_hooks){ 0 };
	for (u32 i = 0; i < s->emu->cpu_cnt; i++)
		xb_notes_fini(&s->vcpus[i].records);
	pthread_mutex_destroy(&s->drain);
	free(s->vcpus);
	s->vcpus = NULL;
}

/* The records of one ring buffer go behind what else was said. */
static void
move_records(struct xb_session_vcpu *v, struct xb_map *ringbuf)
{
	for (u32 i = 0; i < v->records.cnt; i++) {
		const struct xb_note *note = &v->records.notes[i];

		if (note->map == ringbuf)
			xb_notes_event(v->notes,
			               &(struct xb_event){ .map = ringbuf,
			                                   .data = v->records.buf + note->off,
			                                   .bytes = note->bytes });
	}
}

static void
skip_record(void *arg, const struct xb_event *event)
{
	(void)arg;
	(void)event;
}

void
xb_session_collect_on(struct xb_session *s, u32 vcpu)
{
	struct xb_session_vcpu *v = &s->vcpus[vcpu];
	u64 events = v->notes->event_cnt + v->records.event_cnt;

	if (XB_LIKELY(!v->records.event_cnt))
		return;
	for (u32 i = 0; i < s->ringbuf_cnt; i++)
		move_records(v, s->ringbufs[i]);
	v->notes->event_cnt = events;
	v->records.event_cnt = 0;
	xb_notes_clear(&v->records);
	pthread_mutex_lock(&s->drain);
	for (u32 i = 0; i < s->ringbuf_cnt; i++)
		xb_ringbuf_consume(s->ringbufs[i], skip_record, NULL);
	pthread_mutex_unlock(&s->drain);
}
