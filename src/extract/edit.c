// SPDX-License-Identifier: GPL-2.0-or-later
/* What has to change in text that is copied. */
#include <string.h>

#include "base/cleanup.h"
#include "extract/print.h"
#include "extract/write.h"

struct context {
	struct closure *c;
	const struct piece *piece;
	const struct tu_file *file;
	struct lexeme_vec words;
	size_t body; /* the word '{' of a function, or words.n */
	struct edit_vec *edits;
};

void edits_free(struct edit_vec *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		free(edits->at[i].text);
	edit_vec_free(edits);
}

static void add_edit(struct context *x, uint32_t at, uint32_t length, char *text)
{
	edit_vec_push(x->edits, (struct edit) {.at = at, .length = length, .text = text});
}

static const struct lexeme *word(const struct context *x, size_t i)
{
	static const struct lexeme none = {.kind = LEX_END};

	return i < x->words.n ? &x->words.at[i] : &none;
}

static bool is_member(const struct context *x, size_t i)
{
	return i &&
	       (raw_is_punct(word(x, i - 1), '.') || raw_is_punct(word(x, i - 1), PUNCT_ARROW));
}

static uint32_t word_name(const struct context *x, size_t i)
{
	const struct lexeme *l = word(x, i);

	return l->kind == LEX_NAME ? name_find(&x->c->tu->names, x->file->text + l->at, l->length)
				   : 0;
}

/* ---- names ---- */

/* Calls of replaced functions, and prototypes of them, get the new name; other uses keep the old.
 */
static void rename_calls(struct context *x)
{
	for (size_t i = 0; i < x->words.n; i++) {
		uint32_t name = word_name(x, i);
		uint32_t known = name && name < x->c->tu->n_names ? x->c->linkage_of[name] : 0;
		const struct linkage *l = known ? &x->c->linkages.at[known - 1] : NULL;

		if (!l || !l->new_name || is_member(x, i) || !raw_is_punct(word(x, i + 1), '('))
			continue;
		if (i < x->body && x->piece->kind == PIECE_FUNCTION)
			continue; /* see rename_head() */
		add_edit(x, word(x, i)->at, word(x, i)->length, xstrdup(l->new_name));
	}
}

/* "enum siginfo_layout siginfo_layout(...)": a tag may have the function's name. */
static bool is_tag(const struct context *x, size_t i)
{
	const struct lexeme *l = i ? word(x, i - 1) : NULL;

	return l && (raw_is(x->file, l, "struct") || raw_is(x->file, l, "union") ||
		     raw_is(x->file, l, "enum"));
}

/* The name of the function itself, or the macro argument that makes it. */
static void rename_head(struct context *x)
{
	const struct linkage *l = &x->c->linkages.at[x->piece->linkage - 1];
	scoped_free char *old = name_string(&x->c->tu->names, l->name);
	size_t extra =
		ends_with(l->fate.new_name, old) ? strlen(l->fate.new_name) - strlen(old) : 0;
	const struct lexeme *pasted = &x->piece->pasted;

	if (pasted->length)
		add_edit(x, pasted->at, 0,
			 xasprintf("%.*s", (int)(extra ? extra : 10),
				   extra ? l->fate.new_name : "livepatch_"));
	for (size_t i = 0; i < x->body && !pasted->length; i++)
		if (word_name(x, i) == l->name && !is_tag(x, i))
			add_edit(x, word(x, i)->at, word(x, i)->length, xstrdup(l->new_name));
}

/* Words of the head that do not go with external linkage. */
static const char *const dropped_words[] = {
	"static", "inline", "__inline", "__inline__", "__always_inline", "__init", "__exit",
};

/* STATIC of xfs: a macro without parameters that stands for storage class words. */
static bool is_storage_macro(const struct context *x, const struct lexeme *l)
{
	const struct tu *tu = x->c->tu;
	uint32_t name = name_find(&tu->names, x->file->text + l->at, l->length);
	const struct macro *m =
		name ? tu_macro_at(tu, name, tu->declarations.at[x->piece->number].first) : NULL;
	const char *text = m ? tu->text + m->at : NULL;

	if (!m || !m->length || text[0] == '(')
		return false;
	struct lexer lx = lexer_at(text, m->length, 0, 1);

	for (struct lexeme w = lex(&lx); w.kind != LEX_END; w = lex(&lx)) {
		uint32_t word = name_find(&tu->names, text + w.at, w.length);

		if (w.kind == LEX_NAME &&
		    (word_class(word) == WORD_STATIC || word_class(word) == WORD_INLINE))
			return true;
	}
	return false;
}

static bool is_dropped(const struct context *x, const struct lexeme *l)
{
	for (size_t k = 0; k < ARRAY_SIZE(dropped_words); k++)
		if (raw_is(x->file, l, dropped_words[k]))
			return true;
	return is_storage_macro(x, l);
}

static void drop_words(struct context *x)
{
	for (size_t i = 0; i < x->body; i++) {
		const struct lexeme *l = word(x, i);
		uint32_t end = l->at + l->length;

		if (l->kind != LEX_NAME || !is_dropped(x, l))
			continue;
		while (end < x->file->size && strchr(" \t\n", x->file->text[end]))
			end++;
		add_edit(x, l->at, end - l->at, xstrdup(""));
	}
}

/* ---- static variables ---- */

