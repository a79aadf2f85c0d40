/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/btf_fields.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#define MAX_DEPTH 32 /* cf. kernel/bpf/btf.c: MAX_RESOLVE_DEPTH */

/*
 * Structs that are special by their names. `once`: a second one among the members of a struct is an
 * error; `repeats`: there may be arrays of them; `object`: structs with such a member are checked
 * when the BTF is loaded. (cf. btf_get_field_type, btf_parse_struct_metas)
 */
static const struct {
	const char *name;
	u8 bytes, align;
	bool once, repeats, object;
} kinds[XB_SPECIAL_KIND_CNT] = {
	/* clang-format off */
	[XB_SPECIAL_SPIN_LOCK]      = { "bpf_spin_lock",     4, 4, true,  false, true  },
	[XB_SPECIAL_RES_SPIN_LOCK]  = { "bpf_res_spin_lock", 4, 4, true,  false, false },
	[XB_SPECIAL_TIMER]          = { "bpf_timer",        16, 8, true,  false, false },
	[XB_SPECIAL_WORKQUEUE]      = { "bpf_wq",           16, 8, true,  false, false },
	[XB_SPECIAL_TASK_WORK]      = { "bpf_task_work",     8, 8, true,  false, false },
	[XB_SPECIAL_KPTR_UNTRUSTED] = { NULL,                8, 8, false, true, false },
	[XB_SPECIAL_KPTR]           = { NULL,                8, 8, false, true, false },
	[XB_SPECIAL_KPTR_PERCPU]    = { NULL,                8, 8, false, true, false },
	[XB_SPECIAL_UPTR]           = { NULL,                8, 8, false, true, false },
	[XB_SPECIAL_LIST_HEAD]      = { "bpf_list_head",    16, 8, false, true, true  },
	[XB_SPECIAL_RB_ROOT]        = { "bpf_rb_root",      16, 8, false, true, true  },
	[XB_SPECIAL_LIST_NODE]      = { "bpf_list_node",    24, 8, false, false, true  },
	[XB_SPECIAL_RB_NODE]        = { "bpf_rb_node",      32, 8, false, false, true  },
	[XB_SPECIAL_REFCOUNT]       = { "bpf_refcount",      4, 4, false, false, true  },
	/* clang-format on */
};

/* Of pointers: what their type tag says (cf. btf_find_kptr). */
static const struct {
	const char *tag;
	enum xb_special_kind kind;
} tags[] = {
	{ "kptr_untrusted", XB_SPECIAL_KPTR_UNTRUSTED },
	{ "kptr", XB_SPECIAL_KPTR },
	{ "percpu_kptr", XB_SPECIAL_KPTR_PERCPU },
	{ "uptr", XB_SPECIAL_UPTR },
};

/* A search through one type and those inside it. */
struct search {
	const struct btf *btf;
	u32 mask; /* of kinds that are looked for */
	struct xb_specials *out;
};

/* What is searched: a member or a variable. */
struct place {
	const struct btf_type *type;
	u32 owner; /* the struct that it is member `idx` of, or the variable and -1 */
	s32 idx;
	u32 off;
	u32 bytes; /* that it must have; 0: any */
	u32 level;
	/* What a pointer, a list or a tree leads to, and where in it. */
	u32 target, node_off;
};

static const char *
name_of(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off);
}

/* The kind of struct that a type's name says, of those in mask, or XB_SPECIAL_KIND_CNT. */
static enum xb_special_kind
kind_by_name(const char *name, u32 mask)
{
	u32 i;

	for (i = 0; i < XB_SPECIAL_KIND_CNT; i++)
		if (kinds[i].name && mask & XB_SPECIAL_BIT(i) && strcmp(kinds[i].name, name) == 0)
			break;
	return (enum xb_special_kind)i;
}

/* The type behind modifiers and typedefs, or NULL; *id follows. */
static const struct btf_type *
skip_mods(const struct btf *btf, u32 *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		*id = t->type;
		t = btf__type_by_id(btf, *id);
	}
	return t;
}

/*
 * 1 with *kind, and *target, the struct's number, for a pointer that is tagged, 0 for anything
 * else, -EINVAL (cf. btf_find_kptr).
 */
