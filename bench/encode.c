/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/encode.h"

#include "bench/btfjson.h"
#include "vm/bytes.h"

#include <arpa/inet.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct encoder {
	const struct btf *btf;
	u8 *to;
	size_t bytes;
	struct xb_err *err;
};

static int encode_type(const struct encoder *e, const struct xb_value *v, u32 type_id, u64 bit_off);

static const char *
describe(const struct xb_value *v, char buf[48])
{
	switch (v->kind) {
	case XB_VALUE_ARRAY:
		return "an array";
	case XB_VALUE_OBJECT:
		return "an object";
	case XB_VALUE_NULL:
		return "null";
	default:
		snprintf(buf, 48, "'%.40s'", v->text);
		return buf;
	}
}

static int
mismatch(const struct encoder *e, const struct xb_value *v, const char *expected)
{
	char buf[48];

	return xb_err_set(e->err, XB_ERR_USAGE, "expected %s, found %s", expected,
	                  describe(v, buf));
}

/* What a number's type says of its sign. */
enum sign {
	SIGN_NONE,
	SIGN_SIGNED,
	SIGN_EITHER, /* no type, enums, and chars, which are bytes as well */
};

/* Numbers of 1 to 64 bits. */
struct range {
	s64 min;
	u64 max, mask; /* hexadecimal ones go up to mask */
};

static struct range
range_of(u32 nr_bits, enum sign sign)
{
	u64 mask = nr_bits >= 64 ? ~0ull : (1ull << nr_bits) - 1;

	return (struct range){
		.min = sign == SIGN_NONE ? 0 : -(s64)(mask >> 1) - 1,
		.max = sign == SIGN_SIGNED ? mask >> 1 : mask,
		.mask = mask,
	};
}

static int
mismatch_number(const struct encoder *e, const struct xb_value *v, u32 nr_bits, enum sign sign)
{
	struct range range = range_of(nr_bits, sign);
	char expected[80];

	snprintf(expected, sizeof(expected), "a number from %lld to %llu", (long long)range.min,
	         (unsigned long long)range.max);
	return mismatch(e, v, expected);
}

static bool
is_text(const struct xb_value *v)
{
	return v->kind == XB_VALUE_NUMBER || v->kind == XB_VALUE_STRING || v->kind == XB_VALUE_WORD;
}

/* A whole number that fits nr_bits: 'x', 0x1f, -1, true. */
static bool
to_number(const struct xb_value *v, u32 nr_bits, enum sign sign, u64 *number)
{
	struct range range = range_of(nr_bits, sign);
	const char *text = v->text;
	char *end;

	if (v->kind == XB_VALUE_BOOL) {
		*number = v->truth;
		return true;
	}
	if (!is_text(v))
		return false;
	if (v->bytes == 3 && text[0] == '\'' && text[2] == '\'') {
		*number = (u8)text[1];
		return true;
	}
	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	if (text[0] == '-') {
		s64 s = strtoll(text, &end, xb_value_base(text + 1));

		*number = (u64)s & range.mask;
		return errno == 0 && *end == 0 && s >= range.min;
	}
	*number = strtoull(text, &end, xb_value_base(text));
	if (xb_value_base(text) == 16)
		range.max = range.mask;
	return errno == 0 && *end == 0 && *number <= range.max;
}

static void
put_bits(const struct encoder *e, u64 bit_off, u32 nr_bits, u64 v)
{
	for (u32 i = 0; i < nr_bits; i++) {
		u8 *byte = e->to + (bit_off + i) / 8;
		u8 bit = (u8)(1u << ((bit_off + i) % 8));

		if (i < 64 && v >> i & 1)
			*byte = (u8)(*byte | bit);
		else
			*byte = (u8)(*byte & ~bit);
	}
}

/* An address in the notation that its size stands for, into exactly `bytes` bytes. */
static bool
to_address(const struct xb_value *v, u8 *to, size_t bytes)
{
	unsigned int mac[6];
	int used = 0;

	if (v->kind != XB_VALUE_STRING && v->kind != XB_VALUE_WORD)
		return false;
	if (bytes == 4)
		return inet_pton(AF_INET, v->text, to) == 1;
	if (bytes == 16)
		return inet_pton(AF_INET6, v->text, to) == 1;
	if (bytes != 6 || v->bytes > 17 ||
	    sscanf(v->text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &mac[0], &mac[1], &mac[2], &mac[3],
	           &mac[4], &mac[5], &used) != 6 ||
	    v->text[used])
		return false;
	for (size_t i = 0; i < 6; i++)
		to[i] = (u8)mac[i];
	return true;
}

