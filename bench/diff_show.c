/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_show.c - a difference for people: both sides beside each other, and where the emulator's run
 * came from.
 */
#include "bench/diff_priv.h"
#include "bench/summary.h"
#include "bench/verdict.h"

#include <string.h>

#define ROW_BYTES      16u
#define HEX_ROWS       8u
#define BRANCHES_SHOWN 4u

static void
hex_row(FILE *to, const char *side, const u8 *data, u32 bytes, u32 off)
{
	fprintf(to, "    %-8s  %04x ", side, off);
	for (u32 i = off; i < off + ROW_BYTES && i < bytes; i++)
		fprintf(to, " %02x", data[i]);
	if (off >= bytes)
		fputs(" (ends before)", to);
	fputs("\n", to);
}

static bool
same_at(const u8 *a, u32 a_bytes, const u8 *b, u32 b_bytes, u32 i)
{
	if (i >= a_bytes || i >= b_bytes)
		return i >= a_bytes && i >= b_bytes;
	return a[i] == b[i];
}

void
diff_hex(FILE *to, const u8 *emu, u32 emu_bytes, const u8 *native, u32 native_bytes)
{
	u32 most = emu_bytes > native_bytes ? emu_bytes : native_bytes, shown = 0, left = 0;

	for (u32 off = 0; off < most; off += ROW_BYTES) {
		char marks[3 * ROW_BYTES + 1] = "";
		u32 len = 0, last = 0;

		for (u32 i = off; i < off + ROW_BYTES && i < most; i++) {
			bool same = same_at(emu, emu_bytes, native, native_bytes, i);

			len += (u32)snprintf(marks + len, sizeof(marks) - len, "%s",
			                     same ? "   " : " ^^");
			last = same ? last : len;
		}
		marks[last] = 0;
		if (!last)
			continue;
		if (shown++ >= HEX_ROWS) {
			left++;
			continue;
		}
		hex_row(to, "emulator", emu, emu_bytes, off);
		hex_row(to, "kernel", native, native_bytes, off);
		fprintf(to, "    %-8s       %s\n", "", marks);
	}
	if (left)
		fprintf(to, "    and %u more rows of %u bytes\n", left, ROW_BYTES);
}

static const char *
verdict_name(const struct xb_diff *d, u32 retval)
{
	const struct xb_stage *stage = xb_session_first(d->opts.session);
	enum xb_fate fate;

	return xb_verdict_name(stage->kind == XB_STAGE_XDP
	                               ? xb_verdict_of_xdp(retval, &fate)
	                               : xb_verdict_of_tc(stage->mode, retval, &fate));
}

static void
show_verdict(const struct diff_packet *p, FILE *to)
{
	fprintf(to, "  %-16s emulator %s (%u), kernel %s (%u)\n", "verdict",
	        verdict_name(p->d, p->emu->retval), p->emu->retval,
	        verdict_name(p->d, p->native->retval), p->native->retval);
}

static void
show_bytes(const struct diff_packet *p, FILE *to)
{
	u32 first = 0;

	while (same_at(p->emu->data, p->emu->bytes, p->native->data, p->native->bytes, first))
		first++;
	fprintf(to, "  %-16s emulator %u, kernel %u%s; they differ from byte %u on\n",
	        p->in->prog_type == BPF_PROG_TYPE_FLOW_DISSECTOR ? "bytes of keys" : "bytes",
	        p->emu->bytes, p->native->bytes, p->emu->meta_bytes ? ", metadata in front" : "",
	        first);
	diff_hex(to, p->emu->data, p->emu->bytes, p->native->data, p->native->bytes);
}

static void
show_field(FILE *to, const char *name, u64 emu, u64 native)
{
	if (emu != native)
		fprintf(to, "  %-16s emulator %llu (0x%llx), kernel %llu (0x%llx)\n", name,
		        (unsigned long long)emu, (unsigned long long)emu,
		        (unsigned long long)native, (unsigned long long)native);
}

static void
show_context(const struct diff_packet *p, FILE *to)
{
	const struct xb_testrun_out *e = p->emu, *k = p->native;

	if (p->in->prog_type == BPF_PROG_TYPE_XDP) {
		show_field(to, "metadata bytes", e->meta_bytes, k->meta_bytes);
		show_field(to, "linear bytes", e->linear_bytes, k->linear_bytes);
		return;
	}
	for (size_t i = 0; i < xb_testrun_skb_field_cnt; i++) {
		const struct xb_testrun_field *f = &xb_testrun_skb_fields[i];

		show_field(to, f->name, xb_testrun_field_value(f, &e->ctx.skb),
		           xb_testrun_field_value(f, &k->ctx.skb));
	}
}

