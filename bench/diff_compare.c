/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_compare.c - whether two runs of a packet came to the same.
 *
 * Where they did not, and the emulator itself comes to something else at another time, it is the
 * clock that differs.
 */
#include "bench/diff_priv.h"

#include <string.h>

static void
differ(struct diff_packet *p, enum diff_kind kind, bool varies)
{
	/* One that is sure outweighs all that vary. */
	p->varies[kind] = varies && (p->varies[kind] || !p->differs[kind]);
	p->differs[kind] = true;
}

/*
 * A number that is the clock's may have bytes that are not, as the first ones of times in steps: a
 * word goes with any of its bytes.
 */
bool
diff_bytes_vary(const u8 *emu, const u8 *native, const u8 *twin, u32 bytes)
{
	for (u32 at = 0; at < bytes; at += 4) {
		u32 n = bytes - at < 4 ? bytes - at : 4;

		if (memcmp(emu + at, native + at, n) != 0 && memcmp(emu + at, twin + at, n) == 0)
			return false;
	}
	return true;
}

static void
compare_value(struct diff_packet *p, enum diff_kind kind, u64 emu, u64 native, u64 twin)
{
	if (emu != native)
		differ(p, kind, p->twin && twin != emu);
}

static void
compare_bytes(struct diff_packet *p)
{
	const struct xb_testrun_out *e = p->emu, *k = p->native, *t = p->twin;

	if (e->bytes == k->bytes && memcmp(e->data, k->data, e->bytes) == 0)
		return;
	if (e->bytes != k->bytes || (t && t->bytes != e->bytes))
		differ(p, DIFF_BYTES, t && t->bytes != e->bytes);
	else
		differ(p, DIFF_BYTES, t && diff_bytes_vary(e->data, k->data, t->data, e->bytes));
}

static void
compare_context(struct diff_packet *p)
{
	const struct xb_testrun_out *e = p->emu, *k = p->native, *t = p->twin ? p->twin : p->emu;

	if (p->in->prog_type == BPF_PROG_TYPE_XDP) {
		compare_value(p, DIFF_CONTEXT, e->meta_bytes, k->meta_bytes, t->meta_bytes);
		compare_value(p, DIFF_CONTEXT, e->linear_bytes, k->linear_bytes, t->linear_bytes);
		return;
	}
	for (size_t i = 0; p->in->has_ctx && i < xb_testrun_skb_field_cnt; i++) {
		const struct xb_testrun_field *f = &xb_testrun_skb_fields[i];

		compare_value(p, DIFF_CONTEXT, xb_testrun_field_value(f, &e->ctx.skb),
		              xb_testrun_field_value(f, &k->ctx.skb),
		              xb_testrun_field_value(f, &t->ctx.skb));
	}
}

const struct xb_note *
diff_event(const struct xb_notes *notes, const struct xb_map *map, u32 k)
{
	for (u32 i = 0; i < notes->cnt; i++)
		if (notes->notes[i].map == map && k-- == 0)
			return &notes->notes[i];
	return NULL;
}

/* One event of each side; either may be missing. */
static void
compare_event(struct diff_packet *p, const struct xb_note *e, const struct xb_note *k,
              const struct xb_note *t)
{
	const struct xb_diff *d = p->d;
	const u8 *emu, *native;

	if (!e || !k || e->bytes != k->bytes) {
		bool same = t && e && t->bytes == e->bytes;

		differ(p, DIFF_EVENTS, p->twin && !same && (t || e));
		return;
	}
	emu = p->emu_notes->buf + e->off;
	native = d->native_notes.buf + k->off;
	if (memcmp(emu, native, e->bytes) == 0)
		return;
	differ(p, DIFF_EVENTS,
	       t && (t->bytes != e->bytes ||
	             diff_bytes_vary(emu, native, d->twin.notes.buf + t->off, e->bytes)));
}

/* Order is kept in a map, and not from one to another: the kernel's readers are one for each. */
static void
compare_events(struct diff_packet *p)
{
	struct xb_diff *d = p->d;
	const struct xb_object *o = d->opts.session->objects[0];

	if (!p->emu_notes->cnt && !d->native_notes.cnt)
		return;
	for (u32 i = 0; i < o->map_cnt; i++) {
		const struct xb_map *map = o->maps[i].map, *twin = diff_twin_map(d, map);
		const struct xb_note *e, *k;

		for (u32 n = 0;; n++) {
			e = diff_event(p->emu_notes, p->flipped ? twin : map, n);
			k = diff_event(&d->native_notes, map, n);
			if (!e && !k)
				break;
			compare_event(p, e, k,
			              p->twin ? diff_event(&d->twin.notes, twin, n) : NULL);
		}
	}
}

void
diff_compare(struct diff_packet *p)
{
	compare_value(p, DIFF_VERDICT, p->emu->retval, p->native->retval,
	              p->twin ? p->twin->retval : 0);
	compare_bytes(p);
	compare_context(p);
	compare_events(p);
}
