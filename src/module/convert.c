// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "diff/resolve.h"
#include "module/module.h"
#include "object/object.h"

/* include/uapi/linux/elf.h, kernel/livepatch/core.c */
#define SHN_LIVEPATCH 0xff20
#define SHF_RELA_LIVEPATCH 0x00100000

/* A module while it is rewritten: a copy of the file that grows at its end. */
struct rewrite {
	struct object *object;
	struct str file;
	Elf64_Shdr *headers; /* copy of the section headers */
	size_t nheaders, room;
	struct str names;    /* section names */
	struct str strings;  /* symbol names */
	size_t symtab;
	size_t klp_symbols;
};

static struct error *load(struct rewrite *w)
{
	struct object *o = w->object;
	Elf64_Ehdr eh;

	memcpy(&eh, o->map.data, sizeof(eh));
	if (eh.e_shentsize != sizeof(Elf64_Shdr) || eh.e_shoff > o->map.size ||
	    o->nsections > (o->map.size - eh.e_shoff) / sizeof(Elf64_Shdr) ||
	    eh.e_shstrndx >= o->nsections)
		return error_new("B3", "%s: section headers out of place", o->path);
	w->nheaders = o->nsections;
	w->room = 4 * o->nsections + 8;
	w->headers = xcalloc(w->room, sizeof(Elf64_Shdr));
	memcpy(w->headers, o->map.data + eh.e_shoff, o->nsections * sizeof(Elf64_Shdr));
	str_add_bytes(&w->file, o->map.data, o->map.size);
	const struct obj_section *names = &o->sections[eh.e_shstrndx];

	if (names->type != SHT_STRTAB || !names->data)
		return error_new("B3", "%s: no section names", o->path);
	str_add_bytes(&w->names, names->data, names->size);
	for (size_t i = 1; i < o->nsections && !w->symtab; i++)
		if (o->sections[i].type == SHT_SYMTAB)
			w->symtab = i;
	if (!w->symtab)
		return error_new("B3", "%s: no symbol table", o->path);
	const struct obj_section *strings = &o->sections[o->sections[w->symtab].link];

	str_add_bytes(&w->strings, strings->data, strings->size);
	return NULL;
}

static bool is_klp(const struct obj_symbol *s)
{
	return s->shndx == SHN_UNDEF && starts_with(s->name, KLP_REF_PREFIX);
}

/* "<patched>/<object>.<symbol>,<pos>" behind the prefix: length of the patched object's name. */
static size_t patched_length(const struct obj_symbol *s)
{
	return strcspn(s->name + strlen(KLP_REF_PREFIX), "/");
}

/* Gives klp symbols their final names and section index; their place in the table stays. */
static struct error *convert_symbols(struct rewrite *w)
{
	const struct obj_section *tab = &w->object->sections[w->symtab];
	char *table = w->file.s + (tab->data - w->object->map.data);

	for (size_t i = 1; i < w->object->nsymbols; i++) {
		const struct obj_symbol *s = &w->object->symbols[i];
		const char *rest;
		Elf64_Sym sym;

		if (!is_klp(s))
			continue;
		rest = s->name + strlen(KLP_REF_PREFIX) + patched_length(s);
		if (*rest != '/' || !strchr(rest, '.') || !strrchr(rest, ','))
			return error_new("B3", "%s: malformed klp reference '%s'", w->object->path,
					 s->name);
		memcpy(&sym, table + i * sizeof(sym), sizeof(sym));
		sym.st_name = w->strings.n;
		sym.st_shndx = SHN_LIVEPATCH;
		memcpy(table + i * sizeof(sym), &sym, sizeof(sym));
		str_add(&w->strings, ".klp.sym.%s", rest + 1);
		str_add_bytes(&w->strings, "", 1);
		w->klp_symbols++;
	}
	return NULL;
}

static void align_file(struct rewrite *w)
{
	while (w->file.n % 8)
		str_add_bytes(&w->file, "", 1);
}

static void add_section(struct rewrite *w, const char *name, Elf64_Shdr sh, const void *data)
{
	if (w->nheaders == w->room) {
		w->room *= 2;
		w->headers = xreallocarray(w->headers, w->room, sizeof(Elf64_Shdr));
	}
	align_file(w);
	sh.sh_name = w->names.n;
	sh.sh_offset = w->file.n;
	str_add_bytes(&w->names, name, strlen(name) + 1);
	str_add_bytes(&w->file, data, sh.sh_size);
	w->headers[w->nheaders++] = sh;
}

/* Relocations of one section that go to one .klp.rela section. */
struct group {
	char *name;
	struct str relas;
};
DEFINE_VEC(group_vec, struct group)

