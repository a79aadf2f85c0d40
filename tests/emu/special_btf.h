/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * special_btf.h - one BTF with types for the values of maps, each with another special field.
 */
#ifndef XB_TESTS_EMU_SPECIAL_BTF_H
#define XB_TESTS_EMU_SPECIAL_BTF_H

#include "tests/emu/map_backend.h"

/* X(enumerator, bytes): a value's types. */
#define SPECIAL_VALUES(X)                                                                          \
	X(PLAIN, 16)                                                                               \
	X(LOCKED, 16)     /* a number, a lock, a smaller number */                                 \
	X(LOCKED_TOO, 16) /* the same with other names */                                          \
	X(LOCK_FIRST, 16)                                                                          \
	X(RES_LOCKED, 16) /* bpf_res_spin_lock */                                                  \
	X(TIMER, 32)                                                                               \
	X(TIMER_LAST, 32)                                                                          \
	X(WORKQUEUE, 32)                                                                           \
	X(LOCK_AND_TIMER, 32)                                                                      \
	X(NO_TIMER, 32)                                                                            \
	X(KPTR_TASK, 16)                                                                           \
	X(KPTR_TASK_TOO, 16)                                                                       \
	X(KPTR_CGROUP, 16)                                                                         \
	X(KPTR_UNTRUSTED, 16) /* to a task */                                                      \
	X(KPTR_OWN, 16)       /* to a struct of this BTF */                                        \
	X(KPTR_OWN_TOO, 16)                                                                        \
	X(KPTR_FOREIGN, 16)                                                                        \
	X(KPTR_OTHER, 16) /* to another one */                                                     \
	X(LIST, 32)                                                                                \
	X(LIST_TOO, 32)                                                                            \
	X(LIST_OF_OTHERS, 32)                                                                      \
	X(TREE, 32)

enum special_value {
	VALUE_NONE, /* no types at all */
#define SPECIAL_ENUM(id, bytes) VALUE_##id,
	SPECIAL_VALUES(SPECIAL_ENUM)
#undef SPECIAL_ENUM
	        VALUE_CNT
};

extern const char *const special_names[VALUE_CNT];
extern const u32 special_bytes[VALUE_CNT]; /* of VALUE_NONE 16 */

/* The BTF on a backend, and its types' numbers. */
struct special_btf {
	int fd;
	u32 u32_id, u64_id, lpm_id, value[VALUE_CNT];
};
void special_btf_load(struct special_btf *s, const struct backend *b);

/* A map whose values have this type, if it has one: a descriptor or -errno. */
long special_map(const struct special_btf *s, const struct backend *b, const struct map_spec *spec,
                 enum special_value value, int inner);

#endif
