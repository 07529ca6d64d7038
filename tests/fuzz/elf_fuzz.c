// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of what reads ELF files: objects, models, correlation, comparison, images, the conversion
 * of modules.
 *
 *     elf-fuzz ITERATIONS [SEED]     mutates objects compiled at the start; deterministic
 *     elf-fuzz -f FILE...            runs the inputs
 *
 * With -DSUTURE_LIBFUZZER there is no main() and libFuzzer drives LLVMFuzzerTestOneInput().
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "diff/closure.h"
#include "diff/compare.h"
#include "module/inspect.h"
#include "module/module.h"
#include "object/image.h"
#include "object/object.h"
#include "rules/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	char *data;
	size_t size;
};

/* The unmutated object that the input was made of, or nothing. */
static struct input original;

static void check_error(struct error *err)
{
	if (err && (!err->message[0] || !err->id[0]))
		abort();
	error_free(err);
}

static struct error *open_model(const struct input *in, struct finding_vec *findings,
				struct object **o, struct model **m)
{
	TRY(object_read_memory("fuzz", in->data, in->size, o));
	return model_new(*o, findings, m);
}

/* The livepatch object of the pair, if there is a place to write it. */
static const char *closure_path;

static struct error *try_closure(struct model *a, struct model *b, struct finding_vec *findings)
{
	struct map names = { 0 };
	struct replaced_vec replaced = { 0 };
	struct closure_stats stats = { 0 };
	struct resolver resolver = { .kobject = "vmlinux", .findings = findings };
	struct closure_request rq = { .original = a, .patched = b, .resolver = &resolver,
				      .source = "fuzz.c", .names = &names,
				      .replaced = &replaced, .findings = findings };
	bool written;
	struct error *err = closure_write(&rq, closure_path, &stats, &written);

	map_free(&names);
	replaced_free(&replaced);
	return err;
}

/* What all that follow a reference rely on. */
static void check_refs(struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		const struct ref_site_vec *refs = entity_refs(m, m->entities.at[i]);

		for (size_t k = 0; k < refs->n; k++) {
			const struct ref *r = &refs->at[k].ref;
			bool without = r->kind == REF_PLACE || r->kind == REF_EXTERN;

			if (without != !r->entity || (r->kind == REF_EXTERN && !r->symbol))
				abort();
		}
	}
}

static void try_diff(const struct input *x, const struct input *y)
{
	struct finding_vec findings = { 0 };
	scoped_object struct object *o = NULL, *p = NULL;
	struct model *a = NULL, *b = NULL;
	struct error *err = open_model(x, &findings, &o, &a);

	if (!err)
		err = open_model(y, &findings, &p, &b);
	if (!err) {
		check_refs(a);
		check_refs(b);
		correlate(a, b);
		compare(a, b);
		if (closure_path)
			err = try_closure(a, b, &findings);
	}
	check_error(err);
	model_free(a);
	model_free(b);
	findings_free(&findings);
}

static void try_image(const struct input *in)
{
	scoped_image struct image *image = NULL;
	struct error *err = image_read_memory("fuzz", "fuzz", in->data, in->size, &image);

	for (size_t i = 1; !err && i < image->nsymbols; i++) {
		const struct image_symbol *s = &image->symbols[i];

		image_sympos(image, s);
		image_symbol_at(image, s->place);
		image_named_at(image, s->place, s->name);
		image_section_of(image, s);
		image_bytes(image, s->place, s->size);
	}
	check_error(err);
}