static struct group *find_group(struct group_vec *groups, const struct obj_symbol *s,
				const char *section)
{
	scoped_free char *name = xasprintf(".klp.rela.%.*s.%s", (int)patched_length(s),
					   s->name + strlen(KLP_REF_PREFIX), section);

	for (size_t i = 0; i < groups->n; i++)
		if (streq(groups->at[i].name, name))
			return &groups->at[i];
	return group_vec_push(groups, (struct group){ .name = take(name) });
}

/* Moves the klp relocations of one relocation section; the others close ranks. */
static void split_relocs(struct rewrite *w, size_t index)
{
	const struct obj_section *rela = &w->object->sections[index];
	const char *target = w->object->sections[rela->info].name;
	size_t n = rela->size / sizeof(Elf64_Rela), kept = 0;
	struct group_vec groups = { 0 };
	char *out = w->file.s + (rela->data - w->object->map.data);

	for (size_t i = 0; i < n; i++) {
		Elf64_Rela r;
		struct obj_symbol *s;

		memcpy(&r, rela->data + i * sizeof(r), sizeof(r));
		s = &w->object->symbols[ELF64_R_SYM(r.r_info)];
		if (is_klp(s))
			str_add_bytes(&find_group(&groups, s, target)->relas, &r, sizeof(r));
		else
			memcpy(out + kept++ * sizeof(r), &r, sizeof(r));
	}
	w->headers[index].sh_size = kept * sizeof(Elf64_Rela);
	memset(out + kept * sizeof(Elf64_Rela), 0, (n - kept) * sizeof(Elf64_Rela));
	for (size_t i = 0; i < groups.n; i++) {
		Elf64_Shdr sh = { .sh_type = SHT_RELA,
				  .sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH,
				  .sh_size = groups.at[i].relas.n, .sh_link = w->symtab,
				  .sh_info = rela->info, .sh_addralign = 8,
				  .sh_entsize = sizeof(Elf64_Rela) };

		add_section(w, groups.at[i].name, sh, groups.at[i].relas.s);
		free(groups.at[i].name);
		str_free(&groups.at[i].relas);
	}
	group_vec_free(&groups);
}

static void convert_relocs(struct rewrite *w)
{
	size_t n = w->object->nsections;

	for (size_t i = 1; i < n; i++) {
		const struct obj_section *s = &w->object->sections[i];

		if (s->type == SHT_RELA && s->size && !(s->flags & SHF_RELA_LIVEPATCH))
			split_relocs(w, i);
	}
}

/* The grown string tables and the headers go to the end; the old tables stay as dead bytes. */
static void finish(struct rewrite *w)
{
	size_t strtab = w->object->sections[w->symtab].link;
	Elf64_Ehdr *eh = (Elf64_Ehdr *)w->file.s;
	size_t shstrtab = eh->e_shstrndx;

	align_file(w);
	w->headers[strtab].sh_offset = w->file.n;
	w->headers[strtab].sh_size = w->strings.n;
	str_add_bytes(&w->file, w->strings.s, w->strings.n);
	align_file(w);
	w->headers[shstrtab].sh_offset = w->file.n;
	w->headers[shstrtab].sh_size = w->names.n;
	str_add_bytes(&w->file, w->names.s, w->names.n);
	align_file(w);
	eh = (Elf64_Ehdr *)w->file.s;
	eh->e_shoff = w->file.n;
	eh->e_shnum = w->nheaders;
	str_add_bytes(&w->file, w->headers, w->nheaders * sizeof(Elf64_Shdr));
}

static struct error *convert(struct rewrite *w)
{
	TRY(load(w));
	TRY(convert_symbols(w));
	convert_relocs(w);
	if (w->nheaders >= SHN_LORESERVE)
		return error_new("B3", "%s: too many sections", w->object->path);
	finish(w);
	return NULL;
}

struct error *module_convert_memory(const char *name, void *data, size_t size, char **out,
				    size_t *out_size)
{
	scoped_object struct object *o = NULL;
	struct rewrite w = { 0 };

	TRY(object_read_memory(name, data, size, &o));
	w.object = o;
	struct error *err = convert(&w);

	if (!err) {
		*out_size = w.file.n;
		*out = take(w.file.s);
	}
	free(w.file.s);
	str_free(&w.names);
	str_free(&w.strings);
	free(w.headers);
	return err;
}

struct error *module_convert(const char *in, const char *out)
{
	scoped_free char *data = NULL, *converted = NULL;
	size_t size, n;

	TRY(read_file(in, &data, &size));
	TRY(module_convert_memory(in, data, size, &converted, &n));
	return write_file(out, converted, n);
}
