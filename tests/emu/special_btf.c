/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/special_btf.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const char *const special_names[VALUE_CNT] = { [VALUE_NONE] = "untyped",
#define SPECIAL_NAME(id, bytes) [VALUE_##id] = #id,
	                                       SPECIAL_VALUES(SPECIAL_NAME)
#undef SPECIAL_NAME
};

const u32 special_bytes[VALUE_CNT] = { [VALUE_NONE] = 16,
#define SPECIAL_BYTES(id, bytes) [VALUE_##id] = bytes,
	                               SPECIAL_VALUES(SPECIAL_BYTES)
#undef SPECIAL_BYTES
};

/* What the values are made of, by their numbers. */
struct parts {
	struct btf *btf;
	u32 u32_id, u64_id, lock, res_lock, timer, wq, task, cgroup, untrusted, own, other, foreign,
	        foreign_untrusted, list, tree;
};

static u32
opaque(struct btf *btf, const char *name, u32 bytes, u32 u32_id)
{
	int id = btf__add_struct(btf, name, bytes);

	for (u32 i = 0; i < bytes / 4; i++) {
		char member[4] = { 'f', (char)('0' + i / 10), (char)('0' + i % 10), 0 };

		btf__add_field(btf, member, (int)u32_id, i * 32, 0);
	}
	return (u32)id;
}

static u32
pointer_to(struct btf *btf, const char *tag, const char *name, u32 u32_id)
{
	u32 target = opaque(btf, name, 16, u32_id);

	return (u32)btf__add_ptr(btf, btf__add_type_tag(btf, tag, (int)target));
}

/* Something that a list or a tree can hold: STRUCT:node. */
static void
add_node(struct btf *btf, const char *name, u32 node, u32 bytes, u32 u64_id)
{
	btf__add_struct(btf, name, bytes + 8);
	btf__add_field(btf, "node", (int)node, 0, 0);
	btf__add_field(btf, "data", (int)u64_id, bytes * 8, 0);
}

static void
parts_make(struct parts *p)
{
	struct btf *btf = p->btf;
	u32 node, rb_node;

	p->u32_id = (u32)btf__add_int(btf, "u32", 4, 0);
	p->u64_id = (u32)btf__add_int(btf, "u64", 8, 0);
	p->lock = opaque(btf, "bpf_spin_lock", 4, p->u32_id);
	p->res_lock = opaque(btf, "bpf_res_spin_lock", 4, p->u32_id);
	p->timer = opaque(btf, "bpf_timer", 16, p->u32_id);
	p->wq = opaque(btf, "bpf_wq", 16, p->u32_id);
	p->task = pointer_to(btf, "kptr", "task_struct", p->u32_id);
	p->cgroup = pointer_to(btf, "kptr", "cgroup", p->u32_id);
	p->untrusted = pointer_to(btf, "kptr_untrusted", "task_struct", p->u32_id);
	p->own = pointer_to(btf, "kptr", "xdpbench_test_own", p->u32_id);
	p->other = pointer_to(btf, "kptr", "xdpbench_test_other", p->u32_id);
	p->foreign = pointer_to(btf, "kptr_untrusted", "net_device", p->u32_id);
	p->list = opaque(btf, "bpf_list_head", 16, p->u32_id);
	p->tree = opaque(btf, "bpf_rb_root", 16, p->u32_id);
	node = opaque(btf, "bpf_list_node", 24, p->u32_id);
	rb_node = opaque(btf, "bpf_rb_node", 32, p->u32_id);
	add_node(btf, "listed", node, 24, p->u64_id);
	add_node(btf, "listed_too", node, 24, p->u64_id);
	add_node(btf, "in_tree", rb_node, 32, p->u64_id);
}

/* Members of a value: their types, sizes in bytes follow. */
struct member {
	u32 type, bytes;
};

static u32
value_of(struct parts *p, const char *name, u32 bytes, const struct member *m, const char *contains)
{
	int id = btf__add_struct(p->btf, name, bytes);
	u32 off = 0, idx = 0;

	for (; off < bytes; off += m[idx++].bytes) {
		char member[4] = { name[0], name[1], (char)('a' + idx), 0 };

		assert_int_equal(btf__add_field(p->btf, member, (int)m[idx].type, off * 8, 0), 0);
	}
	if (contains)
		btf__add_decl_tag(p->btf, contains, id, 1);
	return (u32)id;
}

