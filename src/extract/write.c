// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/write.h"

#include <string.h>

#include "base/cleanup.h"
#include "extract/print.h"

/* ---- text of files ---- */

static const char *shown_path(const struct tu_file *f)
{
	return f->rel ? f->rel : f->path;
}

static void add_marker(const struct tu_file *f, uint32_t first, uint32_t last, const char *note,
		       struct str *out)
{
	if (first == last)
		str_add(out, "/* %sfrom %s:%u */\n", note, shown_path(f), first);
	else
		str_add(out, "/* %sfrom %s:%u-%u */\n", note, shown_path(f), first, last);
}

/* What is written next are lines of the file. */
static void set_place(struct closure *c, const struct tu_file *f, uint32_t line,
		      const struct str *out)
{
	text_place_vec_push(&c->result->places,
			    (struct text_place) {out->n, line, xstrdup(shown_path(f))});
}

static void add_lines(struct closure *c, const struct piece *p, struct str *out)
{
	struct tu_file *f = tu_file_text(c->tu, p->chunk.file);
	SCOPED(edits_free) struct edit_vec edits = {0};
	uint32_t at = tu_line_start(f, p->chunk.first_line);
	uint32_t end = tu_line_start(f, p->chunk.last_line + 1);

	find_edits(c, p, &edits);
	set_place(c, f, p->chunk.first_line, out);
	for (size_t i = 0; i < edits.n; i++) {
		const struct edit *e = &edits.at[i];

		if (e->at < at || e->at + e->length > end)
			continue;
		str_add_bytes(out, f->text + at, e->at - at);
		str_add(out, "%s", e->text);
		at = e->at + e->length;
		if (e->line)
			set_place(c, f, e->line, out);
	}
	str_add_bytes(out, f->text + at, end - at);
	if (out->n && out->s[out->n - 1] != '\n')
		str_add(out, "\n");
}

/* ---- pieces ---- */

static const struct token *first_token(const struct closure *c, const struct piece *p)
{
	return tu_token(c->tu, c->tu->declarations.at[p->number].first);
}

/* Declarations of functions and variables stand together without blank lines. */
static bool is_short(const struct closure *c, const struct piece *p)
{
	const struct declared *d = p->kind == PIECE_CHUNK ? closure_owner(c, p->number) : NULL;

	return d && d->kind <= DECLARED_VARIABLE && !d->definition &&
	       p->chunk.last_line - p->chunk.first_line < 8;
}

/* Does the piece begin where the one before it ends, blank lines apart? */
static bool follows(struct closure *c, const struct piece *p)
{
	const struct tu_file *f = tu_file_text(c->tu, p->chunk.file);
	uint32_t at, end;

	if (p == c->pieces.at || p->kind != PIECE_CHUNK || p[-1].kind != PIECE_CHUNK ||
	    p->chunk.file != p[-1].chunk.file || p->chunk.first_line <= p[-1].chunk.last_line)
		return false;
	at = tu_line_start(f, p[-1].chunk.last_line + 1);
	end = tu_line_start(f, p->chunk.first_line);
	while (at < end && strchr(" \t\n", f->text[at]))
		at++;
	return at == end;
}

/* Made declarations between, each with its annotation, do not end what stands behind a marker. */
static bool is_declared_only(const struct piece *p)
{
	return p->kind == PIECE_EXTERN || p->kind == PIECE_PROTOTYPE;
}

/* What comes from one file stands behind one marker. */
static bool continues(struct closure *c, const struct piece *p)
{
	const struct piece *before = p;

	while (before > c->pieces.at && (before == p || is_declared_only(before)))
		before--;
	return before != p && p->kind == PIECE_CHUNK && before->kind == PIECE_CHUNK &&
	       p->chunk.file == before->chunk.file;
}

static void add_places(uint32_t first, uint32_t last, struct str *out)
{
	if (first == last)
		str_add(out, "%u", first);
	else
		str_add(out, "%u-%u", first, last);
}

/* "196-197, 203, 227": the places of a piece and of those that continue it. */
static void add_group_marker(struct closure *c, const struct piece *p, struct str *out)
{
	const struct piece *end = c->pieces.at + c->pieces.n;
	size_t line = out->n;

	str_add(out, "/* from %s:", shown_path(&c->tu->files.at[p->chunk.file]));
	for (const struct piece *q = p; q < end && (q == p || is_declared_only(q) || continues(c, q));
	     q++) {
		uint32_t first = q->chunk.first_line;

		if (is_declared_only(q))
			continue;
		if (q > p)
			str_add(out, out->n - line > 88 ? ",\n *      " : ", ");
		if (out->s[out->n - 1] == ' ' && out->n - line > 88)
			line = out->n;
		while (q + 1 < end && follows(c, q + 1))
			q++;
		add_places(first, q->chunk.last_line, out);
	}
	str_add(out, " */\n");
}

