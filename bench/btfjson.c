/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/btfjson.h"

#include "vm/bytes.h"

#include <bpf/btf.h>
#include <ctype.h>

#define BTF_MAX_DEPTH 32

struct dumper {
	struct xb_json *j;
	const struct btf *btf;
	const u8 *data;
	size_t bytes;
};

static void dump(const struct dumper *d, const char *key, u32 type_id, u64 bit_off, u32 depth);

const struct btf_type *
xb_btf_strip(const struct btf *btf, u32 type_id, u32 *stripped_id)
{
	for (u32 i = 0; i < BTF_MAX_DEPTH; i++) {
		const struct btf_type *t = type_id ? btf__type_by_id(btf, type_id) : NULL;

		if (!t)
			return NULL;
		if (!btf_is_mod(t) && !btf_is_typedef(t)) {
			if (stripped_id)
				*stripped_id = type_id;
			return t;
		}
		type_id = t->type;
	}
	return NULL;
}

u64
xb_btf_bits(const u8 *data, u64 bit_off, u32 nr_bits)
{
	u64 v = 0;

	for (u32 i = 0; i < nr_bits; i++)
		v |= (u64)(data[(bit_off + i) / 8] >> ((bit_off + i) % 8) & 1) << i;
	return v;
}

static bool
inside(const struct dumper *d, u64 bit_off, u64 nr_bits)
{
	u64 have = (u64)d->bytes * 8;

	return bit_off <= have && nr_bits <= have - bit_off;
}

static void
dump_null(const struct dumper *d, const char *key)
{
	xb_json_printf(d->j, key, "null");
}

/* Bit fields are strings in hex, whatever their sign. */
static void
dump_bits(const struct dumper *d, const char *key, u64 bit_off, u32 nr_bits)
{
	u64 low = xb_btf_bits(d->data, bit_off, nr_bits < 64 ? nr_bits : 64);
	u64 high = nr_bits > 64 ? xb_btf_bits(d->data, bit_off + 64, nr_bits - 64) : 0;

	if (high)
		xb_json_printf(d->j, key, "\"0x%llx%016llx\"", (unsigned long long)high,
		               (unsigned long long)low);
	else
		xb_json_printf(d->j, key, "\"0x%llx\"", (unsigned long long)low);
}

static void
dump_char(const struct dumper *d, const char *key, u8 c)
{
	if (c < 0x80 && isprint(c) && c != '"' && c != '\\')
		xb_json_printf(d->j, key, "\"%c\"", c);
	else
		xb_json_printf(d->j, key, "\"\\u00%02x\"", c);
}

static void
dump_int(const struct dumper *d, const char *key, const struct btf_type *t, u64 bit_off)
{
	u32 nr_bits = btf_int_bits(t);
	u8 encoding = btf_int_encoding(t);
	u64 v;

	bit_off += btf_int_offset(t);
	if (nr_bits > 128 || !inside(d, bit_off, nr_bits)) {
		dump_null(d, key);
		return;
	}
	if (bit_off % 8 || (nr_bits != 8 && nr_bits != 16 && nr_bits != 32 && nr_bits != 64)) {
		dump_bits(d, key, bit_off, nr_bits);
		return;
	}
	v = xb_btf_bits(d->data, bit_off, nr_bits);
	switch (encoding) {
	case 0:
		xb_json_u64(d->j, key, v);
		break;
	case BTF_INT_SIGNED:
		xb_json_s64(d->j, key, (s64)(v << (64 - nr_bits)) >> (64 - nr_bits));
		break;
	case BTF_INT_CHAR:
		dump_char(d, key, (u8)v);
		break;
	case BTF_INT_BOOL:
		xb_json_bool(d->j, key, v & 0xff);
		break;
	default:
		dump_null(d, key);
	}
}

static void
dump_enum(const struct dumper *d, const char *key, const struct btf_type *t, u64 bit_off)
{
	u32 nr_bits = t->size * 8;
	s64 v;

	if (nr_bits == 0 || nr_bits > 64 || !inside(d, bit_off, nr_bits)) {
		dump_null(d, key);
		return;
	}
	v = (s64)(xb_btf_bits(d->data, bit_off, nr_bits) << (64 - nr_bits)) >> (64 - nr_bits);
	for (u32 i = 0; i < btf_vlen(t); i++) {
		bool is64 = btf_is_enum64(t);
		s64 item = is64 ? (s64)btf_enum64_value(btf_enum64(t) + i) : btf_enum(t)[i].val;
		u32 name_off = is64 ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
		const char *name = btf__name_by_offset(d->btf, name_off);

		if (item == v && name) {
			xb_json_string(d->j, key, name);
			return;
		}
	}
	xb_json_s64(d->j, key, v);
}

