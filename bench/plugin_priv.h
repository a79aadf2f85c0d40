/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_priv.h - what is run, and the three ways to run it.
 *
 * A program of plain instructions runs on the machine by itself, where helper 5 and function 42 are
 * all that there is to call, as the suite needs it: what is tested is the machine. One that names
 * maps, or calls anything else, runs with Linux around it.
 */
#ifndef XB_BENCH_PLUGIN_PRIV_H
#define XB_BENCH_PLUGIN_PRIV_H

#include "vm/err.h"
#include "vm/types.h"

#include <linux/bpf.h>

struct bpf_object;
struct bpf_program;

enum plugin_engine { PLUGIN_AUTO, PLUGIN_INTERP, PLUGIN_KERNEL };

#define PLUGIN_HELPER  5  /* returns its first argument */
#define PLUGIN_RUNTIME 42 /* a function of the runtime (BPF_PSEUDO_KFUNC_CALL): returns 0 */

struct plugin_job {
	enum plugin_engine engine;
	bool packet; /* the memory is a packet, and R1 the address of an xdp_md */
	bool debug;
	u8 *memory; /* owned; NULL where there is none */
	u32 memory_bytes;
	struct bpf_insn *insns; /* owned; or NULL: */
	u32 insn_cnt;
	u8 *image; /* owned: an ELF file; without instructions libbpf has to link it */
	size_t image_bytes;
};

/*
 * Bytes from pairs of hex digits, with or without blanks between them; new memory, NULL where there
 * are none. XB_ERR_USAGE.
 */
int plugin_hex(const char *text, u8 **to, size_t *bytes, struct xb_err *err);

/* Copies instructions into the job. XB_ERR_USAGE. */
int plugin_take_insns(struct plugin_job *job, const u8 *data, size_t bytes, struct xb_err *err);

/*
 * Takes the instructions of job->image, where its program is one that needs nothing but functions
 * beside it; else leaves them to libbpf. XB_ERR_LOAD.
 */
int plugin_read_elf(struct plugin_job *job, struct xb_err *err);

/* From text to job->insns, or to job->image. XB_ERR_USAGE, XB_ERR_LOAD. */
int plugin_read_program(struct plugin_job *job, const char *text, bool elf, struct xb_err *err);

/* Whether the machine by itself can run it. */
bool plugin_is_bare(const struct plugin_job *job);

/* Run it: 0 and R0, or -1 and err, where it cannot be loaded or a fault stopped it. */
int plugin_run_bare(const struct plugin_job *job, u64 *r0, struct xb_err *err);
int plugin_run_linux(const struct plugin_job *job, u64 *r0, struct xb_err *err);
int plugin_run_kernel(const struct plugin_job *job, u64 *r0, struct xb_err *err);

#define PLUGIN_LOG_BYTES (1u << 20)

/*
 * Loads job->image by libbpf, into whatever takes its system calls: *object is the caller's to
 * close, *program is the one to run. Programs in .text are of type `text_type`.
 */
int plugin_load_object(const struct plugin_job *job, enum bpf_prog_type text_type,
                       struct bpf_object **object, struct bpf_program **program,
                       struct xb_err *err);

/* "words: the last line of the log, or what errnum means": an XB_ERR_LOAD. Returns -1. */
int plugin_refused(const struct plugin_job *job, const char *words, const char *log, int errnum,
                   struct xb_err *err);

#endif
