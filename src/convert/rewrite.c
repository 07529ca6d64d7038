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

void klp_decision_free(struct klp_decision *d)
{
	free(d->patched);
	free(d->object);
	free(d->name);
	*d = (struct klp_decision) {0};
}

void klp_decisions_free(struct klp_decision *d, size_t n)
{
	for (size_t i = 0; d && i < n; i++)
		klp_decision_free(&d[i]);
	free(d);
}

/* "<object>.<name>,<position>"; a position of more digits than nine is none. */
static bool parse_symbol(const char *text, struct klp_decision *d)
{
	const char *dot = strchr(text, '.'), *comma = dot ? strrchr(dot, ',') : NULL;

	if (!comma || dot == text || comma == dot + 1 || !comma[1] || strlen(comma + 1) > 9 ||
	    strspn(comma + 1, "0123456789") != strlen(comma + 1))
		return false;
	*d = (struct klp_decision) {.object = xstrndup(text, dot - text),
				    .name = xstrndup(dot + 1, comma - dot - 1),
				    .position = strtoul(comma + 1, NULL, 10)};
	return true;
}

bool klp_decision_parse(const char *text, struct klp_decision *d)
{
	const char *slash = strchr(text, '/');

	if (!slash || slash == text || !parse_symbol(slash + 1, d))
		return false;
	d->patched = xstrndup(text, slash - text);
	return true;
}

bool klp_symbol_parse(const char *name, struct klp_decision *d)
{
	return starts_with(name, KLP_SYM_PREFIX) && parse_symbol(name + strlen(KLP_SYM_PREFIX), d);
}

/* ---- a copy of the file ---- */

static struct error *load(struct rewrite *w)
{
	const struct object *o = w->object;
	struct klp_tables tables;
	Elf64_Ehdr eh;

	TRY(klp_check_file(o, &tables));
	memcpy(&eh, o->map.data, sizeof(eh));
	w->symtab = tables.symbols;
	w->strtab = tables.strings;
	w->shstrtab = tables.names;
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
	str_add(&w->strings, KLP_SYM_PREFIX "%s.%s,%u", d->object, d->name, d->position);
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
		scoped_free char *name = xasprintf(KLP_RELA_PREFIX "%s.%s", g->patched,
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
