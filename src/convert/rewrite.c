// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert/rewrite.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* A module while it is rewritten: a copy of the file that grows at its end. */
struct rewrite {
	const struct rewrite_request *rq;
	const struct object *object;
	struct str file;
	Elf64_Shdr *headers; /* copy of the section headers */
	size_t nheaders, room;
	size_t symtab, strtab, shstrtab;
	struct str names;   /* section names; unused when strings serves for both */
	struct str strings; /* symbol names */
};

void klp_decisions_free(struct klp_decision *d, size_t n)
{
	for (size_t i = 0; d && i < n; i++) {
		free(d[i].patched);
		free(d[i].object);
		free(d[i].name);
	}
	free(d);
}

bool klp_decision_parse(const char *text, struct klp_decision *d)
{
	const char *slash = strchr(text, '/'), *dot = slash ? strchr(slash, '.') : NULL;
	const char *comma = dot ? strrchr(dot, ',') : NULL;

	if (!comma || slash == text || dot == slash + 1 || comma == dot + 1 || !comma[1] ||
	    strspn(comma + 1, "0123456789") != strlen(comma + 1))
		return false;
	*d = (struct klp_decision) {
		.patched = xstrndup(text, slash - text),
		.object = xstrndup(slash + 1, dot - slash - 1),
		.name = xstrndup(dot + 1, comma - dot - 1),
		.position = strtoul(comma + 1, NULL, 10),
	};
	return true;
}

/* ---- is it safe to change in place? ---- */

struct extent {
	uint64_t from, to;
};

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static struct error *check_overlap(const struct object *o, const Elf64_Ehdr *eh)
{
	struct extent *all = xcalloc(o->nsections + 2, sizeof(*all));
	size_t n = 0;
	bool overlap = false;

	all[n++] = (struct extent) {0, sizeof(*eh)};
	all[n++] = (struct extent) {eh->e_shoff, eh->e_shoff + o->nsections * sizeof(Elf64_Shdr)};
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];
		uint64_t from = s->data ? s->data - o->map.data : 0;

		if (s->data && s->type != SHT_NULL)
			all[n++] = (struct extent) {from, from + s->size};
	}
	qsort(all, n, sizeof(*all), by_start);
	for (size_t i = 1; i < n; i++)
		overlap |= all[i].from < all[i - 1].to;
	free(all);
	return overlap ? error_new("B3", "%s: sections overlap", o->path) : NULL;
}

static struct error *check_tables(struct rewrite *w)
{
	const struct object *o = w->object;

	if (o->sections[w->shstrtab].type != SHT_STRTAB || !o->sections[w->shstrtab].data)
		return error_new("B3", "%s: no section names", o->path);
	for (size_t i = o->nsections; i-- > 1;)
		if (o->sections[i].type == SHT_SYMTAB)
			w->symtab = i;
	if (!w->symtab)
		return error_new("B3", "%s: no symbol table", o->path);
	w->strtab = o->sections[w->symtab].link;
	for (size_t i = 1; i < o->nsections; i++)
		if (o->sections[i].type == SHT_RELA &&
		    (o->sections[i].link != w->symtab ||
		     o->sections[o->sections[i].info].type == SHT_RELA))
			return error_new("B3", "%s: section %s is no usual relocation section",
					 o->path, o->sections[i].name);
	for (size_t i = 1; i < o->nsymbols; i++) {
		const struct obj_symbol *s = &o->symbols[i];

		if (s->section && s->section->type == SHT_RELA && (s->value || s->size))
			return error_new("B3", "%s: symbol %s is in a relocation section", o->path,
					 s->name);
	}
	return NULL;
}

static struct error *load(struct rewrite *w)
{
	const struct object *o = w->object;
	Elf64_Ehdr eh;

