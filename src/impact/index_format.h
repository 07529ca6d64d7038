// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index on disk: a header, then tables of fixed-size records (index.h) at the offsets that the
 * header says, each on a multiple of eight bytes. Byte order is that of x86_64. Whatever changes here
 * or in the records needs a new INDEX_VERSION: an index of another version is made again.
 */
#ifndef SUTURE_IMPACT_INDEX_FORMAT_H
#define SUTURE_IMPACT_INDEX_FORMAT_H

#include "impact/index.h"

#define INDEX_MAGIC "SUTUREIX"
enum { INDEX_VERSION = 5 };

enum index_table_id {
	TABLE_STRINGS,	    /* bytes; the last one is 0 */
	TABLE_OBJECTS,
	TABLE_UNITS,
	TABLE_FUNCTIONS,    /* by name, file, line */
	TABLE_INSTANCES,    /* by function */
	TABLE_INLINES,	    /* by function */
	TABLE_INLINED,	    /* numbers of inlines by `into` */
	TABLE_SYMBOLS,	    /* by object, place */
	TABLE_SYMBOL_NAMES, /* numbers of symbols by name */
	TABLE_EDGES,	    /* by from, to, kind */
	TABLE_CALLERS,	    /* numbers of edges by `to` */
	TABLE_POINTERS,	    /* by to, place */
	INDEX_TABLES
};

struct index_table {
	uint64_t offset;
	uint32_t count, record; /* record: bytes of one */
};

struct index_header {
	char magic[8];
	uint32_t version, tables;
	uint64_t size;	   /* of the whole file */
	uint64_t checksum; /* of everything behind this header's fixed part; index_checksum() */
	uint64_t source;   /* stamp of the files that it was made from */
	struct index_table table[INDEX_TABLES];
};

extern const uint32_t index_record_size[INDEX_TABLES];

/* Of the bytes from the field `source` to the end. */
uint64_t index_checksum(const unsigned char *file, uint64_t size);

#endif
