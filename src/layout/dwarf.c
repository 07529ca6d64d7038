// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading of DWARF (versions 4 and 5; DWARF 5 standard, chapters 2 to 5). libdwfl applies the
 * relocations of a relocatable object's debug sections. One pass over all DIEs.
 */
#include "layout/dwarf.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "object/debug.h"

enum { MAX_DEPTH = 1000 };

struct walk {
	struct dwarf_unit *u;
	uint32_t function; /* in which we are, 0: none */
	unsigned int depth;
};

static struct error *walk_children(struct walk w, Dwarf_Die *parent,
				   struct error *(*each)(struct walk, Dwarf_Die *, int tag,
							 uint32_t owner),
				   uint32_t owner);

static bool flag(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	bool value = false;

	return dwarf_attr(die, name, &attr) && !dwarf_formflag(&attr, &value) && value;
}

static bool number(Dwarf_Die *die, unsigned int name, int64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;
	Dwarf_Sword sword;

	if (!dwarf_attr(die, name, &attr))
		return false;
	unsigned int form = dwarf_whatform(&attr);

	if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
		if (dwarf_formsdata(&attr, &sword))
			return false;
		*value = sword;
	} else {
		if (dwarf_formudata(&attr, &word))
			return false;
		*value = word;
	}
	return true;
}

/* Index of what a DIE offset stands for, made on first sight. */
static uint32_t type_index(struct dwarf_unit *u, uint64_t offset)
{
	void **slot = map_slot_u64(&u->type_at, offset);

	if (!*slot) {
		*slot = (void *)(uintptr_t)u->types.n;
		type_vec_push(&u->types, (struct die_type) {.offset = offset});
	}
	return (uintptr_t)*slot;
}

static uint32_t function_index(struct dwarf_unit *u, uint64_t offset)
{
	void **slot = map_slot_u64(&u->function_at, offset);

	if (!*slot) {
		*slot = (void *)(uintptr_t)u->functions.n;
		function_vec_push(&u->functions, (struct die_function) {.offset = offset});
	}
	return (uintptr_t)*slot;
}

static bool reference(Dwarf_Attribute *attr, uint64_t *offset)
{
	Dwarf_Die target;

	if (!attr || !dwarf_formref_die(attr, &target))
		return false;
	*offset = dwarf_dieoffset(&target);
	return true;
}

static uint32_t type_of(struct dwarf_unit *u, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	uint64_t offset;

	if (!reference(dwarf_attr(die, DW_AT_type, &attr), &offset))
		return 0;
	return type_index(u, offset);
}

static void list_add(struct dwarf_unit *u, struct item_list *list, struct die_item item)
{
	uint32_t at = u->items.n;

	item_vec_push(&u->items, item);
	if (list->last)
		u->items.at[list->last].next = at;
	else
		list->first = at;
	list->last = at;
	list->n++;
}

/* A member's place in bits: DWARF 5 and 4 data_bit_offset, or the older pair of a storage unit's
 * place and a bit offset counted from its most significant bit. */
static int64_t member_bits(Dwarf_Die *die, int64_t width)
{
	int64_t at = 0, bit, bytes;

	if (number(die, DW_AT_data_bit_offset, &bit))
		return bit;
	number(die, DW_AT_data_member_location, &at);
	at *= 8;
	if (width && number(die, DW_AT_bit_offset, &bit) && number(die, DW_AT_byte_size, &bytes))
		at += bytes * 8 - bit - width;
	return at;
}

static struct die_item read_member(struct dwarf_unit *u, Dwarf_Die *die)
{
	struct die_item item = {.name = dwarf_diename(die), .type = type_of(u, die)};
	int64_t width = 0;

	number(die, DW_AT_bit_size, &width);
	item.bits = width;
	item.value = member_bits(die, width);
	return item;
}

/* Number of elements; flexible and zero-length arrays have 0. */
static struct die_item read_dimension(Dwarf_Die *die)
{
	struct die_item item = {0};
	int64_t n;

	if (number(die, DW_AT_count, &n))
		item.value = n;
	else if (number(die, DW_AT_upper_bound, &n))
		item.value = n + 1;
	return item;
}

static struct error *walk_die(struct walk w, Dwarf_Die *die, int tag, uint32_t owner);

