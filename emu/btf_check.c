/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_check.c - BTF that is not sound is refused, before libbpf's parser sees it.
 *
 * Three passes: header and strings; each type by itself, which also finds where each starts; and
 * what types refer to. After that every id is in range, every name is terminated, and following
 * typedefs, modifiers, arrays and members always comes to an end.
 */
#include "emu/btf_check_priv.h"

#include "emu/btf.h"
#include "emu/log.h"
#include "emu/prog.h"
#include "vm/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#define HDR_BYTES  ((u32)sizeof(struct btf_header))
#define TYPE_BYTES ((u32)sizeof(struct btf_type))
#define INFO_MASK  0x9f00ffffu /* kind_flag, kind, vlen (cf. kernel/bpf/btf.c: BTF_INFO_MASK) */
#define MAX_OFFSET 0x00ffffffu /* BTF_MAX_NAME_OFFSET */
#define MAX_NAME   512u

enum name_rule { NAME_ANY, NAME_NONE, NAME_OPTIONAL, NAME_IDENT, NAME_SECTION, NAME_VALUE };
enum ref_rule { REF_UNUSED, REF_TYPE, REF_ZERO, REF_SIZE };

/* What a kind is made of. */
struct kind {
	u32 extra;  /* bytes behind struct btf_type */
	u32 member; /* bytes a member; 0: vlen must be 0, but for FUNC's linkage */
	enum name_rule name_rule;
	enum ref_rule ref; /* what size/type means */
	bool kflag;        /* kind_flag may be set */
};

/* clang-format off */
static const struct kind kinds[] = {
	/*                         extra  member  name           size/type  kind_flag */
	[BTF_KIND_INT]         = { 4,     0,      NAME_ANY,      REF_SIZE,  false },
	[BTF_KIND_PTR]         = { 0,     0,      NAME_NONE,     REF_TYPE,  false },
	[BTF_KIND_ARRAY]       = { 12,    0,      NAME_NONE,     REF_ZERO,  false },
	[BTF_KIND_STRUCT]      = { 0,     12,     NAME_OPTIONAL, REF_SIZE,  true  },
	[BTF_KIND_UNION]       = { 0,     12,     NAME_OPTIONAL, REF_SIZE,  true  },
	[BTF_KIND_ENUM]        = { 0,     8,      NAME_OPTIONAL, REF_SIZE,  true  },
	[BTF_KIND_FWD]         = { 0,     0,      NAME_IDENT,    REF_ZERO,  true  },
	[BTF_KIND_TYPEDEF]     = { 0,     0,      NAME_IDENT,    REF_TYPE,  false },
	[BTF_KIND_VOLATILE]    = { 0,     0,      NAME_NONE,     REF_TYPE,  false },
	[BTF_KIND_CONST]       = { 0,     0,      NAME_NONE,     REF_TYPE,  false },
	[BTF_KIND_RESTRICT]    = { 0,     0,      NAME_NONE,     REF_TYPE,  false },
	[BTF_KIND_FUNC]        = { 0,     0,      NAME_IDENT,    REF_TYPE,  false },
	[BTF_KIND_FUNC_PROTO]  = { 0,     8,      NAME_NONE,     REF_TYPE,  false },
	[BTF_KIND_VAR]         = { 4,     0,      NAME_SECTION,  REF_TYPE,  false },
	[BTF_KIND_DATASEC]     = { 0,     12,     NAME_SECTION,  REF_SIZE,  false },
	[BTF_KIND_FLOAT]       = { 0,     0,      NAME_ANY,      REF_SIZE,  false },
	[BTF_KIND_DECL_TAG]    = { 4,     0,      NAME_VALUE,    REF_TYPE,  true  },
	[BTF_KIND_TYPE_TAG]    = { 0,     0,      NAME_VALUE,    REF_TYPE,  true  },
	[BTF_KIND_ENUM64]      = { 0,     12,     NAME_OPTIONAL, REF_SIZE,  true  },
};
/* clang-format on */

_Static_assert(sizeof(struct btf_array) == 12 && sizeof(struct btf_member) == 12 &&
                       sizeof(struct btf_var_secinfo) == 12 && sizeof(struct btf_enum64) == 12 &&
                       sizeof(struct btf_enum) == 8 && sizeof(struct btf_param) == 8 &&
                       sizeof(struct btf_var) == 4 && sizeof(struct btf_decl_tag) == 4,
               "the bytes in the table");

/*
 * Sections in order, next to each other, none beyond the end (cf. kernel/bpf/btf.c:
 * btf_check_sec_info).
 */
