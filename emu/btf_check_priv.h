/* SPDX-License-Identifier: BSD-2-Clause */
/* btf_check_priv.h - BTF while it is checked: btf_check.c finds the types, btf_refs.c follows them.
 */
#ifndef XB_EMU_BTF_CHECK_PRIV_H
#define XB_EMU_BTF_CHECK_PRIV_H

#include "vm/types.h"

#include <linux/btf.h>

struct xb_log;

struct btf_check {
	const u8 *types, *strs;
	u32 type_bytes, str_bytes;
	u32 *offs;     /* of each type in the type section, by id; [0] is void */
	u8 *marks;     /* of btf_refs.c, by id; zeros at first */
	u32 cnt;       /* ids are below */
	bool unlinked; /* XB_BTF_UNLINKED */
	struct xb_log *log;
};

static inline const struct btf_type *
btf_type_of(const struct btf_check *c, u32 id)
{
	return (const struct btf_type *)(const void *)(c->types + c->offs[id]);
}

static inline u32
btf_kind_of(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

static inline const void *
btf_payload(const struct btf_type *t)
{
	return t + 1;
}

/* Whether types of the kind have an id where others have a size. */
bool btf_refers(u32 kind);

/* Says what is wrong with a type; -EINVAL. */
int btf_bad(const struct btf_check *c, u32 id, const char *what);

/* All types, each of which is sound by itself: 0 or -errno. */
int btf_check_refs(struct btf_check *c);

#endif
