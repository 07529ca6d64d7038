// SPDX-License-Identifier: GPL-2.0-or-later
/* Sorting, numbering and writing of an index. Every sort is by fields that identify the record, so
 * that the same kernel gives the same bytes. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "impact/index_build.h"

/* What the comparison functions of qsort() need to see. */
static const struct index_builder *sorting;

static const char *text_of(uint32_t string)
{
	return sorting->text.s + string;
}

#define ORDER(x, y)                          \
	do {                                 \
		if ((x) != (y))              \
			return (x) < (y) ? -1 : 1; \
	} while (0)

static int order_functions(const void *a, const void *b)
{
	const struct index_function *x = &sorting->function.at[*(const uint32_t *)a];
	const struct index_function *y = &sorting->function.at[*(const uint32_t *)b];
	int order = strcmp(text_of(x->name), text_of(y->name));

	if (!order)
		order = strcmp(text_of(x->file), text_of(y->file));
	if (order)
		return order;
	ORDER(x->line, y->line);
	return 0;
}

static int order_instances(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	ORDER(sorting->instances.at[i].function, sorting->instances.at[k].function);
	ORDER(i, k);
	return 0;
}

static int order_inlines(const void *a, const void *b)
{
	const struct index_inline *x = a, *y = b;

	ORDER(x->function, y->function);
	ORDER(x->into, y->into);
	return 0;
}

static int order_inlined(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	ORDER(sorting->inlines.at[i].into, sorting->inlines.at[k].into);
	ORDER(i, k);
	return 0;
}

static int order_names(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int order = strcmp(text_of(sorting->symbols.at[i].name), text_of(sorting->symbols.at[k].name));

	if (order)
		return order;
	ORDER(i, k);
	return 0;
}

static int order_edges(const void *a, const void *b)
{
	const struct index_edge *x = a, *y = b;

	ORDER(x->from, y->from);
	ORDER(x->to, y->to);
	ORDER(x->kind, y->kind);
	return 0;
}

static int order_pointers(const void *a, const void *b)
{
	const struct index_pointer *x = a, *y = b;

	ORDER(x->to, y->to);
	ORDER(x->place, y->place);
	return 0;
}

static int order_callers(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	ORDER(sorting->edges.at[i].to, sorting->edges.at[k].to);
	ORDER(i, k);
	return 0;
}

/* 0 .. n-1 in the order of compare(). */
static uint32_t *sorted(uint32_t n, int (*compare)(const void *, const void *))
{
	uint32_t *order = xcalloc(n + 1, sizeof(*order));

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort(order, n, sizeof(*order), compare);
	return order;
}

/* number[old] = new */
static uint32_t *numbering(const uint32_t *order, uint32_t n)
{
	uint32_t *number = xcalloc(n + 1, sizeof(*number));

	for (uint32_t i = 0; i < n; i++)
		number[order[i]] = i;
	return number;
}

static uint32_t renumbered(const uint32_t *number, uint32_t i)
{
	return i == INDEX_NONE ? i : number[i];
}

static void renumber_functions(struct index_builder *b)
{
	uint32_t n = b->function.n;
	scoped_free uint32_t *order = sorted(n, order_functions);
	scoped_free uint32_t *number = numbering(order, n);
	struct index_function *list = xcalloc(n + 1, sizeof(*list));

	for (uint32_t i = 0; i < n; i++)
		list[i] = b->function.at[order[i]];
	free(b->function.at);
	b->function.at = list;
	b->function.room = n + 1;
	for (size_t i = 0; i < b->instances.n; i++)
		b->instances.at[i].function = number[b->instances.at[i].function];
	for (size_t i = 0; i < b->inlines.n; i++) {
		b->inlines.at[i].function = number[b->inlines.at[i].function];
		b->inlines.at[i].via = renumbered(number, b->inlines.at[i].via);
	}
}

static void renumber_instances(struct index_builder *b)
{
	uint32_t n = b->instances.n;
	scoped_free uint32_t *order = sorted(n, order_instances);
	scoped_free uint32_t *number = numbering(order, n);
	struct index_instance *list = xcalloc(n + 1, sizeof(*list));

	for (uint32_t i = 0; i < n; i++) {
		struct index_function *f;

		list[i] = b->instances.at[order[i]];
		f = &b->function.at[list[i].function];
		if (!f->instances++)
			f->first_instance = i;
	}
	free(b->instances.at);
	b->instances.at = list;
	b->instances.room = n + 1;
	for (size_t i = 0; i < b->symbols.n; i++)
		b->symbols.at[i].instance = renumbered(number, b->symbols.at[i].instance);
	for (size_t i = 0; i < b->inlines.n; i++)
		b->inlines.at[i].into = number[b->inlines.at[i].into];
}

static uint32_t *number_inlines(struct index_builder *b)
{
	if (b->inlines.n)
		qsort(b->inlines.at, b->inlines.n, sizeof(*b->inlines.at), order_inlines);
	for (size_t i = 0; i < b->inlines.n; i++) {
		struct index_function *f = &b->function.at[b->inlines.at[i].function];

		if (!f->inlines++)
			f->first_inline = i;
	}
	uint32_t *order = sorted(b->inlines.n, order_inlined);

	for (size_t i = 0; i < b->inlines.n; i++) {
		struct index_instance *into = &b->instances.at[b->inlines.at[order[i]].into];

		if (!into->inlined++)
			into->first_inlined = i;
	}
	return order;
}

