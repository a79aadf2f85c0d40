/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members that are zero are left out, and so are structs and arrays of nothing but them: each is
 * gone through twice, first silently to find out whether anything would be shown.
 *
 * Differs: a value is read up to the end of its object in guest memory; pointers that are not
 * printed raw are hashed by another key than any kernel's.
 */
#include "emu/btf_show.h"

#include "emu/latin1.h"
#include "emu/printf.h"
#include "vm/bytes.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COMPACT 1u
#define NONAME  2u
#define PTR_RAW 4u
#define ZERO    8u

#define NAME_BYTES  80 /* cf. include/linux/btf.h: BTF_SHOW_NAME_SIZE */
#define SAFE_BYTES  32 /* BTF_SHOW_OBJ_SAFE_SIZE */
#define MAX_NESTING 10 /* BTF_SHOW_MAX_ITER */
#define MAX_INDENT  32

__extension__ typedef unsigned __int128 u128;

struct show {
	const struct btf *btf;
	const struct xb_mem *mem;
	u64 flags;
	char *to;
	u32 left;
	long len;
	int status;
	u32 depth, depth_to_show, depth_check;
	bool array_member, array_terminated, array_of_chars;
	const struct btf_member *member; /* that is being shown, or NULL */
	const struct btf_type *type;
	u32 type_id;
	char name[NAME_BYTES];
};

static void show_type(struct show *s, u32 type_id, u64 gaddr, u32 bit_off);