	memcpy(&eh, o->map.data, sizeof(eh));
	if (eh.e_shentsize != sizeof(Elf64_Shdr) || eh.e_shoff > o->map.size ||
	    o->nsections > (o->map.size - eh.e_shoff) / sizeof(Elf64_Shdr) ||
	    eh.e_shnum != o->nsections || eh.e_shstrndx >= o->nsections)
		return error_new("B3", "%s: section headers out of place", o->path);
	w->shstrtab = eh.e_shstrndx;
	TRY(check_overlap(o, &eh));
	TRY(check_tables(w));
	w->nheaders = o->nsections;
	w->room = 4 * o->nsections + 8;
	w->headers = xcalloc(w->room, sizeof(Elf64_Shdr));
	memcpy(w->headers, o->map.data + eh.e_shoff, o->nsections * sizeof(Elf64_Shdr));
	str_add_bytes(&w->file, o->map.data, o->map.size);
	str_add_bytes(&w->names, o->sections[w->shstrtab].data, o->sections[w->shstrtab].size);
	str_add_bytes(&w->strings, o->sections[w->strtab].data, o->sections[w->strtab].size);
	return NULL;
}

/* ---- symbols ---- */

static bool is_dropped(const struct rewrite *w, size_t section)
{
	return w->rq->drop && w->rq->drop[section];
}

/* Annotations and their relocations. */
static bool goes(const struct rewrite *w, const struct obj_section *s)
{
	return is_dropped(w, s->index) || (s->type == SHT_RELA && is_dropped(w, s->info));
}

/* The symbol's new record. Symbols keep their place in the table. */
static void convert_symbol(struct rewrite *w, const struct obj_symbol *s, Elf64_Sym *sym)
{
	const struct klp_decision *d = &w->rq->decisions[s->index];

	if (s->section && goes(w, s->section)) {
		sym->st_value = 0; /* inside the section, which is empty now */
		sym->st_size = 0;
	}
	if (!d->patched)
		return;
	sym->st_name = w->strings.n;
	sym->st_shndx = SHN_LIVEPATCH;
	str_add(&w->strings, ".klp.sym.%s.%s,%u", d->object, d->name, d->position);
	str_add_bytes(&w->strings, "", 1);
}

static void convert_symbols(struct rewrite *w)
{
	const struct obj_section *tab = &w->object->sections[w->symtab];
	char *table = w->file.s + (tab->data - w->object->map.data);

	for (size_t i = 1; i < w->object->nsymbols; i++) {
		Elf64_Sym sym;

		memcpy(&sym, table + i * sizeof(sym), sizeof(sym));
		convert_symbol(w, &w->object->symbols[i], &sym);
		memcpy(table + i * sizeof(sym), &sym, sizeof(sym));
	}
}

/* ---- relocations ---- */

static void align_file(struct rewrite *w)
{
	while (w->file.n % 8)
		str_add_bytes(&w->file, "", 1);
}

/* Compilers of the LLVM family keep section names and symbol names in one table. */
static struct str *section_names(struct rewrite *w)
{
	return w->strtab == w->shstrtab ? &w->strings : &w->names;
}

static void add_section(struct rewrite *w, const char *name, Elf64_Shdr sh, const void *data)
{
	struct str *names = section_names(w);

	if (w->nheaders == w->room) {
		w->room *= 2;
		w->headers = xreallocarray(w->headers, w->room, sizeof(Elf64_Shdr));
	}
	align_file(w);
	sh.sh_name = names->n;
	sh.sh_offset = w->file.n;
	str_add_bytes(names, name, strlen(name) + 1);
	str_add_bytes(&w->file, data, sh.sh_size);
	w->headers[w->nheaders++] = sh;
}

/* Relocations of one section that go to one .klp.rela section. */
struct group {
	const char *patched;
	struct str relas;
};
DEFINE_VEC(group_vec, struct group)

static struct group *find_group(struct group_vec *groups, const char *patched)
{
	for (size_t i = 0; i < groups->n; i++)
		if (streq(groups->at[i].patched, patched))
			return &groups->at[i];
	return group_vec_push(groups, (struct group) {.patched = patched});
}

