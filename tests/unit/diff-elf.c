// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and writing of ELF files: bad input, normal form of instructions, positions, conversion. */
#include "diff-kit.h"

#include <elf.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "module/inspect.h"
#include "module/module.h"
#include "object/image.h"
#include "object/insn.h"
#include "object/writer.h"

#define TEXT "extern int ext(int); int v = 3; static int w; int f(int a) { return ext(a + v) + w++; }"

/* ---- bad input ---- */

static char *sample_data;
static size_t sample_size;

static int read_sample(void **state)
{
	if (kit_setup(state))
		return 1;
	scoped_free char *path = kit_compile("gcc", "-O2 -fno-pic -ffunction-sections", "s.c", TEXT);

	assert_fine(read_file(path, &sample_data, &sample_size));
	return 0;
}

static int free_sample(void **state)
{
	free(sample_data);
	return kit_teardown(state);
}

static struct error *read_bytes(const void *data, size_t size)
{
	scoped_object struct object *o = NULL;
	scoped_free char *copy = xmalloc(size ? size : 1);

	if (size)
		memcpy(copy, data, size);
	return object_read_memory("bad.o", copy, size, &o);
}

static void not_an_object(void **state)
{
	char text[200] = "int main(void) { return 0; }";

	assert_error(read_bytes("", 0), "D1");
	assert_error(read_bytes("\177ELF", 4), "D1");
	assert_error(read_bytes(text, sizeof(text)), "D1");
	assert_error(read_bytes("!<arch>\nx.o/            0           0     0     644     4         `\n"
				"aaaa", 72), "D1");
}

