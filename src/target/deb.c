// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/deb.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"

enum {
	TAR_BLOCK = 512,
	NAME_MAX_LENGTH = 4096,
	BLOCK_LIMIT = 256 << 20, /* a larger block than this is not worth the memory */
};

/* A package, and the xz block of it that was decoded last. */
struct deb {
	const char *path;
	struct mapping map;
	const unsigned char *xz; /* data.tar.xz */
	size_t xz_size;
	lzma_index *index;
	lzma_check check;
	unsigned char *block;
	uint64_t block_start, block_size; /* offsets in data.tar */
};

static void deb_close(struct deb *d)
{
	lzma_index_end(d->index, NULL);
	free(d->block);
	unmap_file(&d->map);
}
#define scoped_deb __attribute__((cleanup(deb_close)))

static struct error *damaged(const struct deb *d)
{
	return error_new("T9", "%s: damaged package", d->path);
}

/* Finds data.tar.xz in the ar archive; false when there is none. */
static bool find_data(struct deb *d)
{
	static const char magic[] = "!<arch>\n", name[] = "data.tar.xz";
	size_t at = 8;

	if (d->map.size < at || memcmp(d->map.data, magic, 8))
		return false;
	while (d->map.size - at >= 60) {
		const char *header = (char *)d->map.data + at;
		char digits[11] = { 0 };

		memcpy(digits, header + 48, 10);
		unsigned long long size = strtoull(digits, NULL, 10);

		at += 60;
		if (size > d->map.size - at)
			return false;
		if (!strncmp(header, name, sizeof(name) - 1)) {
			d->xz = d->map.data + at;
			d->xz_size = size;
			return true;
		}
		at += size + (size & 1);
		if (at > d->map.size)
			return false;
	}
	return false;
}

/* Reads the index at the end of the xz stream; false when it is not one whole stream. */
static bool read_index(struct deb *d)
{
	lzma_stream_flags footer;
	uint64_t memory = UINT64_MAX;
	size_t in = 0;

	if (d->xz_size < 2 * LZMA_STREAM_HEADER_SIZE)
		return false;
	const unsigned char *end = d->xz + d->xz_size - LZMA_STREAM_HEADER_SIZE;

	if (lzma_stream_footer_decode(&footer, end) != LZMA_OK ||
	    footer.backward_size > d->xz_size - 2 * LZMA_STREAM_HEADER_SIZE ||
	    lzma_index_buffer_decode(&d->index, &memory, NULL, end - footer.backward_size, &in,
				     footer.backward_size) != LZMA_OK)
		return false;
	d->check = footer.check;
	return lzma_index_file_size(d->index) == d->xz_size;
}

/* Decodes one block into d->block. */
static struct error *decode(struct deb *d, const lzma_index_iter *i)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = { .version = 1, .check = d->check, .filters = filters };
	const unsigned char *in = d->xz + i->block.compressed_stream_offset;
	size_t from = 0, to = 0;

	TRY(check_interrupted());
	free(take(d->block));
	if (i->block.uncompressed_size > BLOCK_LIMIT)
		return damaged(d);
	d->block_size = 0;
	block.header_size = lzma_block_header_size_decode(in[0]);
	if (block.header_size > i->block.total_size ||
	    lzma_block_header_decode(&block, NULL, in) != LZMA_OK)
		return damaged(d);
	d->block = xmalloc(i->block.uncompressed_size + 1);
	from = block.header_size;
	lzma_ret ret = lzma_block_buffer_decode(&block, NULL, in, &from, i->block.total_size, d->block,
						&to, i->block.uncompressed_size);

	lzma_filters_free(filters, NULL);
	if (ret != LZMA_OK || to != i->block.uncompressed_size)
		return damaged(d);
	d->block_start = i->block.uncompressed_stream_offset;
	d->block_size = to;
	return NULL;
}

/* Makes the block that holds the byte at `offset` of data.tar the current one. */
static struct error *load(struct deb *d, uint64_t offset)
{
	lzma_index_iter i;

	if (offset >= d->block_start && offset - d->block_start < d->block_size)
		return NULL;
	lzma_index_iter_init(&i, d->index);
	if (lzma_index_iter_locate(&i, offset))
		return damaged(d);
	return decode(d, &i);
}

static struct error *read_at(struct deb *d, uint64_t offset, void *data, size_t size)
{
	unsigned char *out = data;

	while (size) {
		TRY(load(d, offset));
		uint64_t skip = offset - d->block_start, n = d->block_size - skip;

		if (n > size)
			n = size;
		memcpy(out, d->block + skip, n);
		out += n;
		offset += n;
		size -= n;
	}
	return NULL;
}

static unsigned long long octal(const unsigned char *p, size_t n)
{
	unsigned long long value = 0;

	for (size_t i = 0; i < n && (p[i] == ' ' || (p[i] >= '0' && p[i] <= '7')); i++)
		if (p[i] != ' ')
			value = value * 8 + (p[i] - '0');
	return value;
}

