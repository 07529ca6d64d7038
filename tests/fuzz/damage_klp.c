// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage to what makes a module a livepatch: annotations, undefined symbols. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "damage.h"

enum { RECORD_POSITION = 8, RECORD_VERSION = 12, RECORD_STRINGS = 16, ENTRY = 12 };

/* ---- annotation sections ---- */

static size_t notes(const struct input *in)
{
	size_t i = find_section(in, ".suture.klp");

	return i ? i : find_section(in, ".klp.module_relocs.");
}

static size_t notes_relocs(const struct input *in)
{
	size_t i = find_section(in, ".rela.suture.klp");

	return i ? i : find_section(in, ".rela.klp.module_relocs.");
}

/* Where one of the records, or entries, begins in the file; its relocation in *reloc. */
static size_t pick_note(const struct input *in, size_t *reloc)
{
	size_t s = notes_relocs(in);

	*reloc = rnd(reloc_count(in, s));
	return get_section(in, notes(in)).sh_offset + get_reloc(in, s, *reloc).r_offset;
}

static bool broken_size(struct input *in)
{
	Elf64_Shdr sh = get_section(in, notes(in));
	size_t s = notes_relocs(in), n = reloc_count(in, s);
	uint64_t last = get_reloc(in, s, n - 1).r_offset;

	/* Relocations stay inside; the last record loses its end. */
	sh.sh_size = last + 8 + rnd(find_section(in, ".suture.klp") ? 8 : 4);
	put_section(in, notes(in), sh);
	return true;
}

static bool wrong_note_type(struct input *in)
{
	static const uint32_t types[] = {SHT_NOBITS, SHT_INIT_ARRAY, SHT_GROUP, SHT_DYNAMIC};
	Elf64_Shdr sh = get_section(in, notes(in));

	sh.sh_type = rnd(2) ? types[rnd(4)] : 0x60000000 + rnd(1000);
	put_section(in, notes(in), sh);
	return true;
}

static bool other_version(struct input *in)
{
	size_t k, at = pick_note(in, &k);
	uint32_t version = rnd(4) ? 2 + rnd(1u << 30) : 0;

	put_bytes(in, at + RECORD_VERSION, &version, sizeof(version));
	return true;
}

/* The strings of all records, in order: the section has no zero byte any more after a place. */
static bool strings_without_end(struct input *in)
{
	size_t k, at = pick_note(in, &k);
	Elf64_Shdr sh = get_section(in, notes(in));
	char c = 'a' + rnd(26);

	for (at += RECORD_STRINGS; at < sh.sh_offset + sh.sh_size; at++)
		put_bytes(in, at, &c, 1);
	return true;
}

static bool other_reloc(struct input *in)
{
	size_t k, s = notes_relocs(in);
	Elf64_Rela r;

	pick_note(in, &k);
	r = get_reloc(in, s, k);
	switch (rnd(4)) {
	case 0:
		r.r_info = ELF64_R_INFO(ELF64_R_SYM(r.r_info), R_X86_64_NONE);
		break;
	case 1:
		r.r_info = ELF64_R_INFO(0, R_X86_64_64);
		break;
	case 2:
		r.r_info = ELF64_R_INFO(ELF64_R_SYM(r.r_info), R_X86_64_PC32);
		break;
	default:
		r.r_addend = 1 + rnd(1u << 30);
	}
	put_reloc(in, s, k, r);
	return true;
}

static bool moved_reloc(struct input *in)
{
	size_t k, s = notes_relocs(in);

	pick_note(in, &k);
	Elf64_Rela r = get_reloc(in, s, k);

	r.r_offset += 1 + rnd(3);
	put_reloc(in, s, k, r);
	return true;
}

static bool position_beyond(struct input *in)
{
	size_t k, at = pick_note(in, &k);
	uint32_t position = 3 + rnd(rnd(2) ? 10 : 1u << 31);

	put_bytes(in, at + RECORD_POSITION, &position, sizeof(position));
	return true;
}

static bool is_twice(const struct input *in, size_t i)
{
	return streq(symbol_name(in, i), "twice");
}

static bool position_not_unique(struct input *in)
{
	size_t k, at = pick_note(in, &k), s = notes_relocs(in);
	uint32_t none = 0;

	if (!is_twice(in, ELF64_R_SYM(get_reloc(in, s, k).r_info)))
		return false;
	put_bytes(in, at + RECORD_POSITION, &none, sizeof(none));
	return true;
}

/* Letters of the object's name, or of the symbol's, in a record. */
static bool damage_string(struct input *in, unsigned int which, const char *bad)
{
	size_t k, at = pick_note(in, &k) + RECORD_STRINGS;

	while (which--)
		at += strlen(in->data + at) + 1;
	size_t n = strlen(in->data + at);

	if (!n)
		return false;
	char c = bad ? bad[rnd(strlen(bad))] : in->data[at] == 'q' ? 'z' : 'q';

	put_bytes(in, at + (bad ? rnd(n) : 0), &c, 1);
	return true;
}

