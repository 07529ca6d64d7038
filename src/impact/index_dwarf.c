// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From DWARF (DWARF 5 standard, 3.3 "Subroutine and Entry Point Entries") to instances and inlines:
 * one pass over the entries of each unit that can lead to code: functions, and in them lexical
 * blocks and inlined subroutines. Of types, only those of functions are read, and of variables that hold
 * the address of one.
 */
#include <dwarf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "impact/index_build.h"
#include "impact/index_types.h"
#include "object/debug.h"
#include "units/command.h"

enum { MAX_DEPTH = 500 };

struct reader {
	struct index_builder *b;
	const struct index_ground *ground;
	const char *path;
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwarf *dwarf;
	/* Of the unit that is being read: */
	Dwarf_Files *files;
	size_t nfiles;
	uint32_t *file_names;  /* string + 1 of each file, 0: not asked yet */
	struct map function_at; /* DIE offset → function + 1 */
	struct map members;     /* types_member() */
	uint32_t unit;
};

static struct error *damaged(const struct reader *r, Dwarf_Die *die, const char *what)
{
	return error_new("D2", "%s: debug entry 0x%llx: %s", r->path,
			 (unsigned long long)dwarf_dieoffset(die), what);
}

/* A path as the index has it: relative to the source tree. Kbuild compiles with paths relative to
 * it or, out of tree, with absolute ones, which the debug information of packages has shortened. */
static uint32_t add_path(struct reader *r, const char *path, const char *comp_dir)
{
	scoped_free char *whole = NULL;

	if (comp_dir && starts_with(path, comp_dir) && path[strlen(comp_dir)] == '/')
		path += strlen(comp_dir) + 1;
	whole = path_normalize(path);
	path = whole;
	while (starts_with(path, "../"))
		path += 3;
	return index_add_string(r->b, path);
}

static uint32_t file_name(struct reader *r, Dwarf_Die *die)
{
	uint64_t i = 0;

	if (!debug_number(die, DW_AT_decl_file, &i) || i >= r->nfiles)
		return index_add_string(r->b, "");
	if (!r->file_names[i]) {
		const char *path = dwarf_filesrc(r->files, i, NULL, NULL);
		Dwarf_Die cu;
		Dwarf_Attribute attr;
		const char *dir = NULL;

		if (dwarf_diecu(die, &cu, NULL, NULL) && dwarf_attr(&cu, DW_AT_comp_dir, &attr))
			dir = dwarf_formstring(&attr);
		r->file_names[i] = add_path(r, path ? path : "", dir) + 1;
	}
	return r->file_names[i] - 1;
}

/* The entry that has the name: an instance refers to it, perhaps by way of a declaration. */
static bool origin_of(Dwarf_Die *die, Dwarf_Die *origin)
{
	static const unsigned int links[] = { DW_AT_abstract_origin, DW_AT_specification };
	Dwarf_Attribute attr;

	*origin = *die;
	for (int steps = 0; steps < 4; steps++) {
		bool moved = false;

		for (size_t i = 0; !moved && i < ARRAY_SIZE(links); i++)
			if (dwarf_attr(origin, links[i], &attr))
				moved = dwarf_formref_die(&attr, origin) != NULL;
		if (!moved)
			return dwarf_hasattr(origin, DW_AT_name);
	}
	return false;
}

/* Number of the function that a DIE is about, or INDEX_NONE. */
static uint32_t function_of(struct reader *r, Dwarf_Die *die)
{
	Dwarf_Die origin;
	Dwarf_Attribute attr;

	if (!dwarf_attr(die, DW_AT_abstract_origin, &attr))
		origin = *die;
	else if (!dwarf_formref_die(&attr, &origin))
		return INDEX_NONE;
	void **slot = map_slot_u64(&r->function_at, dwarf_dieoffset(&origin));

	if (!*slot) {
		Dwarf_Die named;
		const char *name = origin_of(&origin, &named) ? dwarf_diename(&named) : NULL;
		uint64_t line = 0;
		uint32_t f = INDEX_NONE;

		if (name)
			debug_number(&named, DW_AT_decl_line, &line);
		if (name)
			f = index_add_function(r->b, name, file_name(r, &named), line);
		*slot = (void *)((uintptr_t)f + 1);
	}
	return (uint32_t)((uintptr_t)*slot - 1);
}

