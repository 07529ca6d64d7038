// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of the index: damaged DWARF and code on the way in, damaged index files (with the checksum
 * made right again, so that it does not stop them) on the way out.
 *
 *     impact-fuzz ITERATIONS [SEED]     deterministic
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "impact/clones.h"
#include "impact/impact.h"
#include "impact/index_build.h"

static const char source[] =
	"struct s { int a, b; };\nint work(int);\nvoid bad(int) __attribute__((cold));\n"
	"static int f(int x) { return work(x) * 3; }\n"
	"static int m(int x) { { int y = f(x); if (y) return f(y) + work(2); } return 1; }\n"
	"static __attribute__((noinline)) int n(struct s *p, int k) { return work(p->b) + k; }\n"
	"int g(int x) { if (x > 9) { bad(x); bad(m(x)); } return m(x) + 1; }\n"
	"int h(struct s *p) { return n(p, 3); }\nint i(struct s *p) { return n(p, 3) + 1; }\n"
	"int twin(int) __attribute__((alias(\"g\")));\nint (*t[])(int) = { g, f };\n"
	"struct o { const char *n; struct { int (*go)(int); int (*of[2])(struct s *, int (*)(void)); } in; };\n"
	"static int k(struct s *p, int (*c)(void)) { static struct o own = { \"o\", { f, { k, k } } }; return c() + own.in.go(1); }\n"
	"const struct o all[] = { { \"a\", { g, { k } } }, { \"b\", { f, { k, k } } } };\n";

static uint64_t state;
static unsigned long indexed, opened; /* damaged ones that went through */

static uint32_t next(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 33;
}

static void check_error(struct error *err)
{
	if (err && (!err->message[0] || !err->id[0]))
		abort();
	error_free(err);
}

static void damage(char *data, size_t size)
{
	for (uint32_t n = 1 + next() % 8; n; n--) {
		size_t at = ((uint64_t)next() << 20 ^ next()) % size;

		switch (next() % 4) {
		case 0:
			data[at] ^= 1 << next() % 8;
			break;
		case 1:
			data[at] = next() % 2 ? 0xff : 0;
			break;
		case 2:
			memset(data + at, next() % 2 ? 0xff : 0, size - at < 4 ? size - at : 4);
			break;
		default:
			data[at] = data[next() % size];
		}
	}
}

static void ask_pointers(const struct index_part *part, const struct index_symbol *s)
{
	struct index_range r = index_pointers_to(part, s);

	for (uint32_t i = 0; i < r.n; i++)
		free(index_pointer_name(part, index_pointer(part, r.first + i)));
	index_string(part, s->prototype);
}

/* Everything that a question follows. */
static void ask(const struct index_part *part)
{
	struct impact_index index = { .parts = (struct index_part *)part, .n = 1 };
	static const char *const names[] = { "f", "g", "m", "n", "unit.c:f", "twin", "nothing" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct impact_request rq = { .index = &index, .function = names[i] };
		struct impact_result r;

		check_error(impact_query(&rq, &r));
		impact_result_free(&r);
	}
	for (uint32_t i = 0; i < index_symbol_count(part) && i < 100; i++) {
		const struct index_symbol *s = index_symbol(part, i);

		index_symbol_at(part, s->object, s->place + 1);
		index_callees(part, s);
		ask_pointers(part, s);
	}
}

static struct error *make(const char *object, const char *index, bool *made)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;
	bool found;

	TRY(image_open("unit", object, &image));
	index_add_object(&b, image);
	TRY(index_add_dwarf(&b, 0, object, &found));
	*made = true;
	return index_write(&b, index, 1);
}

static struct error *try_object(const char *path, const char *out)
{
	struct index_part part;
	bool made = false;

	TRY(make(path, out, &made));
	TRY(index_part_open(out, &part));
	ask(&part);
	indexed++;
	index_part_close(&part);
	return NULL;
}

static struct error *try_index(const char *path)
{
	struct index_part part;

	TRY(index_part_open(path, &part));
	ask(&part);
	opened++;
	index_part_close(&part);
	return NULL;
}