static int
check_header(struct btf_check *c, const u8 *raw, u32 bytes)
{
	const struct btf_header *h = (const struct btf_header *)(const void *)raw;
	const char *what = NULL;
	u64 body;

	if (bytes < HDR_BYTES)
		what = "header is cut short";
	else if (h->magic != BTF_MAGIC)
		what = "wrong magic";
	else if (h->hdr_len < HDR_BYTES || h->hdr_len > bytes || h->hdr_len % 4)
		what = "wrong header length";
	if (what) {
		xb_log_printf(c->log, "BTF: %s\n", what);
		return -EINVAL;
	}
	if (h->version != BTF_VERSION || h->flags != 0) {
		xb_log_printf(c->log, "BTF: unknown version or flags\n");
		return -XB_ENOTSUPP;
	}
	for (u32 i = HDR_BYTES; i < h->hdr_len; i++)
		if (raw[i])
			return -E2BIG;
	body = bytes - h->hdr_len;
	if (h->type_len == 0)
		what = "no types";
	else if (h->type_off != 0 || h->type_len % 4 || h->str_off != h->type_len)
		what = "sections are not aligned or not in order";
	else if ((u64)h->str_off + h->str_len != body)
		what = "sections do not fill the data";
	else if (h->str_len == 0 || h->str_len - 1 > MAX_OFFSET || raw[bytes - 1] ||
	         raw[h->hdr_len + h->str_off])
		what = "string section does not start and end with a zero byte";
	if (what) {
		xb_log_printf(c->log, "BTF: %s\n", what);
		return -EINVAL;
	}
	c->types = raw + h->hdr_len;
	c->type_bytes = h->type_len;
	c->strs = c->types + h->str_off;
	c->str_bytes = h->str_len;
	return 0;
}

/* An identifier of C, or the name of a section (cf. kernel/bpf/btf.c: __btf_name_valid). */
static bool
name_is_valid(const struct btf_check *c, u32 off, bool section)
{
	const char *s = (const char *)c->strs + off;
	size_t len = strnlen(s, MAX_NAME);

	if (len == 0 || len >= MAX_NAME)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)s[i];

		if (section ? !isprint(ch)
		            : !(isalpha(ch) || ch == '_' || ch == '.' || (i && isdigit(ch))))
			return false;
	}
	return true;
}

static bool
name_obeys(const struct btf_check *c, u32 off, enum name_rule rule)
{
	if (off >= c->str_bytes)
		return false;
	switch (rule) {
	case NAME_ANY:
		return true;
	case NAME_NONE:
		return off == 0;
	case NAME_OPTIONAL:
		return off == 0 || name_is_valid(c, off, false);
	case NAME_IDENT:
		return name_is_valid(c, off, false);
	case NAME_SECTION:
		return name_is_valid(c, off, true);
	case NAME_VALUE:
		return c->strs[off] != 0;
	}
	return false;
}

static bool
is_size_of_enum(u32 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static const char *
check_int(const struct btf_type *t)
{
	u32 data = xb_ld32(btf_payload(t));
	u32 bits = BTF_INT_BITS(data) + BTF_INT_OFFSET(data);
	u32 encoding = BTF_INT_ENCODING(data);

	if (data & ~0x0fff00ffu)
		return "invalid int_data";
	if (t->size == 0 || t->size > 16 || t->size & (t->size - 1))
		return "invalid size";
	if (bits > 128 || bits > 8 * t->size)
		return "more bits than the type's size";
	if (encoding & (encoding - 1))
		return "unsupported encoding";
	return NULL;
}

static const char *
check_members(const struct btf_check *c, const struct btf_type *t)
{
	const struct btf_member *m = btf_payload(t);
	bool is_union = btf_kind_of(t) == BTF_KIND_UNION;
	u32 last = 0;

	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		u32 off =
		        BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset;

		if (!name_obeys(c, m[i].name_off, NAME_OPTIONAL))
			return "invalid member name";
		if (m[i].type == 0 || (is_union && off) || off < last)
			return "invalid member";
		if (off / 8 > t->size)
			return "member is outside of its struct";
		last = off;
	}
	return NULL;
}

static const char *
check_enumerators(const struct btf_check *c, const struct btf_type *t)
{
	u32 stride = kinds[btf_kind_of(t)].member;
	const u8 *e = btf_payload(t);

	if (!is_size_of_enum(t->size))
		return "unexpected size";
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++)
		if (!name_obeys(c, xb_ld32(e + i * stride), NAME_IDENT))
			return "invalid enumerator name";
	return NULL;
}

static const char *
check_datasec(const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_payload(t);
	u64 end = 0;

	if (t->size == 0)
		return "size is 0";
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		if (v[i].type == 0)
			return "invalid variable";
		if (v[i].offset < end || v[i].offset >= t->size)
			return "invalid offset of a variable";
		if (v[i].size == 0 || v[i].size > t->size - v[i].offset)
			return "invalid size of a variable";
		end = (u64)v[i].offset + v[i].size;
	}
	return NULL;
}

