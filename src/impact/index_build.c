// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings and functions of an index that is being made. */
#include "impact/index_build.h"

#include <string.h>

void index_builder_free(struct index_builder *b)
{
	str_free(&b->text);
	map_free(&b->strings);
	map_free(&b->functions);
	map_free(&b->externs);
	index_object_vec_free(&b->objects);
	index_unit_vec_free(&b->units);
	index_function_vec_free(&b->function);
	index_instance_vec_free(&b->instances);
	index_inline_vec_free(&b->inlines);
	index_symbol_vec_free(&b->symbols);
	index_edge_vec_free(&b->edges);
	index_pointer_vec_free(&b->pointers);
	u32_vec_free(&b->seen);
	for (size_t i = 0; i < b->grounds.n; i++)
		str_vec_free_all(&b->grounds.at[i].sections);
	index_ground_vec_free(&b->grounds);
	*b = (struct index_builder){ 0 };
}

/* The slot of a hash; keys of equal hash go to the next number. */
uint32_t index_add_string(struct index_builder *b, const char *s)
{
	size_t n = strlen(s);

	for (uint64_t h = hash_bytes(s, n, 0);; h++) {
		void **slot = map_slot_u64(&b->strings, h);

		if (!*slot) {
			*slot = (void *)(uintptr_t)(b->text.n + 1);
			str_add_bytes(&b->text, s, n + 1);
		}
		uint32_t at = (uint32_t)(uintptr_t)*slot - 1;

		if (streq(b->text.s + at, s))
			return at;
	}
}

uint32_t index_add_function(struct index_builder *b, const char *name, uint32_t file, uint32_t line)
{
	uint32_t key[3] = { index_add_string(b, name), file, line };

	for (uint64_t h = hash_bytes(key, sizeof(key), 0);; h++) {
		void **slot = map_slot_u64(&b->functions, h);

		if (!*slot) {
			*slot = (void *)(uintptr_t)(b->function.n + 1);
			index_function_vec_push(&b->function, (struct index_function){
				.name = key[0], .file = file, .line = line });
			u32_vec_push(&b->seen, 0);
		}
		uint32_t i = (uint32_t)(uintptr_t)*slot - 1;
		const struct index_function *f = &b->function.at[i];

		if (f->name == key[0] && f->file == file && f->line == line)
			return i;
	}
}

uint32_t index_find_object(const struct index_builder *b, const char *name)
{
	for (uint32_t i = 0; i < b->objects.n; i++)
		if (streq(b->text.s + b->objects.at[i].name, name))
			return i;
	return INDEX_NONE;
}
