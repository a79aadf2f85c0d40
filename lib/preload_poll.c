/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload_poll.c - waiting for what programs put out.
 *
 * A map's descriptor is that of a file, which is always ready and which epoll refuses. In its place
 * goes an eventfd, readable as long as there is something to read: that is looked at after every
 * bpf(2), and before any wait, as a reader takes things out without a call.
 */
#include "lib/preload_priv.h"

#include "emu/map.h"
#include "emu/perf_event.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define POLL_MOST 64u /* descriptors of a poll(2) that are looked at without memory of its own */

struct waited {
	struct xb_obj *obj;
	int fd;   /* the eventfd */
	u64 seen; /* where the writer was when it was made readable */
	struct waited *next;
};

static struct waited *all; /* under the emulator's lock */

/* Whether there is something to read, and how far the writer has come. */
static bool
is_readable(struct xb_obj *obj, u64 *written)
{
	struct xb_map *map = XB_CONTAINER_OF(obj, struct xb_map, obj);

	if (obj->kind == XB_OBJ_PERF)
		return xb_perf_event_readable(XB_CONTAINER_OF(obj, struct xb_perf_event, obj),
		                              written);
	*written = 0;
	if (map->type == BPF_MAP_TYPE_USER_RINGBUF) /* who writes is always let */
		return false;
	*written = xb_ringbuf_query(map, BPF_RB_PROD_POS);
	return xb_ringbuf_query(map, BPF_RB_AVAIL_DATA) != 0;
}

static bool
can_wait(struct xb_obj *obj)
{
	u32 type;

	if (obj->kind != XB_OBJ_MAP)
		return obj->kind == XB_OBJ_PERF;
	type = XB_CONTAINER_OF(obj, struct xb_map, obj)->type;
	return type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF;
}

/* Whoever waits for edges gets one for everything new. */
static void
refresh(struct waited *w)
{
	u64 written, count;
	bool readable = is_readable(w->obj, &written);

	if (readable && written != w->seen)
		eventfd_write(w->fd, 1);
	else if (!readable)
		(void)!read(w->fd, &count, sizeof(count));
	w->seen = readable ? written : 0;
}

/* What is gone is waited for no more, as with any descriptor that is closed. */
void
preload_poll_refresh(void)
{
	struct waited **at = &all, *w;

	while ((w = *at)) {
		if (!w->obj->forgotten) {
			refresh(w);
			at = &w->next;
			continue;
		}
		*at = w->next;
		close(w->fd);
		free(w);
	}
}

/* Out of the way of the program's own numbers. */
static int
new_eventfd(const struct xb_emu *emu)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), high;

	if (fd < 0)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, emu->first_fd);
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

static struct waited *
add(const struct xb_emu *emu, struct xb_obj *obj)
{
	struct waited *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->obj = obj;
	w->fd = new_eventfd(emu);
	if (w->fd < 0) {
		free(w);
		return NULL;
	}
	w->next = all;
	all = w;
	return w;
}

/* What to wait for in place of a descriptor: its object's eventfd, or itself. */
static int
stand_in(struct xb_emu *emu, int fd)
{
	struct xb_obj *obj = preload_obj(emu, fd);
	struct waited *w = all;

	if (!obj || !can_wait(obj))
		return fd;
	while (w && w->obj != obj)
		w = w->next;
	if (!w)
		w = add(emu, obj);
	if (!w)
		return fd;
	refresh(w);
	return w->fd;
}

static int
stand_in_of(int fd)
{
	int before = errno;
	struct xb_emu *emu = preload_enter();

	if (emu) {
		fd = stand_in(emu, fd);
		preload_leave();
	}
	errno = before;
	return fd;
}

static void
look_again(void)
{
	int before = errno;
	struct xb_emu *emu = preload_enter();

	if (emu) {
		preload_poll_refresh();
		preload_leave();
	}
	errno = before;
}

#pragma GCC visibility push(default)

int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	return PRELOAD_NEXT(epoll_ctl)(epfd, op, stand_in_of(fd), event);
}

int
epoll_wait(int epfd, struct epoll_event *events, int most, int timeout)
{
	look_again();
	return PRELOAD_NEXT(epoll_wait)(epfd, events, most, timeout);
}

int
epoll_pwait(int epfd, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
	look_again();
	return PRELOAD_NEXT(epoll_pwait)(epfd, events, most, timeout, mask);
}

int
epoll_pwait2(int epfd, struct epoll_event *events, int most, const struct timespec *timeout,
             const sigset_t *mask)
{
	look_again();
	return PRELOAD_NEXT(epoll_pwait2)(epfd, events, most, timeout, mask);
}

#pragma GCC visibility pop

/* The same descriptors, with the eventfds in; NULL: nothing to replace, or no memory. */
static struct pollfd *
with_stand_ins(const struct pollfd *fds, nfds_t cnt, struct pollfd *room)
{
	struct pollfd *own = cnt <= POLL_MOST ? room : malloc(cnt * sizeof(*own));
	bool any = false;

	for (nfds_t i = 0; own && i < cnt; i++) {
		own[i] = fds[i];
		own[i].fd = stand_in_of(fds[i].fd);
		any |= own[i].fd != fds[i].fd;
	}
	if (!any && own != room)
		free(own);
	return any ? own : NULL;
}

static void
give_back(struct pollfd *fds, nfds_t cnt, struct pollfd *own, const struct pollfd *room)
{
	for (nfds_t i = 0; i < cnt; i++)
		fds[i].revents = own[i].revents;
	if (own != room)
		free(own);
}

/* Whether there can be descriptors of the emulator's. */
static bool
may_have(const struct pollfd *fds, nfds_t cnt)
{
	struct xb_emu *emu = fds && cnt ? preload_enter() : NULL;

	if (emu)
		preload_leave();
	return emu != NULL;
}

#pragma GCC visibility push(default)

int
poll(struct pollfd *fds, nfds_t cnt, int timeout)
{
	struct pollfd room[POLL_MOST];
	struct pollfd *own = may_have(fds, cnt) ? with_stand_ins(fds, cnt, room) : NULL;
	int rc = PRELOAD_NEXT(poll)(own ? own : fds, cnt, timeout);

	if (own)
		give_back(fds, cnt, own, room);
	return rc;
}

int
ppoll(struct pollfd *fds, nfds_t cnt, const struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd room[POLL_MOST];
	struct pollfd *own = may_have(fds, cnt) ? with_stand_ins(fds, cnt, room) : NULL;
	int rc = PRELOAD_NEXT(ppoll)(own ? own : fds, cnt, timeout, mask);

	if (own)
		give_back(fds, cnt, own, room);
	return rc;
}

#pragma GCC visibility pop
