/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_kernel.c - the BTF that a loader takes for the kernel's.
 *
 * It is an existing BTF (the host's, or the object's own) in which some names are blotted out, by
 * setting their offset to that of the empty string: every VAR and every FUNC but those of kernel
 * functions that the emulator has (emu/kfunc.h; an object's own declarations of them serve, also of
 * those that the host has not), and all but one of the types that CO-RE takes for flavours of each
 * other ("task_struct", "task_struct___old"): the plain name stays, else the first. An object's own
 * types would otherwise match each other, with different layouts, and libbpf refuses that.
 */
#include "emu/btf.h"
#include "emu/btf_kernel_priv.h"
#include "emu/kfunc.h"
#include "emu/log.h"
#include "emu/vcpu.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <gelf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_PATH "/sys/kernel/btf/vmlinux"

static int
read_host(struct xb_btf_blob *b)
{
	int fd = open(HOST_PATH, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t done = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || st.st_size <= 0)
		goto close_fd;
	b->bytes = (size_t)st.st_size;
	b->data = malloc(b->bytes);
	while (b->data && done < b->bytes) {
		ssize_t n = read(fd, b->data + done, b->bytes - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	if (b->data && done == b->bytes)
		return 0;
	free(b->data);
	b->data = NULL;
	return -1;

close_fd:
	close(fd);
	return -1;
}

/* The section .BTF, or NULL. */
static Elf_Data *
find_section(Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *name =
		        gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;

		if (name && strcmp(name, BTF_ELF_SEC) == 0)
			return elf_rawdata(scn, NULL);
	}
	return NULL;
}

/* A copy of the object's own BTF; data stays NULL where it has none. */
static int
read_elf(const void *image, size_t bytes, struct xb_btf_blob *b, struct xb_err *err)
{
	Elf_Data *sec;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)(uintptr_t)image, bytes);
	if (elf == NULL)
		return xb_err_set(err, XB_ERR_LOAD, "not an ELF file");
	sec = find_section(elf);
	if (sec && sec->d_buf && sec->d_size) {
		b->bytes = sec->d_size;
		b->data = malloc(b->bytes);
		if (b->data)
			memcpy(b->data, sec->d_buf, b->bytes);
	}
	elf_end(elf);
	return b->bytes && b->data == NULL ? xb_err_errno(err, ENOMEM, "BTF") : 0;
}

/*
 * Length of a name without its flavour: "___" between other characters, and what follows the last
 * such.
 */
static size_t
essential_len(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = len; i >= 5; i--) {
		const char *sep = name + i - 4;

		if (sep[-1] != '_' && strncmp(sep, "___", 3) == 0 && sep[3] != '_')
			return (size_t)(sep - name);
	}
	return len;
}

/* A type by name, for sorting the flavours of one name together. */
struct named {
	const char *name;
	size_t len; /* of the essential part */
	u32 kind;
	u32 order;
	struct btf_type *t;
};

static int
compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int by_name = memcmp(x->name, y->name, len);
	bool x_plain = x->name[x->len] == '\0', y_plain = y->name[y->len] == '\0';

	if (by_name)
		return by_name;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x_plain != y_plain)
		return x_plain ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static bool
has_flavours(u32 kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
	       kind == BTF_KIND_ENUM64 || kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_FWD;
}

/*
 * Of each group the first stays; a typedef cannot go without a name, but nothing is relocated
 * against one twice.
 */
static void
blot_flavours(struct named *named, u32 cnt)
{
	qsort(named, cnt, sizeof(*named), compare);
	for (u32 i = 1; i < cnt; i++)
		if (named[i].len == named[i - 1].len && named[i].kind == named[i - 1].kind &&
		    memcmp(named[i].name, named[i - 1].name, named[i].len) == 0 &&
		    named[i].name[named[i].len] != '\0')
			named[i].t->name_off = 0;
}

/* Whether the sections are inside; a BTF that was checked is sound beyond that. */
static bool
has_sections(const struct xb_btf_blob *b)
{
	const struct btf_header *h = (const struct btf_header *)(const void *)b->data;

	return b->bytes >= sizeof(*h) && h->magic == BTF_MAGIC && h->hdr_len <= b->bytes &&
	       (u64)h->type_off + h->type_len <= b->bytes - h->hdr_len && h->type_off % 4 == 0;
}

/* Whether a FUNC is one that programs may call: of an object's own those that it only declares. */
static bool
is_kfunc(const struct xb_emu *emu, const struct btf_type *t, const char *name, bool own)
{
	return (!own || BTF_INFO_VLEN(t->info) == BTF_FUNC_EXTERN) && xb_kfunc_find(emu, name, ~0u);
}

/*
 * Blots out names; flavours only in an object's own types, which were checked: the kernel's have
 * none, and are many.
 */
