// SPDX-License-Identifier: GPL-2.0-or-later
#include "damage.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "object/insn.h"

#define SHN_LIVEPATCH 0xff20
enum { ROOM = 4096 };

void ko_copy(const void *data, size_t size, struct ko *ko)
{
	ko->data = xcalloc(1, size + ROOM);
	memcpy(ko->data, data, size);
	ko->size = size;
	Elf64_Ehdr *eh = (Elf64_Ehdr *)ko->data;

	ko->sections = (Elf64_Shdr *)(ko->data + eh->e_shoff);
	ko->nsections = eh->e_shnum;
}

void ko_free(struct ko *ko)
{
	free(ko->data);
	*ko = (struct ko){ 0 };
}

/* ---- access ---- */

static const char *section_name(const struct ko *ko, const Elf64_Shdr *s)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)ko->data;

	return (const char *)ko->data + ko->sections[eh->e_shstrndx].sh_offset + s->sh_name;
}

static Elf64_Shdr *find_section(const struct ko *ko, const char *name)
{
	for (size_t i = 1; i < ko->nsections; i++)
		if (streq(section_name(ko, &ko->sections[i]), name))
			return &ko->sections[i];
	return NULL;
}

static Elf64_Shdr *symbol_table(const struct ko *ko)
{
	for (size_t i = 1; i < ko->nsections; i++)
		if (ko->sections[i].sh_type == SHT_SYMTAB)
			return &ko->sections[i];
	return NULL;
}

static Elf64_Sym *symbol(const struct ko *ko, uint32_t i)
{
	return (Elf64_Sym *)(ko->data + symbol_table(ko)->sh_offset) + i;
}

static uint32_t symbol_count(const struct ko *ko)
{
	return symbol_table(ko)->sh_size / sizeof(Elf64_Sym);
}

static const char *symbol_name(const struct ko *ko, uint32_t i)
{
	return (const char *)ko->data + ko->sections[symbol_table(ko)->sh_link].sh_offset +
	       symbol(ko, i)->st_name;
}

/* Strings go to the end of the file, where the table they belong to is copied first. */
static uint32_t add_string(struct ko *ko, Elf64_Shdr *table, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t at = table->sh_size;

	if (table->sh_offset + table->sh_size != ko->size) {
		if (table->sh_size > ROOM / 2)
			ko->data = xreallocarray(ko->data, 1, ko->size + table->sh_size + 2 * ROOM);
		Elf64_Ehdr *eh = (Elf64_Ehdr *)ko->data;
		size_t index = table - ko->sections;

		ko->sections = (Elf64_Shdr *)(ko->data + eh->e_shoff);
		table = &ko->sections[index];
		memcpy(ko->data + ko->size, ko->data + table->sh_offset, table->sh_size);
		table->sh_offset = ko->size;
		ko->size += table->sh_size;
	}
	memcpy(ko->data + ko->size, text, n);
	ko->size += n;
	table->sh_size += n;
	return at;
}

static void rename_symbol(struct ko *ko, uint32_t i, const char *name)
{
	uint32_t at = add_string(ko, &ko->sections[symbol_table(ko)->sh_link], name);

	symbol(ko, i)->st_name = at;
}

static bool is_klp(const struct ko *ko, uint32_t i)
{
	return symbol(ko, i)->st_shndx == SHN_LIVEPATCH;
}

/* ---- choosing ---- */

struct site {
	Elf64_Shdr *rela;   /* section of the relocation */
	Elf64_Shdr *target; /* that it applies to */
	Elf64_Rela *r;
};
DEFINE_VEC(site_vec, struct site)

static bool is_code(const struct ko *ko, const Elf64_Shdr *s)
{
	const char *name = section_name(ko, s);

	return (s->sh_flags & SHF_EXECINSTR) && !starts_with(name, ".init") && !starts_with(name, ".exit") &&
	       !starts_with(name, ".altinstr");
}

static bool is_plumbing(const char *name)
{
	return streq(name, "__fentry__") || starts_with(name, "__x86_") || streq(name, "__stack_chk_fail");
}

static int by_offset(const void *a, const void *b)
{
	const Elf64_Rela *x = ((const struct site *)a)->r, *y = ((const struct site *)b)->r;

	return x->r_offset < y->r_offset ? -1 : x->r_offset > y->r_offset;
}

