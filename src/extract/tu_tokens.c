// SPDX-License-Identifier: GPL-2.0-or-later
/* Preprocessed text to tokens: line markers, #define and #undef, brackets paired. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/tu.h"

/* A file that is being read. */
struct frame {
	uint16_t file;
	uint16_t list_of; /* its number where it is read as private text; else 0 */
	uint32_t inclusion; /* number + 1 */
	bool in_public;
};
DEFINE_VEC(frame_vec, struct frame)

struct state {
	struct tu *tu;
	const struct tu_roots *roots;
	struct frame_vec stack;
	struct lexer lexer;
	uint16_t file;
};

/* The path between quotes, with \\ and \" undone. */
static char *marker_path(const char *p)
{
	scoped_str struct str out = {0};

	str_add(&out, "%s", "");
	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		str_add_bytes(&out, p, 1);
	}
	return take(out.s);
}

/* Does a line of the file begin with a use of the macro? */
static bool uses_in_lines(const struct tu_file *f, const char *name, size_t n)
{
	for (const char *p = f->text; p; p = strchr(p, '\n')) {
		p += strspn(p, " \t\n");
		if (strncmp(p, name, n) == 0 && p[n] == '(')
			return true;
	}
	return false;
}

/* "#define X(...)" right before "#include <list.h>", at file level, and lines X(...) in there. */
static bool is_list(struct state *st, uint16_t file)
{
	struct tu *tu = st->tu;
	const struct macro *m = tu->macros.n ? &tu->macros.at[tu->macros.n - 1] : NULL;
	const struct token *last = tu->tokens.n > 1 ? &tu->tokens.at[tu->tokens.n - 1] : NULL;

	if (!tu_is_public(tu, file) || !tu->files.at[file].include || tu_is_public(tu, st->file) || !m ||
	    m->undef || m->file != st->file || m->token != tu->tokens.n || !m->length ||
	    tu->text[m->at] != '(' || (last && !strchr(";}", last->punct ? last->punct : ' ')))
		return false;
	const struct name *name = &tu->names.at[m->name];

	return uses_in_lines(tu_file_text(tu, file), name->text, name->length);
}

/* The number under which a file is read now. */
static uint16_t current_number(const struct state *st, uint16_t file)
{
	for (size_t i = st->stack.n; i-- > 0;)
		if (st->stack.at[i].list_of == file)
			return st->stack.at[i].file;
	return file;
}

static void enter(struct state *st, uint16_t file, uint16_t list_of)
{
	struct tu *tu = st->tu;
	bool in_public = false;

	if (st->stack.n) {
		const struct frame *top = &st->stack.at[st->stack.n - 1];

		/* <command-line> includes kconfig.h and the like before the unit's first line. */
		in_public = top->in_public || tu_is_public(tu, top->file);
	}
	inclusion_vec_push(&tu->inclusions, (struct inclusion) {.token = tu->tokens.n,
								.macro = tu->macros.n,
								.file = file,
								.by = st->file,
								.in_public = in_public});
	frame_vec_push(&st->stack, (struct frame) {.file = file,
						   .list_of = list_of,
						   .inclusion = tu->inclusions.n,
						   .in_public = in_public});
}

/* Back in a file, in the line behind its #include: what is above it is done. */
static void leave(struct state *st, uint16_t file, uint32_t line)
{
	do {
		uint32_t i = st->stack.n > 1 ? st->stack.at[--st->stack.n].inclusion : 0;

		if (!i)
			return;
		st->tu->inclusions.at[i - 1].leave = st->tu->tokens.n;
		st->tu->inclusions.at[i - 1].macro_leave = st->tu->macros.n;
		st->tu->inclusions.at[i - 1].line = line ? line - 1 : 0;
	} while (st->stack.at[st->stack.n - 1].file != file);
}

/* # LINE "FILE" FLAGS: flag 1 enters a file, 2 returns to one (manual of cpp, Preprocessor Output).
 */
static struct error *read_marker(struct state *st, const char *p, const char *end)
{
	scoped_free char *text = xstrndup(p, end - p);
	unsigned long line = strtoul(text, NULL, 10);
	const char *quote = strchr(text, '"');