/* Doubles become one. */
static void merge_edges(struct index_builder *b)
{
	size_t n = 0;

	if (b->edges.n)
		qsort(b->edges.at, b->edges.n, sizeof(*b->edges.at), order_edges);
	for (size_t i = 0; i < b->edges.n; i++) {
		if (n && !order_edges(&b->edges.at[n - 1], &b->edges.at[i]))
			b->edges.at[n - 1].sites += b->edges.at[i].sites;
		else
			b->edges.at[n++] = b->edges.at[i];
	}
	b->edges.n = n;
}

static uint32_t *number_edges(struct index_builder *b)
{
	merge_edges(b);
	for (size_t i = 0; i < b->edges.n; i++) {
		struct index_symbol *from = &b->symbols.at[b->edges.at[i].from];

		if (!from->callees++)
			from->first_callee = i;
	}
	uint32_t *order = sorted(b->edges.n, order_callers);

	for (size_t i = 0; i < b->edges.n; i++) {
		struct index_symbol *to = &b->symbols.at[b->edges.at[order[i]].to];

		if (!to->callers++)
			to->first_caller = i;
	}
	return order;
}

/* Undefined symbols go behind all others: symbols are sorted by object. */
static int order_symbols(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	ORDER(sorting->symbols.at[i].object, sorting->symbols.at[k].object);
	ORDER(i, k);
	return 0;
}

static void renumber_symbols(struct index_builder *b)
{
	uint32_t n = b->symbols.n;
	scoped_free uint32_t *order = sorted(n, order_symbols);
	scoped_free uint32_t *number = numbering(order, n);
	struct index_symbol *list = xcalloc(n + 1, sizeof(*list));

	for (uint32_t i = 0; i < n; i++) {
		list[i] = b->symbols.at[order[i]];
		list[i].body = number[list[i].body];
		list[i].forwards = renumbered(number, list[i].forwards);
	}
	free(b->symbols.at);
	b->symbols.at = list;
	b->symbols.room = n + 1;
	for (size_t i = 0; i < b->instances.n; i++) {
		b->instances.at[i].symbol = renumbered(number, b->instances.at[i].symbol);
		b->instances.at[i].cold = renumbered(number, b->instances.at[i].cold);
	}
	for (size_t i = 0; i < b->edges.n; i++) {
		b->edges.at[i].from = number[b->edges.at[i].from];
		b->edges.at[i].to = number[b->edges.at[i].to];
	}
	for (size_t i = 0; i < b->pointers.n; i++)
		b->pointers.at[i].to = number[b->pointers.at[i].to];
	if (b->pointers.n)
		qsort(b->pointers.at, b->pointers.n, sizeof(*b->pointers.at), order_pointers);
}

static void put_table(struct str *file, enum index_table_id id, const void *data, size_t count)
{
	static const char padding[8];
	struct index_table table = { .offset = file->n, .count = count,
				     .record = index_record_size[id] };

	if (count)
		str_add_bytes(file, data, count * table.record);
	str_add_bytes(file, padding, -file->n % 8);
	memcpy(file->s + offsetof(struct index_header, table) + id * sizeof(table), &table,
	       sizeof(table));
}

static void finish_header(struct str *file)
{
	struct index_header h;

	memcpy(&h, file->s, sizeof(h));
	h.size = file->n;
	h.checksum = index_checksum((const unsigned char *)file->s, file->n);
	memcpy(file->s, &h, sizeof(h));
}

struct error *index_write(struct index_builder *b, const char *path, uint64_t source)
{
	struct index_header h = { .magic = INDEX_MAGIC, .version = INDEX_VERSION,
				  .tables = INDEX_TABLES, .source = source };
	scoped_str struct str file = { 0 };

	sorting = b;
	index_add_string(b, "");
	renumber_symbols(b);
	renumber_functions(b);
	renumber_instances(b);
	scoped_free uint32_t *inlined = number_inlines(b);
	scoped_free uint32_t *callers = number_edges(b);
	scoped_free uint32_t *names = sorted(b->symbols.n, order_names);

	str_add_bytes(&file, &h, sizeof(h));
	put_table(&file, TABLE_STRINGS, b->text.s, b->text.n);
	put_table(&file, TABLE_OBJECTS, b->objects.at, b->objects.n);
	put_table(&file, TABLE_UNITS, b->units.at, b->units.n);
	put_table(&file, TABLE_FUNCTIONS, b->function.at, b->function.n);
	put_table(&file, TABLE_INSTANCES, b->instances.at, b->instances.n);
	put_table(&file, TABLE_INLINES, b->inlines.at, b->inlines.n);
	put_table(&file, TABLE_INLINED, inlined, b->inlines.n);
	put_table(&file, TABLE_SYMBOLS, b->symbols.at, b->symbols.n);
	put_table(&file, TABLE_SYMBOL_NAMES, names, b->symbols.n);
	put_table(&file, TABLE_EDGES, b->edges.at, b->edges.n);
	put_table(&file, TABLE_CALLERS, callers, b->edges.n);
	put_table(&file, TABLE_POINTERS, b->pointers.at, b->pointers.n);
	finish_header(&file);
	return write_file(path, file.s, file.n);
}