/* All relocations of code, or of the section of that name. */
static void collect(struct ko *ko, const char *section, struct site_vec *sites)
{
	for (size_t i = 1; i < ko->nsections; i++) {
		Elf64_Shdr *rela = &ko->sections[i], *target = &ko->sections[rela->sh_info];

		if (rela->sh_type != SHT_RELA)
			continue;
		if (section ? !streq(section_name(ko, target), section) : !is_code(ko, target))
			continue;
		for (uint64_t at = 0; at < rela->sh_size; at += sizeof(Elf64_Rela)) {
			Elf64_Rela *r = (Elf64_Rela *)(ko->data + rela->sh_offset + at);

			if (section || !is_plumbing(symbol_name(ko, ELF64_R_SYM(r->r_info))))
				site_vec_push(sites, (struct site){ rela, target, r });
		}
	}
	if (sites->n)
		qsort(sites->at, sites->n, sizeof(*sites->at), by_offset);
}

typedef bool site_filter(const struct ko *ko, const struct site *s);

static bool choose(struct ko *ko, const char *section, site_filter *is, uint32_t random,
		   struct site *chosen)
{
	SCOPED(site_vec_free) struct site_vec all = { 0 }, good = { 0 };

	collect(ko, section, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!is || is(ko, &all.at[i]))
			site_vec_push(&good, all.at[i]);
	if (!good.n)
		return false;
	*chosen = good.at[random % good.n];
	return true;
}

static uint32_t symbol_of(const struct site *s)
{
	return ELF64_R_SYM(s->r->r_info);
}

static bool to_klp(const struct ko *ko, const struct site *s)
{
	return is_klp(ko, symbol_of(s));
}

static bool to_import(const struct ko *ko, const struct site *s)
{
	return symbol_of(s) && symbol(ko, symbol_of(s))->st_shndx == SHN_UNDEF;
}

static bool to_string(const struct ko *ko, const struct site *s)
{
	const Elf64_Sym *sym = symbol(ko, symbol_of(s));

	return sym->st_shndx && sym->st_shndx < ko->nsections &&
	       starts_with(section_name(ko, &ko->sections[sym->st_shndx]), ".rodata.str");
}

static bool is_call(const struct ko *ko, const struct site *s)
{
	return s->r->r_offset && ko->data[s->target->sh_offset + s->r->r_offset - 1] == 0xe8 &&
	       to_import(ko, s);
}

static bool to_data(const struct ko *ko, const struct site *s)
{
	unsigned char before = s->r->r_offset ? ko->data[s->target->sh_offset + s->r->r_offset - 1] : 0xe8;

	if (before == 0xe8 || before == 0xe9 || (before & 0xf0) == 0x80)
		return false;
	return to_klp(ko, s) && ELF64_R_TYPE(s->r->r_info) == R_X86_64_PC32;
}

static char *describe(const struct ko *ko, const struct site *s)
{
	return xasprintf("%s+0x%llx (%s)", section_name(ko, s->target), (unsigned long long)s->r->r_offset,
			 symbol_name(ko, symbol_of(s)));
}

/* Another symbol of the kind, from `random` on; 0: none. */
static uint32_t another(const struct ko *ko, uint32_t than, bool klp, uint32_t random)
{
	uint32_t n = symbol_count(ko);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = (random + k) % n;
		bool fits = klp ? is_klp(ko, i) :
			    i && symbol(ko, i)->st_shndx == SHN_UNDEF && !is_plumbing(symbol_name(ko, i));

		if (fits && i != than)
			return i;
	}
	return 0;
}

/* ---- relocations ---- */

static bool exchange_symbol(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;
	uint32_t other;

	if (!choose(ko, NULL, row->number ? to_klp : to_import, random, &s))
		return false;
	other = another(ko, symbol_of(&s), row->number, random / 7);
	if (!other)
		return false;
	scoped_free char *place = describe(ko, &s);

	s.r->r_info = ELF64_R_INFO(other, ELF64_R_TYPE(s.r->r_info));
	*what = xasprintf("%s -> %s", place, symbol_name(ko, other));
	return true;
}

static bool shift_addend(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	static site_filter *const filters[] = { to_klp, is_call, to_data };
	struct site s;

	if (!choose(ko, NULL, filters[row->number], random, &s))
		return false;
	s.r->r_addend += row->number == 1 ? 1 : 8;
	*what = describe(ko, &s);
	return true;
}