static bool unknown_object(struct input *in)
{
	return damage_string(in, 0, NULL);
}

static bool unspeakable_object(struct input *in)
{
	return damage_string(in, 0, "./, \t");
}

static bool unknown_symbol(struct input *in)
{
	return damage_string(in, 1, NULL);
}

static bool unspeakable_symbol(struct input *in)
{
	return damage_string(in, 1, ",");
}

/* Two records, or entries, of one symbol that say different things. */
static bool contradiction(struct input *in)
{
	size_t s = notes_relocs(in), n = reloc_count(in, s), from = rnd(n), to = rnd(n);
	Elf64_Rela a = get_reloc(in, s, from), b = get_reloc(in, s, to);

	if (a.r_info == b.r_info)
		return false;
	b.r_info = a.r_info;
	put_reloc(in, s, to, b);
	return true;
}

static bool is_local_code(const struct input *in, size_t i)
{
	Elf64_Sym sym = get_symbol(in, i);

	return ELF64_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx < SHN_LORESERVE &&
	       sym.st_shndx;
}

static bool annotated_is_defined(struct input *in)
{
	size_t k, s = notes_relocs(in);

	pick_note(in, &k);
	Elf64_Rela r = get_reloc(in, s, k);

	r.r_info = ELF64_R_INFO(pick_symbol(in, is_local_code), R_X86_64_64);
	put_reloc(in, s, k, r);
	return true;
}

static bool entries_of_unknown_object(struct input *in)
{
	scoped_free char *name = xasprintf(".klp.module_relocs.%s", unknown_name());

	rename_section(in, notes(in), name);
	return true;
}

static bool entries_of_no_object(struct input *in)
{
	static const char *const names[] = {"", ".", "a/b", "a.b", "a,b", "a b"};
	scoped_free char *name = xasprintf(".klp.module_relocs.%s", names[rnd(6)]);

	rename_section(in, notes(in), name);
	return true;
}

static bool code_needs_notes(struct input *in)
{
	size_t to = notes(in), rela = find_section(in, ".rela.text");

	for (size_t i = 1; i < symbol_count(in); i++) {
		Elf64_Sym sym = get_symbol(in, i);
		Elf64_Rela r;

		if (sym.st_shndx != to)
			continue;
		size_t k = rnd(reloc_count(in, rela));

		r = get_reloc(in, rela, k);
		r.r_info = ELF64_R_INFO(i, ELF64_R_TYPE(r.r_info));
		put_reloc(in, rela, k, r);
		return true;
	}
	return false;
}

/* ---- annotations in names ---- */

static bool is_name(const struct input *in, size_t i)
{
	return starts_with(symbol_name(in, i), ".klp.sym.rela.") ||
	       starts_with(symbol_name(in, i), ".klp.ref.");
}

static bool name_malformed(struct input *in)
{
	FORMS(is_name, ".klp.sym.rela.%", ".klp.sym.rela.vmlinux.vmlinux.hidden", ".klp.sym.rela.vmlinux.%",
	      ".klp.sym.rela.vmlinux.vmlinux.twice,", ".klp.sym.rela.vmlinux.vmlinux.twice,x",
	      ".klp.sym.rela.vmlinux.vmlinux.twice,-1", ".klp.sym.rela.vmlinux.vmlinux.twice,1x",
	      ".klp.sym.rela.vmlinux.vmlinux.twice,99999999999", ".klp.sym.rela..ext4.key,0",
	      ".klp.sym.rela.ext4..key,0", ".klp.sym.rela.ext4.ext4.,0", ".klp.sym.rela.",
	      ".klp.ref.%", ".klp.ref.vmlinux/vmlinux.twice", ".klp.ref.vmlinux.vmlinux.twice,1",
	      ".klp.ref.vmlinux/.twice,1", ".klp.ref.vmlinux/vmlinux.,1", ".klp.ref./vmlinux.twice,1",
	      ".klp.ref.vmlinux/vmlinux.twice,", ".klp.ref.vmlinux/vmlinux.twice,one",
	      ".klp.ref.vmlinux/vmlinux.twice,4294967298");
}

static bool name_of_unknown_object(struct input *in)
{
	FORMS(is_name, ".klp.sym.rela.%.vmlinux.twice,7", ".klp.sym.rela.ext4.%.key,0",
	      ".klp.sym.rela.%.ext4.key,0", ".klp.ref.ext4/%.key,0", ".klp.ref.%/ext4.key,0");
}

