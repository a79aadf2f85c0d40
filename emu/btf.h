/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf.h - BTF objects, and what the emulator reads from them: names of functions, source lines, and
 * special fields of map values. Parsing is libbpf's.
 */
#ifndef XB_EMU_BTF_H
#define XB_EMU_BTF_H

#include "emu/emu.h"
#include "emu/obj.h"

struct btf;
struct xb_func;
struct xb_line;

struct xb_btf {
	struct xb_obj obj;
	struct btf *btf; /* libbpf's, owned */
	void *raw;	 /* as loaded, owned */
	u32 raw_bytes;
	char name[64];	 /* "" but for BTF of modules and vmlinux */
};

/* BPF_BTF_LOAD. A descriptor or -errno, with a reason in the log buffer. */
int xb_btf_load(struct xb_emu *emu, union bpf_attr *attr, u32 bytes);

/*
 * Function names and source lines from the func_info and line_info of BPF_PROG_LOAD; new arrays, owned by the
 * caller, whose strings belong to `btf`. Entries that make no sense are -EINVAL, as in the kernel
 * (cf. kernel/bpf/verifier.c: check_btf_info).
 */
int xb_btf_prog_info(const struct xb_btf *btf, const union bpf_attr *attr, struct xb_func **funcs,
		     u32 *func_cnt, struct xb_line **lines, u32 *line_cnt);

/*
 * The offset of a bpf_spin_lock in a map value's type. 0, -ENOENT where there is none, -EINVAL, -E2BIG (two of them)
 * (cf. kernel/bpf/btf.c: btf_find_spin_lock).
 */
int xb_btf_spin_lock_off(const struct xb_btf *btf, u32 value_type_id, u32 value_size, u32 *off);

#endif
