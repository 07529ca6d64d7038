// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of the patch reader, the applier and the line-neutral writer.
 *
 *     patch-fuzz CORPUS_DIR ITERATIONS [SEED]     mutates the corpus, deterministic
 *     patch-fuzz FILE                             runs one input
 *
 * With -DSUTURE_LIBFUZZER there is no main() and libFuzzer drives LLVMFuzzerTestOneInput().
 * An input is a patch, a line "=====", and the text that the patch is applied to; without that line
 * the patch is applied to a text made from its own old lines.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/fix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char divider[] = "\n=====\n";

/* The old side of a file's first diff: what a well-formed patch applies to. */
static void old_text(const struct fix_file *file, struct str *out)
{
	str_add_bytes(out, "", 0);
	for (size_t i = 0; i < file->hunks.n; i++) {
		const struct hunk *h = &file->hunks.at[i];

		for (size_t k = 0; h->round == 0 && k < h->lines.n; k++)
			if (h->lines.at[k][0] != '+')
				str_add(out, "%s\n", h->lines.at[k] + 1);
	}
}

static void try_file(const struct fix_file *file, const char *text, size_t size)
{
	struct edit_vec edits = {0};
	scoped_free char *out = NULL;
	scoped_free char *neutral = NULL;
	size_t n = 0, neutral_n = 0;
	scoped_error struct error *err = fix_apply(file, text, size, &out, &n, &edits);

	if (!err) {
		neutral = fix_line_neutral(out, n, &edits, &neutral_n);
		if (neutral_n < n || strlen(file->path) == 0 || file->path[0] == '/')
			abort();
	} else if (!err->message[0]) {
		abort();
	}
	edit_vec_free(&edits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data;
	const char *split = memmem(in, size, divider, sizeof(divider) - 1);
	size_t patch_size = split ? (size_t)(split + 1 - in) : size;
	struct fix fix = {0};
	scoped_free char *patch = xmalloc(patch_size + 1); /* exact size: reading beyond is seen */

	memcpy(patch, in, patch_size);
	scoped_error struct error *err = fix_parse(&fix, "fuzz", patch, patch_size);

	for (size_t i = 0; !err && i < fix.files.n; i++) {
		scoped_str struct str text = {0};

		if (split)
			str_add_bytes(&text, split + sizeof(divider) - 1,
				      in + size - (split + sizeof(divider) - 1));
		else
			old_text(&fix.files.at[i], &text);
		try_file(&fix.files.at[i], text.s, text.n);
	}
	fix_free(&fix);
	return 0;
}

#ifndef SUTURE_LIBFUZZER

struct input {
	char *data;
	size_t size;
};
DEFINE_VEC(input_vec, struct input)

static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return below ? (uint32_t)(random_state >> 33) % below : 0;
}

static const char *const words[] = {
	"@@ -1,3 +1,3 @@\n",
	"@@ -0,0 +1 @@\n",
	"--- a/f.c\n",
	"+++ b/f.c\n",
	"--- /dev/null\n",
	"+++ /dev/null\n",
	"\\ No newline at end of file\n",
	"diff --git a/f.c b/f.c\n",
	"rename from x\n",
	"new file mode 100644\n",
	"-- \n",
	"\r\n",
	"\n",
	"\\\n",
	"/*",
	"*/",
	"\"",
	"'",
	"#if 0\n",
	"#else\n",
	"#endif\n",
	"//",
	"(",
	")",
	"{",
	"}",
	"../",
	"\t",
	"Subject: [PATCH",
	"4294967295",
	"9999999",
	"-1",
	"0",
	"Binary files a/x and b/x differ\n",
	"\n=====\n",
};

static void splice(struct str *s, size_t at, size_t drop, const char *p, size_t n)
{
	struct str out = {0};

	str_add_bytes(&out, s->s, at);
	str_add_bytes(&out, p, n);
	str_add_bytes(&out, s->s + at + drop, s->n - at - drop);
	str_free(s);
	*s = out;
}