static const char *
address_name(size_t bytes)
{
	return bytes == 4 ? "IPv4 address" : bytes == 16 ? "IPv6 address" : "address";
}

/*
 * "10.0.0.0/8": struct bpf_lpm_trie_key, the length in host order before the address. 1: it was
 * meant as one and is; 0: it was not; -1: it was meant as one and is wrong.
 */
static int
encode_prefix(const struct encoder *e, const struct xb_value *v, bool typed)
{
	struct xb_value address = *v, length = *v;
	size_t bytes = e->bytes < 4 ? 0 : e->bytes - 4;
	char text[64];
	char *slash;
	u64 n = bytes * 8;

	if ((v->kind != XB_VALUE_STRING && v->kind != XB_VALUE_WORD) || !bytes ||
	    v->bytes >= sizeof(text))
		return 0;
	memcpy(text, v->text, v->bytes + 1);
	slash = strchr(text, '/');
	if (slash)
		*slash = 0;
	address.text = text;
	address.bytes = strlen(text);
	if (!to_address(&address, e->to + 4, bytes)) {
		/* Text stands for nothing else where the key is a struct. */
		if (!slash && !typed)
			return 0;
		return xb_err_set(e->err, XB_ERR_USAGE, "expected an %s, found '%s'",
		                  address_name(bytes), text);
	}
	length.text = slash ? slash + 1 : "";
	length.bytes = strlen(length.text);
	if (slash && (!to_number(&length, 32, SIGN_NONE, &n) || n > bytes * 8))
		return xb_err_set(e->err, XB_ERR_USAGE,
		                  "expected a prefix length from 0 to %zu, found '%s'", bytes * 8,
		                  length.text);
	xb_st32(e->to, (u32)n);
	return 1;
}

bool
xb_encode_is_bytes(const struct xb_value *v)
{
	u64 byte;

	if (v->kind != XB_VALUE_ARRAY || !v->first)
		return false;
	for (const struct xb_value *c = v->first; c; c = c->next)
		if (c->kind != XB_VALUE_STRING || strncmp(c->text, "0x", 2) ||
		    !to_number(c, 8, SIGN_NONE, &byte))
			return false;
	return true;
}

static int
encode_bytes(const struct encoder *e, const struct xb_value *v)
{
	size_t i = 0;
	u64 byte;

	if (v->cnt != e->bytes)
		return xb_err_set(e->err, XB_ERR_USAGE, "expected %zu bytes, found %u", e->bytes,
		                  v->cnt);
	for (const struct xb_value *c = v->first; c; c = c->next) {
		if (!to_number(c, 8, SIGN_NONE, &byte))
			return mismatch_number(e, c, 8, SIGN_NONE);
		e->to[i++] = (u8)byte;
	}
	return 0;
}

/* What there is no type for: bytes, an address, or a number where the size allows one. */
static int
encode_plain(const struct encoder *e, const struct xb_value *v)
{
	u64 number;

	if (v->kind == XB_VALUE_ARRAY)
		return encode_bytes(e, v);
	if (to_address(v, e->to, e->bytes))
		return 0;
	if (e->bytes > 8)
		return mismatch(e, v, "an array of bytes");
	if (!to_number(v, (u32)e->bytes * 8, SIGN_EITHER, &number))
		return mismatch_number(e, v, (u32)e->bytes * 8, SIGN_EITHER);
	put_bits(e, 0, (u32)e->bytes * 8, number);
	return 0;
}

static bool
outside(const struct encoder *e, u64 bit_off, u64 nr_bits)
{
	u64 have = (u64)e->bytes * 8;

	return bit_off > have || nr_bits > have - bit_off;
}

static int
encode_number(const struct encoder *e, const struct xb_value *v, u64 bit_off, u32 nr_bits,
              enum sign sign)
{
	u64 number;

