/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.c LIBRARY OBJECT deep|local: a host of plug-ins, which opens the library when it runs.
 * Prints 0, or what xb_linux_load_object() says.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xdpbench/linux.h>

static void *library;

/* A function of the library's, at the address of a pointer to it. */
static void
find(const char *name, void *to)
{
	void *p = dlsym(library, name);

	if (!p) {
		printf("%s\n", dlerror());
		exit(1);
	}
	memcpy(to, &p, sizeof(p));
}

static char image[1 << 20];

int
main(int argc, char **argv)
{
	struct xb_linux *(*linux_new)(const struct xb_linux_opts *opts, struct xb_err *err);
	struct xb_emulator *(*linux_emulator)(struct xb_linux * lx);
	struct xb_machine *(*machine_new)(const struct xb_machine_opts *opts, struct xb_err *err);
	int (*load)(struct xb_linux * lx, const void *data, size_t bytes, const char *name,
	            struct xb_err *err);
	void (*machine_free)(struct xb_machine * machine);
	const struct xb_linux_opts opts = { .size = sizeof(opts) };
	struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine *machine;
	struct xb_linux *lx;
	FILE *f = argc == 4 ? fopen(argv[2], "rb") : NULL;
	size_t bytes = f ? fread(image, 1, sizeof(image), f) : 0;

	library = f ? dlopen(argv[1], strcmp(argv[3], "deep") ? RTLD_NOW | RTLD_LOCAL
	                                                      : RTLD_NOW | RTLD_DEEPBIND)
	            : NULL;
	if (!library) {
		printf("%s\n", f ? dlerror() : "no object");
		return 1;
	}
	fclose(f);
	find("xb_linux_new", &linux_new);
	find("xb_linux_emulator", &linux_emulator);
	find("xb_machine_new", &machine_new);
	find("xb_linux_load_object", &load);
	find("xb_machine_free", &machine_free);
	lx = linux_new(&opts, &err);
	machine_opts.emulator = lx ? linux_emulator(lx) : NULL;
	machine = lx ? machine_new(&machine_opts, &err) : NULL;
	if (!machine || load(lx, image, bytes, "plugin", &err) != 0)
		printf("%s\n", err.msg);
	else
		printf("0\n");
	machine_free(machine);
	return 0;
}