static int
kind_of_pointer(const struct btf *btf, const struct btf_type *t, enum xb_special_kind *kind,
                u32 *target)
{
	const struct btf_type *tag, *base;
	u32 id;

	if (btf_is_volatile(t))
		t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_ptr(t))
		return 0;
	tag = btf__type_by_id(btf, t->type);
	if (!tag || !btf_is_type_tag(tag) || btf_kflag(tag))
		return 0;
	base = btf__type_by_id(btf, tag->type);
	if (base && btf_is_type_tag(base))
		return -EINVAL;
	id = tag->type;
	base = skip_mods(btf, &id);
	for (size_t i = 0; i < XB_ARRAY_SIZE(tags); i++) {
		if (strcmp(tags[i].tag, name_of(btf, tag)) == 0) {
			*kind = tags[i].kind;
			*target = id;
			return base && btf_is_struct(base) ? 1 : -EINVAL;
		}
	}
	return -EINVAL;
}

static int
put(struct search *s, enum xb_special_kind kind, const struct place *p)
{
	struct xb_specials *out = s->out;

	if (out->cnt == XB_SPECIALS_MAX)
		return -E2BIG;
	out->field[out->cnt++] = (struct xb_special){ .off = p->off,
		                                      .bytes = kinds[kind].bytes,
		                                      .kind = (u16)kind,
		                                      .target = p->target,
		                                      .node_off = p->node_off,
		                                      .types = p->target ? s->btf : NULL };
	return 0;
}

/*
 * Fields from `first` on are those of one element, `bytes` long, of an array of `cnt` (cf.
 * btf_repeat_fields).
 */
static int
repeat(struct search *s, u32 first, u32 cnt, u32 bytes)
{
	struct xb_specials *out = s->out;
	u32 fields = out->cnt - first, room = XB_SPECIALS_MAX - first;

	if (cnt == 1 || fields == 0)
		return 0;
	for (u32 i = first; i < out->cnt; i++)
		if (!kinds[out->field[i].kind].repeats)
			return -EINVAL;
	if ((u64)fields * ((u64)cnt + 1) > room)
		return -E2BIG;
	for (u32 n = 1; n < cnt; n++) {
		for (u32 i = first; i < first + fields; i++) {
			struct xb_special f = out->field[i];

			f.off += n * bytes;
			out->field[out->cnt++] = f;
		}
	}
	return 0;
}

/* The member of that name is a node, and there is one; *off (cf. btf_parse_graph_root). */
static int
check_node(const struct btf *btf, s32 id, const char *member, const char *node, u32 *off)
{
	const struct btf_type *t = btf__type_by_id(btf, (u32)id), *type = NULL;
	const struct btf_member *m = btf_members(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (strcmp(btf__name_by_offset(btf, m[i].name_off), member) != 0)
			continue;
		if (type)
			return -EINVAL;
		type = btf__type_by_id(btf, m[i].type);
		if (!btf_is_struct(type) || strcmp(name_of(btf, type), node) != 0 ||
		    btf_member_bit_offset(t, i) % 64)
			return -EINVAL;
		*off = btf_member_bit_offset(t, i) / 8;
	}
	return type ? 0 : -ENOENT;
}

/*
 * A list or tree says what it holds: "STRUCT:MEMBER" (cf. btf_find_graph_root). 0, -EINVAL,
 * -ENOENT.
 */
static int
check_contents(const struct btf *btf, const char *what, const char *node, struct place *p)
{
	const char *member = strchr(what, ':');
	char name[128];
	s32 id;

	if (!member || (size_t)(member - what) >= sizeof(name))
		return -EINVAL;
	memcpy(name, what, (size_t)(member - what));
	name[member - what] = '\0';
	id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	if (id < 0)
		return -ENOENT;
	p->target = (u32)id;
	return member[1] ? check_node(btf, id, member + 1, node, &p->node_off) : -EINVAL;
}

/* A list or tree without a tag is no field that can be used. */
static int
check_graph_root(const struct btf *btf, struct place *p, const char *node)
{
	static const char prefix[] = "contains:";
	const size_t len = sizeof(prefix) - 1;
	const char *tag = NULL;

	for (u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_decl_tag(t) || t->type != p->owner ||
		    btf_decl_tag(t)->component_idx != p->idx ||
		    strncmp(name_of(btf, t), prefix, len) != 0)
			continue;
		if (tag)
			return -EINVAL;
		tag = name_of(btf, t) + len;
	}
	return tag ? check_contents(btf, tag, node, p) : -EINVAL;
}

static int search_struct(struct search *s, u32 id, u32 off, u32 level);