static void add_chunk(struct closure *c, const struct piece *p, struct str *out)
{
	if (!continues(c, p))
		add_group_marker(c, p, out);
	add_lines(c, p, out);
}

/* The tag's definition out of a declaration that defines variables as well. */
static void add_type(struct closure *c, const struct piece *p, struct str *out)
{
	const struct declaration *d = &c->tu->declarations.at[p->number];
	struct specifiers s;
	uint32_t i = d->first;

	tu_read_specifiers(c->tu, d->first, d->specifiers, &s);
	while (i < d->last && tu_class(c->tu, i) != WORD_STRUCT && tu_class(c->tu, i) != WORD_ENUM)
		i++;
	if (!s.tag_body)
		return;
	add_marker(&c->tu->files.at[first_token(c, p)->file], first_token(c, p)->line,
		   tu_token(c->tu, tu_token(c->tu, s.tag_body)->name)->line, "", out);
	print_tokens(c->tu, i, tu_skip_group(c->tu, s.tag_body), out);
	str_add(out, ";\n");
}

/* One use of a macro made this declaration and the one before it. */
static bool same_use(const struct closure *c, const struct piece *p)
{
	return p > c->pieces.at && p->kind == PIECE_EXPANDED && p[-1].kind == PIECE_EXPANDED &&
	       !p->linkage && !p[-1].linkage && first_token(c, p)->file == first_token(c, p - 1)->file &&
	       first_token(c, p)->line == first_token(c, p - 1)->line;
}

/* One token after the other, with the new names of replaced functions. */
static void add_expanded(struct closure *c, const struct piece *p, struct str *out)
{
	const struct declaration *d = &c->tu->declarations.at[p->number];
	uint32_t from = d->first;

	if (!same_use(c, p))
		add_marker(&c->tu->files.at[first_token(c, p)->file], first_token(c, p)->line,
			   tu_token(c->tu, d->last)->line,
			   p->linkage ? "livepatch: replaces, expanded " : "expanded ", out);
	for (uint32_t i = d->first; i <= d->last; i++) {
		const struct token *t = tu_token(c->tu, i);
		uint32_t known = t->kind == LEX_NAME ? c->linkage_of[t->name] : 0;
		const struct linkage *l = known ? &c->linkages.at[known - 1] : NULL;
		bool drop = p->linkage && i < d->body && tu_class(c->tu, i) >= WORD_EXTERN &&
			    tu_class(c->tu, i) <= WORD_INLINE;

		if (!drop &&
		    (!l || !l->new_name || !tu_is_punct(c->tu, i + 1, '(') ||
		     tu_is_punct(c->tu, i - 1, '.') || tu_is_punct(c->tu, i - 1, PUNCT_ARROW)))
			continue;
		print_tokens(c->tu, from, i, out);
		str_add(out, "%s%s", i > from ? " " : "", drop ? "" : l->new_name);
		from = i + 1;
	}
	print_tokens(c->tu, from, d->last + 1, out);
	str_add(out, "\n");
}

static void add_statics(const struct closure *c, const struct piece *p, struct str *out)
{
	for (size_t i = 0; i < c->statics.n; i++) {
		const struct static_use *use = &c->statics.at[i];

		if (use->fate.fate == FATE_KLP && use->declaration >= p->chunk.first &&
		    use->declaration <= p->chunk.last && is_referred(c, use->link_name))
			write_annotation(c, use->link_name, &use->fate, NULL, out);
	}
}

/* Macros that would make more than code from a copied definition. */
static const struct {
	const char *user, *macro;
} emptied[] = {
	/* trace events of system calls: include/linux/syscalls.h,
	   arch/x86/include/asm/syscall_wrapper.h */
	{"SYSCALL_DEFINE", "SYSCALL_METADATA"},
	{"SYSCALL_DEFINE", "ALLOW_ERROR_INJECTION"},
	{"COMPAT_SYSCALL_DEFINE", "ALLOW_ERROR_INJECTION"},
};

