// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/scan.h"

#include "base/cleanup.h"

/* A name that is declared inside. */
struct local {
	uint32_t name, hidden; /* what tu.scope said before */
};
DEFINE_VEC(local_vec, struct local)

struct state {
	struct tu *tu;
	struct scan *out;
	struct local_vec locals;
	struct u32_vec blocks; /* number of locals when each open block began */
	struct u32_vec coming; /* names of declarations that are being read, the next one last */
	bool in_body;	       /* a function's block: statics count */
};

static void add_local(struct state *st, uint32_t token)
{
	uint32_t name = tu_token(st->tu, token)->name;

	local_vec_push(&st->locals, (struct local) {name, st->tu->scope[name]});
	st->tu->scope[name] = st->locals.n;
}

static void forget_locals(struct state *st, size_t keep)
{
	while (st->locals.n > keep) {
		const struct local *l = &st->locals.at[--st->locals.n];

		st->tu->scope[l->name] = l->hidden;
	}
}

static bool is_typedef_name(const struct state *st, uint32_t i)
{
	uint32_t name = tu_token(st->tu, i)->name;
	uint32_t d = st->tu->ordinary_of[name];

	return d && !st->tu->scope[name] && st->tu->declared.at[d - 1].kind == DECLARED_TYPEDEF;
}

/* Do the tokens from i on begin a declaration? i is where a statement, member or parameter may
 * begin. */
static bool begins_declaration(const struct state *st, uint32_t i)
{
	switch (tu_class(st->tu, i)) {
	case WORD_PLAIN:
		return tu_is_plain_name(st->tu, i) && is_typedef_name(st, i) &&
		       (tu_token(st->tu, i + 1)->kind == LEX_NAME ||
			tu_is_punct(st->tu, i + 1, '*') || tu_is_punct(st->tu, i + 1, '('));
	case WORD_TYPEDEF:
	case WORD_EXTERN:
	case WORD_STATIC:
	case WORD_INLINE:
	case WORD_CONST:
	case WORD_QUALIFIER:
	case WORD_TYPE:
	case WORD_STRUCT:
	case WORD_ENUM:
	case WORD_TYPEOF:
	case WORD_ATTRIBUTE:
		return true;
	default:
		return false;
	}
}

static void find_parameters(struct state *st, uint32_t open, unsigned int depth,
			    struct u32_vec *names);

static void find_names(struct state *st, const struct declarator *d, unsigned int depth,
		       struct u32_vec *names)
{
	if (d->name)
		u32_vec_push(names, d->name);
	/* Parameters of (pointers to) functions: the groups behind the name. */
	for (uint32_t i = d->name ? d->name + 1 : d->start; i < d->end && depth < 3; i++) {
		if (tu_is_punct(st->tu, i, '(') && tu_token(st->tu, i)->name)
			find_parameters(st, i, depth + 1, names);
		if (tu_opens(st->tu, i))
			i = tu_skip_group(st->tu, i) - 1;
	}
}

static void find_parameters(struct state *st, uint32_t open, unsigned int depth,
			    struct u32_vec *names)
{
	uint32_t end = tu_token(st->tu, open)->name;

	for (uint32_t i = open + 1; i < end;) {
		struct specifiers s;
		struct declarator d;
		uint32_t start = i;

		i = tu_read_specifiers(st->tu, i, end, &s);
		i = tu_read_declarator(st->tu, i, end, &d);
		find_names(st, &d, depth, names);
		i = tu_skip_initialiser(st->tu, i, end);
		if (i <= start || tu_is_punct(st->tu, i, ','))
			i = (i <= start ? start : i) + 1;
		else
			break;
	}
}

/* The names of a declaration in a block or structure; the scan goes on inside it by itself. */
static void find_declared(struct state *st, uint32_t i, uint32_t end, struct u32_vec *names)
{
	struct specifiers s;
	uint32_t first = i, specifiers = i = tu_read_specifiers(st->tu, i, end, &s);

	while (i < end && !tu_is_punct(st->tu, i, ';')) {
		struct declarator d;
		uint32_t after = tu_read_declarator(st->tu, i, end, &d);

		if (d.name && s.is_extern) { /* means the one at file level */
			return;
		} else if (d.name) {
			find_names(st, &d, 0, names);
			if (s.is_static && st->in_body && !d.is_function)
				local_static_vec_push(
					&st->out->statics,
					(struct local_static) {.token = d.name,
							       .first = first,
							       .specifiers = specifiers,
							       .start = d.start,
							       .end = d.end,
							       .is_const = s.is_const});
		}
		i = tu_skip_initialiser(st->tu, after, end);
		if (!tu_is_punct(st->tu, i, ','))
			return;
		i++;
	}
}

/* A name hides what it names elsewhere from where it stands: "typ typ;" mentions the type. */
static void add_declaration(struct state *st, uint32_t i, uint32_t end)
{
	SCOPED(u32_vec_free) struct u32_vec names = {0};

	find_declared(st, i, end, &names);
	while (names.n)
		u32_vec_push(&st->coming, names.at[--names.n]);
}

static bool comes_now(struct state *st, uint32_t i)
{
	while (st->coming.n && st->coming.at[st->coming.n - 1] < i)
		st->coming.n--;
	if (!st->coming.n || st->coming.at[st->coming.n - 1] != i)
		return false;
	st->coming.n--;
	return true;
}

