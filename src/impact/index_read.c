// SPDX-License-Identifier: GPL-2.0-or-later
/* An index part in memory: checked when it is opened, and every number again when it is followed. */
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "impact/index_format.h"

const uint32_t index_record_size[INDEX_TABLES] = {
	[TABLE_STRINGS] = 1,
	[TABLE_OBJECTS] = sizeof(struct index_object),
	[TABLE_UNITS] = sizeof(struct index_unit),
	[TABLE_FUNCTIONS] = sizeof(struct index_function),
	[TABLE_INSTANCES] = sizeof(struct index_instance),
	[TABLE_INLINES] = sizeof(struct index_inline),
	[TABLE_INLINED] = sizeof(uint32_t),
	[TABLE_SYMBOLS] = sizeof(struct index_symbol),
	[TABLE_SYMBOL_NAMES] = sizeof(uint32_t),
	[TABLE_EDGES] = sizeof(struct index_edge),
	[TABLE_CALLERS] = sizeof(uint32_t),
	[TABLE_POINTERS] = sizeof(struct index_pointer),
};

uint64_t index_checksum(const unsigned char *file, uint64_t size)
{
	uint64_t h = 0x9e3779b97f4a7c15u, word;
	uint64_t at = offsetof(struct index_header, source);

	for (; at + 8 <= size; at += 8) {
		memcpy(&word, file + at, 8);
		h = (h ^ word) * 0x100000001b3u;
		h ^= h >> 29;
	}
	for (; at < size; at++)
		h = (h ^ file[at]) * 0x100000001b3u;
	return h;
}

static bool table_fits(const struct index_header *h, int id)
{
	const struct index_table *t = &h->table[id];

	return t->record == index_record_size[id] && t->offset % 8 == 0 &&
	       t->offset >= sizeof(*h) && t->offset <= h->size &&
	       (uint64_t)t->count * t->record <= h->size - t->offset;
}

static const char *what_is_wrong(const struct mapping *map)
{
	const struct index_header *h = (const void *)map->data;

	if (map->size < sizeof(*h) || memcmp(h->magic, INDEX_MAGIC, sizeof(h->magic)))
		return "not an index";
	if (h->version != INDEX_VERSION || h->tables != INDEX_TABLES)
		return "an index of another version";
	if (h->size != map->size)
		return "an index that was cut off";
	if (h->checksum != index_checksum(map->data, map->size))
		return "a damaged index (checksum)";
	for (int i = 0; i < INDEX_TABLES; i++)
		if (!table_fits(h, i))
			return "a damaged index (a table is beyond its end)";
	const struct index_table *s = &h->table[TABLE_STRINGS];

	return s->count && !map->data[s->offset + s->count - 1] ? NULL :
	       "a damaged index (strings do not end)";
}

struct error *index_part_open(const char *path, struct index_part *part)
{
	*part = (struct index_part){ 0 };
	TRY(map_file(path, &part->map));
	const char *wrong = what_is_wrong(&part->map);

	if (wrong) {
		unmap_file(&part->map);
		return error_new("I2", "%s: %s", path, wrong);
	}
	part->path = xstrdup(path);
	part->header = (const void *)part->map.data;
	return NULL;
}

void index_part_close(struct index_part *part)
{
	if (part->header)
		unmap_file(&part->map);
	free(part->path);
	*part = (struct index_part){ 0 };
}

static const void *record(const struct index_part *part, enum index_table_id id, uint32_t i)
{
	const struct index_table *t = &part->header->table[id];

	return i < t->count ? part->map.data + t->offset + (uint64_t)i * t->record : NULL;
}

static uint32_t number(const struct index_part *part, enum index_table_id id, uint32_t i)
{
	const uint32_t *p = record(part, id, i);

	return p ? *p : INDEX_NONE;
}

const char *index_string(const struct index_part *part, uint32_t string)
{
	const char *s = record(part, TABLE_STRINGS, string);

	return s ? s : "";
}

#define DEFINE_RECORD(type, id)                                                           \
	const struct index_##type *index_##type(const struct index_part *part, uint32_t i) \
	{                                                                                  \
		return record(part, id, i);                                                \
	}
DEFINE_RECORD(object, TABLE_OBJECTS)
DEFINE_RECORD(unit, TABLE_UNITS)
DEFINE_RECORD(function, TABLE_FUNCTIONS)
DEFINE_RECORD(instance, TABLE_INSTANCES)
DEFINE_RECORD(inline, TABLE_INLINES)
DEFINE_RECORD(symbol, TABLE_SYMBOLS)
DEFINE_RECORD(edge, TABLE_EDGES)
DEFINE_RECORD(pointer, TABLE_POINTERS)

uint32_t index_symbol_count(const struct index_part *part)
{
	return part->header->table[TABLE_SYMBOLS].count;
}

uint32_t index_function_count(const struct index_part *part)
{
	return part->header->table[TABLE_FUNCTIONS].count;
}

uint32_t index_by_name(const struct index_part *part, uint32_t place_in_order)
{
	return number(part, TABLE_SYMBOL_NAMES, place_in_order);
}

uint32_t index_caller(const struct index_part *part, uint32_t place_in_order)
{
	return number(part, TABLE_CALLERS, place_in_order);
}

uint32_t index_inlined(const struct index_part *part, uint32_t place_in_order)
{
	return number(part, TABLE_INLINED, place_in_order);
}

const char *index_symbol_name(const struct index_part *part, uint32_t symbol)
{
	const struct index_symbol *s = index_symbol(part, symbol);

	return s ? index_string(part, s->name) : "";
}

