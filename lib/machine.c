/* SPDX-License-Identifier: BSD-2-Clause */
#include "xdpbench/machine.h"

#include "lib/lib_priv.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_VCPUS      256
#define MAX_OPTS_BYTES 4096 /* a size that was never set is likely to be more */

/* Of a machine without one: programs call nothing. */
static const struct xb_emulator_ops no_emulator = { .size = sizeof(no_emulator) };

int
lib_opts_copy(void *to, size_t bytes, const void *from, const char *what, struct xb_err *err)
{
	const u8 *p = from;
	size_t size;

	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size) || size > MAX_OPTS_BYTES)
		return xb_err_set(err, XB_ERR_USAGE, "%s: size is not set", what);
	for (size_t i = bytes; i < size; i++)
		if (p[i])
			return xb_err_set(err, XB_ERR_USAGE,
			                  "%s: an option that this version does not have is set",
			                  what);
	memset(to, 0, bytes);
	memcpy(to, from, size < bytes ? size : bytes);
	return 0;
}

static int
check_opts(const struct xb_machine_opts *o, struct xb_err *err)
{
	if (o->vcpu_cnt > MAX_VCPUS)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "machine: %u virtual CPUs; 1 to %d are allowed", o->vcpu_cnt,
		                  MAX_VCPUS);
	if (o->zeroing != XB_ZERO_NEEDED && o->zeroing != XB_ZERO_ALWAYS)
		return xb_err_set(err, XB_ERR_USAGE, "machine: no zeroing policy %d",
		                  (int)o->zeroing);
	return 0;
}

void
lib_machine_empty(struct xb_machine *m)
{
	while (m->programs) {
		struct xb_program *p = m->programs;

		m->programs = p->next;
		m->emulator->kind->unload(p);
		free(p);
	}
	while (m->mapped) {
		struct lib_mapped *mapped = m->mapped;

		m->mapped = mapped->next;
		lib_unmap(m, mapped);
	}
}

/* One may ask for a program while it is being taken over. */
static void
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static struct xb_machine *
machine_new(const struct xb_machine_opts *o, struct xb_err *err)
{
	struct xb_vm_opts vm_opts = {
		.vcpu_cnt = o->vcpu_cnt ? o->vcpu_cnt : 1,
		.max_insns = o->max_insns,
		.frame_bytes = o->frame_bytes,
		.frame_cnt = o->frame_cnt,
		.zeroing = o->zeroing,
		.strict = o->strict,
	};
	struct xb_machine *m;

	if (check_opts(o, err) != 0)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m) {
		xb_err_errno(err, ENOMEM, "machine");
		return NULL;
	}
	init_lock(&m->lock);
	m->has_emulator = o->emulator != NULL;
	m->emulator = m->has_emulator ? o->emulator : xb_emulator_new(&no_emulator, NULL, err);
	if (m->emulator)
		m->vm = m->emulator->kind->attach(m->emulator, m, &vm_opts, err);
	if (m->vm)
		return m;
	if (!m->has_emulator)
		xb_emulator_free(m->emulator);
	pthread_mutex_destroy(&m->lock);
	free(m);
	return NULL;
}

/* The emulator of options that may not be understood; it is the machine's all the same. */
static struct xb_emulator *
emulator_of(const struct xb_machine_opts *o)
{
	size_t end = offsetof(struct xb_machine_opts, emulator) + sizeof(o->emulator);

	return o->size >= end && o->size <= MAX_OPTS_BYTES ? o->emulator : NULL;
}

struct xb_machine *
xb_machine_new(const struct xb_machine_opts *opts, struct xb_err *err)
{
	struct xb_emulator *emulator = emulator_of(opts);
	struct xb_machine *m = NULL;
	struct xb_machine_opts o;

	if (emulator && emulator->machine) {
		xb_err_set(err, XB_ERR_USAGE, "machine: the emulator is another one's");
		return NULL;
	}
	if (lib_opts_copy(&o, sizeof(o), opts, "machine", err) == 0)
		m = machine_new(&o, err);
	if (!m)
		xb_emulator_free(emulator);
	return m;
}

void
xb_machine_free(struct xb_machine *m)
{
	if (!m)
		return;
	lib_machine_empty(m);
	m->emulator->kind->free(m->emulator);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

uint32_t
xb_machine_vcpu_cnt(const struct xb_machine *m)
{
	return m->vm->vcpu_cnt;
}

struct xb_emulator *
xb_machine_emulator(const struct xb_machine *m)
{
	return m->has_emulator ? m->emulator : NULL;
}