static struct error *write_groups(struct rewrite *w, struct group_vec *groups,
				  const struct obj_section *rela)
{
	struct error *err = NULL;

	for (size_t i = 0; i < groups->n; i++) {
		struct group *g = &groups->at[i];
		scoped_free char *name = xasprintf(".klp.rela.%s.%s", g->patched,
						   w->object->sections[rela->info].name);
		Elf64_Shdr sh = {.sh_type = SHT_RELA,
				 .sh_flags = SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH,
				 .sh_size = g->relas.n,
				 .sh_link = w->symtab,
				 .sh_info = rela->info,
				 .sh_addralign = 8,
				 .sh_entsize = sizeof(Elf64_Rela)};

		if (!err && object_section(w->object, name))
			err = error_new("K11", "%s: has a section %s already, and further references to "
					"the kernel for it", w->object->path, name);
		add_section(w, name, sh, g->relas.s);
		str_free(&g->relas);
	}
	group_vec_free(groups);
	return err;
}

/* Moves the klp relocations of one relocation section; the others close ranks. */
static struct error *split_relocs(struct rewrite *w, size_t index)
{
	const struct obj_section *rela = &w->object->sections[index];
	size_t n = rela->size / sizeof(Elf64_Rela), kept = 0;
	struct group_vec groups = { 0 };
	char *out = w->file.s + (rela->data - w->object->map.data);

	for (size_t i = 0; i < n; i++) {
		const struct klp_decision *d;
		Elf64_Rela r;

		memcpy(&r, rela->data + i * sizeof(r), sizeof(r));
		d = &w->rq->decisions[ELF64_R_SYM(r.r_info)];
		if (d->patched)
			str_add_bytes(&find_group(&groups, d->patched)->relas, &r, sizeof(r));
		else
			memcpy(out + kept++ * sizeof(r), &r, sizeof(r));
	}
	w->headers[index].sh_size = kept * sizeof(Elf64_Rela);
	memset(out + kept * sizeof(Elf64_Rela), 0, (n - kept) * sizeof(Elf64_Rela));
	return write_groups(w, &groups, rela);
}

static void drop_section(struct rewrite *w, size_t index)
{
	w->headers[index] = (Elf64_Shdr) {.sh_name = w->headers[index].sh_name};
}

static struct error *convert_sections(struct rewrite *w)
{
	const struct object *o = w->object;

	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];

		if (goes(w, s))
			drop_section(w, i);
		else if (s->type == SHT_RELA && s->size && !(s->flags & SHF_RELA_LIVEPATCH) &&
			 (o->sections[s->info].flags & SHF_ALLOC))
			TRY(split_relocs(w, i));
	}
	return NULL;
}

/* ---- the whole ---- */

static void append_table(struct rewrite *w, size_t section, const struct str *table)
{
	align_file(w);
	w->headers[section].sh_offset = w->file.n;
	w->headers[section].sh_size = table->n;
	str_add_bytes(&w->file, table->s, table->n);
}

/* The grown string tables and the headers go to the end; the old tables stay as dead bytes. */
static void finish(struct rewrite *w)
{
	Elf64_Ehdr eh;

	append_table(w, w->strtab, &w->strings);
	if (w->strtab != w->shstrtab)
		append_table(w, w->shstrtab, &w->names);
	align_file(w);
	memcpy(&eh, w->file.s, sizeof(eh));
	eh.e_shoff = w->file.n;
	eh.e_shnum = w->nheaders;
	memcpy(w->file.s, &eh, sizeof(eh));
	str_add_bytes(&w->file, w->headers, w->nheaders * sizeof(Elf64_Shdr));
}

static struct error *rewrite(struct rewrite *w)
{
	TRY(load(w));
	convert_symbols(w);
	TRY(convert_sections(w));
	if (w->nheaders >= SHN_LORESERVE)
		return error_new("B3", "%s: too many sections", w->object->path);
	finish(w);
	return NULL;
}

struct error *klp_rewrite(const struct rewrite_request *request, char **out, size_t *out_size)
{
	struct rewrite w = {.rq = request, .object = request->object};
	struct error *err = rewrite(&w);

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
