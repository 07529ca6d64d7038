// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver/function.h"

#include <dwarf.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/convert.h"
#include "convert/symbols.h"
#include "object/debug.h"
#include "object/image.h"
#include "units/includes.h"

/* ---- which file does an address come from ---- */

static void add_once(struct str_vec *list, char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->at[i], text)) {
			free(text);
			return;
		}
	str_vec_push(list, text);
}

/* "/build/linux-6.12/net/ipv4/tcp.c" → "net/ipv4/tcp.c": the longest end that the tree has. */
static char *in_tree(const struct target *target, const char *name)
{
	for (const char *p = name; p; p = strchr(p, '/')) {
		p += *p == '/';
		scoped_free char *path = path_join(target->srctree, p);

		if (*p && path_exists(path))
			return xstrdup(p);
	}
	return NULL;
}

/* Does a subprogram of the unit have this name and code of its own? */
static bool defines(Dwarf_Die *unit, const char *function)
{
	Dwarf_Die child;
	Dwarf_Addr low;

	if (dwarf_child(unit, &child))
		return false;
	do {
		const char *name = dwarf_tag(&child) == DW_TAG_subprogram ? dwarf_diename(&child) : NULL;

		if (name && streq(name, function) &&
		    (dwarf_lowpc(&child, &low) == 0 || dwarf_hasattr(&child, DW_AT_ranges)))
			return true;
	} while (dwarf_siblingof(&child, &child) == 0);
	return false;
}

/* function: only units that define it, NULL: all. */
static void sources_of_units(const struct target *target, Dwarf *dwarf, const char *function,
			     struct str_vec *sources)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &unit, NULL) == 0) {
		const char *name = dwarf_diename(&unit);
		char *path = name && (!function || defines(&unit, function)) ? in_tree(target, name) : NULL;

		if (path)
			add_once(sources, path);
	}
}

static void source_of_address(const struct target *target, Dwarf *dwarf, uint64_t address,
			      struct str_vec *sources)
{
	Dwarf_Die unit;
	const char *name = dwarf_addrdie(dwarf, address, &unit) ? dwarf_diename(&unit) : NULL;
	char *path = name ? in_tree(target, name) : NULL;

	if (path)
		add_once(sources, path);
}

static bool is_function_place(const struct sym_place *p)
{
	return p && p->known && !sym_place_is_init(p);
}

static struct error *sources_in(struct target *target, const struct symlist *list,
				const struct sym_entry *entry, struct str_vec *sources)
{
	bool vmlinux = streq(entry->object, "vmlinux");
	scoped_free char *path = vmlinux ? xstrdup(target->vmlinux) : NULL;
	Dwfl *dwfl = NULL;
	Dwarf *dwarf = NULL;

	if (!vmlinux)
		TRY(target_module_debug(target, entry->object, &path));
	struct error *err = debug_open(path, &dwfl, NULL, &dwarf);

	for (unsigned int n = 1; dwarf && vmlinux && n <= entry->count; n++) {
		const struct sym_place *p = symlist_place(list, entry, n);

		if (is_function_place(p))
			source_of_address(target, dwarf, p->value, sources);
	}
	if (dwarf && !vmlinux)
		sources_of_units(target, dwarf, entry->name, sources);
	dwfl_end(dwfl);
	return err;
}

struct error *function_units(struct target *target, const char *kobject, struct str_vec *sources)
{
	scoped_free char *path = streq(kobject, "vmlinux") ? xstrdup(target->vmlinux) : NULL;
	Dwfl *dwfl = NULL;
	Dwarf *dwarf = NULL;

	if (!path)
		TRY(target_module_debug(target, kobject, &path));
	struct error *err = debug_open(path, &dwfl, NULL, &dwarf);

	if (dwarf)
		sources_of_units(target, dwarf, NULL, sources);
	dwfl_end(dwfl);
	return err;
}

/* A system call is asked for by its name in the table; its symbol has a prefix. */
static struct sym_entry *find_entry(const struct symlist *list, const char *function)
{
	struct sym_entry *e = symlist_find(list, function);
	scoped_free char *call = xasprintf("__x64_sys_%s", starts_with(function, "sys_") ?
					   function + 4 : function);

	return e ? e : symlist_find(list, call);
}

static struct error *no_unit(const struct symlist *list, const char *function)
{
	scoped_free char *near = convert_near(list, function);

	return error_hint(error_new("M27", "no unit of the target has a function '%s' with a symbol: it "
				    "does not exist, or it is a macro or assembly, or it is inlined "
				    "wherever it is used", function),
			  "%s", near ? near : "with --unit FILE a function of that file is looked for");
}

struct error *function_sources(struct target *target, const char *function, struct str_vec *sources)
{
	SCOPED(symlist_free) struct symlist list = { 0 };

	TRY(symlist_of_target(target, &list));
	for (struct sym_entry *e = find_entry(&list, function); e; e = symlist_next(&list, e))
		TRY(sources_in(target, &list, e, sources));
	return sources->n ? NULL : no_unit(&list, function);
}

static struct error *only_source(struct target *target, const char *function, char **source)
{
	SCOPED(str_vec_free_all) struct str_vec sources = { 0 };
	scoped_str struct str names = { 0 };

	TRY(function_sources(target, function, &sources));
	for (size_t i = 0; i < sources.n && i < 8; i++)
		str_add(&names, "%s%s", i ? ", " : "", sources.at[i]);
	if (sources.n == 1 && !ends_with(sources.at[0], ".c"))
		return error_new("M27", "'%s' is written in assembly (%s)", function, sources.at[0]);
	if (sources.n > 1)
		return error_hint(error_new("M26", "%zu units define '%s'", sources.n, function),
				  "name one with --unit: %s", names.s);
	*source = xstrdup(sources.at[0]);
	return NULL;
}

/* A file that others include (kernel/sched/syscalls.c) is part of their unit. */
static struct error *compile_with_readers(struct target *target, const char *source,
					  struct unit *unit)
{
	SCOPED(str_vec_free_all) struct str_vec readers = { 0 };
	struct error *err = unit_compile_original(target, source, unit);

	if (!err || !streq(err->id, "U1") || !ends_with(source, ".c"))
		return err;
	struct error *none = includes_readers_of_c(target, source, &readers);

	for (size_t i = 0; !none && err && i < readers.n; i++) {
		error_free(err);
		err = unit_compile_original(target, readers.at[i], unit);
	}
	error_free(none);
	return err;
}

struct error *function_unit(struct target *target, const char *function, const char *source,
			    struct unit_vec *units)
{
	scoped_free char *found = xstrdup(source);
	struct unit unit;

	if (!found)
		TRY(only_source(target, function, &found));
	TRY(compile_with_readers(target, found, &unit));
	unit.patched = xstrdup(unit.original);
	unit_vec_push(units, unit);
	return NULL;
}