XB_PRINTF(2, 3)
static void
emit(struct show *s, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (s->depth_check)
		return;
	va_start(ap, fmt);
	len = vsnprintf(s->to, s->left, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	s->len += len;
	if ((u32)len >= s->left) {
		s->left = 0;
	} else {
		s->left -= (u32)len;
		s->to += len;
	}
}

static const struct btf_type *
skip_qualifiers(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && btf_is_mod(t))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* The type behind modifiers and typedefs. */
static const struct btf_type *
skip_modifiers(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* What a name is made of. */
struct name {
	const char *name, *prefix, *parens;
	u32 ptrs, arrays;
	bool is_typedef;
};

/* Walks to the type that pointers and arrays are of. False: too deep, or there is none. */
static bool
walk_name(const struct btf *btf, const struct btf_type *t, struct name *n)
{
	for (u32 i = 0; i < MAX_NESTING; i++) {
		u32 id = t->type;

		if (btf_is_typedef(t)) {
			if (!n->name)
				n->name = btf__name_by_offset(btf, t->name_off);
			n->is_typedef = true;
		} else if (btf_is_array(t)) {
			n->parens = "[";
			n->arrays++;
			id = btf_array(t)->type;
		} else if (btf_is_ptr(t)) {
			n->ptrs++;
		} else {
			id = 0;
		}
		if (id == 0) {
			if (!n->name)
				n->name = btf__name_by_offset(btf, t->name_off);
			if (btf_is_composite(t)) {
				n->prefix = btf_is_struct(t) ? "struct" : "union";
				n->parens = n->arrays ? n->parens : "{";
			} else if (btf_is_any_enum(t)) {
				n->prefix = "enum";
			}
			return true;
		}
		t = skip_qualifiers(btf, id);
		if (!t)
			return false;
	}
	return false;
}

/* [.member = ](type name)[{ or [] */
static const char *
btf_show_name(struct show *s)
{
	const struct btf_member *m = s->member;
	const char *member = m ? btf__name_by_offset(s->btf, m->name_off) : "";
	const struct btf_type *t = btf__type_by_id(s->btf, m ? m->type : s->type_id);
	struct name n = { .prefix = "", .parens = "" };
	const bool named = member[0] != '\0';
	static const char arrays[] = "[][][][][][][][][][]", ptrs[] = "**********";

	if (s->array_member || !t || !walk_name(s->btf, t, &n))
		return "";
	if (n.ptrs)
		n.parens = "";
	if (n.is_typedef)
		n.prefix = "";
	if (s->flags & NONAME) {
		snprintf(s->name, sizeof(s->name), "%s", n.parens);
		return s->name;
	}
	snprintf(s->name, sizeof(s->name), "%s%s%s(%s%s%s%s%.*s%.*s)%s", named ? "." : "", member,
	         named ? " = " : "", n.prefix, n.prefix[0] && n.name[0] ? " " : "", n.name,
	         n.ptrs ? " " : "", (int)n.ptrs, ptrs, (int)(2 * n.arrays), arrays, n.parens);
	return s->name;
}

static const char *
btf_show_indent(const struct show *s)
{
	static const char blanks[] = "                                ";
	u32 depth = s->depth < MAX_INDENT ? s->depth : MAX_INDENT;

	return s->flags & COMPACT ? "" : blanks + MAX_INDENT - depth;
}

static const char *
btf_show_newline(const struct show *s)
{
	return s->flags & COMPACT ? "" : "\n";
}

static const char *
btf_show_delim(const struct show *s)
{
	if (s->depth == 0)
		return "";
	return s->flags & COMPACT && s->type && btf_is_union(s->type) ? "|" : ",";
}

/* One value, which is text already. */
static void
show_text(struct show *s, const char *text)
{
	emit(s, "%s%s%s%s%s", btf_show_indent(s), btf_show_name(s), text, btf_show_delim(s),
	     btf_show_newline(s));
	if (s->depth > s->depth_to_show)
		s->depth_to_show = s->depth;
}

/* The same, but for what is zero and not to be shown. */
static void
show_value(struct show *s, bool zero, const char *text)
{
	if (!zero || s->flags & ZERO || s->depth == 0)
		show_text(s, text);
}

/* Notes the type, and gives what lies at gaddr; NULL where it cannot be read. */
static const u8 *
start_type(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr)
{
	s64 bytes = btf__resolve_size(s->btf, type_id);
	const u8 *host;

	s->type = t;
	s->type_id = type_id;
	if (bytes < 0) {
		s->status = -EINVAL;
		return NULL;
	}
	host = xb_mem_range(s->mem, gaddr, bytes < SAFE_BYTES ? (u64)bytes : SAFE_BYTES,
	                    XB_MEM_READ);
	s->status = host ? 0 : -EFAULT;
	return host;
}

static void
end_type(struct show *s)
{
	s->type = NULL;
	s->type_id = 0;
}

static bool
start_aggr(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr)
{
	if (!start_type(s, t, type_id, gaddr))
		return false;
	emit(s, "%s%s%s", btf_show_indent(s), btf_show_name(s), btf_show_newline(s));
	s->depth++;
	return true;
}

static void
end_aggr(struct show *s, const char *suffix)
{
	s->depth--;
	emit(s, "%s%s%s%s", btf_show_indent(s), suffix, btf_show_delim(s), btf_show_newline(s));
	end_type(s);
}

static void
show_int128(struct show *s, u128 v)
{
	u64 low = (u64)v, high = (u64)(v >> 64);
	char text[40];

	if (high)
		snprintf(text, sizeof(text), "0x%llx%016llx", (unsigned long long)high,
		         (unsigned long long)low);
	else
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)low);
	show_value(s, v == 0, text);
}

/* cf. btf_bitfield_show */
static void
show_bitfield(struct show *s, const u8 *data, u32 bit_off, u32 bits)
{
	u32 taken = bits + bit_off;
	u8 raw[16] = { 0 };
	u128 v;

	if (taken > 128 || bits == 0)
		return;
	memcpy(raw, data, (taken + 7) / 8);
	v = (u128)xb_ld64(raw) | (u128)xb_ld64(raw + 8) << 64;
	show_int128(s, v << (128 - taken) >> (128 - bits));
}

/* A number of 8 to 64 bits. */
static void
show_number(struct show *s, const u8 *data, u32 bits, bool is_signed)
{
	u32 shift = 64 - bits;
	char text[24];
	u64 v = 0;

	memcpy(&v, data, bits / 8);
	if (is_signed)
		snprintf(text, sizeof(text), "%lld", (long long)((s64)(v << shift) >> shift));
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	show_value(s, v == 0, text);
}

