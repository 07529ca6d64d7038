// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Declarations of GNU C, as far as to know which names each declares and where it ends:
 *
 *     external    = ";" | asm "(" ... ")" ";" | _Static_assert "(" ... ")" ";"
 *                 | specifiers [ init-declarator { "," init-declarator } ] ( ";" | body )
 *     specifiers  = { storage | qualifier | attribute | type word | typedef name | typeof "(" ...
 * ")" | ( struct | union | enum ) { attribute } [ name ] [ "{" ... "}" ] } init-declarator =
 * declarator { asm "(" ... ")" | attribute } [ "=" initialiser ] declarator  = { "*" | qualifier |
 * attribute } ( name | "(" declarator ")" ) { "(" ... ")" | "[" ... "]" } body        = { old-style
 * parameter declarations } "{" ... "}"
 *
 * An identifier is a typedef name when no type was seen before it. Expressions and statements are
 * groups of brackets that are stepped over.
 */
#include <string.h>

#include "extract/tu.h"

/* ---- specifiers ---- */

/* __attribute__((...)), _Alignas(...), typeof(...), asm("..."): the word and its group, and words
 * between them (asm volatile goto). */
static uint32_t skip_word_and_group(const struct tu *tu, uint32_t i, uint32_t end)
{
	i++;
	while (i < end && (tu_class(tu, i) == WORD_QUALIFIER || tu_class(tu, i) == WORD_INLINE ||
			   tu_class(tu, i) == WORD_GOTO))
		i++;
	return i < end && tu_is_punct(tu, i, '(') ? tu_skip_group(tu, i) : i;
}

static uint32_t skip_attributes(const struct tu *tu, uint32_t i, uint32_t end)
{
	while (i < end && (tu_class(tu, i) == WORD_ATTRIBUTE || tu_class(tu, i) == WORD_ASM))
		i = skip_word_and_group(tu, i, end);
	return i;
}

/* struct, union or enum, from the keyword. */
static uint32_t read_tag(const struct tu *tu, uint32_t i, uint32_t end, struct specifiers *s)
{
	s->is_enum = tu_class(tu, i) == WORD_ENUM;
	s->type = true;
	i = skip_attributes(tu, i + 1, end);
	if (i < end && tu_is_plain_name(tu, i))
		s->tag = i++;
	if (i < end && tu_is_punct(tu, i, '{')) {
		s->tag_body = i;
		i = tu_skip_group(tu, i);
	}
	return i;
}

uint32_t tu_read_specifiers(const struct tu *tu, uint32_t i, uint32_t end, struct specifiers *s)
{
	*s = (struct specifiers) {0};
	while (i < end && tu_token(tu, i)->kind == LEX_NAME) {
		switch (tu_class(tu, i)) {
		case WORD_TYPEDEF:
			s->is_typedef = true;
			break;
		case WORD_EXTERN:
			s->is_extern = true;
			break;
		case WORD_STATIC:
			s->is_static = true;
			break;
		case WORD_INLINE:
			s->is_inline = true;
			break;
		case WORD_CONST:
			s->is_const = true;
			break;
		case WORD_TYPE:
			s->type = true;
			break;
		case WORD_QUALIFIER:
			break;
		case WORD_STRUCT:
		case WORD_ENUM:
			i = read_tag(tu, i, end, s);
			continue;
		case WORD_TYPEOF:
			s->type = true;
			s->typeof_word = i;
			i = skip_word_and_group(tu, i, end);
			continue;
		case WORD_ATTRIBUTE:
			i = skip_word_and_group(tu, i, end);
			continue;
		case WORD_PLAIN:
			if (s->type)
				return i;
			s->type = true;
			s->type_name = i;
			break;
		default:
			return i;
		}
		i++;
	}
	return i;
}

/* ---- declarators ---- */

static uint32_t read_suffixes(const struct tu *tu, uint32_t i, uint32_t end, struct declarator *d)
{
	for (; i < end && (tu_is_punct(tu, i, '(') || tu_is_punct(tu, i, '['));
	     i = tu_skip_group(tu, i)) {
		if (tu_is_punct(tu, i, '[') && !d->array)
			d->array = i;
		if (d->decided)
			continue;
		d->decided = true;
		d->is_function = tu_is_punct(tu, i, '(') && d->name;
		d->params = d->is_function ? i : 0;
	}
	return i;
}

static uint32_t read_declarator(const struct tu *tu, uint32_t i, uint32_t end, struct declarator *d,
				unsigned int depth)
{
	bool pointer = false;

	for (; i < end; i++) {
		enum word_class c = tu_class(tu, i);

		if (c == WORD_ATTRIBUTE)
			i = skip_attributes(tu, i, end) - 1;
		else if (tu_is_punct(tu, i, '*'))
			pointer = true;
		else if (c != WORD_CONST && c != WORD_QUALIFIER)
			break;
	}
	if (i < end && tu_is_plain_name(tu, i)) {
		d->name = i++;
	} else if (i < end && tu_is_punct(tu, i, '(') && tu_token(tu, i)->name && depth < 16) {
		uint32_t close = tu_token(tu, i)->name;

		read_declarator(tu, i + 1, close, d, depth + 1);
		i = close + 1;
	}
	i = read_suffixes(tu, i, end, d);
	d->decided |= pointer && d->name; /* (*name)(...) is no function */
	d->pointer |= pointer;
	return i;
}