/* What is peculiar to one kind; NULL: it is fine. */
static const char *
check_kind(const struct btf_check *c, const struct btf_type *t)
{
	const struct btf_array *array = btf_payload(t);
	const struct btf_param *param = btf_payload(t);

	switch (btf_kind_of(t)) {
	case BTF_KIND_INT:
		return check_int(t);
	case BTF_KIND_FLOAT:
		return t->size == 2 || t->size == 4 || t->size == 8 || t->size == 12 ||
		                       t->size == 16
		               ? NULL
		               : "invalid size";
	case BTF_KIND_ARRAY:
		return array->type && array->index_type ? NULL : "invalid element or index";
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return check_members(c, t);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return check_enumerators(c, t);
	case BTF_KIND_FUNC:
		return BTF_INFO_VLEN(t->info) > BTF_FUNC_GLOBAL ? "invalid linkage" : NULL;
	case BTF_KIND_VAR:
		return xb_ld32(btf_payload(t)) > BTF_VAR_GLOBAL_ALLOCATED ? "linkage not supported"
		                                                          : NULL;
	case BTF_KIND_DATASEC:
		return check_datasec(t);
	case BTF_KIND_FUNC_PROTO:
		for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++)
			if (!name_obeys(c, param[i].name_off, NAME_OPTIONAL))
				return "invalid name of an argument";
		return NULL;
	case BTF_KIND_DECL_TAG:
		return (s32)xb_ld32(btf_payload(t)) < -1 ? "invalid component_idx" : NULL;
	default:
		return NULL;
	}
}

/* Whether the names of a type and its members are somewhere in the strings. */
static bool
names_exist(const struct btf_check *c, const struct btf_type *t)
{
	u32 kind = btf_kind_of(t), stride = kinds[kind].member;
	const u8 *member = btf_payload(t);

	if (t->name_off >= c->str_bytes)
		return false;
	/* All members but those of sections begin with the offset of a name. */
	if (stride == 0 || kind == BTF_KIND_DATASEC)
		return true;
	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++)
		if (xb_ld32(member + (size_t)i * stride) >= c->str_bytes)
			return false;
	return true;
}

/* One type by itself. Its length, or -errno (cf. kernel/bpf/btf.c: btf_check_meta). */
static int
check_type(const struct btf_check *c, u32 id, u32 off)
{
	const struct btf_type *t = (const struct btf_type *)(const void *)(c->types + off);
	u32 left = c->type_bytes - off, kind, vlen;
	const struct kind *k;
	const char *what;
	u64 need;

	if (left < TYPE_BYTES)
		return btf_bad(c, id, "cut short");
	kind = btf_kind_of(t);
	vlen = BTF_INFO_VLEN(t->info);
	if (t->info & ~INFO_MASK)
		return btf_bad(c, id, "invalid btf_info");
	if (kind == 0 || kind >= XB_ARRAY_SIZE(kinds))
		return btf_bad(c, id, "invalid kind");
	k = &kinds[kind];
	need = TYPE_BYTES + k->extra + (u64)vlen * k->member;
	if (need > left)
		return btf_bad(c, id, "members are cut short");
	if (c->unlinked)
		return names_exist(c, t) ? (int)need : btf_bad(c, id, "invalid name");
	if (k->member == 0 && vlen && kind != BTF_KIND_FUNC)
		return btf_bad(c, id, "vlen is not 0");
	if (!k->kflag && BTF_INFO_KFLAG(t->info))
		return btf_bad(c, id, "invalid kind_flag");
	if (!name_obeys(c, t->name_off, k->name_rule))
		return btf_bad(c, id, "invalid name");
	if (k->ref == REF_ZERO && t->type)
		return btf_bad(c, id, "type is not 0");
	what = check_kind(c, t);
	return what ? btf_bad(c, id, what) : (int)need;
}

static int
check_each(struct btf_check *c)
{
	u32 cap = c->type_bytes / TYPE_BYTES + 2;

	c->offs = malloc(cap * sizeof(c->offs[0]));
	c->marks = calloc(cap, 1);
	if (c->offs == NULL || c->marks == NULL)
		return -ENOMEM;
	c->offs[0] = 0;
	c->cnt = 1;
	for (u32 off = 0; off < c->type_bytes;) {
		int bytes = check_type(c, c->cnt, off);

		if (bytes < 0)
			return bytes;
		c->offs[c->cnt++] = off;
		off += (u32)bytes;
	}
	return 0;
}

bool
btf_refers(u32 kind)
{
	return kinds[kind].ref == REF_TYPE;
}

int
btf_bad(const struct btf_check *c, u32 id, const char *what)
{
	xb_log_printf(c->log, "BTF type [%u]: %s\n", id, what);
	return -EINVAL;
}

u32
xb_btf_type_bytes(u32 info)
{
	u32 kind = BTF_INFO_KIND(info);

	if (kind >= XB_ARRAY_SIZE(kinds))
		return TYPE_BYTES;
	return TYPE_BYTES + kinds[kind].extra + BTF_INFO_VLEN(info) * kinds[kind].member;
}

int
xb_btf_check(const void *raw, u32 bytes, u32 flags, struct xb_log *log)
{
	struct btf_check c = { .log = log, .unlinked = flags & XB_BTF_UNLINKED };
	int rc = check_header(&c, raw, bytes);

	if (rc == 0)
		rc = check_each(&c);
	if (rc == 0)
		rc = btf_check_refs(&c);
	free(c.offs);
	free(c.marks);
	return rc;
}
