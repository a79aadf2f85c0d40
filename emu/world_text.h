/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_text.h - files of a live machine that are no JSON, line by line, word by word.
 */
#ifndef XB_EMU_WORLD_TEXT_H
#define XB_EMU_WORLD_TEXT_H

#include "emu/world_priv.h"

#define WORLD_WORD_BYTES 512

struct world_text {
	const char *p, *end; /* of what is not read yet */
	const char *line_start;
	u32 line;                    /* from 1 */
	char word[WORLD_WORD_BYTES]; /* the last one; cut where it is longer */
	u32 col;                     /* of that word, from 1 */
	struct xb_err *err;
};

void world_text_init(struct world_text *t, const char *text, size_t bytes, struct xb_err *err);

/* Goes to the start of the next line that is not empty, from 1 on; false at the end. */
bool world_text_line(struct world_text *t);

/* Whether the line begins with white space. */
bool world_text_indented(const struct world_text *t);

/* Puts the next word of the line into t->word; false: there is none. */
bool world_text_word(struct world_text *t);

/* "line 3, column 7: " and the words. Returns -1. */
int world_text_fail(const struct world_text *t, const char *fmt, ...) XB_PRINTF(2, 3);

/* A number up to max, in the base that it says or the one given; -1: it is none. */
int world_text_number(const struct world_text *t, const char *text, int base, u64 max, u64 *number);

/* Readers of whole files: of a section, as its JSON is. */
int world_text_tables(struct world_reader *r, struct world_text *t);  /* rt_tables: NUMBER NAME */
int world_text_sysctl(struct world_reader *r, struct world_text *t);  /* sysctl -a: NAME = VALUE */
int world_text_cgroups(struct world_reader *r, struct world_text *t); /* INODE PATH */
int world_text_sockets(struct world_reader *r, struct world_text *t); /* ss -H -n -a -e -t -u */
int world_text_conntrack(struct world_reader *r, struct world_text *t); /* conntrack -L */

#endif
