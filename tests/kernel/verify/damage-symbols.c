// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols: positions, objects, names, and what should be the kernel's. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "damage.h"

static uint32_t some_klp(const struct ko *ko, uint32_t random)
{
	return ko_another(ko, 0, true, random);
}

static bool change_position(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t i = some_klp(ko, random);
	const char *name = i ? ko_symbol_name(ko, i) : NULL, *comma = name ? strrchr(name, ',') : NULL;

	if (!comma)
		return false;
	unsigned long position = strtoul(comma + 1, NULL, 10);

	if (!row->number && !position)
		return false;
	scoped_free char *other = xasprintf("%.*s,%lu", (int)(comma - name), name, row->number ?
					    position + row->number : position == 1 ? 2ul : 1ul);

	ko_rename(ko, i, other);
	*what = xstrdup(other);
	return true;
}

static bool change_object(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t i = some_klp(ko, random);
	const char *rest = i ? strchr(ko_symbol_name(ko, i) + strlen(".klp.sym."), '.') : NULL;

	if (!rest)
		return false;
	scoped_free char *other = xasprintf(".klp.sym.%s%s", row->other, rest);

	ko_rename(ko, i, other);
	*what = xstrdup(other);
	return true;
}

static bool change_import(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t i = ko_another(ko, 0, false, random);

	if (!i)
		return false;
	scoped_free char *other = xasprintf("%sx", ko_symbol_name(ko, i));

	*what = xstrdup(other);
	ko_rename(ko, i, other);
	return true;
}

/* A copy of what only decides whether a message is printed is allowed (docs/verify.md): no fault. */
static bool is_of_message(const struct ko *ko, const struct site *s)
{
	static const char *const names[] = { ".__already_done", ".__warned", "._rs" };
	const char *symbol = ko_symbol_name(ko, site_symbol(s));

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(symbol, names[i]))
			return true;
	return false;
}

static bool choose_reference(struct ko *ko, const struct damage *row, uint32_t random, struct site *s)
{
	enum { TRIES = 64 };

	for (uint32_t k = 0; k < TRIES; k++) {
		if (!ko_choose(ko, NULL, row->number ? site_to_data : site_to_klp, random + k, s))
			return false;
		if (!row->number || !is_of_message(ko, s))
			return true;
	}
	return false;
}

/* The livepatch gets a variable, or function, of its own in place of the kernel's. */
static bool make_local(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *home = ko_section(ko, row->section);
	struct site s;

	if (!home || !choose_reference(ko, row, random, &s))
		return false;
	Elf64_Sym *sym = ko_symbol(ko, site_symbol(&s));

	*what = site_describe(ko, &s);
	sym->st_shndx = home - ko->sections;
	sym->st_value = 0x10;
	return true;
}

/* A function of the livepatch becomes shorter. */
static bool shorten(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t n = ko_symbol_count(ko);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = (random + k) % n;
		Elf64_Sym *s = ko_symbol(ko, i);

		if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || !s->st_shndx || s->st_shndx >= ko->nsections ||
		    !ko_is_code(ko, &ko->sections[s->st_shndx]) || starts_with(ko_symbol_name(ko, i), "__pfx_"))
			continue;
		s->st_size /= 2;
		*what = xstrdup(ko_symbol_name(ko, i));
		return true;
	}
	return false;
}


const struct damage damages_of_symbols[] = {
	{ "homonym", "O4", change_position, NULL, NULL, 0 },
	{ "position beyond the last", "O7", change_position, NULL, NULL, 4000 },
	{ "symbol of an object that has none of that name", "O7", change_object, NULL, "loop", 0 },
	{ "symbol of an object that does not exist", "O7", change_object, NULL, "no_such_module", 0 },
	{ "import that nobody exports", "O7", change_import, NULL, NULL, 0 },
	{ "fresh copy of a variable", "O5", make_local, ".data", NULL, 1 },
	{ "own code in place of the kernel's", "O4", make_local, ".text", NULL, 0 },
	{ "function cut off", "O3", shorten, NULL, NULL, 0 },
	{ 0 },
};
