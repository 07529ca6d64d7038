// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and changing a module that is whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "damage.h"

void put_bytes(struct input *in, size_t at, const void *data, size_t size)
{
	check(at <= in->size && size <= in->size - at, "the generator writes beyond the file");
	memcpy(in->data + at, data, size);
}

static void get_bytes(const struct input *in, size_t at, void *data, size_t size)
{
	check(at <= in->size && size <= in->size - at, "the generator reads beyond the file");
	memcpy(data, in->data + at, size);
}

Elf64_Ehdr get_header(const struct input *in)
{
	Elf64_Ehdr eh;

	get_bytes(in, 0, &eh, sizeof(eh));
	return eh;
}

void put_header(struct input *in, Elf64_Ehdr eh)
{
	put_bytes(in, 0, &eh, sizeof(eh));
}

/* ---- sections ---- */

Elf64_Shdr get_section(const struct input *in, size_t i)
{
	Elf64_Shdr sh;

	get_bytes(in, get_header(in).e_shoff + i * sizeof(sh), &sh, sizeof(sh));
	return sh;
}

void put_section(struct input *in, size_t i, Elf64_Shdr sh)
{
	put_bytes(in, get_header(in).e_shoff + i * sizeof(sh), &sh, sizeof(sh));
}

const char *section_name(const struct input *in, size_t i)
{
	return in->data + get_section(in, get_header(in).e_shstrndx).sh_offset +
	       get_section(in, i).sh_name;
}

size_t pick_section(const struct input *in, bool (*fits)(const struct input *in, size_t i))
{
	size_t n = get_header(in).e_shnum, first = rnd(n);

	for (size_t k = 0; k < n; k++) {
		size_t i = (first + k) % n;

		if (i && fits(in, i))
			return i;
	}
	return 0;
}

size_t find_section(const struct input *in, const char *prefix)
{
	for (size_t i = 1; i < get_header(in).e_shnum; i++)
		if (get_section(in, i).sh_type != SHT_NULL &&
		    starts_with(section_name(in, i), prefix))
			return i;
	return 0;
}

size_t symbol_table(const struct input *in)
{
	for (size_t i = 1; i < get_header(in).e_shnum; i++)
		if (get_section(in, i).sh_type == SHT_SYMTAB)
			return i;
	check(false, "the corpus has a module without a symbol table");
	return 0;
}

/* ---- strings: a new table at the end of the file ---- */

static size_t add_string(struct input *in, size_t table, const char *text)
{
	Elf64_Shdr sh = get_section(in, table);
	size_t n = strlen(text) + 1, at = sh.sh_size;
	char *data = xmalloc(in->size + sh.sh_size + n);

	memcpy(data, in->data, in->size);
	memcpy(data + in->size, in->data + sh.sh_offset, sh.sh_size);
	memcpy(data + in->size + sh.sh_size, text, n);
	sh.sh_offset = in->size;
	sh.sh_size += n;
	free(in->data);
	in->data = data;
	in->size += sh.sh_size;
	put_section(in, table, sh);
	return at;
}

void rename_section(struct input *in, size_t i, const char *name)
{
	size_t at = add_string(in, get_header(in).e_shstrndx, name);
	Elf64_Shdr sh = get_section(in, i);

	sh.sh_name = at;
	put_section(in, i, sh);
}

void rename_symbol(struct input *in, size_t i, const char *name)
{
	size_t at = add_string(in, get_section(in, symbol_table(in)).sh_link, name);
	Elf64_Sym sym = get_symbol(in, i);

	sym.st_name = at;
	put_symbol(in, i, sym);
}

/* ---- symbols ---- */

size_t symbol_count(const struct input *in)
{
	return get_section(in, symbol_table(in)).sh_size / sizeof(Elf64_Sym);
}

Elf64_Sym get_symbol(const struct input *in, size_t i)
{
	Elf64_Sym sym;

	get_bytes(in, get_section(in, symbol_table(in)).sh_offset + i * sizeof(sym), &sym,
		  sizeof(sym));
	return sym;
}

void put_symbol(struct input *in, size_t i, Elf64_Sym sym)
{
	put_bytes(in, get_section(in, symbol_table(in)).sh_offset + i * sizeof(sym), &sym,
		  sizeof(sym));
}

const char *symbol_name(const struct input *in, size_t i)
{
	size_t strings = get_section(in, symbol_table(in)).sh_link;

	return in->data + get_section(in, strings).sh_offset + get_symbol(in, i).st_name;
}

size_t pick_symbol(const struct input *in, bool (*fits)(const struct input *in, size_t i))
{
	size_t n = symbol_count(in), first = rnd(n);

	for (size_t k = 0; k < n; k++) {
		size_t i = (first + k) % n;

		if (i && fits(in, i))
			return i;
	}
	return 0;
}

size_t find_symbol(const struct input *in, const char *name)
{
	for (size_t i = 1; i < symbol_count(in); i++)
		if (streq(symbol_name(in, i), name))
			return i;
	return 0;
}

/* ---- relocations ---- */

size_t reloc_count(const struct input *in, size_t section)
{
	return get_section(in, section).sh_size / sizeof(Elf64_Rela);
}

Elf64_Rela get_reloc(const struct input *in, size_t section, size_t i)
{
	Elf64_Rela r;

	get_bytes(in, get_section(in, section).sh_offset + i * sizeof(r), &r, sizeof(r));
	return r;
}

void put_reloc(struct input *in, size_t section, size_t i, Elf64_Rela r)
{
	put_bytes(in, get_section(in, section).sh_offset + i * sizeof(r), &r, sizeof(r));
}

const char *unknown_name(void)
{
	static char text[32];
	size_t n = 2 + rnd(20);

	for (size_t i = 0; i < n; i++)
		text[i] = 'a' + rnd(26);
	snprintf(text + n, sizeof(text) - n, "_%u", rnd(1000));
	return text;
}

bool rename_to_form(struct input *in, bool (*fits)(const struct input *in, size_t i),
			   const char *const *forms, size_t n)
{
	scoped_free char *junk = xstrdup(unknown_name());
	const char *form = forms[rnd(n)];
	const char *percent = strchr(form, '%');
	scoped_free char *name = percent ? xasprintf("%.*s%s%s", (int)(percent - form), form, junk,
						     percent + 1)
					 : xstrdup(form);

	rename_symbol(in, pick_symbol(in, fits), name);
	return true;
}
