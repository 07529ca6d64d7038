// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where variables of functions are declared: those of one name are told apart by the line, where the
 * fix does not touch it (units are compiled so that other lines keep their number).
 */
#include "layout/dwarf.h"

#include <dwarf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/kernel.h"

/* Lines about a hunk whose numbers are not trusted: its #line may come late. */
enum { MARGIN = 3 };

struct declared {
	const struct fix *fix;
	struct map by_symbol; /* name of the symbol → "file:line", owned */
	Dwfl_Module *module;
};

static bool is_touched(const struct fix *fix, const char *file, size_t line)
{
	for (size_t i = 0; fix && i < fix->files.n; i++) {
		const struct fix_file *f = &fix->files.at[i];

		if (!ends_with(file, f->path))
			continue;
		for (size_t k = 0; k < f->hunks.n; k++) {
			const struct hunk *h = &f->hunks.at[k];
			size_t n = h->old_count > h->new_count ? h->old_count : h->new_count;

			if (f->rounds > 1 || (line + MARGIN >= h->old_start && line < h->old_start + n + MARGIN))
				return true;
		}
	}
	return false;
}

static void note(struct declared *d, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Block block;
	Dwarf_Die origin = *die;
	Dwarf_Addr address;
	GElf_Off offset;
	GElf_Sym symbol;
	int line = 0;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_whatform(&attr) != DW_FORM_exprloc ||
	    dwarf_formblock(&attr, &block) || block.length != 9 || block.data[0] != DW_OP_addr)
		return;
	memcpy(&address, block.data + 1, sizeof(address));
	if (dwarf_attr_integrate(die, DW_AT_abstract_origin, &attr))
		dwarf_formref_die(&attr, &origin);
	const char *name = dwfl_module_addrinfo(d->module, address, &offset, &symbol, NULL, NULL, NULL);
	const char *file = dwarf_decl_file(&origin);

	if (!name || offset || GELF_ST_TYPE(symbol.st_info) != STT_OBJECT || !file ||
	    dwarf_decl_line(&origin, &line) || is_touched(d->fix, file, line))
		return;
	void **slot = map_slot(&d->by_symbol, name);

	if (!*slot) /* a variable of an inlined function has several dies, all of one place */
		*slot = xasprintf("%s:%d", path_basename(file), line);
}

static void walk(struct declared *d, Dwarf_Die *die)
{
	Dwarf_Die child;

	if (dwarf_tag(die) == DW_TAG_variable)
		note(d, die);
	if (dwarf_child(die, &child))
		return;
	do
		walk(d, &child);
	while (!dwarf_siblingof(&child, &child));
}

static int one_module(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start, void *arg)
{
	*(Dwfl_Module **)arg = module;
	return DWARF_CB_ABORT;
}

/* Sets the places of an object's variables; strings of the map of names are dwarf's. */
static struct error *read_places(const char *path, struct dwarf_unit *unit, struct declared *d)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;

	TRY(dwarf_unit_read(path, unit));
	if (!unit->dwarf)
		return NULL;
	dwfl_getmodules(unit->dwfl, one_module, &d->module, 0);
	while (d->module && !dwarf_get_units(unit->dwarf, cu, &cu, NULL, NULL, &die, NULL))
		walk(d, &die);
	return NULL;
}

static void free_places(struct declared *d)
{
	for (size_t i = 0; i < d->by_symbol.n; i++)
		free(d->by_symbol.entries[i].value);
	map_free(&d->by_symbol);
}

static const char *place_of(const struct declared *d, const struct entity *e)
{
	return e->symbol ? map_get(&d->by_symbol, e->symbol->name) : NULL;
}

/* The one of its key that is declared there; NULL: none, or several. */
static struct entity *declared_at(const struct declared *d, const struct model *m, const char *key,
				  const char *place)
{
	struct entity_vec *list = map_get(&m->by_key, key);
	struct entity *found = NULL;

	for (size_t i = 0; list && i < list->n; i++) {
		const char *p = place_of(d, list->at[i]);

		if (!p || !streq(p, place))
			continue;
		if (found)
			return NULL;
		found = list->at[i];
	}
	return found;
}

static bool is_lost(const struct entity *e)
{
	return e->ambiguous && !e->twin && e->kind == ENTITY_DATA;
}

bool pair_declared(struct model *a, struct model *b, const struct fix *fix)
{
	SCOPED(free_places) struct declared p = { .fix = fix }, q = { .fix = fix };
	scoped_dwarf_unit struct dwarf_unit x = { 0 }, y = { 0 };
	struct error *err = NULL;
	bool any = false;

	for (size_t i = 0; i < a->entities.n; i++)
		any |= is_lost(a->entities.at[i]);
	if (!any)
		return false;
	err = read_places(a->object->path, &x, &p);
	if (!err)
		err = read_places(b->object->path, &y, &q);
	error_free(err); /* then they stay ambiguous */
	any = false;
	for (size_t i = 0; !err && i < a->entities.n; i++) {
		struct entity *e = a->entities.at[i];
		const char *place = is_lost(e) ? place_of(&p, e) : NULL;
		struct entity *f = place && declared_at(&p, a, e->key, place) == e ?
				   declared_at(&q, b, e->key, place) : NULL;

		if (!f || !is_lost(f))
			continue;
		e->twin = f;
		f->twin = e;
		e->ambiguous = f->ambiguous = false;
		any = true;
	}
	return any;
}