/* A byte of what may be a string: its NUL ends it. False: it is to be shown as a number. */
static bool
show_char(struct show *s, u8 c)
{
	const char text[] = { '\'', (char)c, '\'', '\0' };

	if (!s->array_of_chars)
		return false;
	if (s->array_terminated || c == 0) {
		s->array_terminated = true;
		return true;
	}
	if (!xb_is_print((char)c))
		return false;
	show_text(s, text);
	return true;
}

static void
btf_int_show(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	const u8 *data = start_type(s, t, type_id, gaddr);
	u32 bits = btf_int_bits(t), off = bit_off + btf_int_offset(t);

	if (!data)
		return;
	if (off || (bits != 8 && bits != 16 && bits != 32 && bits != 64 && bits != 128))
		show_bitfield(s, data + off / 8, off % 8, bits);
	else if (bits == 128)
		show_int128(s, (u128)xb_ld64(data) | (u128)xb_ld64(data + 8) << 64);
	else if (bits != 8 || !show_char(s, *data))
		show_number(s, data, bits, btf_int_encoding(t) & BTF_INT_SIGNED);
	end_type(s);
}

static void
btf_ptr_show(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	const u8 *data = start_type(s, t, type_id, gaddr);
	char text[24];
	u64 v;

	(void)bit_off;
	if (!data)
		return;
	v = xb_ld64(data);
	if (v && !(s->flags & PTR_RAW))
		v = xb_printf_hash_pointer(v);
	snprintf(text, sizeof(text), "0x%016llx", (unsigned long long)v);
	show_value(s, xb_ld64(data) == 0, text);
	end_type(s);
}

/* The name of an enumerator with this value, or NULL. */
static const char *
enum_name(const struct show *s, const struct btf_type *t, s64 v)
{
	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (btf_is_enum64(t) && (s64)btf_enum64_value(btf_enum64(t) + i) == v)
			return btf__name_by_offset(s->btf, btf_enum64(t)[i].name_off);
		if (!btf_is_enum64(t) && btf_enum(t)[i].val == v)
			return btf__name_by_offset(s->btf, btf_enum(t)[i].name_off);
	}
	return NULL;
}

static void
btf_enum_show(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	const u8 *data = start_type(s, t, type_id, gaddr);
	const char *name;
	char text[24];
	s64 v;

	(void)bit_off;
	if (!data)
		return;
	v = btf_is_enum64(t) ? (s64)xb_ld64(data) : (s32)xb_ld32(data);
	name = enum_name(s, t, v);
	if (name)
		show_text(s, name);
	else if (btf_kflag(t))
		snprintf(text, sizeof(text), "%lld", (long long)v);
	else
		snprintf(text, sizeof(text), "%llu",
		         btf_is_enum64(t) ? (unsigned long long)v : (unsigned long long)(u32)v);
	if (!name)
		show_value(s, v == 0, text);
	end_type(s);
}

/*
 * How far elements are apart: 0 for those whose type does not say its size, pointers and arrays,
 * as Linux has it: it shows the first one over and over.
 */
static u32
element_bytes(const struct btf *btf, u32 id)
{
	const struct btf_type *t = skip_modifiers(btf, id);

	return t && (btf_is_int(t) || btf_is_composite(t) || btf_is_any_enum(t) || btf_is_float(t))
	               ? t->size
	               : 0;
}

static void
array_elements(struct show *s, const struct btf_type *t, u64 gaddr, u32 bit_off)
{
	const struct btf_array *a = btf_array(t);
	u32 bytes = element_bytes(s->btf, a->type);

	for (u32 i = 0; i < a->nelems; i++) {
		s->array_member = true;
		s->member = NULL;
		show_type(s, a->type, gaddr, bit_off);
		s->array_member = false;
		s->member = NULL;
		gaddr += bytes;
		if (s->array_terminated)
			break;
	}
}