	if (outside(e, bit_off, nr_bits))
		return xb_err_set(e->err, XB_ERR_USAGE, "type lies outside of %zu bytes", e->bytes);
	if (bit_off % 8 == 0 && nr_bits % 8 == 0 && to_address(v, e->to + bit_off / 8, nr_bits / 8))
		return 0;
	if (!to_number(v, nr_bits < 64 ? nr_bits : 64, sign, &number)) {
		/* A char is written as text of length one. */
		if (nr_bits != 8 || v->kind != XB_VALUE_STRING || v->bytes != 1)
			return mismatch_number(e, v, nr_bits, sign);
		number = (u8)v->text[0];
	}
	put_bits(e, bit_off, nr_bits, number);
	return 0;
}

static int
encode_enum(const struct encoder *e, const struct xb_value *v, const struct btf_type *t,
            u64 bit_off)
{
	for (u32 i = 0; is_text(v) && i < btf_vlen(t); i++) {
		bool is64 = btf_is_enum64(t);
		u64 item = is64 ? (u64)btf_enum64_value(btf_enum64(t) + i)
		                : (u64)(s64)btf_enum(t)[i].val;
		u32 name_off = is64 ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
		const char *name = btf__name_by_offset(e->btf, name_off);

		if (!name || strcmp(name, v->text))
			continue;
		if (outside(e, bit_off, (u64)t->size * 8))
			break;
		put_bits(e, bit_off, t->size * 8, item);
		return 0;
	}
	return encode_number(e, v, bit_off, t->size * 8, SIGN_EITHER);
}

static int
encode_array(const struct encoder *e, const struct xb_value *v, const struct btf_type *t,
             u64 bit_off)
{
	const struct btf_array *arr = btf_array(t);
	s64 size = btf__resolve_size(e->btf, arr->type);
	u64 i = 0;

	if (size < 0 || outside(e, bit_off, (u64)size * arr->nelems * 8))
		return xb_err_set(e->err, XB_ERR_USAGE, "type lies outside of %zu bytes", e->bytes);
	if (to_address(v, e->to + bit_off / 8, (size_t)size * arr->nelems))
		return 0;
	if (size == 1 && (v->kind == XB_VALUE_STRING || v->kind == XB_VALUE_WORD)) {
		if (v->bytes > arr->nelems)
			return xb_err_set(e->err, XB_ERR_USAGE,
			                  "expected at most %u characters, found %zu", arr->nelems,
			                  v->bytes);
		memcpy(e->to + bit_off / 8, v->text, v->bytes);
		return 0;
	}
	if (v->kind != XB_VALUE_ARRAY)
		return mismatch(e, v, "an array");
	if (v->cnt > arr->nelems)
		return xb_err_set(e->err, XB_ERR_USAGE, "expected at most %u elements, found %u",
		                  arr->nelems, v->cnt);
	for (const struct xb_value *c = v->first; c; c = c->next, i++)
		if (encode_type(e, c, arr->type, bit_off + (u64)size * i * 8) != 0)
			return xb_err_prefix(e->err, "[%llu]", (unsigned long long)i);
	return 0;
}

static enum sign
sign_of(const struct btf_type *t)
{
	if (!t || !btf_is_int(t))
		return SIGN_EITHER;
	if (!(btf_int_encoding(t) & BTF_INT_SIGNED))
		return SIGN_NONE;
	return t->size == 1 ? SIGN_EITHER : SIGN_SIGNED;
}

static int
encode_member(const struct encoder *e, const struct xb_value *v, const struct btf_type *t, u32 i,
              u64 bit_off)
{
	u32 nr_bits = btf_member_bitfield_size(t, i);

	bit_off += btf_member_bit_offset(t, i);
	if (nr_bits)
		return encode_number(e, v, bit_off, nr_bits,
		                     sign_of(xb_btf_strip(e->btf, btf_members(t)[i].type, NULL)));
	return encode_type(e, v, btf_members(t)[i].type, bit_off);
}

/* Finds a member by name, also inside of anonymous ones. 1: found, and *rc is what came of it. */
static bool
encode_named(const struct encoder *e, const struct xb_value *v, const struct btf_type *t,
             u64 bit_off, u32 depth, int *rc)
{
	for (u32 i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		const char *name = btf__name_by_offset(e->btf, m->name_off);
		const struct btf_type *inner;

		if (name && !strcmp(name, v->key)) {
			*rc = encode_member(e, v, t, i, bit_off);
			return true;
		}
		inner = name && *name ? NULL : xb_btf_strip(e->btf, m->type, NULL);
		if (inner && btf_is_composite(inner) && depth < 8 &&
		    encode_named(e, v, inner, bit_off + btf_member_bit_offset(t, i), depth + 1, rc))
			return true;
	}
	return false;
}