/* In a relocatable file libdwfl gives every section an address; back to section and offset. */
static uint64_t place_of(const struct reader *r, Dwarf_Addr address)
{
	GElf_Word index = 0;

	if (!r->ground->module)
		return address;
	int i = dwfl_module_relocate_address(r->module, &address);
	const char *name = i < 0 ? NULL : dwfl_module_relocation_info(r->module, i, &index);

	for (size_t k = 1; name && k < r->ground->sections.n; k++)
		if (streq(r->ground->sections.at[k], name))
			return module_place(k, address);
	return UINT64_MAX;
}

static uint32_t symbol_at(const struct reader *r, Dwarf_Addr address)
{
	return index_symbol_begins(r->b, place_of(r, address));
}

struct walk {
	uint32_t instance; /* in which we are; INDEX_NONE: in the entry of a function that has no code */
	uint32_t via;      /* the outermost inlined function, INDEX_NONE: none yet */
	unsigned int depth;
};

static void add_inline(struct reader *r, Dwarf_Die *die, struct walk *w)
{
	uint32_t f = function_of(r, die);

	if (f == INDEX_NONE)
		return;
	if (r->b->seen.at[f] != w->instance + 1)
		index_inline_vec_push(&r->b->inlines, (struct index_inline){
			.function = f, .into = w->instance, .via = w->via });
	r->b->seen.at[f] = w->instance + 1;
	w->via = f;
}

/* Calls each() for every child; their offsets must grow, or damaged entries would lead in circles. */
static struct error *each_child(struct reader *r, Dwarf_Die *parent, struct walk w,
				struct error *(*each)(struct reader *, Dwarf_Die *, struct walk))
{
	Dwarf_Die die;
	int more = dwarf_child(parent, &die);

	if (++w.depth > MAX_DEPTH)
		return damaged(r, parent, "nested too deeply");
	while (more == 0) {
		uint64_t here = dwarf_dieoffset(&die);

		TRY(each(r, &die, w));
		more = dwarf_siblingof(&die, &die);
		if (more == 0 && dwarf_dieoffset(&die) <= here)
			return damaged(r, &die, "its sibling is behind it");
	}
	return more < 0 ? error_new("D2", "%s: debug information: %s", r->path, dwarf_errmsg(-1)) :
			  NULL;
}

/* A variable with one place: DWARF 5, 2.6.1.1.2. Debug information of clang has a table of places. */
static bool variable_place(struct reader *r, Dwarf_Die *die, uint64_t *place)
{
	Dwarf_Attribute attr, address;
	Dwarf_Addr at;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_whatform(&attr) != DW_FORM_exprloc ||
	    dwarf_getlocation(&attr, &ops, &n) || n != 1)
		return false;
	if (ops->atom == DW_OP_addr)
		at = ops->number;
	else if (ops->atom != DW_OP_addrx || dwarf_getlocation_attr(&attr, ops, &address) ||
		 dwarf_formaddr(&address, &at))
		return false;
	*place = place_of(r, at);
	return true;
}

static void read_variable(struct reader *r, Dwarf_Die *die)
{
	uint64_t place;

	if (variable_place(r, die, &place))
		index_name_pointers(r->b, r->ground, &r->members, die, place);
}

static struct error *inside_function(struct reader *r, Dwarf_Die *die, struct walk w)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_inlined_subroutine:
		if (w.instance == INDEX_NONE)
			return NULL;
		add_inline(r, die, &w);
		return each_child(r, die, w, inside_function);
	case DW_TAG_lexical_block:
		return each_child(r, die, w, inside_function);
	case DW_TAG_variable:
		read_variable(r, die);
		return NULL;
	case DW_TAG_invalid:
		return damaged(r, die, "no such abbreviation");
	default:
		return NULL;
	}
}

/* Two functions at one place, of different prototypes: which one a pointer means is not known. */
static void add_prototype(struct reader *r, Dwarf_Die *die, uint32_t symbol)
{
	struct index_symbol *s = &r->b->symbols.at[symbol];
	Dwarf_Attribute attr;
	Dwarf_Die origin;
	uint32_t prototype;

	if (!dwarf_attr(die, DW_AT_abstract_origin, &attr) || !dwarf_formref_die(&attr, &origin))
		origin = *die;
	prototype = types_prototype(r->b, &origin);
	s->prototype = s->prototype == INDEX_NONE || s->prototype == prototype ? prototype :
									   index_add_string(r->b, "");
}