static int
blot(const struct xb_emu *emu, struct xb_btf_blob *b, bool own)
{
	struct btf_header *h = (struct btf_header *)(void *)b->data;
	u8 *types = b->data + h->hdr_len + h->type_off;
	const char *strs = (const char *)b->data + h->hdr_len + h->str_off;
	struct named *named = NULL;
	u32 cnt = 0;

	if (!has_sections(b))
		return -EINVAL;
	if (own) {
		named = calloc(h->type_len / sizeof(struct btf_type) + 1, sizeof(*named));
		if (named == NULL)
			return -ENOMEM;
	}
	for (u32 off = 0; off + sizeof(struct btf_type) <= h->type_len;) {
		struct btf_type *t = (struct btf_type *)(void *)(types + off);
		u32 kind = BTF_INFO_KIND(t->info);

		if (kind == BTF_KIND_FUNC || kind == BTF_KIND_VAR) {
			if (kind == BTF_KIND_VAR || !is_kfunc(emu, t, strs + t->name_off, own))
				t->name_off = 0;
		} else if (own && has_flavours(kind) && t->name_off) {
			const char *name = strs + t->name_off;

			named[cnt] = (struct named){ name, essential_len(name), kind, cnt, t };
			cnt++;
		}
		off += xb_btf_type_bytes(t->info);
	}
	if (own)
		blot_flavours(named, cnt);
	free(named);
	return 0;
}

static int
to_memfd(const struct xb_btf_blob *b)
{
	int fd = memfd_create("bpf-kernel-btf", MFD_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < b->bytes) {
		ssize_t n = write(fd, b->data + done, b->bytes - done);

		if (n < 0) {
			int rc = -errno;

			close(fd);
			return rc;
		}
		done += (size_t)n;
	}
	return fd;
}

/* What to offer, and the file that it is in once somebody asked for it. */
struct xb_btf_kernel {
	struct xb_btf_blob own; /* the object's */
	bool use_host;
	bool wants_target; /* xb_btf_kernel_want_target() */
	bool made;
	int fd; /* -1 where there is nothing to offer */
};

/* Sound enough to be walked: 0, or -1 and err. */
static int
check_own(const struct xb_btf_blob *b, struct xb_err *err)
{
	char text[256] = "";
	struct xb_log log;
	int rc;

	xb_log_begin(&log, 1, (uintptr_t)text, sizeof(text));
	rc = xb_btf_check(b->data, (u32)b->bytes, XB_BTF_UNLINKED, &log);
	if (rc == 0)
		return 0;
	if (rc == -ENOMEM)
		return xb_err_errno(err, ENOMEM, "BTF");
	text[strcspn(text, "\n")] = '\0';
	return xb_err_set(err, XB_ERR_LOAD, "corrupt %s section: %s", BTF_ELF_SEC,
	                  text[0] ? text : strerror(-rc));
}

int
xb_btf_kernel_set(struct xb_emu *emu, const void *elf, size_t bytes, bool use_host,
                  struct xb_err *err)
{
	struct xb_btf_kernel *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return xb_err_errno(err, ENOMEM, "BTF");
	k->use_host = use_host;
	k->fd = -1;
	if (read_elf(elf, bytes, &k->own, err))
		goto free_k;
	if (k->own.data && check_own(&k->own, err))
		goto free_own;
	xb_btf_kernel_free(emu);
	emu->kernel_btf = k;
	return 0;

free_own:
	free(k->own.data);
free_k:
	free(k);
	return -1;
}

static const struct btf *
kernel_types(struct xb_emu *emu)
{
	char path[32];
	int fd;

	if (emu->kernel_types)
		return emu->kernel_types;
	if (emu->kernel_btf == NULL) {
		emu->kernel_types = btf__parse_raw(HOST_PATH);
		return emu->kernel_types;
	}
	fd = xb_btf_kernel_fd(emu, HOST_PATH);
	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	emu->kernel_types = btf__parse_raw(path);
	return emu->kernel_types;
}

const struct btf *
xb_btf_kernel_types(struct xb_emu *emu)
{
	struct xb_lock *lock = xb_emu_lock(emu, &emu->kernel_types_lock);
	const struct btf *types;

	xb_lock_take(lock);
	types = kernel_types(emu);
	xb_lock_give(lock);
	return types;
}

void
xb_btf_kernel_free(struct xb_emu *emu)
{
	btf__free(emu->kernel_types);
	emu->kernel_types = NULL;
	if (emu->kernel_btf == NULL)
		return;
	if (emu->kernel_btf->fd >= 0)
		close(emu->kernel_btf->fd);
	free(emu->kernel_btf->own.data);
	free(emu->kernel_btf);
	emu->kernel_btf = NULL;
}

/* Few objects need it: it is made when libbpf looks for it. */
static void
make(const struct xb_emu *emu, struct xb_btf_kernel *k)
{
	struct xb_btf_blob host = { 0 }, *b = NULL;

	k->made = true;
	if (k->use_host && read_host(&host) == 0 && blot(emu, &host, false) == 0 &&
	    xb_btf_kernel_add(emu, &host, &k->own) == 0)
		b = &host;
	else if (k->own.data ? blot(emu, &k->own, true) == 0 : k->wants_target)
		b = &k->own;
	if (b && (!k->wants_target || xb_btf_kernel_add_target(b) == 0))
		k->fd = to_memfd(b);
	free(host.data);
}

void
xb_btf_kernel_want_target(struct xb_emu *emu)
{
	if (emu->kernel_btf)
		emu->kernel_btf->wants_target = true;
}

int
xb_btf_kernel_fd(struct xb_emu *emu, const char *path)
{
	struct xb_btf_kernel *k = emu->kernel_btf;

	if (k == NULL || strcmp(path, HOST_PATH))
		return -1;
	if (!k->made)
		make(emu, k);
	return k->fd < 0 ? -1 : k->fd;
}
