// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/tu.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "units/command.h"

static struct error *make_tables(struct tu *tu)
{
	tu->n_names = tu->names.n;
	tu->macro_of = xcalloc(tu->n_names, sizeof(uint32_t));
	tu->ordinary_of = xcalloc(tu->n_names, sizeof(uint32_t));
	tu->tag_of = xcalloc(tu->n_names, sizeof(uint32_t));
	tu->scope = xcalloc(tu->n_names, sizeof(uint32_t));
	for (uint32_t i = 0; i < tu->macros.n; i++) {
		struct macro *m = &tu->macros.at[i];

		m->earlier = tu->macro_of[m->name];
		tu->macro_of[m->name] = i + 1;
	}
	return NULL;
}

struct error *tu_read(char *text, size_t size, const struct tu_roots *roots, struct tu *tu)
{
	*tu = (struct tu) {.text = text, .size = size};
	names_init(&tu->names);
	token_vec_push(&tu->tokens, (struct token) {0});
	tu_file_vec_push(&tu->files, (struct tu_file) {.path = xstrdup("")});
	struct error *err = size < UINT32_MAX
				    ? tu_read_tokens(tu, roots)
				    : error_new("M2", "preprocessed text of %zu bytes", size);

	TRY(make_tables(tu));
	if (!err)
		tu_read_declarations(tu);
	return err;
}

void tu_free(struct tu *tu)
{
	for (size_t i = 0; i < tu->files.n; i++) {
		struct tu_file *f = &tu->files.at[i];

		free(f->path);
		free(f->real);
		free(f->rel);
		free(f->include);
		free(f->text);
		free(f->original);
		u32_vec_free(&f->lines);
	}
	tu_file_vec_free(&tu->files);
	map_free(&tu->file_numbers);
	names_free(&tu->names);
	token_vec_free(&tu->tokens);
	macro_vec_free(&tu->macros);
	inclusion_vec_free(&tu->inclusions);
	declaration_vec_free(&tu->declarations);
	declared_vec_free(&tu->declared);
	free(tu->macro_of);
	free(tu->ordinary_of);
	free(tu->tag_of);
	free(tu->scope);
	free(tu->text);
	*tu = (struct tu) {0};
}

/* ---- files ---- */

/* Directories that the kernel's command lines search for public headers (LINUXINCLUDE, top
 * Makefile), the longer ones first. The uapi directories below them are searched too, after them:
 * <uapi/linux/x.h> finds the one that is meant, <linux/x.h> perhaps another. */
static const char *const include_dirs[] = {
	"arch/x86/include/generated/",
	"arch/x86/include/",
	"include/",
};

static bool module_has(const struct tu_roots *roots, const char *rel)
{
	for (size_t i = 0; roots->headers && i < roots->headers->n; i++) {
		scoped_free char *path = path_join(roots->headers->at[i], rel);

		if (path_exists(path))
			return true;
	}
	return false;
}

/* Is the file's content the view's own, rather than a link into the tree? */
static bool is_changed(const struct tu_roots *roots, const char *path)
{
	scoped_free char *real = roots->is_view ? realpath(path, NULL) : NULL;

	return real && starts_with(real, roots->source) && real[strlen(roots->source)] == '/';
}

static void place_file(struct tu_file *f, const struct tu_roots *roots)
{
	if (!roots || !roots->cwd || f->path[0] == '<')
		return;
	f->real = f->path[0] == '/' ? xstrdup(f->path) : path_join(roots->cwd, f->path);
	if (roots->is_view)
		f->rel = path_below(roots->source, roots->cwd, f->path);
	if (!f->rel && roots->object)
		f->rel = path_below(roots->object, roots->cwd, f->path);
	if (!f->rel && roots->source)
		f->rel = path_below(roots->source, roots->cwd, f->path);
	if (f->rel && starts_with(f->rel, "source/") && roots->source) /* link of a build tree */
		memmove(f->rel, f->rel + 7, strlen(f->rel + 7) + 1);
	f->changed = is_changed(roots, f->real);
	if (f->changed && f->rel && roots->tree)
		f->original = path_join(roots->tree, f->rel); /* for now its name */
	for (size_t i = 0; f->rel && i < ARRAY_SIZE(include_dirs) && !f->include; i++)
		if (starts_with(f->rel, include_dirs[i]) && module_has(roots, f->rel))
			f->include = xstrdup(f->rel + strlen(include_dirs[i]));
	f->is_public = f->include != NULL;
}