/* True where both are there and the same. */
static bool
show_event(const struct diff_packet *p, const char *map, u32 n, const struct xb_note *e,
           const struct xb_note *k, FILE *to)
{
	const struct xb_diff *d = p->d;
	const u8 *emu = e ? d->notes.buf + e->off : NULL;
	const u8 *native = k ? d->native_notes.buf + k->off : NULL;

	if (e && k && e->bytes == k->bytes && memcmp(emu, native, e->bytes) == 0)
		return true;
	fprintf(to, "  %-16s record %u of map '%s': ", "events", n + 1, map);
	if (!e || !k) {
		fprintf(to, "%s puts it out, %s does not\n", e ? "the emulator" : "the kernel",
		        e ? "the kernel" : "the emulator");
		return false;
	}
	fprintf(to, "emulator %u bytes, kernel %u bytes\n", e->bytes, k->bytes);
	diff_hex(to, emu, e->bytes, native, k->bytes);
	return false;
}

static void
show_events(const struct diff_packet *p, FILE *to)
{
	const struct xb_diff *d = p->d;
	const struct xb_object *o = d->opts.session->objects[0];

	for (u32 i = 0; i < o->map_cnt; i++) {
		const struct xb_map *map = o->maps[i].map;
		const struct xb_note *e, *k;
		u32 n = 0;

		do {
			e = diff_event(&d->notes, map, n);
			k = diff_event(&d->native_notes, map, n);
		} while ((e || k) && show_event(p, o->maps[i].name, n, e, k, to) && ++n);
	}
}

static void
show_refused(const struct diff_packet *p, FILE *to)
{
	char text[160];
	const struct xb_testrun_out *out = p->emu->err ? p->emu : p->native;

	fprintf(to, "  %-16s %s does not run it: %s; %s does\n", "refused",
	        p->emu->err ? "the emulator" : "the kernel",
	        xb_testrun_why(p->in, out, text, sizeof(text)),
	        p->emu->err ? "the kernel" : "the emulator");
}

static void
show_branch(const struct diff_branch *b, FILE *to)
{
	const struct xb_line *line = xb_prog_line(b->prog, b->pc);
	char place[320], insn[96];

	xb_summary_place(b->prog, b->pc, place, sizeof(place));
	xb_prog_disasm(b->prog, b->pc, insn, sizeof(insn));
	fprintf(to, "    %s: %s, %s\n", place, insn, b->taken ? "taken" : "not taken");
	if (line && line->text[0])
		fprintf(to, "      %s\n", line->text + strspn(line->text, " \t"));
}

static void
show_fault(const struct diff_twin *t, FILE *to)
{
	char place[320];

	if (!t->ran || !t->faulted)
		return;
	xb_summary_place(t->fault.prog, t->fault.pc, place, sizeof(place));
	fprintf(to, "  %-16s %s: %s, at %s\n", "emulator's fault",
	        xb_fault_kind_name(t->fault.kind), t->fault.message, place);
}

/* The branches that the run came to last. */
static void
show_branches(const struct diff_branch *branches, u64 cnt, FILE *to)
{
	u64 shown = cnt < BRANCHES_SHOWN ? cnt : BRANCHES_SHOWN;

	fputs("  which branch goes another way in the kernel could not be found; the last ones of "
	      "the emulator's run:\n",
	      to);
	for (u64 i = cnt - shown; i < cnt; i++)
		show_branch(&branches[i % TRACE_BRANCHES], to);
}

/*
 * Where the ways part: the kernel's run cannot be watched, but a branch that brings the emulator to
 * the kernel's result tells. The twin's run stands for the emulator's only where it came to the
 * same.
 */
static void
show_trace(const struct diff_packet *p, FILE *to)
{
	const struct diff_twin *t = &p->d->twin;
	struct diff_branch branches[TRACE_BRANCHES], part;
	u64 cnt = t->branch_cnt;

	show_fault(t, to);
	if (!t->ran || t->out.retval != p->emu->retval || t->out.bytes != p->emu->bytes) {
		fputs("  where the ways part could not be found: a second run of the emulator "
		      "came to something else\n",
		      to);
		return;
	}
	if (!cnt) {
		fprintf(to, "  the emulator's run has no branch; it ends at %s\n", t->place);
		return;
	}
	memcpy(branches, t->branches, sizeof(branches));
	if (!diff_twin_part(p, &part)) {
		show_branches(branches, cnt, to);
		return;
	}
	fputs("  the ways part at a branch: the other way the emulator comes to the kernel's "
	      "result\n",
	      to);
	show_branch(&part, to);
}

void
diff_explain(const struct diff_packet *p, FILE *to)
{
	static void (*const show[DIFF_PACKET_KINDS])(const struct diff_packet *p, FILE *to) = {
		[DIFF_REFUSED] = show_refused, [DIFF_VERDICT] = show_verdict,
		[DIFF_BYTES] = show_bytes,     [DIFF_CONTEXT] = show_context,
		[DIFF_EVENTS] = show_events,
	};

	fprintf(to, "first difference: packet %llu, %u bytes\n", (unsigned long long)p->r->n,
	        p->in->bytes - p->in->meta_bytes);
	for (u32 i = 0; i < DIFF_PACKET_KINDS; i++)
		if (p->differs[i])
			show[i](p, to);
	if (!p->emu->err)
		show_trace(p, to);
}