static void try_module(const struct input *in)
{
	scoped_free char *out = NULL;
	size_t n;
	struct inspection *found = NULL;

	check_error(module_convert_memory("fuzz", in->data, in->size, &out, &n));
	check_error(inspect_memory("fuzz", in->data, in->size, &found));
	if (found) {
		struct check_report report = { 0 };

		json_decref(inspection_json(found));
		check_error(check_inspection(found, &report));
		json_decref(check_report_sarif(&report));
		check_report_free(&report);
	}
	inspection_free(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { xmalloc(size + 1), size }; /* a copy: reading beyond is seen */

	memcpy(in.data, data, size);
	in.data = xreallocarray(in.data, size ? size : 1, 1);
	try_diff(&in, &in);
	if (original.data)
		try_diff(&original, &in);
	try_image(&in);
	try_module(&in);
	free(in.data);
	return 0;
}

#ifndef SUTURE_LIBFUZZER

#define FUNCTION(name, body)                                                               \
	".section .text." name ",\"ax\",@progbits\n.globl " name "\n.type " name ",@function\n" \
	name ":\n" body "\nret\n.size " name ",.-" name "\n"

/* Small units that hold what the readers know: special sections, tables, klp references. */
static const struct seed {
	const char *name, *text;
} seeds[] = {
	{ "plain.c",
	  "extern int ext(int), use(void *), say(const char *, ...); int v = 3; static int w[4];"
	  "int f(int a) { static int count; return use(&count) + ext(v) + use(w); }"
	  "int g(int a) { static int count; return say(\"hello %d\", a) + f(use(&count)); }"
	  "const char *const names[] = { \"one\", \"two\" };" },
	{ "tables.c",
	  "extern int ext(int), use(void *); double d(double x) { return x * 3.25; }"
	  "int f(int x) { switch (x) { case 0: return ext(1); case 1: return use(0); case 2: return 7;"
	  "case 3: return ext(12); case 4: return ext(x) + 1; case 5: return ext(4); } return 0; }" },
	{ "special.s",
	  FUNCTION("f", "1: call __fentry__\n2: lock; incl (%rdi)\n3: mov (%rsi),%eax\njmp aux\n4: ud2")
	  FUNCTION("g", "call f.cold\n1: .byte 0x0f,0x1f,0x44,0,0\nlea text(%rip),%rdi\n2:")
	  ".section .text.unlikely,\"ax\",@progbits\n.type f.cold,@function\nf.cold: ud2\n"
	  ".size f.cold,.-f.cold\n"
	  ".section .altinstr_aux,\"ax\"\naux: jmp f\n"
	  ".section .altinstr_replacement,\"ax\"\nr: lfence\ncall h\nr2:\n"
	  ".section .altinstructions,\"a\"\n.long f - .\n.long r - .\n.word 1\n.byte 3,3\n.long f - .\n"
	  ".long r2 - .\n.word 1\n.byte 1,1\n"
	  ".section .smp_locks,\"a\"\n.long f - .\n"
	  ".section __ex_table,\"a\"\n.long f - .\n.long g - .\n.long 0\n"
	  ".section __bug_table,\"aw\"\n.long f - .\n.long text - .\n.word 3,1\n"
	  ".section __jump_table,\"aw\"\n.long g - .\n.long g - .\n.quad key - .\n"
	  ".section __mcount_loc,\"a\"\n.quad f\n"
	  ".section .discard.reachable\n.long f - .\n"
	  ".section runtime_ptr_x,\"a\"\n.long f - .\n"
	  ".section strange,\"a\"\n.quad f\n"
	  ".section .init.text,\"ax\"\n.type i,@function\ni: ret\n.size i,.-i\n"
	  ".data\n.type key,@object\nkey: .quad 0\n.size key,8\n"
	  ".section .data..percpu,\"aw\"\n.type p,@object\np: .quad 0\n.size p,8\n"
	  ".section .rodata.str1.1,\"aMS\",@progbits,1\ntext: .string \"text\"\n" },
	{ "livepatch.s",
	  FUNCTION("f", "call \".klp.ref.vmlinux/vmlinux.printk,0\"\n"
			"lea \".klp.ref.ext4/ext4.state,2\"(%rip),%rax\ncall kfree")
	  ".section .klp.rela.vmlinux..text,\"ao\",@progbits,.text.f\n.quad 0\n"
	  ".section .modinfo,\"a\"\n.string \"license=GPL\"\n.string \"livepatch=Y\"\n.string \"depends=\"\n"
	  ".string \"vermagic=6.1 SMP\"\n"
	  ".section __versions,\"a\"\n.quad 0x12345678\n.asciz \"kfree\"\n.fill 50,1,0\n"
	  ".section .rodata.str1.1,\"aMS\",@progbits,1\nname: .string \"old_f\"\nmod: .string \"ext4\"\n"
	  ".data\nfuncs: .quad name, f, 1\n.fill 96,1,0\n.fill 120,1,0\n.size funcs,.-funcs\n"
	  ".type funcs,@object\nobjs: .quad mod, funcs\n.fill 80,1,0\n.fill 96,1,0\n"
	  ".size objs,.-objs\n.type objs,@object\npatch: .quad __this_module, objs\n.fill 64,1,0\n"
	  ".size patch,.-patch\n.type patch,@object\n"
	  ".section .kpatch.funcs,\"aw\"\n.quad f, 16, 0, name, mod\n" },
};

static struct input corpus[ARRAY_SIZE(seeds)];
static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return below ? (uint32_t)(random_state >> 33) % below : 0;
}

static struct error *compile(const char *dir, const struct seed *seed, struct input *in)
{
	scoped_free char *source = path_join(dir, seed->name);
	scoped_free char *object = xasprintf("%s.o", source);
	const char *argv[] = { "gcc", "-O2", "-w", "-fno-pic", "-ffunction-sections",
			       "-fno-asynchronous-unwind-tables", "-c", "-o", object, source, NULL };
	scoped_process_result struct process_result r = { 0 };

	TRY(write_file(source, seed->text, strlen(seed->text)));
	TRY(process_run(&(struct process){ .argv = argv }, &r));
	if (r.status)
		return error_new("Y3", "%s: %s", seed->name, r.output);
	return read_file(object, &in->data, &in->size);
}

