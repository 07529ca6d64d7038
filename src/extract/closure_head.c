// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Public headers of a livepatch's source: those that the unit's own file includes, and of those
 * that private headers include the ones that are needed. Nearly all stand before everything else;
 * one that mentions types of private text (trace/events/ext4.h) keeps its place behind them.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"

/* The innermost head whose stretch of tokens, or of macro records, has the place: its number + 1, or 0. */
static uint32_t head_with(const struct closure *c, uint32_t place, bool macro)
{
	size_t low = 0, high = c->heads.n;

	while (low < high) { /* the first one that begins behind it */
		size_t mid = (low + high) / 2;
		const struct inclusion *in = &c->tu->inclusions.at[c->heads.at[mid].inclusion];

		if ((macro ? in->macro : in->token) <= place)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low; low--) {
		const struct inclusion *in = &c->tu->inclusions.at[c->heads.at[low - 1].inclusion];

		if ((macro ? in->macro_leave : in->leave) > place)
			return low;
		if (!c->heads.at[low - 1].inside)
			return 0;
	}
	return 0;
}

static uint32_t head_at(const struct closure *c, uint32_t token)
{
	return head_with(c, token, false);
}

static uint32_t head_of_macro(const struct closure *c, uint32_t macro)
{
	return head_with(c, macro, true);
}

/* ---- finding them ---- */

/* Is the place in the middle of a declaration (an #include in an initialiser)? */
static bool inside_declaration(const struct tu *tu, uint32_t token)
{
	size_t low = 0, high = tu->declarations.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (tu->declarations.at[mid].last < token)
			low = mid + 1;
		else
			high = mid;
	}
	return low < tu->declarations.n && tu->declarations.at[low].first < token;
}

/* The place where private text declares something for the first time. */
static uint32_t private_start(const struct tu *tu)
{
	for (uint32_t i = 0; i < tu->declarations.n; i++)
		if (!tu_is_public(tu, tu_token(tu, tu->declarations.at[i].first)->file))
			return tu->declarations.at[i].first;
	return UINT32_MAX;
}

/*
 * Is the name a type that only private text before it defines? By value for tags. A public header may
 * define it again (typedef unsigned int __u32).
 */
static bool is_private_type(const struct closure *c, uint32_t i)
{
	const struct tu *tu = c->tu;
	bool tag = tu_class(tu, i - 1) == WORD_STRUCT || tu_class(tu, i - 1) == WORD_ENUM, found = false;
	uint32_t name = tu_token(tu, i)->name, k = tag ? tu->tag_of[name] : tu->ordinary_of[name];

	if (tag && tu_is_punct(tu, i + 1, '*'))
		return false;
	for (; k; k = tu->declared.at[k - 1].earlier) {
		const struct declared *d = &tu->declared.at[k - 1];

		if (!d->definition || d->kind < DECLARED_TYPEDEF)
			continue;
		if (tu_is_public(tu, tu_token(tu, d->token)->file))
			return false;
		found |= d->token < i;
	}
	return found;
}

static bool needs_private_types(const struct closure *c, const struct inclusion *in)
{
	for (uint32_t i = in->token; i < in->leave; i++)
		if (tu_is_plain_name(c->tu, i) && is_private_type(c, i))
			return true;
	return false;
}

static void index_names(struct closure *c)
{
	c->first_of = xcalloc(c->tu->n_names, sizeof(uint32_t));
	c->first_tag_of = xcalloc(c->tu->n_names, sizeof(uint32_t));
	for (uint32_t i = 0; i < c->tu->declared.n; i++) {
		const struct declared *d = &c->tu->declared.at[i];
		uint32_t *of = d->kind == DECLARED_TAG ? c->first_tag_of : c->first_of;

		if (!of[d->name])
			of[d->name] = d->token;
	}
	c->file_need = xcalloc(c->tu->files.n, sizeof(uint32_t));
	for (size_t i = 0; i < c->tu->files.n; i++)
		c->file_need[i] = UINT32_MAX;
}

/* Does the last late header include it by itself? Then it can be named without that one. */
static bool is_in_late(const struct closure *c, const struct inclusion *in)
{
	size_t n = c->heads.n;

	while (n && c->heads.at[n - 1].inside)
		n--;
	return n && c->heads.at[n - 1].late &&
	       in->by == c->tu->inclusions.at[c->heads.at[n - 1].inclusion].file &&
	       in->token < c->tu->inclusions.at[c->heads.at[n - 1].inclusion].leave;
}