uint32_t tu_read_declarator(const struct tu *tu, uint32_t i, uint32_t end, struct declarator *d)
{
	*d = (struct declarator) {.start = i};
	i = read_declarator(tu, i, end, d, 0);
	d->end = i;
	return skip_attributes(tu, i, end);
}

uint32_t tu_skip_initialiser(const struct tu *tu, uint32_t i, uint32_t end)
{
	while (i < end && !tu_is_punct(tu, i, ',') && !tu_is_punct(tu, i, ';') &&
	       !tu_is_punct(tu, i, ')') && !tu_is_punct(tu, i, '}'))
		i = tu_opens(tu, i) ? tu_skip_group(tu, i) : i + 1;
	return i;
}

/* ---- what is declared ---- */

static void declare(struct tu *tu, struct declared d)
{
	uint32_t *head = d.kind == DECLARED_TAG ? tu->tag_of : tu->ordinary_of;

	d.name = tu_token(tu, d.token)->name;
	d.declaration = tu->declarations.n;
	d.earlier = head[d.name];
	declared_vec_push(&tu->declared, d);
	head[d.name] = tu->declared.n;
}

/* The names of an enum's body. */
static void declare_enumerators(struct tu *tu, uint32_t body)
{
	uint32_t end = tu_token(tu, body)->name;

	for (uint32_t i = body + 1; i < end;) {
		if (tu_is_plain_name(tu, i))
			declare(tu, (struct declared) {.token = i,
						       .kind = DECLARED_ENUMERATOR,
						       .definition = true});
		i = tu_skip_initialiser(tu, i, end);
		i += i < end; /* the comma */
	}
}

/* A tag with its body: the body's own tags count at file level too (C has one scope for them). */
static void declare_tag(struct tu *tu, const struct specifiers *s)
{
	uint32_t end = s->tag_body ? tu_token(tu, s->tag_body)->name : 0;

	if (s->tag)
		declare(tu, (struct declared) {.token = s->tag,
					       .kind = DECLARED_TAG,
					       .definition = s->tag_body != 0});
	if (s->is_enum && s->tag_body)
		declare_enumerators(tu, s->tag_body);
	for (uint32_t i = s->tag_body + 1; !s->is_enum && i < end;) {
		struct specifiers inner = {0};

		if (tu_class(tu, i) != WORD_STRUCT && tu_class(tu, i) != WORD_ENUM) {
			i++;
			continue;
		}
		read_tag(tu, i, end, &inner);
		i = inner.tag_body ? inner.tag_body + 1 : i + 1;
		if (!inner.tag_body)
			continue;
		if (inner.tag)
			declare(tu, (struct declared) {.token = inner.tag,
						       .kind = DECLARED_TAG,
						       .definition = true});
		if (inner.is_enum)
			declare_enumerators(tu, inner.tag_body);
	}
}

/* typeof(f) of a function f, or a typedef name that stands for a type of functions? */
static bool is_function_type(const struct tu *tu, const struct specifiers *s)
{
	uint32_t word = s->typeof_word;

	if (s->type_name) {
		uint32_t type = tu->ordinary_of[tu_token(tu, s->type_name)->name];

		return type && tu->declared.at[type - 1].kind == DECLARED_TYPEDEF &&
		       tu->declared.at[type - 1].params;
	}
	if (!word || !tu_is_punct(tu, word + 1, '(') || !tu_is_plain_name(tu, word + 2) ||
	    !tu_is_punct(tu, word + 3, ')'))
		return false;
	uint32_t of = tu->ordinary_of[tu_token(tu, word + 2)->name];

	return of && tu->declared.at[of - 1].kind == DECLARED_FUNCTION;
}

static void declare_declarator(struct tu *tu, const struct specifiers *s,
			       const struct declarator *d, uint32_t after)
{
	enum declared_kind kind = s->is_typedef	   ? DECLARED_TYPEDEF
				  : d->is_function ? DECLARED_FUNCTION
						   : DECLARED_VARIABLE;
	bool init = tu_is_punct(tu, after, '=');
	uint32_t before = tu->ordinary_of[tu_token(tu, d->name)->name];
	bool again = s->typeof_word && s->is_extern && before && !init;

	if (again) /* of EXPORT_SYMBOL(): a function stays one */
		kind = tu->declared.at[before - 1].kind;
	else if (kind == DECLARED_VARIABLE && d->start == d->name && is_function_type(tu, s))
		kind = DECLARED_FUNCTION;

	declare(tu, (struct declared) {.token = d->name,
				       .kind = kind,
				       .start = d->start,
				       .end = d->end,
				       .params = d->params,
				       .init = init ? after : 0,
				       .again = again,
				       .definition = kind == DECLARED_VARIABLE
							     ? !s->is_extern || init
							     : kind == DECLARED_TYPEDEF});
}

