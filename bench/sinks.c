/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/sinks.h"

#include "bench/verdict.h"
#include "emu/world.h"
#include "pcaps/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SINKS_MAX_FILES 256u
#define SINKS_MAX_PORTS 4096u
#define TEMPLATE_BUFFER (64u << 10)

/* An interface of one file. */
struct port {
	struct xb_port port;
	struct xb_writer_stats stats;
};

/* One file. Which one a packet goes to is said by verdict (with %v) and port (with %i). */
struct sink {
	struct xb_writer *writer;
	char *name;        /* of a template's file, owned */
	struct sink *same; /* the one that writes the file of this name already, or NULL */
	u32 verdict;
	struct xb_port port;
	struct port *ports; /* by interface id */
	u32 port_cnt, port_cap, port_last;
};

struct xb_sinks {
	struct xb_output_opts opts;
	bool by_verdict, by_port;
	struct sink *sinks;
	u32 cnt, last;
};

static bool
has_letter(const char *name, char letter)
{
	for (const char *p = strchr(name, '%'); p && p[1]; p = strchr(p + 2, '%'))
		if (p[1] == letter)
			return true;
	return false;
}

bool
xb_sinks_is_template(const char *name)
{
	return has_letter(name, 'v') || has_letter(name, 'i');
}

/* The receiving side of an interface is the same interface. */
static bool
same_port(struct xb_port a, struct xb_port b)
{
	enum xb_port_kind kind = a.kind == XB_PORT_RX ? XB_PORT_IFINDEX : a.kind;

	return kind == (b.kind == XB_PORT_RX ? XB_PORT_IFINDEX : b.kind) && a.index == b.index;
}

static bool
is_device(enum xb_port_kind kind)
{
	return kind == XB_PORT_IFINDEX || kind == XB_PORT_RX || kind == XB_PORT_PEER;
}

/* The name of an interface: the world's; the capture's own for ingress, else what the number stands
 * for. */
static void
port_name(const struct xb_sinks *all, struct xb_port port, char *name, size_t bytes)
{
	static const char *const prefix[] = {
		[XB_PORT_IFINDEX] = "if", [XB_PORT_RX] = "if",      [XB_PORT_PEER] = "peer",
		[XB_PORT_CPU] = "cpu",    [XB_PORT_SOCKET] = "xsk",
	};
	const struct xb_iface *iface;
	const struct xb_world_link *link;

	if (is_device(port.kind) && all->opts.world->given) {
		link = xb_world_link(all->opts.world, port.index);
		if (link) {
			snprintf(name, bytes, "%s%s", link->name,
			         port.kind == XB_PORT_PEER ? ".peer" : "");
			return;
		}
	}
	if (port.kind != XB_PORT_INGRESS) {
		snprintf(name, bytes, "%s%u", prefix[port.kind], port.index);
		return;
	}
	iface = xb_reader_iface(all->opts.reader, port.index);
	link = all->opts.world->given ? xb_world_link(all->opts.world, all->opts.ifindex) : NULL;
	if (iface && iface->name[0])
		snprintf(name, bytes, "%s", iface->name);
	else if (link && !port.index)
		snprintf(name, bytes, "%s", link->name);
	else if (port.index)
		snprintf(name, bytes, "if%u.%u", all->opts.ifindex, port.index);
	else
		snprintf(name, bytes, "if%u", all->opts.ifindex);
}

static int
open_writer(struct xb_sinks *all, struct sink *sink, struct xb_file *file, struct xb_err *err)
{
	const struct xb_writer_opts opts = {
		.format = all->opts.cli->write_pcap ? XB_WRITER_PCAP : XB_WRITER_PCAPNG,
		.app = "xdpbench " XB_VERSION,
		.comment = all->opts.comment,
		.buffer_bytes = all->by_verdict || all->by_port ? TEMPLATE_BUFFER : 0,
	};

	if (xb_file_start(file, err) != 0)
		return -1;
	sink->writer = xb_writer_open(file->fd, file->name, &opts, err);
	return sink->writer ? 0 : -1;
}