static bool name_of_unknown_symbol(struct input *in)
{
	FORMS(is_name, ".klp.sym.rela.vmlinux.vmlinux.%,0", ".klp.sym.rela.ext4.ext4.%.0",
	      ".klp.ref.vmlinux/vmlinux.%,1", ".klp.ref.ext4/ext4.%,0",
	      ".klp.sym.rela.ext4.ext4.hidden,0", ".klp.ref.vmlinux/vmlinux.key,0");
}

static bool name_of_unknown_position(struct input *in)
{
	FORMS(is_name, ".klp.sym.rela.vmlinux.vmlinux.twice,0", ".klp.sym.rela.vmlinux.vmlinux.twice,3",
	      ".klp.sym.rela.ext4.ext4.key.2", ".klp.ref.vmlinux/vmlinux.twice,0",
	      ".klp.ref.vmlinux/vmlinux.twice,4", ".klp.ref.ext4/ext4.twice,2");
}

/* ---- undefined symbols ---- */

/* What stands for itself: no annotation says what it means. */
static bool is_undefined(const struct input *in, size_t i)
{
	size_t s = notes_relocs(in), n = s ? reloc_count(in, s) : 0;

	for (size_t k = 0; k < n; k++)
		if (ELF64_R_SYM(get_reloc(in, s, k).r_info) == i)
			return false;
	return get_symbol(in, i).st_shndx == SHN_UNDEF && *symbol_name(in, i) && !is_name(in, i);
}

static bool rename_undefined(struct input *in, const char *name)
{
	size_t i = pick_symbol(in, is_undefined);

	if (!i || find_symbol(in, name))
		return false;
	rename_symbol(in, i, name);
	return true;
}

static bool nobody_has_it(struct input *in)
{
	return rename_undefined(in, unknown_name());
}

static bool ambiguous(struct input *in)
{
	return rename_undefined(in, "twice");
}

static bool in_init_memory(struct input *in)
{
	return rename_undefined(in, "early");
}

/* Per-cpu data is copied before relocations are applied. */
static bool in_percpu_data(struct input *in)
{
	size_t s = find_section(in, ".rela.data");

	if (!s)
		return false;
	rename_section(in, get_section(in, s).sh_info, ".data..percpu");
	return true;
}

const struct damage annotation_damages[] = {
	{"annotation section of a broken size", HAS_RECORDS | HAS_ENTRIES, "K4 D2", broken_size},
	{"annotation section of another type", HAS_RECORDS | HAS_ENTRIES, "K4 D2", wrong_note_type},
	{"record of another version", HAS_RECORDS, "K4", other_version},
	{"record's strings without an end", HAS_RECORDS, "K4", strings_without_end},
	{"record without its symbol", HAS_RECORDS | HAS_ENTRIES, "K4", other_reloc},
	{"record's symbol at another place", HAS_RECORDS | HAS_ENTRIES, "K4 D2", moved_reloc},
	{"position beyond the last", HAS_RECORDS | HAS_ENTRIES, "K3", position_beyond},
	{"position says unique, and is not", HAS_RECORDS | HAS_ENTRIES, "K3", position_not_unique},
	{"record of an unknown object", HAS_RECORDS, "K3", unknown_object},
	{"record of an unspeakable object", HAS_RECORDS, "K4", unspeakable_object},
	{"record of an unknown symbol", HAS_RECORDS, "K3", unknown_symbol},
	{"record of an unspeakable symbol", HAS_RECORDS, "K4", unspeakable_symbol},
	{"contradiction", HAS_RECORDS | HAS_ENTRIES, "K4", contradiction},
	{"annotated symbol is defined", HAS_RECORDS | HAS_ENTRIES, "K4", annotated_is_defined},
	{"entries of an unknown object", HAS_ENTRIES, "K3", entries_of_unknown_object},
	{"entries of an unspeakable object", HAS_ENTRIES, "K4", entries_of_no_object},
	{"code needs the annotation", HAS_RECORDS | HAS_ENTRIES, "K4", code_needs_notes},
	{"malformed name", HAS_NAMES, "K4", name_malformed},
	{"name of an unknown object", HAS_NAMES, "K3", name_of_unknown_object},
	{"name of an unknown symbol", HAS_NAMES, "K3", name_of_unknown_symbol},
	{"name of an unknown position", HAS_NAMES, "K3", name_of_unknown_position},
	{"undefined symbol that nobody has", ANY, "K1", nobody_has_it},
	{"undefined symbol that several have", ANY, "K2", ambiguous},
	{"undefined symbol in init memory", ANY, "K8", in_init_memory},
	{"per-cpu data", NOT_CONVERTED, "K7", in_percpu_data},
};
const size_t n_annotation_damages = ARRAY_SIZE(annotation_damages);