/* "extern T x __asm__("…");" or, of what is copied, the definition as it was. */
static void add_static(const struct context *x, const struct static_use *use, struct str *out)
{
	const struct tu *tu = x->c->tu;
	const struct local_static *v = &use->variable;
	struct extern_parts parts = {v->first, v->specifiers, v->token, v->start, v->end};

	if (use->fate.fate == FATE_KLP) {
		str_add(out, "%sextern ", out->n ? " " : "");
		print_declarator(tu, &parts, NULL, use->link_name, out);
		return;
	}
	str_add(out, "%s", out->n ? " " : "");
	print_tokens(tu, v->first, v->specifiers, out);
	str_add(out, " ");
	print_tokens(tu, v->start, tu_skip_initialiser(tu, v->end, tu->tokens.n), out);
	str_add(out, ";");
}

/* The text of a declaration of static variables, if one of them is the kernel's. */
static char *static_text(const struct context *x, size_t first, size_t *next)
{
	const struct static_use_vec *all = &x->c->statics;
	scoped_str struct str out = {0};
	bool klp = false;
	size_t i = first;

	for (; i < all->n && all->at[i].variable.first == all->at[first].variable.first; i++) {
		klp |= all->at[i].fate.fate == FATE_KLP;
		add_static(x, &all->at[i], &out);
	}
	*next = i;
	return klp ? take(out.s) : NULL;
}

/* The place in the words where the token's declaration begins. */
static size_t find_static(const struct context *x, const struct token *t)
{
	size_t i = x->body;

	while (i < x->words.n &&
	       (word(x, i)->line < t->line || !raw_is(x->file, word(x, i), "static")))
		i++;
	return i < x->words.n && word(x, i)->line == t->line ? i : x->words.n;
}

static void edit_statics(struct context *x)
{
	const struct static_use_vec *all = &x->c->statics;

	for (size_t i = 0, next; i < all->n; i = next) {
		const struct static_use *use = &all->at[i];
		scoped_free char *text = static_text(x, i, &next);
		size_t from, to;

		if (!text || use->declaration < x->piece->chunk.first ||
		    use->declaration > x->piece->chunk.last)
			continue;
		from = to = find_static(x, tu_token(x->c->tu, use->variable.first));
		for (int depth = 0; to < x->words.n; to++) {
			const struct lexeme *l = word(x, to);

			if (l->kind == LEX_PUNCT && l->punct)
				depth += (strchr("([{", l->punct) != NULL) -
					 (strchr(")]}", l->punct) != NULL);
			if (raw_is_punct(l, ';') && depth == 0)
				break;
		}
		if (to < x->words.n)
			add_edit(x, word(x, from)->at, word(x, to)->at + 1 - word(x, from)->at,
				 take(text));
	}
}

/* ---- includes in the middle of a declaration ---- */

enum { DEEPEST = 8 };

static void add_file(struct tu *tu, uint16_t file, unsigned int depth, struct str *out)
{
	const struct tu_file *f = tu_file_text(tu, file);
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	uint32_t at = 0;

	raw_words(tu, file, 1, f->lines.n, &words);
	str_add(out, "/* from %s */\n", f->rel ? f->rel : f->path);
	for (size_t i = 0; i < words.n && depth < DEEPEST; i++) {
		const struct lexeme *l = &words.at[i];
		uint16_t inner = raw_private_include(tu, file, l);

		if (!inner)
			continue;
		str_add_bytes(out, f->text + at, l->at - at);
		add_file(tu, inner, depth + 1, out);
		at = l->at + l->length;
	}
	str_add_bytes(out, f->text + at, f->size - at);
}

/* #include "table.h" in an initialiser: what it includes stands in its place. */
static void expand_includes(struct context *x)
{
	for (size_t i = 0; i < x->words.n; i++) {
		const struct lexeme *l = word(x, i);
		uint16_t file = raw_private_include(x->c->tu, x->piece->chunk.file, l);
		scoped_str struct str text = {0};

		if (!file)
			continue;
		add_file(x->c->tu, file, 0, &text);
		while (text.n && text.s[text.n - 1] == '\n')
			text.s[--text.n] = 0;
		add_edit(x, l->at, l->length, take(text.s));
	}
}

/* ---- conditionals ---- */

static void cut_dead_lines(struct context *x)
{
	SCOPED(u32_vec_free) struct u32_vec dead = {0};

	raw_dead_lines(x->c->tu, &x->piece->chunk, &dead);
	for (size_t i = 0; i + 1 < dead.n; i += 2) {
		uint32_t at = tu_line_start(x->file, dead.at[i]);

		add_edit(x, at, tu_line_start(x->file, dead.at[i + 1] + 1) - at, xstrdup(""));
		x->edits->at[x->edits->n - 1].line = dead.at[i + 1] + 1;
	}
}

/* ---- all ---- */

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static size_t find_body_word(const struct context *x)
{
	bool function = false;
	int depth = 0;

	for (uint32_t i = x->piece->chunk.first; i <= x->piece->chunk.last; i++)
		function |= x->c->tu->declarations.at[i].body != 0;
	for (size_t i = 0; function && i < x->words.n; i++) {
		depth += raw_is_punct(word(x, i), '(') - raw_is_punct(word(x, i), ')');
		if (raw_is_punct(word(x, i), '{') && depth <= 0)
			return i;
	}
	return x->words.n;
}

void find_edits(struct closure *c, const struct piece *p, struct edit_vec *edits)
{
	struct context x = {
		.c = c, .piece = p, .file = tu_file_text(c->tu, p->chunk.file), .edits = edits};

	raw_live_words(c->tu, &p->chunk, &x.words);
	x.body = find_body_word(&x);
	rename_calls(&x);
	expand_includes(&x);
	if (p->kind == PIECE_FUNCTION) {
		rename_head(&x);
		drop_words(&x);
	}
	if (x.body < x.words.n)
		edit_statics(&x);
	if (!p->chunk.whole)
		cut_dead_lines(&x);
	lexeme_vec_free(&x.words);
	if (edits->n)
		qsort(edits->at, edits->n, sizeof(*edits->at), by_place);
}