	st->lexer.line = line ? line - 1 : 0; /* the newline behind the marker comes next */
	if (!quote)
		return NULL;
	scoped_free char *path = marker_path(quote + 1);
	uint16_t public = tu_file_number(st->tu, path, st->roots);
	uint16_t file = current_number(st, public);
	const char *flags = quote + 1 + strcspn(quote + 1, "\"");

	if (!file)
		return error_new("M2", "the unit reads more than %d files", UINT16_MAX);

	if (!st->tu->main_file && path[0] != '<')
		st->tu->main_file = file;
	if (!st->stack.n)
		frame_vec_push(&st->stack, (struct frame) {.file = file});
	else if (strchr(flags, '1') && is_list(st, file))
		enter(st, file = tu_private_list(st->tu, file), public);
	else if (strchr(flags, '1'))
		enter(st, file, 0);
	else if (strchr(flags, '2'))
		leave(st, file, line);
	st->file = file;
	return NULL;
}

/* The record behind "#define" or "#undef". */
static void read_macro(struct state *st, const char *p, const char *end, uint32_t line, bool undef)
{
	struct tu *tu = st->tu;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	struct lexer lx = lexer_at(p, end - p, 0, 1);
	struct lexeme l = lex(&lx);

	if (l.kind != LEX_NAME)
		return;
	macro_vec_push(&tu->macros, (struct macro) {.name = name_intern(&tu->names, p, l.length),
						    .at = p + l.length - tu->text,
						    .length = end - p - l.length,
						    .token = tu->tokens.n,
						    .line = line,
						    .file = st->file,
						    .undef = undef});
}

static struct error *read_directive(struct state *st, const struct lexeme *l)
{
	const char *p = st->tu->text + l->at + 1, *end = p + l->length - 1;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p < end && isdigit((unsigned char)*p))
		return read_marker(st, p, end);
	if (end - p > 6 && memcmp(p, "define", 6) == 0)
		read_macro(st, p + 6, end, l->line, false);
	else if (end - p > 5 && memcmp(p, "undef", 5) == 0)
		read_macro(st, p + 5, end, l->line, true);
	return NULL;
}

/* Pairs brackets: an opening one knows the token that closes it. */
static void pair_brackets(struct tu *tu)
{
	SCOPED(u32_vec_free) struct u32_vec open = {0};

	for (uint32_t i = 1; i < tu->tokens.n; i++) {
		struct token *t = &tu->tokens.at[i];

		if (t->kind != LEX_PUNCT)
			continue;
		if (strchr("([{", t->punct) && t->punct) {
			u32_vec_push(&open, i);
		} else if (t->punct == ')' || t->punct == ']' || t->punct == '}') {
			char opener = t->punct == ')' ? '(' : t->punct == ']' ? '[' : '{';
			size_t n = open.n;

			/* A brace closes what was left open inside; others only what fits. */
			while (t->punct == '}' && n && tu->tokens.at[open.at[n - 1]].punct != '{')
				n--;
			if (!n || tu->tokens.at[open.at[n - 1]].punct != opener)
				continue;
			tu->tokens.at[open.at[n - 1]].name = i;
			open.n = n - 1;
		}
	}
}

/* #define lines move the lexer on: what the marker sets is the line behind it. */
static struct error *read_all(struct state *st)
{
	struct tu *tu = st->tu;

	for (;;) {
		struct lexeme l = lex(&st->lexer);

		if (l.kind == LEX_DIRECTIVE) {
			TRY(read_directive(st, &l));
			continue;
		}
		token_vec_push(
			&tu->tokens,
			(struct token) {
				.at = l.at,
				.name = l.kind == LEX_NAME
						? name_intern(&tu->names, tu->text + l.at, l.length)
						: 0,
				.line = l.line,
				.file = st->file,
				.kind = l.kind,
				.punct = l.punct});
		if (l.kind == LEX_END)
			return NULL;
	}
}

struct error *tu_read_tokens(struct tu *tu, const struct tu_roots *roots)
{
	struct state st = {.tu = tu, .roots = roots, .lexer = lexer_at(tu->text, tu->size, 0, 1)};
	struct error *err = read_all(&st);

	leave(&st, 0, 0);
	frame_vec_free(&st.stack);
	if (!tu->tokens.n || tu->tokens.at[tu->tokens.n - 1].kind != LEX_END)
		token_vec_push(&tu->tokens, (struct token) {.kind = LEX_END, .at = tu->size});
	pair_brackets(tu);
	return err;
}
