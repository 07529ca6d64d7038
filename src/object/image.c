// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/image.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

size_t name_base_length(const char *name)
{
	size_t n = strlen(name), end = n;

	while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9')
		end--;
	return end > 1 && end < n && name[end - 1] == '.' ? end - 1 : n;
}

bool name_same_base(const char *a, const char *b)
{
	size_t n = name_base_length(a);

	return n == name_base_length(b) && memcmp(a, b, n) == 0;
}

static struct error *check_kind(struct image *im, Elf *elf)
{
	GElf_Ehdr eh;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		return error_new("D1", "%s: not an ELF file", im->path);
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64)
		return error_new("D1", "%s: not an x86_64 ELF file", im->path);
	im->module = eh.e_type == ET_REL;
	if (!im->module && eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return error_new("D1", "%s: neither a linked kernel nor a module", im->path);
	return NULL;
}

static struct error *read_sections(struct image *im, Elf *elf)
{
	size_t shstrndx;

	if (elf_getshdrnum(elf, &im->nsections) || elf_getshdrstrndx(elf, &shstrndx))
		return error_new("D2", "%s: damaged section headers", im->path);
	im->sections = xcalloc(im->nsections, sizeof(*im->sections));
	for (size_t i = 1; i < im->nsections; i++) {
		Elf_Scn *scn = elf_getscn(elf, i);
		struct image_section *s = &im->sections[i];
		GElf_Shdr sh;

		if (!scn || !gelf_getshdr(scn, &sh))
			return error_new("D2", "%s: damaged header of section %zu", im->path, i);
		s->name = elf_strptr(elf, shstrndx, sh.sh_name);
		if (!s->name)
			s->name = "";
		s->address = sh.sh_addr;
		s->size = sh.sh_size;
		s->offset = sh.sh_offset;
		s->flags = sh.sh_flags;
		s->type = sh.sh_type;
		if (s->type != SHT_NOBITS &&
		    (s->offset > im->map.size || s->size > im->map.size - s->offset))
			return error_new("D2", "%s: section %s reaches beyond the file", im->path,
					 s->name);
	}
	if (im->nsections)
		im->sections[0].name = "";
	return NULL;
}

static void begin_file(struct image *im, const char *name, uint32_t index)
{
	if (im->files.n)
		im->files.at[im->files.n - 1].end = index;
	image_file_vec_push(&im->files, (struct image_file){ name, index + 1, index + 1, -1 });
}

static void add_symbol(struct image *im, uint32_t i, const Elf64_Sym *sym, const char *name)
{
	struct image_symbol *s = &im->symbols[i];

	*s = (struct image_symbol){
		.name = name,
		.place = im->module && sym->st_shndx != SHN_ABS ?
				 module_place(sym->st_shndx, sym->st_value) :
				 sym->st_value,
		.size = sym->st_size,
		.section = sym->st_shndx,
		.type = ELF64_ST_TYPE(sym->st_info),
		.bind = ELF64_ST_BIND(sym->st_info),
		.file = -1,
		.index = i,
	};
	if (s->type == STT_FILE)
		begin_file(im, name, i);
	else if (s->bind == STB_LOCAL && im->files.n)
		s->file = im->files.n - 1;
	else if (im->files.n && im->files.at[im->files.n - 1].end < im->files.at[im->files.n - 1].first + 1)
		im->files.at[im->files.n - 1].end = i;
}

/* Files of one name form a list, so that "main.c" finds all of its groups. */
static void chain_files(struct image *im)
{
	for (size_t i = im->files.n; i-- > 0;) {
		struct image_file *f = &im->files.at[i];
		void **slot = map_slot(&im->files_by_name, f->name);

		f->next = (int32_t)(intptr_t)*slot - 1;
		*slot = (void *)(intptr_t)(i + 1);
	}
}

static bool is_defined(const struct image_symbol *s)
{
	return s->section != SHN_UNDEF && s->type != STT_FILE && s->type != STT_SECTION && *s->name;
}

