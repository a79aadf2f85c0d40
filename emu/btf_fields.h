/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_fields.h - special fields in the type of a map's values: locks, timers, pointers of the
 * kernel's, lists and trees. Programs reach them by helpers only; bpf(2) neither reads nor writes
 * them.
 */
#ifndef XB_EMU_BTF_FIELDS_H
#define XB_EMU_BTF_FIELDS_H

#include "emu/btf.h"

/* cf. include/linux/bpf.h: enum btf_field_type */
enum xb_special_kind {
	XB_SPECIAL_SPIN_LOCK,
	XB_SPECIAL_RES_SPIN_LOCK,
	XB_SPECIAL_TIMER,
	XB_SPECIAL_WORKQUEUE,
	XB_SPECIAL_TASK_WORK,
	XB_SPECIAL_KPTR_UNTRUSTED,
	XB_SPECIAL_KPTR,
	XB_SPECIAL_KPTR_PERCPU,
	XB_SPECIAL_UPTR,
	XB_SPECIAL_LIST_HEAD,
	XB_SPECIAL_RB_ROOT,
	XB_SPECIAL_LIST_NODE,
	XB_SPECIAL_RB_NODE,
	XB_SPECIAL_REFCOUNT,
	XB_SPECIAL_KIND_CNT
};

#define XB_SPECIAL_BIT(kind) (1u << (kind))
#define XB_SPECIALS_MAX      11 /* cf. include/linux/bpf.h: BTF_FIELDS_MAX */

/* Without padding: two are the same where their bytes are. */
struct xb_special {
	u32 off;
	u16 bytes;
	u16 kind; /* enum xb_special_kind */
	/* Of pointers, lists and trees: the struct that they lead to, by its number in these types;
	 * NULL: the kernel's. */
	u32 target;
	u32 node_off; /* of lists and trees: where in it */
	const struct btf *types;
};

struct xb_specials {
	u32 cnt;
	u32 mask;                                 /* XB_SPECIAL_BIT of each */
	struct xb_special field[XB_SPECIALS_MAX]; /* in order of their offsets */
};

/*
 * The special fields of a map value's type. 0, with *fields, which may be none; -EINVAL, -E2BIG,
 * -EEXIST, -EFAULT where the type cannot be used so, and fields are none (cf.
 * kernel/bpf/btf.c: btf_parse_fields).
 */
int xb_btf_specials(struct xb_emu *emu, const struct xb_btf *btf, u32 value_type_id, u32 value_size,
                    struct xb_specials *fields);

/*
 * Whether all structs that programs might allocate, for they have lists, locks or the like, are in
 * order: 0; -EFAULT where the field is in none's place; or an error as above. Without it the BTF
 * cannot be loaded (cf. kernel/bpf/btf.c: btf_parse_struct_metas).
 */
int xb_btf_check_objects(const struct btf *btf);

/* Offset of the first field of a kind that a value has. */
u32 xb_specials_off(const struct xb_specials *fields, enum xb_special_kind kind);

#endif