/* Where damage is worth while: anywhere, or in one section of debug information. */
static struct error *damage_object(const char *data, size_t size, const char *dir)
{
	scoped_free char *copy = xmemdup(data, size);
	scoped_free char *path = path_join(dir, "damaged.o"), *out = path_join(dir, "damaged.idx");
	Elf64_Ehdr eh;

	memcpy(&eh, copy, sizeof(eh));
	Elf64_Shdr *sh = (Elf64_Shdr *)(copy + eh.e_shoff) + next() % eh.e_shnum;

	if (next() % 4 && sh->sh_type != SHT_NOBITS && sh->sh_size)
		damage(copy + sh->sh_offset, sh->sh_size);
	else
		damage(copy + sizeof(eh), size - sizeof(eh));
	TRY(write_file(path, copy, next() % 16 ? size : next() % size));
	check_error(try_object(path, out));
	return NULL;
}

static struct error *damage_index(const char *data, size_t size, const char *dir)
{
	scoped_free char *copy = xmemdup(data, size);
	scoped_free char *path = path_join(dir, "wrong.idx");
	uint64_t sum;

	damage(copy, size);
	if (next() % 8) {
		sum = index_checksum((const unsigned char *)copy, size);
		memcpy(copy + offsetof(struct index_header, checksum), &sum, sizeof(sum));
	}
	TRY(write_file(path, copy, next() % 16 ? size : next() % size));
	check_error(try_index(path));
	return NULL;
}

static void fuzz_clones(void)
{
	static const char text[] =
		"Callgraph clone;f;1;a.c;1;2;f.isra.0;5;a.c;1;2;isra\n"
		"Callgraph clone;f.isra.0;5;a.c;1;2;g;3;a.c;1;2;inlining to\n"
		"Callgraph removal;f;1;a.c;1;2\n";
	scoped_free char *copy = xmemdup(text, sizeof(text));
	SCOPED(clones_free) struct clone_vec list = { 0 };
	SCOPED(str_vec_free) struct str_vec copies = { 0 }, into = { 0 };

	damage(copy, sizeof(text) - 1);
	clones_parse(copy, &list);
	clones_reach(&list, "f", &copies, &into);
}

static struct error *compile(const char *dir, char **object)
{
	scoped_free char *c = path_join(dir, "unit.c");
	const char *argv[] = { "gcc", "-g", "-O2", "-c", "-w", "unit.c", "-o", "unit.o", NULL };
	scoped_process_result struct process_result r = { 0 };

	TRY(write_file(c, source, strlen(source)));
	TRY(process_run(&(struct process){ .argv = argv, .cwd = dir }, &r));
	*object = path_join(dir, "unit.o");
	return r.status ? error_new("Y3", "%s", r.output) : NULL;
}

static struct error *run(unsigned long n)
{
	scoped_temp_dir char *dir = NULL;
	scoped_free char *object = NULL, *data = NULL, *whole = NULL;
	size_t size, whole_size;
	bool made = false;

	TRY(temp_dir_new("fuzz", &dir));
	TRY(compile(dir, &object));
	scoped_free char *index = path_join(dir, "whole.idx");

	TRY(make(object, index, &made));
	TRY(try_index(index));
	TRY(read_file(object, &data, &size));
	TRY(read_file(index, &whole, &whole_size));
	for (unsigned long i = 0; i < n; i++) {
		TRY(damage_object(data, size, dir));
		TRY(damage_index(whole, whole_size, dir));
		fuzz_clones();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;

	process_setup_signals();
	quiet = true;
	state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	struct error *err = run(n);

	if (err)
		fprintf(stderr, "%s: %s\n", err->id, err->message);
	/* Most damage must get beyond the first checks, or nothing behind them was tried. */
	bool fine = !err && indexed > n / 4 && opened > n / 4;

	printf("1..1\n%s 1 - %lu damaged objects and indexes (%lu and %lu went through)\n",
	       fine ? "ok" : "not ok", n, indexed, opened);
	error_free(err);
	return !fine;
}