static struct error *type_child(struct walk w, Dwarf_Die *die, int tag, uint32_t owner)
{
	struct dwarf_unit *u = w.u;
	struct item_list list = u->types.at[owner].items;
	struct die_item item = {0};

	switch (tag) {
	case DW_TAG_member:
		item = read_member(u, die);
		break;
	case DW_TAG_enumerator:
		item.name = dwarf_diename(die);
		number(die, DW_AT_const_value, &item.value);
		break;
	case DW_TAG_formal_parameter:
		item.type = type_of(u, die);
		break;
	case DW_TAG_subrange_type:
		item = read_dimension(die);
		break;
	case DW_TAG_unspecified_parameters:
		u->types.at[owner].variadic = true;
		return NULL;
	default:
		return walk_die(w, die, tag, 0);
	}
	list_add(u, &list, item);
	u->types.at[owner].items = list;
	return NULL;
}

static struct error *read_type(struct walk w, Dwarf_Die *die, int tag)
{
	uint32_t i = type_index(w.u, dwarf_dieoffset(die)), target = type_of(w.u, die);
	struct die_type *t = &w.u->types.at[i];
	int64_t n = 0;

	t->tag = tag;
	t->name = dwarf_diename(die);
	t->type = target;
	t->function = w.function;
	if (number(die, DW_AT_byte_size, &n))
		t->size = n;
	if (tag == DW_TAG_base_type && number(die, DW_AT_encoding, &n))
		t->encoding = n;
	t->declaration = flag(die, DW_AT_declaration);
	return walk_children(w, die, type_child, i);
}

/* A location that is nothing but an address: the variable lives in a section. */
static bool static_location(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Block block;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_whatform(&attr) != DW_FORM_exprloc ||
	    dwarf_formblock(&attr, &block) || !block.length)
		return false;
	if (block.data[0] == DW_OP_addr)
		return block.length == 9;
	if (block.data[0] != DW_OP_addrx)
		return false;
	size_t end = 1;

	while (end < block.length && block.data[end] & 0x80)
		end++;
	return end + 1 == block.length;
}

static void read_variable(struct walk w, Dwarf_Die *die, int tag)
{
	struct die_use use = {.function = w.function};
	Dwarf_Attribute attr;
	uint64_t offset;

	use.is_static = static_location(die);
	if (w.function && !use.is_static)
		use.type = type_of(w.u, die);
	else if (reference(dwarf_attr_integrate(die, DW_AT_type, &attr), &offset))
		use.type = type_index(w.u, offset);
	use.automatic = w.function && !use.is_static && tag == DW_TAG_variable;
	if (!use.type)
		return;
	use.name = dwarf_diename(die);
	use_vec_push(&w.u->uses, use);
}

static struct error *function_child(struct walk w, Dwarf_Die *die, int tag, uint32_t owner)
{
	if (tag == DW_TAG_unspecified_parameters) {
		w.u->functions.at[owner].variadic = true;
		return NULL;
	}
	if (tag == DW_TAG_formal_parameter) {
		struct item_list list = w.u->functions.at[owner].params;

		list_add(w.u, &list,
			 (struct die_item) {.name = dwarf_diename(die), .type = type_of(w.u, die)});
		w.u->functions.at[owner].params = list;
	}
	return walk_die(w, die, tag, 0);
}

static struct error *read_function(struct walk w, Dwarf_Die *die)
{
	struct dwarf_unit *u = w.u;
	uint32_t i = function_index(u, dwarf_dieoffset(die)), origin = 0, type = type_of(u, die);
	Dwarf_Attribute attr;
	uint64_t offset;

	if (reference(dwarf_attr(die, DW_AT_abstract_origin, &attr), &offset) ||
	    reference(dwarf_attr(die, DW_AT_specification, &attr), &offset))
		origin = function_index(u, offset);
	struct die_function *f = &u->functions.at[i];

	f->name = dwarf_diename(die);
	f->origin = origin == i ? 0 : origin;
	f->type = type;
	f->external = flag(die, DW_AT_external);
	f->declaration = flag(die, DW_AT_declaration);
	f->code = dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
	if (type)
		use_vec_push(&u->uses, (struct die_use) {.function = i, .type = type});
	w.function = i;
	return walk_children(w, die, function_child, i);
}

