// SPDX-License-Identifier: GPL-2.0-or-later
/* Types as people write them, and where they are declared. */
#include <dwarf.h>

#include "base/mem.h"
#include "base/str.h"
#include "layout/dwarf.h"
#include "object/debug.h"

enum { MAX_HOPS = 64 }; /* a damaged file may have a typedef of itself */

static bool is_qualifier(uint16_t tag)
{
	return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

uint32_t type_strip(const struct dwarf_unit *u, uint32_t type, bool typedefs)
{
	for (int i = 0; i < MAX_HOPS; i++) {
		uint16_t tag = u->types.at[type].tag;

		if (!is_qualifier(tag) && !(typedefs && tag == DW_TAG_typedef))
			return type;
		type = u->types.at[type].type;
	}
	return 0;
}

static void add_name(const struct dwarf_unit *u, uint32_t type, struct str *out, int hops)
{
	const struct die_type *t = &u->types.at[type];

	if (!type) {
		str_add(out, "void");
	} else if (hops > MAX_HOPS) {
		str_add(out, "...");
	} else if (t->name) {
		str_add(out, "%s%s", debug_keyword(t->tag), t->name);
	} else if (is_qualifier(t->tag)) {
		str_add(out, "%s", t->tag == DW_TAG_const_type ? "const " : "");
		add_name(u, t->type, out, hops + 1);
	} else if (t->tag == DW_TAG_pointer_type) {
		add_name(u, t->type, out, hops + 1);
		str_add(out, ends_with(out->s, "*") ? "*" : " *");
	} else if (t->tag == DW_TAG_array_type) {
		add_name(u, t->type, out, hops + 1);
		for (uint32_t i = t->items.first; i; i = u->items.at[i].next)
			str_add(out, "[%lld]", (long long)u->items.at[i].value);
	} else if (t->tag == DW_TAG_subroutine_type) {
		add_name(u, t->type, out, hops + 1);
		str_add(out, " (");
		for (uint32_t i = t->items.first; i; i = u->items.at[i].next) {
			add_name(u, u->items.at[i].type, out, hops + 8);
			str_add(out, u->items.at[i].next ? ", " : "");
		}
		str_add(out, t->variadic ? ", ...)" : ")");
	} else {
		str_add(out, "anonymous %s", debug_keyword(t->tag));
		out->s[--out->n] = 0; /* the keyword's blank */
	}
}

char *type_name(const struct dwarf_unit *u, uint32_t type)
{
	struct str out = {0};

	add_name(u, type, &out, 0);
	return out.s;
}

/* Every unit of the kernel includes this file of its source tree. */
static const char common_header[] = "/include/linux/types.h";

/* Length of the source tree's path, if a file that every unit has gives it away, else 0. */
static size_t tree_length(Dwarf_Die *die)
{
	Dwarf_Files *files;
	Dwarf_Die cu;
	size_t n;

	if (!dwarf_diecu(die, &cu, NULL, NULL) || dwarf_getsrcfiles(&cu, &files, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *file = dwarf_filesrc(files, i, NULL, NULL);

		if (file && ends_with(file, common_header))
			return strlen(file) - strlen(common_header) + 1;
	}
	return 0;
}

/* How much of the path is the source tree's: as far as the unit's source has it in common. */
static size_t prefix_length(const char *path, const char *source, size_t tree)
{
	size_t slash = 0;

	if (!source || *path != '/')
		return starts_with(path, "./") ? 2 : 0;
	for (size_t i = 0; path[i] && path[i] == source[i] && (!tree || i < tree); i++)
		if (path[i] == '/')
			slash = i + 1;
	return slash > 1 ? slash : 0;
}

char *die_location(const struct dwarf_unit *u, uint64_t offset, bool *header)
{
	Dwarf_Die die;
	int line = 0;

	*header = false;
	if (!dwarf_offdie(u->dwarf, offset, &die))
		return NULL;
	const char *file = dwarf_decl_file(&die);

	if (!file)
		return NULL;
	*header = !ends_with(file, ".c");
	dwarf_decl_line(&die, &line);
	return xasprintf("%s:%d", file + prefix_length(file, u->source, tree_length(&die)), line);
}