static bool exchange_string(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s, t;

	for (uint32_t k = 0; k < 32; k++) {
		if (!choose(ko, NULL, to_string, random, &s) || !choose(ko, NULL, to_string, random / 3 + k, &t))
			return false;
		if (s.r->r_addend == t.r->r_addend || symbol_of(&s) != symbol_of(&t))
			continue;
		*what = describe(ko, &s);
		s.r->r_addend = t.r->r_addend;
		return true;
	}
	return false;
}

static bool change_string(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;

	if (!choose(ko, NULL, to_string, random, &s))
		return false;
	const Elf64_Shdr *strings = &ko->sections[symbol(ko, symbol_of(&s))->st_shndx];

	*what = describe(ko, &s);
	ko->data[strings->sh_offset + symbol(ko, symbol_of(&s))->st_value + s.r->r_addend] ^= 1;
	return true;
}

static bool retype(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;

	if (!choose(ko, NULL, row->number == R_X86_64_NONE ? NULL : to_klp, random, &s))
		return false;
	uint32_t type = ELF64_R_TYPE(s.r->r_info);

	if (row->number != R_X86_64_NONE)
		type = type == R_X86_64_32S ? R_X86_64_PC32 : R_X86_64_32S;
	else
		type = R_X86_64_NONE;
	*what = describe(ko, &s);
	s.r->r_info = ELF64_R_INFO(symbol_of(&s), type);
	return true;
}

static bool fill_field(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;

	if (!choose(ko, NULL, NULL, random, &s))
		return false;
	*what = describe(ko, &s);
	ko->data[s.target->sh_offset + s.r->r_offset] = 0x10;
	return true;
}

static bool double_place(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s, t;

	if (!choose(ko, NULL, to_klp, random, &s) || !choose(ko, NULL, to_import, random / 5, &t) ||
	    s.target != t.target)
		return false;
	*what = describe(ko, &s);
	s.r->r_offset = t.r->r_offset;
	return true;
}

/* ---- symbols ---- */

static uint32_t some_klp(const struct ko *ko, uint32_t random)
{
	return another(ko, 0, true, random);
}

static bool change_position(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t i = some_klp(ko, random);
	const char *name = i ? symbol_name(ko, i) : NULL, *comma = name ? strrchr(name, ',') : NULL;

	if (!comma)
		return false;
	unsigned long position = strtoul(comma + 1, NULL, 10);

	if (!row->number && !position)
		return false;
	scoped_free char *other = xasprintf("%.*s,%lu", (int)(comma - name), name, row->number ?
					    position + row->number : position == 1 ? 2ul : 1ul);

	rename_symbol(ko, i, other);
	*what = xstrdup(other);
	return true;
}

static bool change_object(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t i = some_klp(ko, random);
	const char *rest = i ? strchr(symbol_name(ko, i) + strlen(".klp.sym."), '.') : NULL;

	if (!rest)
		return false;
	scoped_free char *other = xasprintf(".klp.sym.%s%s", row->other, rest);

	rename_symbol(ko, i, other);
	*what = xstrdup(other);
	return true;
}

static bool change_import(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t i = another(ko, 0, false, random);

	if (!i)
		return false;
	scoped_free char *other = xasprintf("%sx", symbol_name(ko, i));

	*what = xstrdup(other);
	rename_symbol(ko, i, other);
	return true;
}

/* The livepatch gets a variable, or function, of its own in place of the kernel's. */
static bool make_local(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *home = find_section(ko, row->section);
	struct site s;

	if (!home || !choose(ko, NULL, row->number ? to_data : to_klp, random, &s))
		return false;
	Elf64_Sym *sym = symbol(ko, symbol_of(&s));

	*what = describe(ko, &s);
	sym->st_shndx = home - ko->sections;
	sym->st_value = 0x10;
	return true;
}

/* A function of the livepatch becomes shorter. */
static bool shorten(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	uint32_t n = symbol_count(ko);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = (random + k) % n;
		Elf64_Sym *s = symbol(ko, i);

		if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || !s->st_shndx || s->st_shndx >= ko->nsections ||
		    !is_code(ko, &ko->sections[s->st_shndx]) || starts_with(symbol_name(ko, i), "__pfx_"))
			continue;
		s->st_size /= 2;
		*what = xstrdup(symbol_name(ko, i));
		return true;
	}
	return false;
}

