/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin.h - pins: names for objects, as bpffs has them.
 *
 * A pin's name is its path; the directory part need not exist. Names live in memory. With a
 * pin_dir, which stands for /sys/fs/bpf, xb_pin_save() also writes maps of plain values there, one
 * file each, and the next emulator with the same directory finds them under the same names.
 */
#ifndef XB_EMU_PIN_H
#define XB_EMU_PIN_H

#include "emu/emu.h"
#include "emu/obj.h"

/*
 * BPF_OBJ_PIN: 0 or -errno: -EEXIST, -EPERM (a dot in the name), as kernel/bpf/inode.c:
 * bpf_obj_do_pin.
 */
int xb_pin_add(struct xb_emu *emu, const union bpf_attr *attr);

/* BPF_OBJ_GET: a descriptor or -errno (cf. kernel/bpf/inode.c: bpf_obj_get_user). */
int xb_pin_get(struct xb_emu *emu, const union bpf_attr *attr);

/* unlink(2) of a pin: 0 or -ENOENT. */
int xb_pin_remove(struct xb_emu *emu, const char *path);

/* Calls fn for every pin, oldest first. */
void xb_pin_for_each(struct xb_emu *emu,
                     void (*fn)(void *arg, const char *path, struct xb_obj *obj), void *arg);

/*
 * Writes pinned maps to emu->pin_dir; nothing where there is none. -1 and err where a file cannot
 * be written.
 */
int xb_pin_save(struct xb_emu *emu, struct xb_err *err);

/* Frees the names. */
void xb_pin_free(struct xb_emu *emu);

#endif
