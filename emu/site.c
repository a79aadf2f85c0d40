/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/site.h"

#include "vm/mem.h"

static int
map_regions(struct xb_site *s, const struct xb_site_opts *opts, struct xb_err *err)
{
	const struct xb_region_opts data = { .name = opts->data_name, .bytes = opts->data_bytes };
	const struct xb_region_opts ctx = {
		.name = opts->ctx_name, .bytes = opts->ctx_bytes, .low = true, .opaque = true
	};

	if (data.bytes) {
		s->data_region = xb_mem_map(s->mem, &data, err);
		if (!s->data_region)
			return -1;
		s->data = xb_mem_host(s->mem, s->data_region->gaddr);
	}
	s->ctx_region = xb_mem_map(s->mem, &ctx, err);
	if (!s->ctx_region)
		return -1;
	s->ctx = xb_mem_host(s->mem, s->ctx_region->gaddr);
	return 0;
}

int
xb_site_init(struct xb_site *s, struct xb_emu *emu, const struct xb_site_opts *opts,
             struct xb_err *err)
{
	*s = (struct xb_site){ .emu = emu, .mem = emu->mem };
	s->window.read_only = opts->read_only;
	if (map_regions(s, opts, err) == 0)
		s->proc = xb_proc_new(emu->vm, opts->vcpu, err);
	if (!s->proc) {
		xb_site_fini(s);
		return -1;
	}
	s->proc->run = opts->run;
	return 0;
}

void
xb_site_fini(struct xb_site *s)
{
	xb_proc_free(s->proc);
	xb_mem_unmap(s->mem, s->ctx_region);
	xb_mem_unmap(s->mem, s->data_region);
	*s = (struct xb_site){ 0 };
}