static void
values_make(struct parts *p, u32 *value)
{
	const struct member u4 = { p->u32_id, 4 }, u8_ = { p->u64_id, 8 }, lock = { p->lock, 4 };
	const struct member timer = { p->timer, 16 }, list = { p->list, 16 };

#define VALUE(id, contains, ...)                                                                   \
	value[VALUE_##id] = value_of(p, #id, special_bytes[VALUE_##id],                            \
	                             (const struct member[]){ __VA_ARGS__ }, contains)
#define LOCKS lock, u4
	VALUE(PLAIN, NULL, u8_, u4, u4);
	VALUE(LOCKED, NULL, u8_, lock, u4);
	VALUE(LOCKED_TOO, NULL, u8_, lock, u4);
	VALUE(LOCK_FIRST, NULL, lock, u4, u8_);
	VALUE(RES_LOCKED, NULL, u8_, { p->res_lock, 4 }, u4);
	VALUE(TIMER, NULL, timer, u8_, u8_);
	VALUE(TIMER_LAST, NULL, u8_, u8_, timer);
	VALUE(WORKQUEUE, NULL, { p->wq, 16 }, u8_, u8_);
	VALUE(LOCK_AND_TIMER, NULL, timer, lock, u4, u8_);
	VALUE(NO_TIMER, NULL, u8_, u8_, u8_, u8_);
	VALUE(KPTR_TASK, NULL, u8_, { p->task, 8 });
	VALUE(KPTR_TASK_TOO, NULL, u8_, { p->task, 8 });
	VALUE(KPTR_CGROUP, NULL, u8_, { p->cgroup, 8 });
	VALUE(KPTR_UNTRUSTED, NULL, u8_, { p->untrusted, 8 });
	VALUE(KPTR_OWN, NULL, u8_, { p->own, 8 });
	VALUE(KPTR_OWN_TOO, NULL, u8_, { p->own, 8 });
	VALUE(KPTR_FOREIGN, NULL, u8_, { p->foreign, 8 });
	VALUE(KPTR_OTHER, NULL, u8_, { p->other, 8 });
	VALUE(LIST, "contains:listed:node", u8_, list, LOCKS);
	VALUE(LIST_TOO, "contains:listed:node", u8_, list, LOCKS);
	VALUE(LIST_OF_OTHERS, "contains:listed_too:node", u8_, list, LOCKS);
	VALUE(TREE, "contains:in_tree:node", u8_, { p->tree, 16 }, LOCKS);
}

void
special_btf_load(struct special_btf *s, const struct backend *b)
{
	struct parts p = { .btf = btf__new_empty() };
	static char log[65536];
	union bpf_attr attr;
	u32 bytes;

	memset(s, 0, sizeof(*s));
	parts_make(&p);
	values_make(&p, s->value);
	s->u32_id = p.u32_id;
	s->u64_id = p.u64_id;
	s->lpm_id = opaque(p.btf, "prefix", 8, p.u32_id);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf__raw_data(p.btf, &bytes);
	attr.btf_size = bytes;
	attr.btf_log_buf = (uintptr_t)log;
	attr.btf_log_size = sizeof(log);
	attr.btf_log_level = 1;
	s->fd = (int)backend_bpf(b, BPF_BTF_LOAD, &attr, sizeof(attr));
	btf__free(p.btf);
	if (s->fd < 0)
		fail_msg("%s: BTF: %d\n%s", b->name, s->fd,
		         log + (strlen(log) > 500 ? strlen(log) - 500 : 0));
}

long
special_map(const struct special_btf *s, const struct backend *b, const struct map_spec *spec,
            enum special_value value, int inner)
{
	bool lpm = spec->type == BPF_MAP_TYPE_LPM_TRIE;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = spec->type;
	attr.key_size = spec->key;
	attr.value_size = spec->value;
	attr.max_entries = spec->max;
	attr.map_flags = spec->flags;
	attr.inner_map_fd = (u32)inner;
	if (value != VALUE_NONE) {
		attr.btf_fd = (u32)s->fd;
		attr.btf_key_type_id = lpm              ? s->lpm_id
		                       : spec->key == 8 ? s->u64_id
		                       : spec->key      ? s->u32_id
		                                        : 0;
		attr.btf_value_type_id = s->value[value];
	}
	return backend_bpf(b, BPF_MAP_CREATE, &attr, sizeof(attr));
}