void closure_find_heads(struct closure *c)
{
	const struct tu *tu = c->tu;
	uint32_t start = private_start(tu);

	for (uint32_t i = 0; i < tu->inclusions.n; i++) {
		const struct inclusion *in = &tu->inclusions.at[i];
		struct head h = {.inclusion = i, .kept = c->request->generous && in->by == tu->main_file};

		if (is_in_late(c, in) && tu->files.at[in->file].include &&
		    !needs_private_types(c, in)) {
			h.inside = true;
			head_vec_push(&c->heads, h);
			continue;
		}
		if (in->in_public || !tu->files.at[in->file].include ||
		    streq(tu->files.at[in->file].include, "trace/define_trace.h") ||
		    tu->files.at[in->by].path[0] == '<' || inside_declaration(tu, in->token))
			continue;
		if (in->token > start && needs_private_types(c, in)) {
			h.late = true;
			h.kept = false; /* unless something of it is used */
		}
		if (in->by == tu->main_file)
			c->head_end = in->macro;
		head_vec_push(&c->heads, h);
	}
	index_names(c);
}

/* ---- using them ---- */

/* All of a late header is read: its types are needed where it stands. */
static void keep_late(struct closure *c, uint32_t number)
{
	const struct inclusion *in = &c->tu->inclusions.at[c->heads.at[number].inclusion];

	piece_vec_push(
		&c->pieces,
		(struct piece) {.position = in->token, .kind = PIECE_INCLUDE, .number = number});
	for (uint32_t i = 0; i < c->tu->declarations.n; i++) {
		const struct declaration *d = &c->tu->declarations.at[i];

		if (d->first >= in->token && d->first < in->leave)
			closure_push_work(c, i, d->last, READ_LATE_HEADER, 0);
	}
}

/* The head is named because `by` needs something of one of its files. */
static void keep(struct closure *c, uint32_t number_plus_1, uint16_t file, uint32_t by)
{
	if (!number_plus_1)
		return;
	struct head *h = &c->heads.at[number_plus_1 - 1];

	if (by < c->file_need[file])
		c->file_need[file] = by;
	h->own |= by == NEEDED_BY_TEXT && file == c->tu->inclusions.at[h->inclusion].file;
	if (h->kept)
		return;
	h->kept = true;
	if (h->late)
		keep_late(c, number_plus_1 - 1);
}

void closure_use_header_token(struct closure *c, uint32_t token)
{
	keep(c, head_at(c, token), tu_token(c->tu, token)->file, NEEDED_BY_TEXT);
}

void closure_use_header_macro(struct closure *c, uint32_t macro)
{
	keep(c, head_of_macro(c, macro), c->tu->macros.at[macro].file, NEEDED_BY_TEXT);
}

bool closure_in_late_header(const struct closure *c, uint32_t token)
{
	uint32_t h = head_at(c, token);

	return h && c->heads.at[h - 1].late;
}

/* A header's text may need what headers before it declare. */
static void keep_needed_by(struct closure *c, uint32_t number)
{
	const struct inclusion *in = &c->tu->inclusions.at[c->heads.at[number].inclusion];

	for (uint32_t i = in->token; i < in->leave; i++) {
		uint32_t name = tu_token(c->tu, i)->name, first = 0;

		if (!tu_is_plain_name(c->tu, i))
			continue;
		if (tu_class(c->tu, i - 1) == WORD_STRUCT || tu_class(c->tu, i - 1) == WORD_ENUM)
			first = c->first_tag_of[name];
		else if (!tu_is_punct(c->tu, i - 1, '.') && !tu_is_punct(c->tu, i - 1, PUNCT_ARROW))
			first = c->first_of[name];
		/* Once for each file: heads are asked from the last to the first. */
		if (first && c->file_need[tu_token(c->tu, first)->file] > number && first < in->token)
			keep(c, head_at(c, first), tu_token(c->tu, first)->file, number);
	}
}

void closure_finish_heads(struct closure *c)
{
	for (size_t i = c->heads.n; i-- > 0;)
		if (c->heads.at[i].kept)
			keep_needed_by(c, i);
}

/* ---- names of the unit ---- */

static const char *const unit_names[] = {"KBUILD_MODNAME", "KBUILD_BASENAME", "KBUILD_MODFILE"};

void closure_find_unit_names(struct closure *c)
{
	static const char this_module[] = "THIS_MODULE";

	for (size_t i = 0; i < ARRAY_SIZE(unit_names); i++) {
		uint32_t name = name_find(&c->tu->names, unit_names[i], strlen(unit_names[i]));

		c->unit_names[i].macro = name ? tu_macro_at(c->tu, name, c->tu->tokens.n) : NULL;
	}
	c->this_module = name_find(&c->tu->names, this_module, strlen(this_module));
}

/* Is the token the macro's text? */
static bool is_text(const struct tu *tu, uint32_t token, const struct macro *m)
{
	const char *p = tu->text + m->at, *end = p + m->length;
	uint32_t n = tu_token_length(tu, token);

	while (p < end && *p == ' ')
		p++;
	return (size_t)(end - p) == n && memcmp(p, tu->text + tu_token(tu, token)->at, n) == 0;
}

void closure_use_unit_names(struct closure *c, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		for (size_t k = 0; k < ARRAY_SIZE(c->unit_names); k++)
			if (tu_token(c->tu, i)->kind == LEX_STRING && c->unit_names[k].macro &&
			    is_text(c->tu, i, c->unit_names[k].macro))
				c->unit_names[k].used = true;
}