/* A field of one of the kinds, `cnt` times. `seen`: those that were found beside it. */
static int
found(struct search *s, struct place *p, enum xb_special_kind kind, u32 cnt)
{
	u32 first = s->out->cnt;
	int rc;

	if (p->bytes && p->bytes != kinds[kind].bytes * cnt)
		return 0;
	if (p->off % kinds[kind].align)
		return 0;
	if (kinds[kind].name && (!btf_is_struct(p->type) || p->type->size != kinds[kind].bytes))
		return 0;
	if (kind == XB_SPECIAL_LIST_HEAD || kind == XB_SPECIAL_RB_ROOT) {
		rc = check_graph_root(
		        s->btf, p, kind == XB_SPECIAL_LIST_HEAD ? "bpf_list_node" : "bpf_rb_node");
		if (rc)
			return rc;
	}
	rc = put(s, kind, p);
	return rc ? rc : repeat(s, first, cnt, kinds[kind].bytes);
}

/* cf. btf_find_field_one */
static int
search_one(struct search *s, struct place p, u32 id, u32 *seen)
{
	enum xb_special_kind kind;
	u32 cnt = 1, first = s->out->cnt, i;
	int rc;

	p.type = btf__type_by_id(s->btf, id);
	for (i = 0; i < MAX_DEPTH && p.type && btf_is_array(p.type); i++) {
		cnt *= btf_array(p.type)->nelems;
		id = btf_array(p.type)->type;
		p.type = btf__type_by_id(s->btf, id);
	}
	if (i == MAX_DEPTH)
		return -E2BIG;
	if (cnt == 0 || !p.type)
		return 0;
	kind = kind_by_name(name_of(s->btf, p.type), s->mask);
	if (kind != XB_SPECIAL_KIND_CNT) {
		if (kinds[kind].once && *seen & XB_SPECIAL_BIT(kind))
			return -E2BIG;
		*seen |= XB_SPECIAL_BIT(kind);
		return found(s, &p, kind, cnt);
	}
	if (btf_is_struct(p.type)) {
		if (p.bytes && p.bytes != p.type->size * cnt)
			return 0;
		rc = search_struct(s, id, p.off, p.level + 1);
		return rc ? rc : repeat(s, first, cnt, p.type->size);
	}
	if ((p.bytes && p.bytes != 8 * cnt) || p.off % 8)
		return 0;
	rc = kind_of_pointer(s->btf, p.type, &kind, &p.target);
	if (rc <= 0)
		return rc;
	return s->mask & XB_SPECIAL_BIT(kind) ? found(s, &p, kind, cnt) : 0;
}

/* cf. btf_find_struct_field */
static int
search_struct(struct search *s, u32 id, u32 off, u32 level)
{
	const struct btf_type *t = btf__type_by_id(s->btf, id);
	const struct btf_member *m = btf_members(t);
	u32 seen = 0;
	int rc = 0;

	if (level >= MAX_DEPTH)
		return -E2BIG;
	for (u32 i = 0; rc == 0 && i < btf_vlen(t); i++) {
		u32 bit_off = btf_member_bit_offset(t, i);

		if (bit_off % 8)
			return -EINVAL;
		rc = search_one(s,
		                (struct place){ .owner = id,
		                                .idx = (s32)i,
		                                .off = off + bit_off / 8,
		                                .level = level },
		                m[i].type, &seen);
	}
	return rc;
}

/* cf. btf_find_datasec_var */
static int
search_datasec(struct search *s, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);
	u32 seen = 0;
	int rc = 0;

	for (u32 i = 0; rc == 0 && i < btf_vlen(t); i++) {
		const struct btf_type *var = btf__type_by_id(s->btf, v[i].type);

		rc = search_one(s,
		                (struct place){ .owner = v[i].type,
		                                .idx = -1,
		                                .off = v[i].offset,
		                                .bytes = v[i].size },
		                var->type, &seen);
	}
	return rc;
}

/* What the fields must be together (cf. btf_parse_fields). */
static int
check(struct xb_specials *fields, u32 value_size)
{
	const u32 locks =
	        XB_SPECIAL_BIT(XB_SPECIAL_SPIN_LOCK) | XB_SPECIAL_BIT(XB_SPECIAL_RES_SPIN_LOCK);
	const u32 graphs =
	        XB_SPECIAL_BIT(XB_SPECIAL_LIST_HEAD) | XB_SPECIAL_BIT(XB_SPECIAL_RB_ROOT);
	u32 next = 0;

	for (u32 i = 0; i < fields->cnt; i++) {
		const struct xb_special *f = &fields->field[i];

		if ((u64)f->off + f->bytes > value_size)
			return -EFAULT;
		if (f->off < next)
			return -EEXIST;
		next = f->off + f->bytes;
		fields->mask |= XB_SPECIAL_BIT(f->kind);
	}
	if ((fields->mask & locks) == locks)
		return -EINVAL;
	return fields->mask & graphs && !(fields->mask & locks) ? -EINVAL : 0;
}