/* ---- instructions ---- */

/* Relocations inside the code; those of what every function calls count always. */
static bool has_reloc(struct ko *ko, const Elf64_Shdr *code, uint64_t from, uint64_t to, bool call)
{
	SCOPED(site_vec_free) struct site_vec all = { 0 };
	bool found = false;

	collect(ko, section_name(ko, code), &all);
	for (size_t i = 0; i < all.n; i++)
		found |= all.at[i].r->r_offset + 4 > from && all.at[i].r->r_offset < to &&
			 (!call || is_plumbing(symbol_name(ko, symbol_of(&all.at[i]))));
	return found;
}

enum { IMMEDIATE, DISPLACEMENT, CONDITION, DISTANCE, CALL, REGISTER };

/* Changes the instruction in the way that is asked for; false: it is not of that kind. */
static bool change_insn(unsigned char *p, const struct insn *i, long how)
{
	switch (how) {
	case IMMEDIATE:
		if (i->branch || !i->imm_size)
			return false;
		p[i->imm_at] ^= 1;
		return true;
	case DISPLACEMENT:
		if (i->rip_relative || !i->disp_size)
			return false;
		p[i->disp_at] ^= 8;
		return true;
	case CONDITION:
		if (!i->branch || (p[0] & 0xf0) != 0x70)
			return false;
		p[0] ^= 1;
		return true;
	case DISTANCE:
		if (!i->branch || i->imm_size != 1)
			return false;
		p[i->imm_at] -= 1;
		return true;
	case CALL:
		if (!i->branch || p[0] != 0xe8)
			return false;
		memcpy(p, "\x0f\x1f\x44\x00\x00", 5);
		return true;
	default: /* mov between registers: the other way round */
		if (i->length != 3 || (p[0] & 0xf0) != 0x40 || p[1] != 0x89 || p[2] < 0xc0 ||
		    (p[2] & 7) == (p[2] >> 3 & 7))
			return false;
		p[1] = 0x8b;
		return true;
	}
}

static bool change_code(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *code = find_section(ko, ".text");
	SCOPED(insn_vec_free) struct insn_vec list = { 0 };

	if (!code)
		return false;
	unsigned char *bytes = ko->data + code->sh_offset;

	insn_decode(bytes, code->sh_size, &list);
	for (size_t k = 0; k < list.n; k++) {
		const struct insn *i = &list.at[(random + k) % list.n];

		if (i->nop || i->int3 ||
		    has_reloc(ko, code, i->offset, i->offset + i->length, row->number == CALL))
			continue;
		if (!change_insn(bytes + i->offset, i, row->number))
			continue;
		*what = xasprintf(".text+0x%x", i->offset);
		return true;
	}
	return false;
}

/* ---- special sections ---- */

static void trim_relocs(struct ko *ko, Elf64_Shdr *rela, uint64_t size)
{
	Elf64_Rela *r = (Elf64_Rela *)(ko->data + rela->sh_offset);
	size_t n = rela->sh_size / sizeof(*r), kept = 0;

	for (size_t i = 0; i < n; i++)
		if (r[i].r_offset < size)
			r[kept++] = r[i];
	rela->sh_size = kept * sizeof(*r);
}

/* The last entry is gone: bytes and relocations. */
static bool drop_entry(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = find_section(ko, row->section);
	SCOPED(site_vec_free) struct site_vec all = { 0 };
	uint64_t size = row->number;

	if (!s)
		return false;
	collect(ko, row->section, &all);
	if (row->number <= 0 && all.n) /* the size is for the kernel to know: by the relocations */
		size = s->sh_size / (all.n / -row->number);
	if (!all.n || !size || s->sh_size < size)
		return false;
	*what = xasprintf("the last of %zu", (size_t)(s->sh_size / size));
	s->sh_size -= size;
	for (size_t i = 1; i < ko->nsections; i++)
		if (ko->sections[i].sh_type == SHT_RELA && &ko->sections[ko->sections[i].sh_info] == s)
			trim_relocs(ko, &ko->sections[i], s->sh_size);
	return true;
}

/* A relocation of an entry leads elsewhere: number says which of an entry's, other which step. */
static bool move_entry_target(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	SCOPED(site_vec_free) struct site_vec all = { 0 };
	size_t each = strtoul(row->other, NULL, 10);

	collect(ko, row->section, &all);
	if (!all.n || all.n % each)
		return false;
	struct site *s = &all.at[random % (all.n / each) * each + row->number];

	s->r->r_addend += 1;
	*what = describe(ko, s);
	return true;
}