/* Start of a random line, and its length with the newline. */
static size_t pick_line(const struct str *s, size_t *length)
{
	size_t at = rnd(s->n + 1);

	while (at && s->s[at - 1] != '\n')
		at--;
	const char *nl = memchr(s->s + at, '\n', s->n - at);

	*length = nl ? (size_t)(nl + 1 - (s->s + at)) : s->n - at;
	return at;
}

static void mutate_line(struct str *s, const struct input *other, unsigned int how)
{
	size_t length, at = pick_line(s, &length);
	scoped_free char *line = xmemdup(s->s + at, length + 1);
	size_t from = rnd(other->size + 1);

	switch (how) {
	case 0: /* drop, duplicate, move a line; take a piece of another input */
		splice(s, at, length, "", 0);
		break;
	case 1:
		splice(s, at, 0, line, length);
		break;
	case 2:
		splice(s, at, length, "", 0);
		at = pick_line(s, &(size_t) {0});
		splice(s, at, 0, line, length);
		break;
	default:
		splice(s, at, 0, other->data + from, rnd(other->size - from + 1) % 400);
	}
}

static void mutate(struct str *s, const struct input *other)
{
	unsigned int how = rnd(10);
	size_t at = rnd(s->n + 1), left = s->n - at;
	const char *word = words[rnd(ARRAY_SIZE(words))];

	if (how < 4)
		mutate_line(s, other, how);
	else if (how == 4 && left)
		s->s[at] = (char)rnd(256);
	else if (how == 5 && left)
		s->s[at] = " +-\\@#\n09"[rnd(9)];
	else if (how == 6)
		splice(s, at, 0, word, strlen(word));
	else if (how == 7)
		splice(s, at, rnd(left + 1) % 64, "", 0);
	else if (how == 8 && rnd(8) == 0)
		splice(s, at, left, "", 0); /* truncate */
	else if (left)
		s->s[at] ^= 1 << rnd(8);
}

static struct error *load(const char *dir, struct input_vec *inputs)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	if (n < 0)
		return error_errno("%s", dir);
	for (int i = 0; i < n; i++) {
		scoped_free char *path = path_join(dir, list[i]->d_name);
		struct input in;

		if (list[i]->d_name[0] != '.') {
			TRY(read_file(path, &in.data, &in.size));
			input_vec_push(inputs, in);
		}
		free(list[i]);
	}
	free(list);
	return inputs->n ? NULL : error_new("Y1", "%s: no input in it", dir);
}

/* The input under test is kept in a file when it kills us, so that it becomes a test. */
static void keep(const struct str *s)
{
	const char *path = getenv("SUTURE_FUZZ_KEEP");

	if (path)
		error_free(write_file(path, s->s, s->n));
}

static void fuzz(const struct input_vec *inputs, unsigned long iterations)
{
	for (unsigned long i = 0; i < iterations; i++) {
		const struct input *in = &inputs->at[rnd(inputs->n)];
		const struct input *other = &inputs->at[rnd(inputs->n)];
		scoped_str struct str s = {0};

		str_add_bytes(&s, in->data, in->size);
		for (unsigned int k = rnd(6); k > 0; k--)
			mutate(&s, other);
		keep(&s);
		LLVMFuzzerTestOneInput((const uint8_t *)s.s, s.n);
	}
}

static int fail(struct error *err)
{
	fprintf(stderr, "%s\n", err->message);
	error_free(err);
	return 1;
}

int main(int argc, char **argv)
{
	struct input_vec inputs = {0};
	struct error *err = NULL;

	if (argc == 2) {
		struct input in;

		err = read_file(argv[1], &in.data, &in.size);
		if (err)
			return fail(err);
		LLVMFuzzerTestOneInput((const uint8_t *)in.data, in.size);
		free(in.data);
		return 0;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: %s CORPUS_DIR ITERATIONS [SEED] | FILE\n", argv[0]);
		return 2;
	}
	err = load(argv[1], &inputs);
	if (err)
		return fail(err);
	random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	fuzz(&inputs, strtoul(argv[2], NULL, 10));
	printf("%s inputs, no crash\n", argv[2]);
	for (size_t i = 0; i < inputs.n; i++)
		free(inputs.at[i].data);
	input_vec_free(&inputs);
	return 0;
}

#endif
