// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
	const unsigned char *c = p;
	uint64_t h = seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * 0x100000001b3u;
	return h;
}

/* Spreads the entropy of the key over the low bits that choose the slot. */
static uint64_t mix(uint64_t h)
{
	h ^= h >> 31;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

static bool same(const struct map_entry *e, const char *key, uint64_t hash)
{
	return e->hash == hash && (!key || strcmp(e->key, key) == 0);
}

/* Slot that holds the key, or the free slot where it belongs. nslots is never 0 here. */
static size_t find_slot(const struct map *m, const char *key, uint64_t hash)
{
	size_t mask = m->nslots - 1;
	size_t i = mix(hash) & mask;

	while (m->slots[i] && !same(&m->entries[m->slots[i] - 1], key, hash))
		i = (i + 1) & mask;
	return i;
}

static void grow(struct map *m)
{
	m->nslots = m->nslots ? 2 * m->nslots : 16;
	free(m->slots);
	m->slots = xcalloc(m->nslots, sizeof(*m->slots));
	for (size_t i = 0; i < m->n; i++)
		m->slots[find_slot(m, m->entries[i].key, m->entries[i].hash)] = i + 1;
}

static struct map_entry *lookup(const struct map *m, const char *key, uint64_t hash)
{
	if (!m->nslots)
		return NULL;
	size_t slot = find_slot(m, key, hash);

	return m->slots[slot] ? &m->entries[m->slots[slot] - 1] : NULL;
}

static void **insert(struct map *m, const char *key, uint64_t hash)
{
	struct map_entry *e = lookup(m, key, hash);

	if (e)
		return &e->value;
	if (3 * (m->n + 1) > 2 * m->nslots)
		grow(m);
	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 8;
		m->entries = xreallocarray(m->entries, m->room, sizeof(*m->entries));
	}
	m->entries[m->n] = (struct map_entry){ .key = key, .hash = hash };
	m->slots[find_slot(m, key, hash)] = m->n + 1;
	return &m->entries[m->n++].value;
}

void map_free(struct map *m)
{
	free(m->entries);
	free(m->slots);
	*m = (struct map){ 0 };
}

static uint64_t hash_str(const char *s)
{
	return hash_bytes(s, strlen(s), 0);
}

void *map_get(const struct map *m, const char *key)
{
	struct map_entry *e = lookup(m, key, hash_str(key));

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, const char *key)
{
	return lookup(m, key, hash_str(key)) != NULL;
}

void map_put(struct map *m, const char *key, void *value)
{
	*insert(m, key, hash_str(key)) = value;
}

void **map_slot(struct map *m, const char *key)
{
	return insert(m, key, hash_str(key));
}

void *map_get_u64(const struct map *m, uint64_t key)
{
	struct map_entry *e = lookup(m, NULL, key);

	return e ? e->value : NULL;
}

bool map_has_u64(const struct map *m, uint64_t key)
{
	return lookup(m, NULL, key) != NULL;
}

void map_put_u64(struct map *m, uint64_t key, void *value)
{
	*insert(m, NULL, key) = value;
}

void **map_slot_u64(struct map *m, uint64_t key)
{
	return insert(m, NULL, key);
}