static const char *
sink_name(u32 verdict)
{
	if (verdict == XB_SINK_CLONE)
		return "clone";
	return verdict == XB_SINK_UNMATCHED ? "unmatched" : xb_verdict_name(verdict);
}

/* Puts verdict and interface into the template. */
static char *
expand(const struct xb_sinks *all, u32 verdict, struct xb_port port, struct xb_err *err)
{
	const char *p = all->opts.cli->write;
	char interface[300], *name = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&name, &bytes);

	if (!to) {
		xb_err_errno(err, errno, "%s", p);
		return NULL;
	}
	port_name(all, port, interface, sizeof(interface));
	for (char *c = interface; *c; c++)
		if (*c == '/' || (unsigned char)*c < 0x20)
			*c = '_';
	for (; *p; p++) {
		if (*p != '%' || !p[1])
			fputc(*p, to);
		else if (*++p == 'v')
			fputs(sink_name(verdict), to);
		else if (*p == 'i')
			fputs(interface, to);
		else
			fprintf(to, *p == '%' ? "%%" : "%%%c", *p);
	}
	fclose(to);
	return name;
}

/* The sink that writes `name`: interfaces may bear the same one. */
static struct sink *
named_sink(const struct xb_sinks *all, const char *name)
{
	for (u32 i = 0; i < all->cnt; i++)
		if (!all->sinks[i].same && !strcmp(all->sinks[i].name, name))
			return &all->sinks[i];
	return NULL;
}

static int
open_sink(struct xb_sinks *all, struct sink *sink, struct xb_err *err)
{
	struct xb_file file = XB_FILE_NONE;

	sink->same = named_sink(all, sink->name);
	if (sink->same)
		return 0;
	if (xb_file_open_write(&file, sink->name, err) != 0)
		return -1;
	if (all->opts.check(all->opts.check_arg, &file, err) != 0 ||
	    open_writer(all, sink, &file, err) != 0) {
		xb_file_close(&file);
		return -1;
	}
	return 0;
}

static struct sink *
new_sink(struct xb_sinks *all, u32 verdict, struct xb_port port, struct xb_err *err)
{
	struct sink *sink = &all->sinks[all->cnt];

	if (all->cnt == SINKS_MAX_FILES) {
		xb_err_set(err, XB_ERR_FILE, "%s: more than %u files", all->opts.cli->write,
		           SINKS_MAX_FILES);
		return NULL;
	}
	*sink = (struct sink){ .verdict = verdict, .port = port };
	sink->name = expand(all, verdict, port, err);
	if (!sink->name)
		return NULL;
	if (open_sink(all, sink, err) != 0) {
		free(sink->name);
		return NULL;
	}
	all->last = all->cnt++;
	return sink->same ? sink->same : sink;
}

static bool
is_sink(const struct xb_sinks *all, const struct sink *sink, u32 verdict, struct xb_port port)
{
	return (!all->by_verdict || sink->verdict == verdict) &&
	       (!all->by_port || same_port(sink->port, port));
}

static struct sink *
find_sink(struct xb_sinks *all, u32 verdict, struct xb_port port, struct xb_err *err)
{
	struct sink *sink;

	if (XB_LIKELY(!all->by_verdict && !all->by_port))
		return &all->sinks[0];
	sink = &all->sinks[all->last];
	if (all->cnt && is_sink(all, sink, verdict, port))
		return sink->same ? sink->same : sink;
	for (u32 i = 0; i < all->cnt; i++) {
		sink = &all->sinks[i];
		if (is_sink(all, sink, verdict, port)) {
			all->last = i;
			return sink->same ? sink->same : sink;
		}
	}
	return new_sink(all, verdict, port, err);
}

static int
new_port(struct xb_sinks *all, struct sink *sink, struct xb_port port, struct xb_err *err)
{
	char name[300];
	const struct xb_writer_iface iface = {
		.name = name,
		.linktype = XB_LINKTYPE_ETHERNET,
	};

	if (sink->port_cnt == sink->port_cap) {
		u32 cap = sink->port_cap ? sink->port_cap * 2 : 4;
		struct port *p =
		        cap <= SINKS_MAX_PORTS ? realloc(sink->ports, cap * sizeof(*p)) : NULL;

		if (!p)
			return xb_err_set(err, XB_ERR_FILE, "more than %u interfaces",
			                  sink->port_cnt);
		sink->ports = p;
		sink->port_cap = cap;
	}
	port_name(all, port, name, sizeof(name));
	if (xb_writer_add_interface(sink->writer, &iface, err) < 0)
		return -1;
	sink->ports[sink->port_cnt] = (struct port){ .port = port };
	return (int)sink->port_cnt++;
}