const char *index_object_name(const struct index_part *part, uint32_t object)
{
	const struct index_object *o = index_object(part, object);

	return o ? index_string(part, o->name) : "";
}

char *index_pointer_name(const struct index_part *part, const struct index_pointer *p)
{
	const char *holder = index_string(part, p->holder), *member = index_string(part, p->member);

	if (!*holder)
		return xstrdup("data without a name");
	return *member ? xasprintf("%s.%s of %s", index_string(part, p->type), member, holder) : xstrdup(holder);
}

/* ---- searches ---- */

static const char *function_name(const struct index_part *part, uint32_t i)
{
	return index_string(part, index_function(part, i)->name);
}

static const char *name_in_order(const struct index_part *part, uint32_t i)
{
	return index_symbol_name(part, index_by_name(part, i));
}

/* First of n names in order that is not before `name` (after: that is beyond all that begin so). */
static uint32_t search(const struct index_part *part, uint32_t n,
		       const char *(*name_of)(const struct index_part *, uint32_t),
		       const char *name, size_t length, bool after)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int order = strncmp(name_of(part, mid), name, length);

		if (order < 0 || (after && order == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct index_range search_both(const struct index_part *part, uint32_t n,
				      const char *(*name_of)(const struct index_part *, uint32_t),
				      const char *name, size_t length)
{
	uint32_t first = search(part, n, name_of, name, length, false);
	uint32_t end = search(part, n, name_of, name, length, true);

	return (struct index_range){ first, end > first ? end - first : 0 };
}

struct index_range index_functions_named(const struct index_part *part, const char *name)
{
	return search_both(part, index_function_count(part), function_name, name,
			   strlen(name) + 1);
}

struct index_range index_symbols_named(const struct index_part *part, const char *name)
{
	return search_both(part, part->header->table[TABLE_SYMBOL_NAMES].count, name_in_order, name,
			   strlen(name) + 1);
}

struct index_range index_symbols_starting(const struct index_part *part, const char *prefix)
{
	return search_both(part, part->header->table[TABLE_SYMBOL_NAMES].count, name_in_order,
			   prefix, strlen(prefix));
}

/* First symbol beyond (object, place). */
static uint32_t upper_bound(const struct index_part *part, uint32_t object, uint64_t place)
{
	uint32_t lo = 0, hi = index_symbol_count(part);

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct index_symbol *s = index_symbol(part, mid);

		if (s->object < object || (s->object == object && s->place <= place))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t index_symbol_at(const struct index_part *part, uint32_t object, uint64_t place)
{
	uint32_t end = upper_bound(part, object, place), best = INDEX_NONE;

	/* Symbols nest rarely, and never deeply. */
	for (uint32_t i = end; i-- > 0 && end - i < 16;) {
		const struct index_symbol *s = index_symbol(part, i);

		if (s->object != object || s->flags & SYMBOL_EXTERN)
			break;
		if (place == s->place || place - s->place < s->size)
			best = best == INDEX_NONE || s->place == index_symbol(part, best)->place ?
				       i : best;
	}
	return best;
}

struct index_range index_aliases(const struct index_part *part, uint32_t i)
{
	const struct index_symbol *s = index_symbol(part, i), *body;

	if (!s || s->flags & SYMBOL_EXTERN)
		return (struct index_range){ i, s ? 1 : 0 };
	body = index_symbol(part, s->body);
	if (!body || s->body > i)
		return (struct index_range){ i, 1 };
	return (struct index_range){ s->body, upper_bound(part, s->object, s->place) - s->body };
}

/* First pointer to a symbol that is not before this one. */
static uint32_t first_pointer(const struct index_part *part, uint32_t to)
{
	uint32_t lo = 0, hi = part->header->table[TABLE_POINTERS].count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (index_pointer(part, mid)->to < to)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct index_range index_pointers_to(const struct index_part *part, const struct index_symbol *s)
{
	uint32_t first = first_pointer(part, s->body), end = first_pointer(part, s->body + 1);

	return (struct index_range){ first, end > first ? end - first : 0 };
}

/* Within the table, whatever a damaged record says. */
static struct index_range clamped(const struct index_part *part, enum index_table_id id,
				  uint32_t first, uint32_t n)
{
	uint32_t count = part->header->table[id].count;

	if (first >= count)
		return (struct index_range){ 0 };
	return (struct index_range){ first, n <= count - first ? n : count - first };
}

struct index_range index_instances_of(const struct index_part *part, const struct index_function *f)
{
	return clamped(part, TABLE_INSTANCES, f->first_instance, f->instances);
}

struct index_range index_inlines_of(const struct index_part *part, const struct index_function *f)
{
	return clamped(part, TABLE_INLINES, f->first_inline, f->inlines);
}

struct index_range index_inlined_into(const struct index_part *part, const struct index_instance *i)
{
	return clamped(part, TABLE_INLINED, i->first_inlined, i->inlined);
}

struct index_range index_callees(const struct index_part *part, const struct index_symbol *s)
{
	const struct index_symbol *body = index_symbol(part, s->body);

	return body ? clamped(part, TABLE_EDGES, body->first_callee, body->callees) :
		      (struct index_range){ 0 };
}

struct index_range index_callers(const struct index_part *part, const struct index_symbol *s)
{
	const struct index_symbol *body = index_symbol(part, s->body);

	return body ? clamped(part, TABLE_CALLERS, body->first_caller, body->callers) :
		      (struct index_range){ 0 };
}