/* ---- one declaration ---- */

/* Behind the declarator of a function: its body, also behind old-style parameter declarations; 0 if
 * there is none. */
static uint32_t find_body(const struct tu *tu, uint32_t i, uint32_t end)
{
	enum { FAR = 200 };

	if (tu_is_punct(tu, i, '{'))
		return i;
	if (tu_token(tu, i)->kind != LEX_NAME)
		return 0;
	for (uint32_t n = 0; i < end && n < FAR; n++) {
		if (tu_is_punct(tu, i, '{'))
			return tu_is_punct(tu, i - 1, ';') ? i : 0;
		if (tu_is_punct(tu, i, '=') || tu_is_punct(tu, i, '}'))
			return 0;
		i = tu_opens(tu, i) ? tu_skip_group(tu, i) : i + 1;
	}
	return 0;
}

/* To behind the ';' or the closing brace that seems to end what is not understood. */
static uint32_t resynchronise(const struct tu *tu, uint32_t i, uint32_t end)
{
	while (i < end) {
		if (tu_is_punct(tu, i, ';'))
			return i + 1;
		if (tu_is_punct(tu, i, '{'))
			return tu_skip_group(tu, i);
		i = tu_opens(tu, i) ? tu_skip_group(tu, i) : i + 1;
	}
	return end;
}

/* The declarators from i on; returns the token behind ';' or body. */
static uint32_t read_declarators(struct tu *tu, uint32_t i, uint32_t end,
				 const struct specifiers *s, struct declaration *out)
{
	while (i < end && !tu_is_punct(tu, i, ';')) {
		struct declarator d;
		uint32_t after = tu_read_declarator(tu, i, end, &d), body;

		if (!d.name)
			return resynchronise(tu, after, end);
		declare_declarator(tu, s, &d, after);
		if (d.is_function && !s->is_typedef && (body = find_body(tu, after, end))) {
			out->body = body;
			tu->declared.at[tu->declared.n - 1].definition = true;
			return tu_skip_group(tu, body);
		}
		i = tu_skip_initialiser(tu, after, end);
		if (tu_is_punct(tu, i, ','))
			i++;
		else if (!tu_is_punct(tu, i, ';'))
			return resynchronise(tu, i + 1, end);
	}
	return i < end ? i + 1 : end;
}

/* One external declaration from i on. Always moves on. */
static uint32_t read_external(struct tu *tu, uint32_t i, uint32_t end)
{
	struct declaration d = {.first = i, .names = tu->declared.n};
	struct specifiers s = {0};
	uint32_t after;

	if (tu_token(tu, i)->kind == LEX_PUNCT && strchr(";)]}", tu_token(tu, i)->punct))
		return i + 1;
	while (i < end && tu_class(tu, i) == WORD_QUALIFIER)
		i++;
	if (tu_class(tu, i) == WORD_ASM || tu_class(tu, i) == WORD_ASSERT) {
		after = skip_word_and_group(tu, i, end);
		after += tu_is_punct(tu, after, ';');
	} else {
		d.specifiers = tu_read_specifiers(tu, d.first, end, &s);
		declare_tag(tu, &s);
		after = read_declarators(tu, d.specifiers, end, &s, &d);
	}
	if (after <= d.first)
		after = d.first + 1;
	d.last = after - 1;
	d.n_names = tu->declared.n - d.names;
	d.is_typedef = s.is_typedef;
	d.is_extern = s.is_extern;
	d.is_static = s.is_static;
	d.is_inline = s.is_inline;
	d.is_const = s.is_const;
	declaration_vec_push(&tu->declarations, d);
	return after;
}

/*
 * Under CREATE_TRACE_POINTS this header reads the one that includes it several times over, to make
 * the tracepoints themselves. A livepatch never does that: there is nothing in it.
 */
static const char trace_maker[] = "/trace/define_trace.h";

/* The end of such an inclusion that begins at the token, or the token. `next`: the inclusion to
 * look at, moved on. */
static uint32_t skip_trace_maker(const struct tu *tu, uint32_t i, size_t *next)
{
	for (; *next < tu->inclusions.n && tu->inclusions.at[*next].token <= i; ++*next) {
		const struct inclusion *in = &tu->inclusions.at[*next];
		const char *path = tu->files.at[in->file].path;
		size_t n = strlen(path);

		if (n >= sizeof(trace_maker) - 1 &&
		    strcmp(path + n - (sizeof(trace_maker) - 1), trace_maker) == 0 && in->leave > i)
			return in->leave;
	}
	return i;
}

void tu_read_declarations(struct tu *tu)
{
	uint32_t end = tu->tokens.n - 1;
	size_t next = 0;

	for (uint32_t i = 1; i < end;) {
		uint32_t behind = skip_trace_maker(tu, i, &next);

		i = behind > i ? behind : read_external(tu, i, end);
	}
}