static uint64_t interesting(const struct input *in)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 7, 8, 0x10, 0x18, 0x40, 0x7f, 0xff, 0xff00, 0xff20, 0xfff1, 0xfff2, 0xffff,
		0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 40, (1ull << 62) - 1,
		(1ull << 63) - 1, 1ull << 63, (1ull << 63) + 4, UINT64_MAX - 7, UINT64_MAX,
	};

	switch (rnd(4)) {
	case 0:
		return in->size - rnd(64);
	case 1:
		return rnd(in->size + 1);
	default:
		return values[rnd(ARRAY_SIZE(values))];
	}
}

static void put(struct input *in, size_t at, size_t width, uint64_t value)
{
	if (at <= in->size && width <= in->size - at)
		memcpy(in->data + at, &value, width);
}

/* A field of a record, at a multiple of its width. */
static void mutate_record(struct input *in, size_t at, size_t size)
{
	size_t width = 1u << rnd(4);

	if (size >= width)
		put(in, at + rnd(size / width) * width, width, interesting(in));
}

/* A field of a section header, or of a record in a table (symbols, relocations). */
static void mutate_tables(struct input *in, const struct input *from, bool headers)
{
	Elf64_Ehdr eh;
	Elf64_Shdr sh;

	memcpy(&eh, from->data, sizeof(eh));
	size_t at = eh.e_shoff + (size_t)rnd(eh.e_shnum) * sizeof(sh);

	if (headers) {
		mutate_record(in, at, sizeof(sh));
		return;
	}
	memcpy(&sh, from->data + at, sizeof(sh));
	size_t size = sh.sh_entsize > 1 ? sh.sh_entsize : 8;

	if (sh.sh_type != SHT_NOBITS && sh.sh_size >= size)
		mutate_record(in, sh.sh_offset + rnd(sh.sh_size / size) * size, size);
}

static void mutate(struct input *in, const struct input *from)
{
	size_t at = rnd(in->size + 1), n = rnd(64);

	switch (rnd(12)) {
	case 0:
		put(in, at, 1, rnd(256));
		break;
	case 1:
		if (at < in->size)
			in->data[at] ^= 1 << rnd(8);
		break;
	case 2:
		put(in, at & ~7ul, 8, interesting(in));
		break;
	case 3:
		mutate_record(in, 0, sizeof(Elf64_Ehdr));
		break;
	case 4:
		if (rnd(16) == 0)
			in->size = at;
		break;
	case 5:
		if (at + n <= in->size)
			memmove(in->data + at, in->data + rnd(in->size - n + 1), n);
		break;
	case 6:
	case 7:
	case 8:
		mutate_tables(in, from, true);
		break;
	default:
		mutate_tables(in, from, false);
	}
}

/* The input under test stays in a file when it kills us, so that it becomes a test. */
static void keep(const struct input *in)
{
	const char *path = getenv("SUTURE_FUZZ_KEEP");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (f) {
		fwrite(in->data, 1, in->size, f);
		fclose(f);
	}
}

static void fuzz(unsigned long iterations)
{
	for (unsigned long i = 0; i < iterations; i++) {
		const struct input *from = &corpus[rnd(ARRAY_SIZE(corpus))];
		struct input in = { xmemdup(from->data, from->size), from->size };

		for (unsigned int k = 1 + rnd(5); k > 0; k--)
			mutate(&in, from);
		original = *from;
		keep(&in);
		LLVMFuzzerTestOneInput((const uint8_t *)in.data, in.size);
		free(in.data);
		if (i && i % 100000 == 0)
			fprintf(stderr, "%lu\n", i);
	}
}

static struct error *run_files(int n, char **paths)
{
	for (int i = 0; i < n; i++) {
		struct input in;

		TRY(read_file(paths[i], &in.data, &in.size));
		LLVMFuzzerTestOneInput((const uint8_t *)in.data, in.size);
		free(in.data);
	}
	return NULL;
}

static struct error *run(unsigned long iterations)
{
	scoped_temp_dir char *dir = NULL;

	TRY(temp_dir_new("fuzz", &dir));
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		TRY(compile(dir, &seeds[i], &corpus[i]));
	scoped_free char *out = path_join(dir, "out.o");

	closure_path = out;
	fuzz(iterations);
	closure_path = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		free(corpus[i].data);
	printf("%lu inputs, no crash\n", iterations);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s ITERATIONS [SEED] | -f FILE...\n", argv[0]);
		return 2;
	}
	process_setup_signals();
	random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct error *err = streq(argv[1], "-f") ? run_files(argc - 2, argv + 2) :
						   run(strtoul(argv[1], NULL, 10));

	if (err)
		fprintf(stderr, "%s\n", err->message);
	error_free(err);
	return err ? 1 : 0;
}

#endif