static void add_parameters(struct state *st, uint32_t open)
{
	SCOPED(u32_vec_free) struct u32_vec names = {0};

	find_parameters(st, open, 0, &names);
	for (size_t i = 0; i < names.n; i++)
		add_local(st, names.at[i]);
}

/* May a statement, member or block declaration begin at i? */
static bool is_start(const struct state *st, uint32_t i)
{
	const struct token *t = tu_token(st->tu, i - 1);

	if (t->kind != LEX_PUNCT)
		return false;
	if (t->punct == '(')
		return tu_class(st->tu, i - 2) == WORD_FOR;
	return t->punct == '{' || t->punct == '}' || t->punct == ';' || t->punct == ':';
}

/* goto x; x: [x] "=r" and the like: identifiers that name nothing of C. */
static bool is_label(const struct state *st, uint32_t i)
{
	const struct tu *tu = st->tu;

	if (tu_class(tu, i - 1) == WORD_GOTO || tu_class(tu, i - 1) == WORD_LABEL)
		return true;
	if (tu_is_punct(tu, i + 1, ':'))
		return is_start(st, i);
	return tu_is_punct(tu, i - 1, '[') && tu_is_punct(tu, i + 1, ']') &&
	       tu_token(tu, i + 2)->kind == LEX_STRING;
}

/* The token before a tag's name, attributes stepped over backwards: struct __attribute__((x)) name.
 */
static bool is_tag(const struct tu *tu, uint32_t i)
{
	enum { FAR = 64 };

	for (uint32_t n = 0; i > 1 && n < FAR; n++) {
		enum word_class c = tu_class(tu, --i);

		if (c == WORD_STRUCT || c == WORD_ENUM)
			return true;
		if (!tu_is_punct(tu, i, ')'))
			return false;
		while (i > 1 && n++ < FAR && tu_class(tu, i) != WORD_ATTRIBUTE)
			i--;
	}
	return false;
}

static void mention(struct state *st, uint32_t i)
{
	const struct tu *tu = st->tu;
	uint32_t name = tu_token(tu, i)->name;
	enum mention_kind kind = MENTION_ORDINARY;

	if (tu_is_punct(tu, i - 1, '.') || tu_is_punct(tu, i - 1, PUNCT_ARROW)) {
		kind = MENTION_MEMBER;
	} else if (is_tag(tu, i)) {
		kind = tu_is_punct(tu, i + 1, '*') ? MENTION_TAG_POINTER : MENTION_TAG;
	} else if (tu->scope[name] || is_label(st, i)) {
		return;
	}
	mention_vec_push(&st->out->mentions,
			 (struct mention) {.token = i, .name = name, .kind = kind});
}

/* __attribute__((a(x), b)): x is mentioned, a and b are words of the attribute. Returns its end. */
static uint32_t scan_attribute(struct state *st, uint32_t i)
{
	const struct tu *tu = st->tu;
	uint32_t end = tu_skip_group(tu, i + 1);
	int depth = 0;

	if (!tu_is_punct(tu, i + 1, '('))
		return i;
	for (i++; i < end; i++) {
		if (tu_is_punct(tu, i, '('))
			depth++;
		else if (tu_is_punct(tu, i, ')'))
			depth--;
		else if (depth > 2 && tu_is_plain_name(tu, i) &&
			 tu_token(tu, i - 2)->kind == LEX_NAME && tu_is_punct(tu, i - 1, '('))
			mention(st, i);
	}
	return end - 1;
}

static void scan_tokens(struct state *st, uint32_t first, uint32_t last)
{
	const struct tu *tu = st->tu;

	for (uint32_t i = first; i <= last; i++) {
		const struct token *t = tu_token(tu, i);

		if (t->kind == LEX_PUNCT && t->punct == '{') {
			u32_vec_push(&st->blocks, st->locals.n);
		} else if (t->kind == LEX_PUNCT && t->punct == '}' && st->blocks.n) {
			forget_locals(st, st->blocks.at[--st->blocks.n]);
		} else if (t->kind == LEX_NAME) {
			if (st->blocks.n && is_start(st, i) && begins_declaration(st, i))
				add_declaration(st, i, last + 1);
			if (word_class(t->name) == WORD_ATTRIBUTE)
				i = scan_attribute(st, i);
			else if (comes_now(st, i))
				add_local(st, i);
			else if (word_class(t->name) == WORD_PLAIN)
				mention(st, i);
		}
	}
}

void scan_declaration(struct tu *tu, const struct declaration *d, struct scan *out)
{
	struct state st = {.tu = tu, .out = out};

	*out = (struct scan) {0};
	for (uint32_t i = d->names; i < d->names + d->n_names; i++)
		if (tu->declared.at[i].params)
			add_parameters(&st, tu->declared.at[i].params);
	if (d->body) {
		scan_tokens(&st, d->first, d->body - 1);
		st.in_body = true;
		scan_tokens(&st, d->body, d->last);
	} else {
		scan_tokens(&st, d->first, d->last);
	}
	forget_locals(&st, 0);
	local_vec_free(&st.locals);
	u32_vec_free(&st.blocks);
	u32_vec_free(&st.coming);
}

void scan_free(struct scan *scan)
{
	mention_vec_free(&scan->mentions);
	local_static_vec_free(&scan->statics);
}