/* The interface's number in the file, or -1; the packet came in by if_idx. */
static int
find_port(struct xb_sinks *all, struct sink *sink, struct xb_port port, u32 if_idx,
          struct xb_err *err)
{
	if (XB_LIKELY(sink->port_last < sink->port_cnt &&
	              same_port(sink->ports[sink->port_last].port, port)))
		return (int)sink->port_last;
	for (u32 i = 0; i < sink->port_cnt; i++)
		if (same_port(sink->ports[i].port, port)) {
			sink->port_last = i;
			return (int)i;
		}
	/* The interface that packets came in by is the first. */
	if (sink->port_cnt == 0 && port.kind != XB_PORT_INGRESS && !all->by_port &&
	    new_port(all, sink, (struct xb_port){ XB_PORT_INGRESS, if_idx }, err) < 0)
		return -1;
	return new_port(all, sink, port, err);
}

int
xb_sinks_find(struct xb_sinks *all, u32 verdict, struct xb_port port, u32 if_idx,
              struct xb_sink_port *to, struct xb_err *err)
{
	struct sink *sink = find_sink(all, verdict, port, err);
	int if_id;

	if (!sink)
		return -1;
	if_id = find_port(all, sink, port, if_idx, err);
	if (if_id < 0)
		return -1;
	to->writer = sink->writer;
	to->if_id = (u32)if_id;
	to->stats = &sink->ports[if_id].stats;
	return 0;
}

struct xb_sinks *
xb_sinks_open(const struct xb_output_opts *opts, struct xb_err *err)
{
	const char *name = opts->cli->write;
	struct xb_sinks *all = calloc(1, sizeof(*all));
	u32 most;

	if (!all) {
		xb_err_errno(err, ENOMEM, "%s", name);
		return NULL;
	}
	all->opts = *opts;
	all->by_verdict = has_letter(name, 'v');
	all->by_port = has_letter(name, 'i');
	most = all->by_verdict || all->by_port ? SINKS_MAX_FILES : 1;
	all->sinks = calloc(most, sizeof(*all->sinks));
	if (!all->sinks) {
		xb_err_errno(err, ENOMEM, "%s", name);
		goto free_all;
	}
	if (most == 1) {
		if (open_writer(all, &all->sinks[0], &all->opts.file, err) != 0)
			goto free_sinks;
		all->cnt = 1;
	}
	return all;

free_sinks:
	free(all->sinks);
free_all:
	free(all);
	return NULL;
}

static int
close_sink(struct xb_sinks *all, struct sink *sink, struct xb_err *err)
{
	int rc = 0;

	if (sink->same) {
		free(sink->name);
		return 0;
	}
	/* A capture without an interface is none that others read. */
	if (sink->port_cnt == 0 &&
	    new_port(all, sink, (struct xb_port){ XB_PORT_INGRESS, 0 }, err) < 0)
		rc = -1;

	for (u32 i = 0; rc == 0 && i < sink->port_cnt; i++)
		rc = xb_writer_stats(sink->writer, i, &sink->ports[i].stats, err);
	if (rc == 0)
		rc = xb_writer_close(sink->writer, err);
	else
		xb_writer_close(sink->writer, &XB_ERR_INIT);
	free(sink->ports);
	free(sink->name);
	return rc;
}

int
xb_sinks_close(struct xb_sinks *all, struct xb_err *err)
{
	int rc = 0;

	for (u32 i = 0; i < all->cnt; i++) {
		struct xb_err next = XB_ERR_INIT;

		if (close_sink(all, &all->sinks[i], rc == 0 ? err : &next) != 0)
			rc = -1;
	}
	free(all->sinks);
	free(all);
	return rc;
}