static void read_inline(struct walk w, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	uint64_t offset;

	if (!w.function || !reference(dwarf_attr(die, DW_AT_abstract_origin, &attr), &offset))
		return;
	inline_vec_push(&w.u->inlines,
			(struct die_inline) {w.function, function_index(w.u, offset)});
}

static struct error *walk_die(struct walk w, Dwarf_Die *die, int tag, uint32_t owner)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_base_type:
	case DW_TAG_typedef:
	case DW_TAG_pointer_type:
	case DW_TAG_array_type:
	case DW_TAG_subroutine_type:
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
	case DW_TAG_unspecified_type:
		return read_type(w, die, tag);
	case DW_TAG_subprogram:
		return read_function(w, die);
	case DW_TAG_variable:
	case DW_TAG_formal_parameter:
		read_variable(w, die, tag);
		return NULL;
	case DW_TAG_inlined_subroutine:
		read_inline(w, die);
		return walk_children(w, die, walk_die, 0);
	case DW_TAG_lexical_block:
		return walk_children(w, die, walk_die, 0);
	default:
		return NULL; /* call sites, labels: nothing about types below them */
	}
}

static struct error *damaged(const struct dwarf_unit *u, Dwarf_Die *die, const char *what)
{
	return error_new("D2", "%s: debug entry 0x%llx: %s", u->path,
			 (unsigned long long)dwarf_dieoffset(die), what);
}

static struct error *walk_children(struct walk w, Dwarf_Die *parent,
				   struct error *(*each)(struct walk, Dwarf_Die *, int tag,
							 uint32_t owner),
				   uint32_t owner)
{
	Dwarf_Die die;
	int more = dwarf_child(parent, &die);

	if (++w.depth > MAX_DEPTH)
		return damaged(w.u, parent, "nested too deeply");
	while (more == 0) {
		uint64_t here = dwarf_dieoffset(&die);
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_invalid)
			return damaged(w.u, &die, "no such abbreviation");
		w.u->dies++;
		TRY(each(w, &die, tag, owner));
		more = dwarf_siblingof(&die, &die);
		if (more == 0 && dwarf_dieoffset(&die) <= here)
			return damaged(w.u, &die, "its sibling is behind it");
	}
	return more < 0 ? error_new("D2", "%s: debug information: %s", w.u->path, dwarf_errmsg(-1))
			: NULL;
}

static void mark_typedefs(struct dwarf_unit *u)
{
	for (size_t i = 1; i < u->types.n; i++) {
		struct die_type *t = &u->types.at[type_strip(u, u->types.at[i].type, false)];

		if (u->types.at[i].tag == DW_TAG_typedef && !t->name)
			t->named_by_typedef = true;
	}
}

struct error *dwarf_unit_read(const char *path, struct dwarf_unit *u)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int more = 1;

	*u = (struct dwarf_unit) {.path = path};
	type_vec_push(&u->types, (struct die_type) {0});
	function_vec_push(&u->functions, (struct die_function) {0});
	item_vec_push(&u->items, (struct die_item) {0});
	TRY(debug_open(u->path, &u->dwfl, NULL, &u->dwarf));
	if (!u->dwarf)
		return NULL;
	while ((more = dwarf_get_units(u->dwarf, cu, &cu, NULL, NULL, &die, NULL)) == 0) {
		if (dwarf_tag(&die) == DW_TAG_compile_unit)
			u->source = dwarf_diename(&die);
		TRY(walk_children((struct walk) {.u = u}, &die, walk_die, 0));
	}
	if (more < 0)
		return error_new("D2", "%s: debug information: %s", path, dwarf_errmsg(-1));
	mark_typedefs(u);
	return NULL;
}

void dwarf_unit_free(struct dwarf_unit *u)
{
	type_vec_free(&u->types);
	item_vec_free(&u->items);
	function_vec_free(&u->functions);
	use_vec_free(&u->uses);
	inline_vec_free(&u->inlines);
	map_free(&u->type_at);
	map_free(&u->function_at);
	if (u->dwfl)
		dwfl_end(u->dwfl);
	*u = (struct dwarf_unit) {0};
}