static bool change_entry(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = find_section(ko, row->section);

	if (!s || (uint64_t)row->number >= s->sh_size)
		return false;
	ko->data[s->sh_offset + row->number] ^= row->other ? 0x80 : 1;
	*what = xasprintf("%s+0x%lx", row->section, row->number);
	return true;
}

static bool drop_sites(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = find_section(ko, row->section);
	SCOPED(site_vec_free) struct site_vec all = { 0 };

	collect(ko, row->section, &all);
	if (!s || !all.n)
		return false;
	all.at[0].rela->sh_size = 0;
	*what = xstrdup("all of them");
	return true;
}

/* ---- what the loader reads ---- */

static bool change_bytes(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = find_section(ko, row->section);
	size_t n = strlen(row->other);
	unsigned char *p = s ? memmem(ko->data + s->sh_offset, s->sh_size, row->other, n) : NULL;

	if (!p)
		return false;
	p[row->number] ^= 1;
	*what = xasprintf("%.20s", (char *)p);
	return true;
}

static bool change_checksum(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = find_section(ko, "__versions");
	uint64_t at;

	if (!s || s->sh_size < 64)
		return false;
	at = s->sh_offset + random % (s->sh_size / 64) * 64;
	*what = xstrdup((char *)ko->data + at + 8);
	ko->data[at + row->number] ^= 1;
	return true;
}

static Elf64_Shdr *klp_section(const struct ko *ko)
{
	for (size_t i = 1; i < ko->nsections; i++)
		if (starts_with(section_name(ko, &ko->sections[i]), ".klp.rela."))
			return &ko->sections[i];
	return NULL;
}

static bool change_klp_section(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = klp_section(ko);
	size_t index = s - ko->sections;

	if (!s)
		return false;
	*what = xstrdup(section_name(ko, s));
	if (row->number) {
		s->sh_flags &= ~(uint64_t)row->number;
		return true;
	}
	scoped_free char *name = xasprintf(".klp.rela.%s", row->other);
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)ko->data;
	uint32_t at = add_string(ko, &ko->sections[eh->e_shstrndx], name);

	ko->sections[index].sh_name = at;
	return true;
}

/* ---- struct klp_func: name, new function, position ---- */

static bool to_function(const struct ko *ko, const struct site *s)
{
	const Elf64_Sym *sym = symbol(ko, symbol_of(s));

	return sym->st_shndx && sym->st_shndx < ko->nsections &&
	       is_code(ko, &ko->sections[sym->st_shndx]);
}

static bool change_func(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s, t;
	unsigned char *position;

	if (!choose(ko, ".data", to_function, random, &s))
		return false;
	*what = describe(ko, &s);
	switch (row->number) {
	case 0: /* to the one behind it */
		if (!choose(ko, ".data", to_function, random + 1, &t) || t.r == s.r)
			return false;
		Elf64_Rela keep = *s.r;

		s.r->r_info = t.r->r_info;
		s.r->r_addend = t.r->r_addend;
		t.r->r_info = keep.r_info;
		t.r->r_addend = keep.r_addend;
		return true;
	case 1: /* not replaced at all */
		s.r->r_info = 0;
		s.r[-1].r_info = 0;
		return true;
	case 2:
		ko->data[s.target->sh_offset + s.r->r_offset + 8] = 9;
		return true;
	case 3: /* the homonym */
		position = &ko->data[s.target->sh_offset + s.r->r_offset + 8];
		if (!*position)
			return false;
		*position = *position == 1 ? 2 : 1;
		return true;
	default:
		s.r->r_addend += 4;
		return true;
	}
}

