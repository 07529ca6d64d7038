// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/protocol.h"

#include <stdlib.h>

enum { NOISE_LIMIT = 4096, LINE_LIMIT = 64 << 10 };
static const char mark[] = "suture: ";

static void add_noise(struct protocol *p, const char *line)
{
	if (p->noise.n + strlen(line) < NOISE_LIMIT && *line)
		str_add(&p->noise, "%s\n", line);
}

/* Cuts the next word off *text. */
static const char *next_word(char **text)
{
	char *word = *text;

	*text += strcspn(*text, " ");
	if (**text)
		*(*text)++ = 0;
	return word;
}

static void begin_block(struct protocol *p, const char *line, const char *numbers)
{
	char *end;
	unsigned long size;

	strtol(numbers, &end, 10);
	size = strtoul(end, &end, 10);
	if (*end || size > PROTOCOL_BLOCK_LIMIT) {
		add_noise(p, line);
		return;
	}
	p->header.n = 0;
	str_add(&p->header, "%s", line);
	p->block = size + 1;
}

static void take_line(struct protocol *p, const char *line)
{
	if (!starts_with(line, mark)) {
		add_noise(p, line);
		return;
	}
	scoped_free char *copy = xstrdup(line + strlen(mark));
	char *rest = copy;
	struct report report = { .kind = next_word(&rest) };

	report.what = next_word(&rest);
	report.detail = rest;
	if (streq(report.kind, "block"))
		begin_block(p, line, rest);
	else
		p->handle(p->context, &report);
}

static void take_block(struct protocol *p)
{
	size_t size = p->block - 1;
	scoped_free char *copy = xstrdup(p->header.s + strlen(mark));
	scoped_free char *bytes = xmalloc(size + 1);
	char *rest = copy;
	struct report report = { .kind = next_word(&rest), .detail = "" };

	report.what = next_word(&rest);
	memcpy(bytes, p->pending.s, size);
	bytes[size] = 0;
	report.status = atoi(rest);
	report.bytes = bytes;
	report.size = size;
	p->block = 0;
	p->handle(p->context, &report);
}

static void drop_pending(struct protocol *p, size_t n)
{
	memmove(p->pending.s, p->pending.s + n, p->pending.n - n + 1);
	p->pending.n -= n;
}

/* Understands one line or block at the start of pending; false when more bytes are needed. */
static bool take_one(struct protocol *p)
{
	if (p->block) {
		size_t n = p->block;

		if (p->pending.n < n)
			return false;
		take_block(p);
		drop_pending(p, n);
		return true;
	}
	char *newline = p->pending.n ? memchr(p->pending.s, '\n', p->pending.n) : NULL;

	if (!newline && p->pending.n < LINE_LIMIT)
		return false;
	size_t n = newline ? (size_t)(newline - p->pending.s) : p->pending.n;
	scoped_free char *line = xstrndup(p->pending.s, n);

	if (n && n == strlen(line) && line[n - 1] == '\r')
		line[n - 1] = 0;
	take_line(p, line);
	drop_pending(p, n + (newline != NULL));
	return true;
}

void protocol_feed(struct protocol *p, const char *bytes, size_t n)
{
	str_add_bytes(&p->pending, bytes, n);
	while (take_one(p))
		;
}

void protocol_free(struct protocol *p)
{
	str_free(&p->noise);
	str_free(&p->pending);
	str_free(&p->header);
}
