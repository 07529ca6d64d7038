// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hash maps with open addressing. Keys are not copied: they must live as long as the map.
 * Iterate over entries[0 .. n); the order is that of insertion, so that output is deterministic.
 */
#ifndef SUTURE_BASE_MAP_H
#define SUTURE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
	const char *key; /* strings: the key; integers: NULL */
	uint64_t hash;   /* integers: the key */
	void *value;
};

/* Zero-initialise to make an empty map. One map holds either string or integer keys. */
struct map {
	struct map_entry *entries;
	size_t n, room;
	uint32_t *slots; /* index into entries + 1, 0 = free */
	size_t nslots;   /* a power of two */
};

void map_free(struct map *m);

/* Value stored for the key, or NULL. */
void *map_get(const struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);
/* Stores or replaces. */
void map_put(struct map *m, const char *key, void *value);
/* The slot of the key's value, made (NULL) when missing; valid until the next insertion. */
void **map_slot(struct map *m, const char *key);

void *map_get_u64(const struct map *m, uint64_t key);
bool map_has_u64(const struct map *m, uint64_t key);
void map_put_u64(struct map *m, uint64_t key, void *value);
void **map_slot_u64(struct map *m, uint64_t key);

/* FNV-1a over bytes, for callers that build compound keys. */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);

#endif