uint16_t tu_file_number(struct tu *tu, const char *path, const struct tu_roots *roots)
{
	uintptr_t known = (uintptr_t)map_get(&tu->file_numbers, path);

	if (known || tu->files.n > UINT16_MAX)
		return known;
	struct tu_file f = {.path = xstrdup(path), .is_public = path[0] == '<'};

	place_file(&f, roots);
	map_put(&tu->file_numbers, f.path, (void *)tu->files.n);
	tu_file_vec_push(&tu->files, f);
	return tu->files.n - 1;
}

uint16_t tu_private_list(struct tu *tu, uint16_t file)
{
	const struct tu_file *f = &tu->files.at[file];
	struct tu_file list = {.path = xstrdup(f->path), .real = xstrdup(f->real), .rel = xstrdup(f->rel),
			       .changed = f->changed};

	if (tu->files.n > UINT16_MAX)
		return 0;
	tu_file_vec_push(&tu->files, list);
	return tu->files.n - 1;
}

static void find_lines(struct tu_file *f)
{
	u32_vec_push(&f->lines, 0);
	for (size_t i = 0; i < f->size; i++)
		if (f->text[i] == '\n')
			u32_vec_push(&f->lines, i + 1);
}

struct tu_file *tu_file_text(struct tu *tu, uint16_t file)
{
	struct tu_file *f = &tu->files.at[file];

	if (f->loaded || !f->real)
		return f;
	f->loaded = true;
	scoped_error struct error *err = read_file(f->real, &f->text, &f->size);

	if (err || f->size >= UINT32_MAX) {
		f->text = NULL;
		f->size = 0;
	}
	find_lines(f);
	return f;
}

/* The original text of a changed file; "" if it has none (the fix adds it). */
static const char *original_text(struct tu_file *f)
{
	if (!f->original_read) {
		scoped_free char *path = take(f->original);
		scoped_error struct error *err = path ? read_file(path, &f->original, NULL) : NULL;

		if (err || !f->original)
			f->original = xstrdup("");
		f->original_read = true;
	}
	return f->original;
}

static bool is_word_byte(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

bool tu_is_shipped(struct tu *tu, uint16_t file, const char *text, size_t length)
{
	struct tu_file *f = &tu->files.at[file];

	if (!f->is_public || !f->changed || !length)
		return f->is_public;
	const char *start = original_text(f), *end = start + strlen(start);

	for (const char *p = start; (p = memmem(p, end - p, text, length)); p++)
		if ((p == start || !is_word_byte(p[-1]) || !is_word_byte(text[0])) &&
		    (!is_word_byte(p[length]) || !is_word_byte(text[length - 1])))
			return true;
	return false;
}

bool tu_name_is_shipped(struct tu *tu, uint32_t token)
{
	const struct token *t = tu_token(tu, token);

	return tu_is_shipped(tu, t->file, tu->text + t->at, tu_token_length(tu, token));
}

uint32_t tu_line_start(const struct tu_file *f, uint32_t line)
{
	return line && line <= f->lines.n ? f->lines.at[line - 1] : f->size;
}

/* ---- questions ---- */

uint32_t tu_token_length(const struct tu *tu, uint32_t i)
{
	const struct token *t = tu_token(tu, i);

	if (t->kind == LEX_NAME)
		return tu->names.at[t->name].length;
	if (t->kind == LEX_PUNCT)
		return t->punct == PUNCT_ARROW ? 2 : t->punct == PUNCT_ELLIPSIS ? 3 : 1;
	if (t->kind == LEX_END)
		return 0;
	struct lexer lx = lexer_at(tu->text, tu->size, t->at, 1);

	return lex(&lx).length;
}

const struct macro *tu_macro_at(const struct tu *tu, uint32_t name, uint32_t token)
{
	uint32_t i = name < tu->n_names ? tu->macro_of[name] : 0;

	while (i && tu->macros.at[i - 1].token > token)
		i = tu->macros.at[i - 1].earlier;
	return i && !tu->macros.at[i - 1].undef ? &tu->macros.at[i - 1] : NULL;
}