static int by_place(const void *a, const void *b)
{
	const struct image_symbol *x = *(struct image_symbol *const *)a;
	const struct image_symbol *y = *(struct image_symbol *const *)b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void index_symbols(struct image *im)
{
	im->by_place = xcalloc(im->nsymbols, sizeof(*im->by_place));
	for (size_t i = im->nsymbols; i-- > 1;) {
		struct image_symbol *s = &im->symbols[i];

		if (!is_defined(s))
			continue;
		void **slot = map_slot(&im->by_name, s->name);

		s->next_same_name = *slot;
		*slot = s;
		im->by_place[im->nby_place++] = s;
	}
	qsort(im->by_place, im->nby_place, sizeof(*im->by_place), by_place);
	chain_files(im);
}

static struct error *read_symbols(struct image *im, Elf *elf)
{
	for (size_t i = 1; i < im->nsections; i++) {
		const struct image_section *tab = &im->sections[i];
		GElf_Shdr sh;

		if (tab->type != SHT_SYMTAB || !gelf_getshdr(elf_getscn(elf, i), &sh))
			continue;
		if (sh.sh_link == 0 || sh.sh_link >= im->nsections ||
		    im->sections[sh.sh_link].type != SHT_STRTAB)
			return error_new("D2", "%s: symbol table without strings", im->path);
		const struct image_section *str = &im->sections[sh.sh_link];
		const char *strings = (const char *)im->map.data + str->offset;

		if (str->size == 0 || strings[str->size - 1])
			return error_new("D2", "%s: damaged string table", im->path);
		im->nsymbols = tab->size / sizeof(Elf64_Sym);
		im->symbols = xcalloc(im->nsymbols, sizeof(*im->symbols));
		for (size_t k = 0; k < im->nsymbols; k++) {
			Elf64_Sym sym;

			memcpy(&sym, im->map.data + tab->offset + k * sizeof(sym), sizeof(sym));
			if (sym.st_name >= str->size)
				return error_new("D2", "%s: damaged symbol %zu", im->path, k);
			add_symbol(im, k, &sym, strings + sym.st_name);
		}
		if (im->files.n && im->files.at[im->files.n - 1].end <= im->files.at[im->files.n - 1].first)
			im->files.at[im->files.n - 1].end = im->nsymbols;
		index_symbols(im);
		return NULL;
	}
	return error_hint(error_new("D3", "%s: no symbol table", im->path),
			  "use the unstripped file (a -dbg package has it)");
}

static struct error *open_image(struct image *im)
{
	elf_version(EV_CURRENT);
	if (!im->map.size)
		return error_new("D1", "%s: empty file", im->path);
	im->elf = elf_memory((char *)im->map.data, im->map.size);
	TRY(check_kind(im, im->elf));
	TRY(read_sections(im, im->elf));
	TRY(read_symbols(im, im->elf));
	if (im->module)
		TRY(object_read_memory(im->path, im->map.data, im->map.size, &im->object));
	return NULL;
}

static struct image *new_image(const char *kobject, const char *path)
{
	struct image *im = xcalloc(1, sizeof(*im));

	im->kobject = xstrdup(kobject);
	im->path = xstrdup(path);
	return im;
}

static struct error *finish_image(struct image *im, struct error *err, struct image **image)
{
	if (!err)
		err = open_image(im);
	if (err) {
		image_free(im);
		return err;
	}
	*image = im;
	return NULL;
}

struct error *image_open(const char *kobject, const char *path, struct image **image)
{
	struct image *im = new_image(kobject, path);

	return finish_image(im, map_file(path, &im->map), image);
}

struct error *image_read_memory(const char *kobject, const char *name, void *data, size_t size,
				struct image **image)
{
	struct image *im = new_image(kobject, name);

	im->map = (struct mapping){ data, size };
	im->borrowed = true;
	return finish_image(im, NULL, image);
}

void image_free(struct image *im)
{
	if (!im)
		return;
	object_free(im->object);
	if (im->elf)
		elf_end(im->elf);
	if (!im->borrowed)
		unmap_file(&im->map);
	free(im->sections);
	free(im->symbols);
	free(im->by_place);
	image_file_vec_free(&im->files);
	map_free(&im->files_by_name);
	map_free(&im->by_name);
	free(im->kobject);
	free(im->path);
	free(im);
}

struct image_symbol *image_find(const struct image *im, const char *name)
{
	return map_get(&im->by_name, name);
}

const unsigned char *image_bytes(const struct image *im, uint64_t place, uint64_t size)
{
	for (size_t i = 1; i < im->nsections; i++) {
		const struct image_section *s = &im->sections[i];
		uint64_t start = im->module ? module_place(i, 0) : s->address;

		if (s->type == SHT_NOBITS || !(s->flags & SHF_ALLOC))
			continue;
		if (place >= start && place - start <= s->size && size <= s->size - (place - start))
			return im->map.data + s->offset + (place - start);
	}
	return NULL;
}

/* Index of the first symbol beyond the place. */
static size_t upper_bound(const struct image *im, uint64_t place)
{
	size_t lo = 0, hi = im->nby_place;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (im->by_place[mid]->place <= place)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct image_symbol *image_symbol_at(const struct image *im, uint64_t place)
{
	struct image_symbol *best = NULL;
	size_t end = upper_bound(im, place);

	for (size_t i = end; i-- > 0 && end - i < 32;) {
		struct image_symbol *s = im->by_place[i];
		bool covers = place < s->place + s->size || place == s->place;

		if (covers && (!best || (best->size == 0 && s->size) ||
			       (best->type != STT_FUNC && s->type == STT_FUNC)))
			best = s;
	}
	return best;
}

struct image_symbol *image_named_at(const struct image *im, uint64_t place, const char *name)
{
	struct image_symbol *best = NULL;

	for (size_t i = upper_bound(im, place); i-- > 0 && im->by_place[i]->place == place;) {
		if (streq(im->by_place[i]->name, name))
			return im->by_place[i];
		if (name_same_base(im->by_place[i]->name, name))
			best = im->by_place[i];
	}
	return best;
}

const char *image_section_of(const struct image *im, const struct image_symbol *s)
{
	return s->section < im->nsections ? im->sections[s->section].name : "";
}

/* Does kallsyms (or a module's symbol list) have it? scripts/mksysmap, is_core_symbol(). */
static bool in_kallsyms(const struct image *im, const struct image_symbol *s)
{
	if (s->section == SHN_ABS)
		return s->bind != STB_LOCAL;
	return s->section < im->nsections && (im->sections[s->section].flags & SHF_ALLOC);
}

unsigned int image_sympos(const struct image *im, const struct image_symbol *symbol)
{
	unsigned int total = 0, before = 0;

	for (const struct image_symbol *s = image_find(im, symbol->name); s; s = s->next_same_name) {
		if (!in_kallsyms(im, s))
			continue;
		total++;
		if (im->module ? s->index < symbol->index : s->place < symbol->place)
			before++;
	}
	return total > 1 ? before + 1 : 0;
}