/* tar(5): magic, and the sum of all bytes with the checksum field taken as blanks. */
static bool is_header(const unsigned char *h)
{
	unsigned int sum = 8 * ' ';

	if (memcmp(h + 257, "ustar", 5) || h[124] & 0x80)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? 0 : h[i];
	return octal(h + 148, 8) == sum;
}

/* One entry of data.tar. */
struct entry {
	uint64_t data, size, next; /* where its data, and the next entry, begin */
	char type;
	char name[NAME_MAX_LENGTH + 1]; /* "" when it is not known whole */
};

static uint64_t rounded(uint64_t size)
{
	return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/*
 * Reads the entry whose header is at `offset`, GNU's long name before it included. *valid is false
 * when there is no entry.
 */
static struct error *read_entry(struct deb *d, uint64_t offset, struct entry *e, bool *valid)
{
	uint64_t total = lzma_index_uncompressed_size(d->index);
	unsigned char h[TAR_BLOCK];
	bool long_name = false;

	*valid = false;
	e->name[0] = 0;
	for (;;) {
		if (offset > total || total - offset < TAR_BLOCK)
			return NULL;
		TRY(read_at(d, offset, h, TAR_BLOCK));
		if (!is_header(h))
			return NULL;
		e->type = h[156];
		e->size = octal(h + 124, 12);
		e->data = offset + TAR_BLOCK;
		if (e->size > total - e->data)
			return damaged(d);
		e->next = e->data + rounded(e->size);
		if (e->type != 'L')
			break;
		if (e->size > NAME_MAX_LENGTH)
			return damaged(d);
		TRY(read_at(d, e->data, e->name, e->size));
		e->name[e->size] = 0;
		long_name = true;
		offset = e->next;
	}
	if (!long_name && !h[345] && memchr(h, 0, 100))
		snprintf(e->name, sizeof(e->name), "%s", (char *)h);
	*valid = true;
	return NULL;
}

static bool is_named_file(const struct entry *e)
{
	return (e->type == '0' || e->type == 0) && *e->name;
}

/*
 * The first entry with a known name that begins in [from, to) of data.tar. A header whose long name
 * was given before `from` has only a part of its name, and is passed over.
 */
static struct error *first_entry(struct deb *d, uint64_t from, uint64_t to, struct entry *e,
				 uint64_t *offset, bool *valid)
{
	*valid = false;
	for (*offset = rounded(from); *offset < to;) {
		TRY(read_entry(d, *offset, e, valid));
		if (*valid && is_named_file(e))
			return NULL;
		*offset = *valid ? e->next : *offset + TAR_BLOCK;
		*valid = false;
	}
	return NULL;
}

/* The place of the last entry known to come not after `member`: where a search may begin. */
static struct error *bisect(struct deb *d, const char *member, struct entry *e, uint64_t *start)
{
	uint64_t low = 0, high = lzma_index_block_count(d->index);
	uint64_t total = lzma_index_uncompressed_size(d->index);
	uint64_t step = high ? total / high : total;

	*start = 0;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2, offset;
		bool valid;

		TRY(first_entry(d, middle * step, high * step, e, &offset, &valid));
		if (valid && strcmp(e->name, member) <= 0) {
			low = middle;
			*start = offset;
		} else {
			high = middle;
		}
	}
	return NULL;
}

static struct error *write_entry(struct deb *d, const struct entry *e, const char *to)
{
	scoped_file FILE *f = fopen(to, "wxe");
	uint64_t left = e->size, at = e->data;
	unsigned char buffer[65536];

	if (!f)
		return error_errno("%s", to);
	while (left) {
		size_t n = left < sizeof(buffer) ? left : sizeof(buffer);

		TRY(read_at(d, at, buffer, n));
		if (fwrite(buffer, 1, n, f) != n)
			return error_errno("%s", to);
		at += n;
		left -= n;
	}
	return fflush(f) ? error_errno("%s", to) : NULL;
}

/* Walks from `start` until the member, or a file that would come after it. */
static struct error *walk(struct deb *d, const char *member, uint64_t start, struct entry *e,
			  const char *to, bool *found)
{
	for (bool valid = true; valid; start = e->next) {
		TRY(read_entry(d, start, e, &valid));
		if (!valid || (is_named_file(e) && strcmp(e->name, member) > 0))
			return NULL;
		if (is_named_file(e) && streq(e->name, member)) {
			*found = true;
			return write_entry(d, e, to);
		}
	}
	return NULL;
}

struct error *deb_extract(const char *package, const char *member, const char *to, bool *found)
{
	scoped_deb struct deb d = { .path = package };
	scoped_free struct entry *e = xcalloc(1, sizeof(*e));
	uint64_t start;

	*found = false;
	TRY(map_file(package, &d.map));
	if (!find_data(&d) || !read_index(&d))
		return NULL;
	TRY(bisect(&d, member, e, &start));
	return walk(&d, member, start, e, to, found);
}