static int
encode_struct(const struct encoder *e, const struct xb_value *v, const struct btf_type *t,
              u64 bit_off)
{
	u32 i = 0;

	if (to_address(v, e->to + bit_off / 8, outside(e, bit_off, t->size * 8ull) ? 0 : t->size))
		return 0;
	if (v->kind != XB_VALUE_OBJECT && v->kind != XB_VALUE_ARRAY)
		return mismatch(e, v, btf_is_union(t) ? "a union" : "a struct");
	for (const struct xb_value *c = v->first; c; c = c->next, i++) {
		int rc = 0;

		if (!c->key) {
			if (i >= btf_vlen(t))
				return xb_err_set(e->err, XB_ERR_USAGE,
				                  "expected at most %u members", btf_vlen(t));
			if (encode_member(e, c, t, i, bit_off) != 0)
				return xb_err_prefix(
				        e->err, "%s",
				        btf__name_by_offset(e->btf, btf_members(t)[i].name_off));
			continue;
		}
		if (!encode_named(e, c, t, bit_off, 0, &rc))
			return xb_err_set(e->err, XB_ERR_USAGE, "no member '%.40s'", c->key);
		if (rc != 0)
			return xb_err_prefix(e->err, "%.40s", c->key);
	}
	return 0;
}

/* Global variables, by name: {"var":1}, or bpftool's {".bss":[{"var":1}]}. */
static int
encode_datasec(const struct encoder *e, const struct xb_value *v, const struct btf_type *t)
{
	if (v->kind != XB_VALUE_OBJECT && v->kind != XB_VALUE_ARRAY)
		return mismatch(e, v, "an object of variables");
	for (const struct xb_value *c = v->first; c; c = c->next) {
		const struct btf_type *var = NULL;
		u32 i;

		if (!c->key || c->key[0] == '.') {
			if (encode_datasec(e, c, t) != 0)
				return -1;
			continue;
		}
		for (i = 0; i < btf_vlen(t); i++) {
			const char *name;

			var = btf__type_by_id(e->btf, btf_var_secinfos(t)[i].type);
			name = var ? btf__name_by_offset(e->btf, var->name_off) : NULL;
			if (name && !strcmp(name, c->key))
				break;
		}
		if (!var || i == btf_vlen(t))
			return xb_err_set(e->err, XB_ERR_USAGE, "no variable '%.40s'", c->key);
		if (encode_type(e, c, var->type, (u64)btf_var_secinfos(t)[i].offset * 8) != 0)
			return xb_err_prefix(e->err, "%.40s", c->key);
	}
	return 0;
}

static int
encode_type(const struct encoder *e, const struct xb_value *v, u32 type_id, u64 bit_off)
{
	const struct btf_type *t = xb_btf_strip(e->btf, type_id, NULL);

	if (!t)
		return xb_err_set(e->err, XB_ERR_USAGE, "type %u is not in the BTF", type_id);
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return encode_number(e, v, bit_off + btf_int_offset(t), btf_int_bits(t),
		                     sign_of(t));
	case BTF_KIND_PTR:
		return encode_number(e, v, bit_off, 64, SIGN_NONE);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return encode_enum(e, v, t, bit_off);
	case BTF_KIND_ARRAY:
		return encode_array(e, v, t, bit_off);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return encode_struct(e, v, t, bit_off);
	case BTF_KIND_DATASEC:
		return encode_datasec(e, v, t);
	default:
		return xb_err_set(e->err, XB_ERR_USAGE, "type %u has no values", type_id);
	}
}

int
xb_encode(const struct xb_value *v, const struct xb_encode_opts *opts, u8 *to, size_t bytes,
          struct xb_err *err)
{
	struct encoder e = { .btf = opts->btf, .to = to, .bytes = bytes, .err = err };

	if (!opts->keep)
		memset(to, 0, bytes);
	if (xb_encode_is_bytes(v))
		return encode_bytes(&e, v);
	if (opts->lpm) {
		int rc = encode_prefix(&e, v, opts->btf && opts->type_id);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	if (!opts->btf || !opts->type_id)
		return encode_plain(&e, v);
	return encode_type(&e, v, opts->type_id, 0);
}
