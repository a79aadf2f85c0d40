/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * site.h - what a run of a program at a socket takes place on: a vCPU's process, the context, and
 * memory with the data that the context points at.
 *
 * The data are the program's only between the ends of the window.
 */
#ifndef XB_EMU_SITE_H
#define XB_EMU_SITE_H

#include "emu/emu.h"
#include "vm/proc.h"
#include "vm/window.h"

struct xb_site {
	struct xb_emu *emu;
	struct xb_mem *mem;
	struct xb_proc *proc;
	struct xb_region *data_region, *ctx_region;
	u8 *data;  /* host address of the data */
	void *ctx; /* host address of the context */
	struct xb_window window;
};

struct xb_site_opts {
	u32 vcpu;
	const char *data_name, *ctx_name; /* for faults */
	u64 data_bytes;                   /* 0: the context points at none */
	u32 ctx_bytes;
	bool read_only; /* the data */
	void *run;      /* what helpers find as proc->run */
};

/* 0, or -1 and err; then nothing is kept. */
int xb_site_init(struct xb_site *s, struct xb_emu *emu, const struct xb_site_opts *opts,
                 struct xb_err *err);

/* Of one that was initialised, or is all zeros. */
void xb_site_fini(struct xb_site *s);

#endif