static void add_emptied(struct closure *c, const struct piece *p, struct str *out)
{
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	const struct tu_file *f = tu_file_text(c->tu, p->chunk.file);

	raw_words(c->tu, p->chunk.file, p->chunk.first_line, p->chunk.first_line, &words);
	for (size_t i = 0; i < ARRAY_SIZE(emptied) && words.n; i++)
		if (starts_with(f->text + words.at[0].at, emptied[i].user))
			str_add(out, "#undef %s\n#define %s(...)\n", emptied[i].macro,
				emptied[i].macro);
}

static void add_function(struct closure *c, const struct piece *p, struct str *out)
{
	const struct linkage *l = &c->linkages.at[p->linkage - 1];
	scoped_free char *name = name_string(&c->tu->names, l->name);
	scoped_free char *note = xasprintf("livepatch: replaces %s(), ", name);

	add_emptied(c, p, out);
	add_marker(tu_file_text(c->tu, p->chunk.file), p->chunk.first_line, p->chunk.last_line,
		   note, out);
	add_lines(c, p, out);
}

static void add_declaration(struct closure *c, const struct piece *p, struct str *out)
{
	const struct linkage *l = &c->linkages.at[p->linkage - 1];
	struct extern_parts parts = extern_parts(c->tu, &c->tu->declared.at[p->number]);

	if (p->kind == PIECE_PROTOTYPE) {
		print_declaration(c->tu, &parts, "", l->new_name, NULL, out);
		return;
	}
	print_declaration(c->tu, &parts, "extern ", NULL, l->fate.link_name, out);
	annotate(c, l, out);
}

static void add_forward(const struct closure *c, const struct piece *p, struct str *out)
{
	const struct declared *d = &c->tu->declared.at[p->number];
	uint32_t i = d->token;

	while (i > 1 && tu_class(c->tu, i) != WORD_STRUCT && tu_class(c->tu, i) != WORD_ENUM)
		i--;
	if (tu_class(c->tu, i) == WORD_ENUM)
		return;
	print_tokens(c->tu, i, i + 1, out);
	str_add(out, " ");
	print_tokens(c->tu, d->token, d->token + 1, out);
	str_add(out, ";\n");
}

static void (*const writers[])(struct closure *c, const struct piece *p, struct str *out) = {
	[PIECE_CHUNK] = add_chunk,
	[PIECE_TYPE] = add_type,
	[PIECE_EXPANDED] = add_expanded,
	[PIECE_FUNCTION] = add_function,
	[PIECE_PROTOTYPE] = add_declaration,
	[PIECE_EXTERN] = add_declaration,
	[PIECE_MACRO] = write_macro,
	[PIECE_UNDEF] = write_macro,
	[PIECE_INCLUDE] = write_late_include,
};

/* ---- the whole ---- */

/* At one place: declarations before what uses them. */
static int rank(const struct piece *p)
{
	switch (p->kind) {
	case PIECE_FORWARD:
	case PIECE_INCLUDE:
		return 0;
	case PIECE_UNDEF:
	case PIECE_MACRO:
		return 1;
	case PIECE_TYPE:
		return 2;
	case PIECE_EXTERN:
	case PIECE_PROTOTYPE:
		return 3;
	default:
		return 4;
	}
}

static int by_position(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return (x->number > y->number) - (x->number < y->number);
}

static bool stands_alone(const struct piece *p)
{
	return p->kind != PIECE_MACRO && p->kind != PIECE_UNDEF && p->kind != PIECE_FORWARD &&
	       p->kind != PIECE_INCLUDE && !is_declared_only(p);
}

static bool wants_blank(struct closure *c, const struct piece *p)
{
	if (continues(c, p))
		return !is_short(c, p) || !is_short(c, p - 1);
	if ((is_declared_only(p) && is_declared_only(p - 1)) || same_use(c, p))
		return false;
	return stands_alone(p) || p[-1].kind != p->kind;
}

void write_source(struct closure *c, struct str *out)
{
	if (c->pieces.n)
		qsort(c->pieces.at, c->pieces.n, sizeof(*c->pieces.at), by_position);
	write_unit_names(c, out);
	write_head(c, out);
	if (needs_annotations(c))
		str_add(out, "#include <suture/livepatch.h>\n");
	write_this_module(c, out);
	annotate_headers(c, out);
	for (size_t i = 0; i < c->pieces.n; i++) {
		const struct piece *p = &c->pieces.at[i];
		if (!i || wants_blank(c, p))
			str_add(out, "\n");
		if (p->kind == PIECE_FUNCTION || p->kind == PIECE_CHUNK)
			add_statics(c, p, out);
		if (p->kind == PIECE_FORWARD)
			add_forward(c, p, out);
		else
			writers[p->kind](c, p, out);
	}
	annotate_private(c, out);
}
