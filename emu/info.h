/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * info.h - what bpf(2) tells of objects: BPF_OBJ_GET_INFO_BY_FD.
 */
#ifndef XB_EMU_INFO_H
#define XB_EMU_INFO_H

#include "emu/emu.h"

/*
 * Fills the caller's bpf_map_info, bpf_prog_info, bpf_btf_info or bpf_link_info, as long as that
 * is, and sets attr->info.info_len. 0 or -errno: -EBADFD, -EINVAL, -E2BIG, -EFAULT, -ENOSPC (name
 * cut) (cf. kernel/bpf/syscall.c: bpf_obj_get_info_by_fd).
 */
int xb_info_get(struct xb_emu *emu, union bpf_attr *attr);

#endif