static void
array_once(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	const struct btf_type *elem = skip_modifiers(s->btf, btf_array(t)->type);

	/* Compilers do not say of characters that they are. */
	s->array_of_chars = elem && btf_is_int(elem) &&
	                    (elem->size == 1 || btf_int_encoding(elem) == BTF_INT_CHAR);
	s->array_terminated = false;
	if (!start_aggr(s, t, type_id, gaddr))
		return;
	array_elements(s, t, gaddr, bit_off);
	s->array_of_chars = false;
	s->array_terminated = false;
	end_aggr(s, "]");
}

static void
struct_once(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	const struct btf_member *m = btf_members(t);

	(void)bit_off;
	if (!start_aggr(s, t, type_id, gaddr))
		return;
	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 off = btf_member_bit_offset(t, i), bits = btf_member_bitfield_size(t, i);
		u64 at = gaddr + off / 8;
		const u8 *data;

		s->member = &m[i];
		if (bits) {
			data = start_type(s, btf__type_by_id(s->btf, m[i].type), m[i].type, at);
			if (data)
				show_bitfield(s, data, off % 8, bits);
			end_type(s);
		} else {
			show_type(s, m[i].type, at, off % 8);
		}
		s->member = NULL;
	}
	end_aggr(s, "}");
}

typedef void (*show_fn)(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr,
                        u32 bit_off);

/* A struct or an array, if it shows anything. */
static void
show_aggr(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off,
          show_fn once)
{
	const struct btf_member *m = s->member;

	if (s->depth && !(s->flags & ZERO)) {
		if (!s->depth_check) {
			s->depth_check = s->depth + 1;
			s->depth_to_show = 0;
		}
		once(s, t, type_id, gaddr, bit_off);
		s->member = m;
		if (s->depth_check != s->depth + 1)
			return;
		s->depth_check = 0;
		if (s->depth_to_show <= s->depth)
			return;
	}
	once(s, t, type_id, gaddr, bit_off);
}

static void
btf_array_show(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	show_aggr(s, t, type_id, gaddr, bit_off, array_once);
}

static void
btf_struct_show(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	show_aggr(s, t, type_id, gaddr, bit_off, struct_once);
}

static void
btf_datasec_show(struct show *s, const struct btf_type *t, u32 type_id, u64 gaddr, u32 bit_off)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);
	char text[NAME_BYTES];

	if (!start_type(s, t, type_id, gaddr))
		return;
	snprintf(text, sizeof(text), "section (\"%s\") = {",
	         btf__name_by_offset(s->btf, t->name_off));
	show_text(s, text);
	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (i)
			emit(s, ",");
		show_type(s, v[i].type, gaddr + v[i].offset, bit_off);
	}
	end_type(s);
}

static const show_fn shows[] = {
	[BTF_KIND_INT] = btf_int_show,         [BTF_KIND_PTR] = btf_ptr_show,
	[BTF_KIND_ARRAY] = btf_array_show,     [BTF_KIND_STRUCT] = btf_struct_show,
	[BTF_KIND_UNION] = btf_struct_show,    [BTF_KIND_ENUM] = btf_enum_show,
	[BTF_KIND_DATASEC] = btf_datasec_show, [BTF_KIND_ENUM64] = btf_enum_show,
};

static void
show_type(struct show *s, u32 type_id, u64 gaddr, u32 bit_off)
{
	const struct btf_type *t = skip_modifiers(s->btf, type_id);
	u32 kind;

	if (t && btf_is_var(t)) {
		type_id = t->type;
		t = skip_modifiers(s->btf, type_id);
	}
	kind = t ? btf_kind(t) : 0;
	if (kind < XB_ARRAY_SIZE(shows) && shows[kind])
		shows[kind](s, t, type_id, gaddr, bit_off);
	else
		emit(s, "<unsupported kind:%u>", kind);
}

long
xb_btf_show(const struct btf *btf, u32 type_id, const struct xb_mem *mem, u64 gaddr, u64 flags,
            char *buf, u32 bytes)
{
	struct show s = { .btf = btf, .mem = mem, .flags = flags, .to = buf, .left = bytes };

	show_type(&s, type_id, gaddr, 0);
	return s.status ? s.status : s.len;
}
