/* SPDX-License-Identifier: BSD-2-Clause */
/* gen.c - writes a capture of this folder by its name: gen demo.pcap. The same bytes every time. */
#include "tests/captures/gen.h"

#include <stdio.h>
#include <string.h>

#define START_US 1700000000000000ull /* 14 November 2023, 22:13:20 UTC */

static const struct {
	const char *name;
	void (*gen)(struct out *o);
} captures[] = {
	{ "demo.pcap", gen_demo },
	{ "mixed.pcapng", gen_mixed },
	{ "overlay.pcapng", gen_overlay },
};

int
main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "", *slash = strrchr(name, '/');
	struct out o;

	for (size_t i = 0; i < XB_ARRAY_SIZE(captures); i++) {
		if (strcmp(slash ? slash + 1 : name, captures[i].name) != 0)
			continue;
		if (out_open(&o, name, START_US) < 0)
			break;
		captures[i].gen(&o);
		return out_close(&o) < 0;
	}
	fprintf(stderr, "gen: cannot write '%s': expected a path that ends in", name);
	for (size_t i = 0; i < XB_ARRAY_SIZE(captures); i++)
		fprintf(stderr, " %s", captures[i].name);
	fprintf(stderr, "\n");
	return 2;
}