static struct error *read_function(struct reader *r, Dwarf_Die *die)
{
	struct index_instance instance = { .unit = r->unit, .symbol = INDEX_NONE,
					   .cold = INDEX_NONE };
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	for (int n = 0; (at = dwarf_ranges(die, at, &base, &start, &end)) > 0; n++) {
		if (n == 0)
			instance.symbol = symbol_at(r, start);
		else if (instance.cold == INDEX_NONE)
			instance.cold = symbol_at(r, start);
	}
	instance.function = function_of(r, die);
	if (instance.function == INDEX_NONE)
		return NULL;
	uint32_t i = r->b->instances.n;

	index_instance_vec_push(&r->b->instances, instance);
	if (instance.symbol != INDEX_NONE) {
		r->b->symbols.at[instance.symbol].instance = i;
		add_prototype(r, die, instance.symbol);
	}
	if (instance.cold != INDEX_NONE)
		r->b->symbols.at[instance.cold].instance = i;
	return each_child(r, die, (struct walk){ i, INDEX_NONE, 0 }, inside_function);
}

static struct error *top_level(struct reader *r, Dwarf_Die *die, struct walk w)
{
	int tag = dwarf_tag(die);

	if (tag == DW_TAG_invalid)
		return damaged(r, die, "no such abbreviation");
	if (tag == DW_TAG_variable)
		read_variable(r, die);
	if (tag != DW_TAG_subprogram)
		return NULL;
	if (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges))
		return dwarf_hasattr(die, DW_AT_declaration) ? NULL :
		       each_child(r, die, (struct walk){ .instance = INDEX_NONE }, inside_function);
	return read_function(r, die);
}

static struct error *read_unit(struct reader *r, Dwarf_Die *cu)
{
	const char *name = dwarf_diename(cu);
	Dwarf_Attribute attr;
	const char *dir = dwarf_attr(cu, DW_AT_comp_dir, &attr) ? dwarf_formstring(&attr) : NULL;

	if (dwarf_tag(cu) != DW_TAG_compile_unit || !name)
		return NULL;
	r->unit = r->b->units.n;
	index_unit_vec_push(&r->b->units,
			    (struct index_unit){ add_path(r, name, dir), r->b->object });
	r->files = NULL;
	r->nfiles = 0;
	if (dwarf_getsrcfiles(cu, &r->files, &r->nfiles))
		r->nfiles = 0;
	r->file_names = xcalloc(r->nfiles + 1, sizeof(*r->file_names));
	struct error *err = each_child(r, cu, (struct walk){ 0 }, top_level);

	free(r->file_names);
	map_free(&r->function_at);
	map_free(&r->members);
	return err;
}

static struct error *read_units(struct reader *r)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int more;

	while ((more = dwarf_get_units(r->dwarf, cu, &cu, NULL, NULL, &die, NULL)) == 0) {
		TRY(check_interrupted());
		TRY(read_unit(r, &die));
	}
	return more < 0 ? error_new("D2", "%s: debug information: %s", r->path, dwarf_errmsg(-1)) :
			  NULL;
}

/* Other names of a place are the same instance. */
static void share_instances(struct index_builder *b)
{
	for (uint32_t i = b->first_symbol; i < b->end_symbol; i++) {
		struct index_symbol *s = &b->symbols.at[i];

		if (s->instance == INDEX_NONE)
			s->instance = b->symbols.at[s->body].instance;
		s->prototype = b->symbols.at[s->body].prototype;
	}
}

struct error *index_add_dwarf(struct index_builder *b, uint32_t object, const char *path,
			      bool *found)
{
	struct reader r = { .b = b, .ground = &b->grounds.at[object], .path = path };

	b->object = object;
	b->first_symbol = r.ground->first_symbol;
	b->end_symbol = r.ground->end_symbol;
	struct error *err = debug_open(path, &r.dwfl, &r.module, &r.dwarf);
	size_t units = b->units.n;

	if (!err && r.dwarf)
		err = read_units(&r);
	share_instances(b);
	if (r.dwfl)
		dwfl_end(r.dwfl);
	*found = b->units.n > units;
	b->objects.at[b->object].debug = *found;
	return err;
}
