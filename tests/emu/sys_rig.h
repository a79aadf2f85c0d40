/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_rig.h - bpf(2) twice: the emulator's, and the running kernel's where it is permitted.
 *
 * A test does the same through both and compares. Programs of type XDP run on a zeroed packet and
 * see nothing of it: what they return comes from maps, globals and other programs.
 */
#ifndef XB_TESTS_EMU_SYS_RIG_H
#define XB_TESTS_EMU_SYS_RIG_H

#include "emu/emu.h"
#include "emu/obj.h"
#include "emu/prog.h"

struct bpf_object;

struct sys_rig {
	struct xb_emu *emu; /* NULL: the kernel */
	char log[4096];     /* what libbpf warned of */
};

/* An emulator with a minimal XDP type; fails the test where it cannot be made. */
void sys_rig_init(struct sys_rig *rig, const char *pin_dir);
/* The kernel: false where it is not permitted, which is said once. */
bool sys_rig_init_kernel(struct sys_rig *rig);
void sys_rig_fini(struct sys_rig *rig);

/* From here on libbpf speaks to the rig, and its warnings go to rig->log. */
void sys_rig_enter(struct sys_rig *rig);
void sys_rig_leave(void);

/* bpf(2): the result or -errno. */
long sys_rig_bpf(struct sys_rig *rig, int cmd, union bpf_attr *attr, u32 bytes);

/* Runs an XDP program once; fails the test where it cannot. */
u32 sys_rig_run(struct sys_rig *rig, int prog_fd);

/* The object behind a descriptor, or NULL. Emulator only. */
struct xb_obj *sys_rig_obj(struct sys_rig *rig, int fd, enum xb_obj_kind kind);

/*
 * Fails the test where two loads of one object, called `name`, differ in an instruction;
 * descriptors count as the maps they stand for.
 */
void sys_rig_same_insns(const char *name, struct bpf_object *a, struct bpf_object *b);

#endif