static void of_another_kind(void **state)
{
	static const struct {
		size_t at;
		unsigned char value;
		const char *says;
	} cases[] = {
		{ EI_CLASS, ELFCLASS32, "32-bit" },
		{ EI_DATA, ELFDATA2MSB, "big-endian" },
		{ offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, "another machine" },
		{ offsetof(Elf64_Ehdr, e_type), ET_DYN, "linked" },
		{ offsetof(Elf64_Ehdr, e_type), ET_EXEC, "linked" },
		{ offsetof(Elf64_Ehdr, e_type), ET_CORE, "another type" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_free char *copy = xmemdup(sample_data, sample_size);

		copy[cases[i].at] = cases[i].value;
		scoped_error struct error *err = read_bytes(copy, sample_size);

		assert_non_null(err);
		assert_string_equal(err->id, "D1");
		assert_non_null(strstr(err->message, cases[i].says));
		assert_non_null(err->hint);
	}
}

/* A real one of each, from the compiler. */
static void really_of_another_kind(void **state)
{
	scoped_free char *source = kit_path("k.c"), *o32 = kit_path("k32.o"), *so = kit_path("k.so");
	scoped_free char *to32 = xasprintf("gcc -m32 -c -o %s %s", o32, source);
	scoped_free char *link = xasprintf("gcc -shared -fPIC -o %s %s", so, source);
	struct object *o;

	assert_fine(write_file(source, TEXT, strlen(TEXT)));
	kit_run(to32);
	kit_run(link);
	assert_error(object_read(o32, &o), "D1");
	assert_error(object_read(so, &o), "D1");
	assert_error(object_read("/nonexistent.o", &o), "Y1");
}

static void truncated(void **state)
{
	for (size_t n = 0; n < sample_size; n++) {
		scoped_error struct error *err = read_bytes(sample_data, n);

		assert_non_null(err);
		assert_true(streq(err->id, "D1") || streq(err->id, "D2"));
	}
}

static void stripped(void **state)
{
	scoped_free char *path = kit_compile("gcc", "-O2", "t.c", TEXT);
	scoped_free char *command = xasprintf("strip --strip-all %s", path);
	struct object *o;
	struct image *image;

	kit_run(command);
	assert_error(object_read(path, &o), "D3");
	assert_error(image_open("t", path, &image), "D3");
}

/* The header of the section of this type (the nth from 0) in a copy of the sample. */
static Elf64_Shdr *header(char *data, uint32_t type, size_t nth)
{
	Elf64_Ehdr eh;

	memcpy(&eh, data, sizeof(eh));
	for (size_t i = 0; i < eh.e_shnum; i++) {
		Elf64_Shdr *sh = (Elf64_Shdr *)(data + eh.e_shoff) + i;

		if (sh->sh_type == type && nth-- == 0)
			return sh;
	}
	fail_msg("no section of type %u", type);
	return NULL;
}

#define DAMAGED(change)                                                         \
	do {                                                                    \
		scoped_free char *d = xmemdup(sample_data, sample_size);        \
		Elf64_Shdr *sh = header(d, SHT_PROGBITS, 0);                    \
		Elf64_Shdr *symtab = header(d, SHT_SYMTAB, 0);                  \
		Elf64_Shdr *rela = header(d, SHT_RELA, 0);                      \
		Elf64_Sym *sym = (Elf64_Sym *)(d + symtab->sh_offset);          \
		Elf64_Rela *r = (Elf64_Rela *)(d + rela->sh_offset);            \
		Elf64_Shdr *strtab = header(d, SHT_STRTAB, 0);                  \
		(void)sh, (void)sym, (void)r, (void)strtab;                     \
		change;                                                         \
		struct error *bad_ = read_bytes(d, sample_size);                \
		if (!bad_ || !streq(bad_->id, "D2"))                            \
			fail_msg("%s: %s", #change, bad_ ? bad_->message : "fine"); \
		error_free(bad_);                                               \
	} while (0)

static void damaged(void **state)
{
	DAMAGED(header(d, SHT_PROGBITS, 1)->sh_size = 1ull << 62);
	DAMAGED(header(d, SHT_PROGBITS, 1)->sh_offset = UINT64_MAX);
	DAMAGED(header(d, SHT_NOBITS, 0)->sh_size = UINT64_MAX);
	DAMAGED(header(d, SHT_PROGBITS, 1)->sh_addralign = 3);
	DAMAGED(header(d, SHT_PROGBITS, 1)->sh_addralign = 1ull << 40);
	DAMAGED(sh->sh_name = 0x7fffffff);
	DAMAGED(symtab->sh_size -= 1);
	DAMAGED(symtab->sh_size = 0);
	DAMAGED(symtab->sh_link = 0);
	DAMAGED(symtab->sh_link = 9999);
	DAMAGED(d[strtab->sh_offset + strtab->sh_size - 1] = 'x');
	DAMAGED(sym[2].st_shndx = 0xfe00);
	DAMAGED(sym[2].st_value = 1ull << 63);
	DAMAGED(sym[2].st_size = UINT64_MAX);
	DAMAGED(sym[1].st_name = 0x7fffffff);
	DAMAGED(rela->sh_info = 0);
	DAMAGED(rela->sh_info = 0xffffff);
	DAMAGED(rela->sh_size -= 8);
	DAMAGED(r->r_offset = 1ull << 40);
	DAMAGED(r->r_info = ELF64_R_INFO(0xffffffull, R_X86_64_PC32));
	DAMAGED(r->r_addend = INT64_MAX);
	DAMAGED(((Elf64_Ehdr *)d)->e_shstrndx = 0xfffe);
}

/* Found by the fuzzer: text in a section without bytes. */
static void strings_without_bytes(void **state)
{
	SCOPED(kit_close) struct kit_pair k;
	static const char text[] =
		".section .str,\"aMS\",@nobits,1\n.zero 16\n.text\n.globl f\n.type f,@function\n"
		"f: mov $.str+4,%edi\ncall g\nmov $.str+8,%edi\nret\n.size f,.-f\n";
	scoped_free char *a = kit_compile("gcc", "", "nobits.s", text);

	kit_open(&k, a, a);
	assert_int_equal(kit_entity(k.a, "f")->kind, ENTITY_FUNCTION);
}

/* Found by the fuzzer: a reference to text beyond the section of its symbol. */
static void string_beyond_its_section(void **state)
{
	SCOPED(kit_close) struct kit_pair k;
	static const char text[] =
		".section .str,\"aMS\",@progbits,1\n.type s,@object\ns: .string \"abc\"\n.size s,4\n"
		".text\n.globl f\n.type f,@function\nf: mov $s+%s,%%edi\ncall g\nret\n.size f,.-f\n";
	scoped_free char *before = xasprintf(text, "4096"), *after = xasprintf(text, "-4096");
	scoped_free char *a = kit_compile("gcc", "", "beyond.s", before);
	scoped_free char *b = kit_compile("gcc", "", "beyond2.s", after);

	kit_open(&k, a, b);
	assert_int_equal(kit_entity(k.b, "f")->change, CHANGED);
}

/* ---- instructions ---- */

static void assert_same_norm(const void *a, size_t n, const void *b, size_t m)
{
	struct insn_vec x, y;

	insn_decode(a, n, &x);
	insn_decode(b, m, &y);
	assert_int_equal(x.n, 1);
	assert_int_equal(y.n, 1);
	assert_int_equal(x.at[0].norm_length, y.at[0].norm_length);
	assert_memory_equal(x.at[0].norm, y.at[0].norm, x.at[0].norm_length);
	insn_vec_free(&x);
	insn_vec_free(&y);
}

static void branches_in_near_form(void **state)
{
	assert_same_norm("\xeb\x05", 2, "\xe9\x00\x01\x00\x00", 5);
	for (int cc = 0; cc < 16; cc++) {
		unsigned char near[] = { 0x0f, 0x80 | cc, 0, 1, 0, 0 }, byte[] = { 0x70 | cc, 5 };

		assert_same_norm(byte, sizeof(byte), near, sizeof(near));
	}
	assert_same_norm("\xe8\x01\x00\x00\x00", 5, "\xe8\x00\x01\x00\x00", 5);
	/* lea 1(%rip) and lea 2(%rip) */
	assert_same_norm("\x48\x8d\x05\x01\x00\x00\x00", 7, "\x48\x8d\x05\x02\x00\x00\x00", 7);
}

static void operands_count(void **state)
{
	struct insn_vec x, y;

	insn_decode((const unsigned char *)"\xbe\x05\x00\x00\x00\xe2\xfe", 7, &x); /* mov, loop */
	insn_decode((const unsigned char *)"\xbe\x06\x00\x00\x00\xe3\xfe", 7, &y); /* mov, jrcxz */
	assert_int_equal(x.n, 2);
	assert_memory_not_equal(x.at[0].norm, y.at[0].norm, 5);
	assert_memory_not_equal(x.at[1].norm, y.at[1].norm, 1);
	assert_true(x.at[1].branch);
	assert_int_equal(x.at[1].target, 5);
	insn_vec_free(&x);
	insn_vec_free(&y);
	insn_decode((const unsigned char *)"\x06\xc3", 2, &x); /* no instruction in 64-bit mode */
	assert_int_equal(x.n, 2);
	assert_int_equal(insn_at(&x, 1), 1);
	assert_int_equal(insn_at(&x, 2), -1);
	insn_vec_free(&x);
}

/* ---- positions ---- */

static unsigned int position(const struct image *im, const char *name, size_t nth)
{
	for (struct image_symbol *s = image_find(im, name); s; s = s->next_same_name)
		if (nth-- == 0)
			return image_sympos(im, s);
	fail_msg("no %s", name);
	return 0;
}

#define THREE_UNITS                                                                        \
	".section .text.%c,\"ax\",@progbits\n.type twice,@function\ntwice: ret\n.size twice,1\n" \
	".globl once%c\n.type once%c,@function\nonce%c: jmp twice\n.size once%c,.-once%c\n"

/* Two units in one module, the second linked in front of the first: address order is not table order. */
static void positions(void **state)
{
	scoped_free char *ta = xasprintf(THREE_UNITS, 'a', 'a', 'a', 'a', 'a', 'a');
	scoped_free char *tb = xasprintf(THREE_UNITS, 'b', 'b', 'b', 'b', 'b', 'b');
	scoped_free char *a = kit_compile("gcc", "", "a.s", ta), *b = kit_compile("gcc", "", "b.s", tb);
	scoped_free char *script = kit_path("order.lds"), *ko = kit_path("m.ko"), *vm = kit_path("vm");
	static const char order[] = "SECTIONS { . = 0x1000; .text : { *(.text.b) *(.text.a) } }";
	scoped_free char *link = xasprintf("ld -o %s -T %s -e 0x1000 %s", vm, script, ko);
	scoped_free char *relink = xasprintf("ld -r -o %s %s %s", ko, a, b);

	assert_fine(write_file(script, order, strlen(order)));
	kit_run(relink);
	kit_run(link);
	scoped_image struct image *linked = NULL, *module = NULL;

	assert_fine(image_open("vmlinux", vm, &linked));
	assert_fine(image_open("m", ko, &module));
	assert_false(linked->module);
	assert_true(module->module);
	assert_int_equal(position(linked, "oncea", 0), 0);
	assert_int_equal(position(linked, "twice", 0), 2); /* a.o's: first in the table, second by address */
	assert_int_equal(position(linked, "twice", 1), 1);
	assert_int_equal(position(module, "twice", 0), 1); /* modules: by table */
	assert_int_equal(position(module, "twice", 1), 2);
}

/* ---- writing ---- */

static void round_trip(void **state)
{
	scoped_writer struct obj_writer *w = writer_new();
	scoped_free char *path = kit_path("out.o");
	scoped_object struct object *o = NULL;
	unsigned int text = writer_section(w, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0);
	unsigned int bss = writer_section(w, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0);
	unsigned int pfe = writer_section(w, "__patchable_function_entries", SHT_PROGBITS,
					  SHF_ALLOC | SHF_WRITE, 0);

	assert_int_equal(writer_section(w, ".text", SHT_PROGBITS, 0, 0), text);
	assert_int_equal(writer_append(w, text, "\xe8\0\0\0\0\xc3", 6, 16), 0);
	assert_int_equal(writer_append(w, text, "\xc3", 1, 16), 16);
	assert_int_equal(writer_append(w, bss, NULL, 3, 1), 0);
	assert_int_equal(writer_append(w, bss, NULL, 8, 8), 8);
	writer_append(w, pfe, NULL, 8, 8);
	writer_link_section(w, pfe, text);
	unsigned int far = writer_symbol(w, ".klp.ref.vmlinux/vmlinux.far,2", 0, 0, 0, STT_NOTYPE,
					 STB_GLOBAL);
	unsigned int local = writer_symbol(w, "local", text, 16, 1, STT_FUNC, STB_LOCAL);

	writer_symbol(w, "f", text, 0, 6, STT_FUNC, STB_GLOBAL);
	writer_reloc(w, text, 1, R_X86_64_PLT32, far, -4);
	writer_reloc(w, pfe, 0, R_X86_64_64, writer_section_symbol(w, text), 0);
	writer_reloc(w, bss, 8, R_X86_64_64, local, 5);
	assert_fine(writer_finish(w, path));
	assert_fine(object_read(path, &o));
	struct obj_section *s = object_section(o, ".text");

	assert_int_equal(s->size, 17);
	assert_int_equal(s->align, 16);
	assert_int_equal(s->nrelocs, 1);
	assert_string_equal(s->relocs[0].symbol->name, ".klp.ref.vmlinux/vmlinux.far,2");
	assert_int_equal(s->relocs[0].symbol->shndx, SHN_UNDEF);
	assert_int_equal(s->relocs[0].addend, -4);
	assert_int_equal(s->nsymbols, 2);
	assert_string_equal(s->symbols[1]->name, "local");
	assert_true(s->symbols[1]->index < s->symbols[0]->index); /* locals first */
	assert_int_equal(object_section(o, ".bss")->size, 16);
	assert_int_equal(object_section(o, ".bss")->relocs[0].addend, 5);
	s = object_section(o, "__patchable_function_entries");
	assert_true(s->flags & SHF_LINK_ORDER);
	assert_string_equal(o->sections[s->link].name, ".text");
}

/* What the linker thinks of it. */
static void linker_takes_it(void **state)
{
	scoped_free char *path = kit_path("out.o"), *ko = kit_path("linked.o");
	scoped_free char *command = xasprintf("ld -r -o %s %s", ko, path);
	scoped_object struct object *o = NULL;

	kit_run(command);
	assert_fine(object_read(ko, &o));
	assert_string_equal(object_section(o, ".text")->relocs[0].symbol->name,
			    ".klp.ref.vmlinux/vmlinux.far,2");
}

/* ---- conversion ---- */

static const char module_text[] =
	".text\n.globl new_f\n.type new_f,@function\nnew_f: call kfree\n"
	"call \".klp.ref.vmlinux/vmlinux.tcp_ack,0\"\nmov \".klp.ref.ext4/ext4.state,2\"(%rip),%rax\n"
	"call \".klp.ref.vmlinux/vmlinux.tcp_ack,0\"\nret\n.size new_f,.-new_f\n"
	".section __jump_table,\"aw\"\n.quad \".klp.ref.vmlinux/vmlinux.key,1\" - .\n"
	".section .modinfo,\"a\"\n.string \"livepatch=Y\"\n.string \"license=GPL\"\n"
	".string \"vermagic=6.12\"\n"
	".section .rodata.str1.1,\"aMS\",@progbits,1\n1: .string \"f\"\n2: .string \"ext4\"\n"
	"3: .string \"g\"\n"
	".data\n.balign 8\n.type patch,@object\npatch: .quad __this_module, objs, 0\n.byte 1\n"
	".zero 100\n.size patch,.-patch\n"
	".type funcs,@object\nfuncs: .quad 1b, new_f, 0\n.zero 128\n.quad 3b, new_f, 2\n.zero 128\n"
	".zero 152\n.size funcs,.-funcs\n"
	".type more,@object\nmore: .quad 3b, new_f, 7\n.zero 128\n.zero 152\n.size more,.-more\n"
	".type objs,@object\nobjs: .quad 0, funcs\n.zero 152\n.quad 2b, more\n.zero 152\n.zero 168\n"
	".size objs,.-objs\n";

static void assert_untouched(const struct object *a, const struct object *b)
{
	for (size_t i = 1; i < a->nsections; i++) {
		const struct obj_section *s = &a->sections[i], *t = &b->sections[i];

		assert_string_equal(s->name, t->name);
		assert_int_equal(s->type, t->type);
		assert_int_equal(s->flags, t->flags);
		assert_int_equal(s->align, t->align);
		if (s->type != SHT_PROGBITS)
			continue;
		assert_int_equal(s->size, t->size);
		if (s->size)
			assert_memory_equal(s->data, t->data, s->size);
		assert_int_equal(s->data ? s->data - a->map.data : 0, t->data ? t->data - b->map.data : 0);
	}
	assert_int_equal(a->nsymbols, b->nsymbols);
	for (size_t i = 1; i < a->nsymbols; i++) {
		const struct obj_symbol *s = &a->symbols[i], *t = &b->symbols[i];

		assert_int_equal(s->value, t->value);
		assert_int_equal(s->bind, t->bind);
		if (starts_with(s->name, ".klp.ref.")) {
			assert_int_equal(t->shndx, 0xff20);
			assert_true(starts_with(t->name, ".klp.sym."));
			assert_string_equal(strchr(s->name, '/') + 1, t->name + strlen(".klp.sym."));
		} else {
			assert_string_equal(s->name, t->name);
			assert_int_equal(s->shndx, t->shndx);
		}
	}
}

static void assert_klp_section(const struct object *o, const char *name, const char *target, size_t n)
{
	const struct obj_section *s = object_section(o, name);

	if (!s)
		fail_msg("no section %s", name);
	assert_int_equal(s->type, SHT_RELA);
	assert_true(s->flags & 0x00100000);
	assert_true(s->flags & SHF_ALLOC);
	assert_string_equal(o->sections[s->info].name, target);
	assert_int_equal(s->size, n * sizeof(Elf64_Rela));
	assert_int_equal(o->sections[s->link].type, SHT_SYMTAB);
}

static char *converted_module(void)
{
	scoped_free char *in = kit_compile("gcc", "", "module.s", module_text);
	char *out = kit_path("module.ko");

	assert_fine(module_convert(in, out));
	return out;
}

static void conversion(void **state)
{
	scoped_free char *out = converted_module(), *in = kit_path("module.s.o");
	scoped_object struct object *a = NULL, *b = NULL;

	assert_fine(object_read(in, &a));
	assert_fine(object_read(out, &b));
	assert_untouched(a, b);
	assert_klp_section(b, ".klp.rela.vmlinux..text", ".text", 2);
	assert_klp_section(b, ".klp.rela.ext4..text", ".text", 1);
	assert_klp_section(b, ".klp.rela.vmlinux.__jump_table", "__jump_table", 1);
	assert_int_equal(b->nsections, a->nsections + 3);
	/* the ordinary sections keep the ordinary relocations, in order */
	assert_int_equal(object_section(b, ".rela.text")->size, 1 * sizeof(Elf64_Rela));
	assert_int_equal(object_section(b, ".rela.data")->size, object_section(a, ".rela.data")->size);
	/* all together they are the same relocations */
	assert_int_equal(object_section(a, ".text")->nrelocs, object_section(b, ".text")->nrelocs);
	for (size_t i = 0; i < object_section(a, ".text")->nrelocs; i++) {
		struct obj_reloc *r = &object_section(a, ".text")->relocs[i];
		struct obj_reloc *s = &object_section(b, ".text")->relocs[i];

		assert_int_equal(r->offset, s->offset);
		assert_int_equal(r->type, s->type);
		assert_int_equal(r->addend, s->addend);
		assert_int_equal(r->symbol->index, s->symbol->index);
	}
}

static void conversion_refuses(void **state)
{
	scoped_free char *bad = kit_compile("gcc", "", "bad.s", "call \".klp.ref.vmlinux\"\n");
	scoped_free char *out = kit_path("never.ko");

	assert_error(module_convert(bad, out), "B3");
	assert_false(path_exists(out));
	assert_error(module_convert("/nonexistent.ko", out), "Y1");
}

/* ---- inspection ---- */

static void assert_func(const struct inspection *in, size_t i, const char *kobject, const char *name,
			uint64_t sympos)
{
	assert_true(i < in->functions.n);
	assert_string_equal(in->functions.at[i].kobject, kobject);
	assert_string_equal(in->functions.at[i].name, name);
	assert_int_equal(in->functions.at[i].sympos, sympos);
	assert_string_equal(in->functions.at[i].new_name, "new_f");
}

static void inspected(void **state)
{
	scoped_free char *path = converted_module();
	struct inspection *in = NULL;

	assert_fine(inspect_file(path, &in));
	assert_string_equal(in->source, "klp_patch");
	assert_int_equal(in->replace, 1);
	assert_int_equal(in->functions.n, 3);
	assert_func(in, 0, "vmlinux", "f", 0);
	assert_func(in, 1, "vmlinux", "g", 2);
	assert_func(in, 2, "ext4", "g", 7);
	assert_int_equal(in->relocs.n, 3);
	assert_string_equal(in->relocs.at[0].symbol, "tcp_ack");
	assert_int_equal(in->relocs.at[0].count, 2);
	assert_string_equal(in->relocs.at[1].patched, "ext4");
	assert_string_equal(in->relocs.at[1].position, "2");
	assert_int_equal(in->imports.n, 2);
	assert_int_equal(in->findings.n, 0);
	json_t *json = inspection_json(in);

	assert_int_equal(json_array_size(json_object_get(json, "functions")), 3);
	json_decref(json);
	inspection_free(in);
}

static void inspected_kpatch(void **state)
{
	static const char text[] =
		".text\n.type new_f,@function\nnew_f: ret\n.size new_f,1\n.section .modinfo,\"a\"\n"
		".string \"livepatch=Y\"\n.string \"license=GPL v2\"\n"
		".section .kpatch.strings,\"a\"\n1: .string \"old\"\n2: .string \"ext4\"\n"
		".section .kpatch.funcs,\"aw\"\n.quad new_f, 1, 0, 9, 3, 1b, 2b\n"
		".quad new_f, 1, 0, 9, 0, 1b, 2b\n";
	scoped_free char *path = kit_compile("gcc", "", "kpatch.s", text);
	struct inspection *in = NULL;

	assert_fine(inspect_file(path, &in));
	assert_string_equal(in->source, ".kpatch.funcs");
	assert_int_equal(in->functions.n, 2);
	assert_func(in, 0, "ext4", "old", 3);
	assert_func(in, 1, "ext4", "old", 0);
	inspection_free(in);
}

/* Each line makes one finding. */
static void inspected_defects(void **state)
{
	static const struct {
		const char *id, *text;
	} cases[] = {
		{ "B6", ".section .modinfo,\"a\"\n.string \"license=GPL\"\n" },
		{ "B5", "call \".klp.sym.vmlinux.f,0\"\n" },
		{ "B5", "call \".klp.ref.vmlinux/vmlinux.f,0\"\n" },
		{ "E6", ".section .BTF,\"a\"\n.quad 0\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_free char *text = xasprintf(".text\nx: nop\n%s", cases[i].text);
		scoped_free char *path = kit_compile("gcc", "", "defect.s", text);
		struct inspection *in = NULL;
		bool found = false;

		assert_fine(inspect_file(path, &in));
		for (size_t k = 0; k < in->findings.n; k++)
			found |= streq(in->findings.at[k].id, cases[i].id);
		if (!found)
			fail_msg("no %s", cases[i].id);
		inspection_free(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_an_object),	cmocka_unit_test(of_another_kind),
		cmocka_unit_test(really_of_another_kind), cmocka_unit_test(truncated),
		cmocka_unit_test(stripped),		cmocka_unit_test(damaged),
		cmocka_unit_test(strings_without_bytes), cmocka_unit_test(string_beyond_its_section), cmocka_unit_test(branches_in_near_form),
		cmocka_unit_test(operands_count),	cmocka_unit_test(positions),
		cmocka_unit_test(round_trip),		cmocka_unit_test(linker_takes_it),
		cmocka_unit_test(conversion),		cmocka_unit_test(conversion_refuses),
		cmocka_unit_test(inspected),		cmocka_unit_test(inspected_kpatch),
		cmocka_unit_test(inspected_defects),
	};

	return cmocka_run_group_tests(tests, read_sample, free_sample);
}