const struct damage damages[] = {
	{ "relocation to another livepatch symbol", "O4", exchange_symbol, NULL, NULL, 1 },
	{ "call of another exported function", "O4", exchange_symbol, NULL, NULL, 0 },
	{ "addend of a livepatch relocation off by 8", "O4", shift_addend, NULL, NULL, 0 },
	{ "addend of a call off by 1", "O4", shift_addend, NULL, NULL, 1 },
	{ "addend of a variable off by 8", "O4", shift_addend, NULL, NULL, 2 },
	{ "another string", "O4", exchange_string, NULL, NULL, 0 },
	{ "a letter of a string", "O4", change_string, NULL, NULL, 0 },
	{ "type of a relocation", "O3", retype, NULL, NULL, 1 },
	{ "relocation lost", "O3", retype, NULL, NULL, R_X86_64_NONE },
	{ "field of a relocation not zero", "O7", fill_field, NULL, NULL, 0 },
	{ "two relocations for one place", "O7", double_place, NULL, NULL, 0 },
	{ "homonym", "O4", change_position, NULL, NULL, 0 },
	{ "position beyond the last", "O7", change_position, NULL, NULL, 4000 },
	{ "symbol of an object that has none of that name", "O7", change_object, NULL, "loop", 0 },
	{ "symbol of an object that does not exist", "O7", change_object, NULL, "no_such_module", 0 },
	{ "import that nobody exports", "O7", change_import, NULL, NULL, 0 },
	{ "fresh copy of a variable", "O5", make_local, ".data", NULL, 1 },
	{ "own code in place of the kernel's", "O4", make_local, ".text", NULL, 0 },
	{ "function cut off", "O3", shorten, NULL, NULL, 0 },
	{ "another immediate", "O3", change_code, NULL, NULL, IMMEDIATE },
	{ "another displacement", "O3", change_code, NULL, NULL, DISPLACEMENT },
	{ "condition inverted", "O3", change_code, NULL, NULL, CONDITION },
	{ "jump to another place", "O3", change_code, NULL, NULL, DISTANCE },
	{ "call lost", "O3", change_code, NULL, NULL, CALL },
	{ "registers exchanged", "O3", change_code, NULL, NULL, REGISTER },
	{ "exception entry lost", "O3", drop_entry, "__ex_table", NULL, 12 },
	{ "BUG entry lost", "O3", drop_entry, "__bug_table", NULL, 12 },
	{ "alternative lost", "O3", drop_entry, ".altinstructions", NULL, -2 },
	{ "jump label lost", "O3", drop_entry, "__jump_table", NULL, 16 },
	{ "lock prefix entry lost", "O3", drop_entry, ".smp_locks", NULL, 4 },
	{ "exception handler elsewhere", "O3", move_entry_target, "__ex_table", "2", 1 },
	{ "jump label's target elsewhere", "O3", move_entry_target, "__jump_table", "3", 1 },
	{ "jump label's key elsewhere", "O4", move_entry_target, "__jump_table", "3", 2 },
	{ "feature of an alternative", "O3", change_entry, ".altinstructions", NULL, 8 },
	{ "code of an alternative", "O3", change_entry, ".altinstr_replacement", "", 0 },
	{ "line of a BUG", "O3", change_entry, "__bug_table", NULL, 8 },
	{ "kind of an exception entry", "O3", change_entry, "__ex_table", NULL, 8 },
	{ "return sites lost", "O7", drop_sites, ".return_sites", NULL, 0 },
	{ "unwind data lost", "O7", drop_sites, ".orc_unwind_ip", NULL, 0 },
	{ "checksum of an import", "O7", change_checksum, NULL, NULL, 0 },
	{ "name of a checksum", "O7", change_checksum, NULL, NULL, 9 },
	{ "not marked as a livepatch", "O7", change_bytes, ".modinfo", "livepatch=", 0 },
	{ "license", "O7", change_bytes, ".modinfo", "license=GPL", 8 },
	{ "made for another kernel", "O7", change_bytes, ".modinfo", "vermagic=", 11 },
	{ "flag of the livepatch relocation section", "O7", change_klp_section, NULL, NULL, 0x00100000 },
	{ "wrong object in the name of the section", "O7", change_klp_section, NULL, "loop..text", 0 },
	{ "wrong section in the name of the section", "O7", change_klp_section, NULL, "vmlinux..data", 0 },
	{ "two functions exchanged", "O3", change_func, NULL, NULL, 0 },
	{ "a function not replaced", "O2", change_func, NULL, NULL, 1 },
	{ "position of a replaced function", "O7", change_func, NULL, NULL, 2 },
	{ "replaced by the middle of a function", "O7", change_func, NULL, NULL, 4 },
	{ "homonym of a replaced function", "O2", change_func, NULL, NULL, 3 },
};
const size_t damage_count = ARRAY_SIZE(damages);