static int
find(const struct btf *btf, u32 id, u32 size, u32 mask, struct xb_specials *out)
{
	const struct btf_type *t = skip_mods(btf, &id);
	struct search s = { .btf = btf, .mask = mask, .out = out };
	int rc = -EINVAL;

	*out = (struct xb_specials){ 0 };
	if (t && btf_is_datasec(t))
		rc = search_datasec(&s, t);
	else if (t && btf_is_struct(t))
		rc = search_struct(&s, id, 0, 0);
	if (rc == 0)
		rc = check(out, size);
	if (rc)
		*out = (struct xb_specials){ 0 };
	return rc;
}

#define KPTRS                                                                                      \
	(XB_SPECIAL_BIT(XB_SPECIAL_KPTR_UNTRUSTED) | XB_SPECIAL_BIT(XB_SPECIAL_KPTR) |             \
	 XB_SPECIAL_BIT(XB_SPECIAL_KPTR_PERCPU))
#define NODES (XB_SPECIAL_BIT(XB_SPECIAL_LIST_NODE) | XB_SPECIAL_BIT(XB_SPECIAL_RB_NODE))
#define ALL   (XB_SPECIAL_BIT(XB_SPECIAL_KIND_CNT) - 1)

/*
 * A struct that the kernel has, by its name, is the kernel's. Differs: Linux refuses a BTF with a
 * pointer to one that it cannot let go of. (cf. btf_parse_kptr)
 */
static void
resolve_target(const struct btf *kernel, struct xb_special *f)
{
	const char *name = name_of(f->types, btf__type_by_id(f->types, f->target));
	s32 id = btf__find_by_name_kind(kernel, name, BTF_KIND_STRUCT);

	if (id < 0)
		return;
	f->types = NULL;
	f->target = (u32)id;
}

int
xb_btf_specials(struct xb_emu *emu, const struct xb_btf *btf, u32 value_type_id, u32 value_size,
                struct xb_specials *specials)
{
	int rc = find(btf->btf, value_type_id, value_size, ALL & ~NODES, specials);
	const struct btf *kernel = specials->mask & KPTRS ? xb_btf_kernel_types(emu) : NULL;

	for (u32 i = 0; kernel && i < specials->cnt; i++)
		if (XB_SPECIAL_BIT(specials->field[i].kind) & KPTRS)
			resolve_target(kernel, &specials->field[i]);
	return rc;
}

/* Whether a struct with such a member is one that programs can allocate. */
static bool
makes_object(const struct btf *btf, const struct btf_type *t)
{
	enum xb_special_kind kind;
	u32 target;

	if (!t)
		return false;
	if (btf_is_ptr(t))
		return kind_of_pointer(btf, t, &kind, &target) > 0 && XB_SPECIAL_BIT(kind) & KPTRS;
	if (!btf_is_struct(t))
		return false;
	kind = kind_by_name(name_of(btf, t), ALL);
	return kind != XB_SPECIAL_KIND_CNT && kinds[kind].object;
}

int
xb_btf_check_objects(const struct btf *btf)
{
	u32 mask = KPTRS | XB_SPECIAL_BIT(XB_SPECIAL_RES_SPIN_LOCK);
	struct xb_specials specials;

	for (u32 i = 0; i < XB_SPECIAL_KIND_CNT; i++)
		mask |= kinds[i].object ? XB_SPECIAL_BIT(i) : 0;
	for (u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const struct btf_member *m = btf_members(t);
		bool object = false;
		int rc;

		for (u32 i = 0; btf_is_struct(t) && !object && i < btf_vlen(t); i++)
			object = makes_object(btf, btf__type_by_id(btf, m[i].type));
		if (!object)
			continue;
		rc = find(btf, id, t->size, mask, &specials);
		if (rc || !specials.cnt)
			return rc ? rc : -EFAULT;
	}
	return 0;
}

u32
xb_specials_off(const struct xb_specials *fields, enum xb_special_kind kind)
{
	u32 i = 0;

	while (i + 1 < fields->cnt && fields->field[i].kind != kind)
		i++;
	return fields->field[i].off;
}