/* Whether an array of char holds printable text with an end. */
static bool
is_text(const struct dumper *d, const struct btf_array *arr, u64 bit_off)
{
	u32 id = arr->type;
	const struct btf_type *t = btf__type_by_id(d->btf, id);
	const u8 *s = d->data + bit_off / 8;
	const char *name;

	for (u32 i = 0; t && btf_is_mod(t) && i < BTF_MAX_DEPTH; i++)
		t = btf__type_by_id(d->btf, t->type);
	if (bit_off % 8 || !t || !btf_is_int(t) || t->size != 1 ||
	    !inside(d, bit_off, arr->nelems * 8ull))
		return false;
	name = btf__name_by_offset(d->btf, t->name_off);
	if (btf_int_encoding(t) != BTF_INT_CHAR && (!name || strcmp(name, "char")))
		return false;
	for (u32 i = 0; i < arr->nelems; i++) {
		if (s[i] == 0)
			return true;
		if (s[i] <= 0x1f || s[i] >= 0x7f)
			return false;
	}
	return false;
}

static void
dump_array(const struct dumper *d, const char *key, const struct btf_type *t, u64 bit_off,
           u32 depth)
{
	const struct btf_array *arr = btf_array(t);
	s64 size = btf__resolve_size(d->btf, arr->type);

	if (is_text(d, arr, bit_off)) {
		xb_json_string(d->j, key, (const char *)d->data + bit_off / 8);
		return;
	}
	if (size < 0 || !inside(d, bit_off, (u64)size * arr->nelems * 8) ||
	    (size == 0 && arr->nelems > d->bytes)) {
		dump_null(d, key);
		return;
	}
	xb_json_open_array(d->j, key);
	for (u32 i = 0; i < arr->nelems; i++)
		dump(d, NULL, arr->type, bit_off + (u64)size * i * 8, depth);
	xb_json_close_array(d->j);
}

static void
dump_struct(const struct dumper *d, const char *key, const struct btf_type *t, u64 bit_off,
            u32 depth)
{
	xb_json_open_object(d->j, key);
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		const char *name = btf__name_by_offset(d->btf, m->name_off);
		u32 nr_bits = btf_member_bitfield_size(t, i);
		u64 off = bit_off + btf_member_bit_offset(t, i);

		if (!name)
			name = "";
		if (nr_bits && nr_bits <= 128 && inside(d, off, nr_bits))
			dump_bits(d, name, off, nr_bits);
		else
			dump(d, name, m->type, off, depth);
	}
	xb_json_close_object(d->j);
}

/* A section of global variables: {".bss":[{"a":1},{"b":2}]}. */
static void
dump_datasec(const struct dumper *d, const char *key, const struct btf_type *t, u32 depth)
{
	const char *name = btf__name_by_offset(d->btf, t->name_off);

	xb_json_open_object(d->j, key);
	xb_json_open_array(d->j, name ? name : "");
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *vsi = btf_var_secinfos(t) + i;

		dump(d, NULL, vsi->type, (u64)vsi->offset * 8, depth);
	}
	xb_json_close_array(d->j);
	xb_json_close_object(d->j);
}

static void
dump_var(const struct dumper *d, const char *key, const struct btf_type *t, u64 bit_off, u32 depth)
{
	const char *name = btf__name_by_offset(d->btf, t->name_off);

	xb_json_open_object(d->j, key);
	dump(d, name ? name : "", t->type, bit_off, depth);
	xb_json_close_object(d->j);
}

static void
dump(const struct dumper *d, const char *key, u32 type_id, u64 bit_off, u32 depth)
{
	const struct btf_type *t = xb_btf_strip(d->btf, type_id, NULL);

	if (!t || depth >= BTF_MAX_DEPTH) {
		dump_null(d, key);
		return;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		dump_int(d, key, t, bit_off);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		dump_struct(d, key, t, bit_off, depth + 1);
		break;
	case BTF_KIND_ARRAY:
		dump_array(d, key, t, bit_off, depth + 1);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		dump_enum(d, key, t, bit_off);
		break;
	case BTF_KIND_PTR:
		if (inside(d, bit_off, 64))
			xb_json_u64(d->j, key, xb_btf_bits(d->data, bit_off, 64));
		else
			dump_null(d, key);
		break;
	case BTF_KIND_VAR:
		dump_var(d, key, t, bit_off, depth + 1);
		break;
	case BTF_KIND_DATASEC:
		dump_datasec(d, key, t, depth + 1);
		break;
	default:
		dump_null(d, key);
	}
}

void
xb_btfjson_write(struct xb_json *j, const char *key, const struct btf *btf, u32 type_id,
                 const u8 *data, size_t bytes)
{
	struct dumper d = { .j = j, .btf = btf, .data = data, .bytes = bytes };

	dump(&d, key, type_id, 0, 0);
}
