// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One translation unit as `gcc -E -dD` shows it: tokens that know their place in the original
 * files, macro definitions, inclusions, and the declarations that the tokens make up.
 */
#ifndef SUTURE_EXTRACT_TU_H
#define SUTURE_EXTRACT_TU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "extract/lex.h"
#include "extract/names.h"

/* A token of the preprocessed text. The order of tokens is the order of everything. */
struct token {
	uint32_t at; /* in tu.text */
	uint32_t
		name; /* LEX_NAME: its number; an opening bracket: the token that closes it, or 0 */
	uint32_t line; /* in the original file; of a macro's expansion: where the macro is used */
	uint16_t file;
	uint8_t kind; /* enum lexeme_kind */
	char punct;
};
DEFINE_VEC(token_vec, struct token)

/* A #define or #undef. */
struct macro {
	uint32_t name;
	uint32_t at, length; /* what follows the name, in tu.text */
	uint32_t token;	     /* it holds from this token on */
	uint32_t line;
	uint32_t earlier; /* number + 1 of the record of the same name before it, or 0 */
	uint16_t file;
	bool undef;
};
DEFINE_VEC(macro_vec, struct macro)

/* A file that was entered. */
struct inclusion {
	uint32_t token;		     /* the next token */
	uint32_t line;		     /* of the #include, in `by` */
	uint32_t leave;		     /* the first token behind it */
	uint32_t macro, macro_leave; /* the same of macro records */
	uint16_t file, by;
	bool in_public; /* by a public file, or by one that a public file includes */
};
DEFINE_VEC(inclusion_vec, struct inclusion)

struct tu_file {
	char *path;	/* as the compiler names it */
	char *real;	/* absolute, NULL for what is no file (<built-in>) */
	char *rel;	/* "net/ipv4/tcp.c", relative to source or build tree; NULL outside */
	char *include;	/* public: "linux/list.h", as between < and > always finds it */
	bool is_public; /* a livepatch module can include it */
	bool changed;	/* the view has contents of its own for it */
	char *original; /* of a changed file: its text in the tree, when original_read; before, its
			   path */
	bool original_read;
	bool loaded;
	char *text; /* read when first asked for; NULL when it cannot be read */
	size_t size;
	struct u32_vec lines; /* where each line begins; line n is at[n - 1] */
};
DEFINE_VEC(tu_file_vec, struct tu_file)

enum declared_kind {
	DECLARED_FUNCTION,
	DECLARED_VARIABLE,
	DECLARED_TYPEDEF,
	DECLARED_ENUMERATOR,
	DECLARED_TAG,
};

/* A name that a declaration declares. */
struct declared {
	uint32_t name;
	uint32_t token;	      /* where the name stands */
	uint32_t declaration; /* number */
	uint32_t start, end;  /* functions, variables: tokens of the declarator, end behind it */
	uint32_t params;      /* functions: the '(' */
	uint32_t init;	      /* variables: the '=', or 0 */
	uint32_t earlier; /* number + 1 of the one before it with this name and name space, or 0 */
	uint8_t kind;
	bool again;	 /* extern typeof(x) x: says nothing new */
	bool definition; /* of functions: with a body; of tags: with members; of variables: not
			    extern */
};
DEFINE_VEC(declared_vec, struct declared)

/* A declaration at file level, with whatever it is that ends it. */
struct declaration {
	uint32_t first, last;	 /* tokens */
	uint32_t specifiers;	 /* token behind the declaration specifiers */
	uint32_t body;		 /* '{' of a function, or 0 */
	uint32_t names, n_names; /* in tu.declared */
	bool is_typedef, is_extern, is_static, is_inline, is_const;
};
DEFINE_VEC(declaration_vec, struct declaration)

/* Trees that file names are relative to. All may be NULL (then every file is private). */
struct tu_roots {
	const char *cwd;    /* where the compiler ran */
	const char *source; /* source tree, or the view of it */
	const char *object; /* build tree */
	const struct str_vec
		*headers; /* where a module finds its headers, below each include/ ... */
	bool is_view;	  /* source is a view with contents of its own */
	const char *tree; /* of a view: the tree that it shows */
};

struct tu {
	char *text; /* the preprocessed text, owned */
	size_t size;
	struct names names;
	struct token_vec tokens; /* at[0] is none; the last one is LEX_END */
	struct macro_vec macros;
	struct inclusion_vec inclusions;
	struct tu_file_vec files; /* at[0] is none */
	struct map file_numbers;  /* path → number */
	struct declaration_vec declarations;
	struct declared_vec declared;
	uint32_t *macro_of;    /* name → number + 1 of its last record */
	uint32_t *ordinary_of; /* name → number + 1 of its last declared function, variable, ... */
	uint32_t *tag_of;      /* likewise of struct, union, enum tags */
	uint32_t *scope;       /* scratch of scan.c: name → where it is local */
	uint32_t n_names;      /* size of these four */
	uint16_t main_file;    /* the .c file itself */
};

/*
 * Reads preprocessed text, which becomes the unit's (also when it fails). What is not C is skipped
 * up to where a declaration ends; nothing in it is an error except a text of 4 GiB or more than
 * 65535 files (id M2).
 */
struct error *tu_read(char *text, size_t size, const struct tu_roots *roots, struct tu *tu);
void tu_free(struct tu *tu);

/* ---- steps of tu_read(), in this order ---- */

struct error *tu_read_tokens(struct tu *tu, const struct tu_roots *roots);
void tu_read_declarations(struct tu *tu);

/* ---- files ---- */

/* The number of a file, made when missing; 0 when there are too many. */
uint16_t tu_file_number(struct tu *tu, const char *path, const struct tu_roots *roots);
/*
 * A second number for a public header that is read as private text: a list (LSM_HOOK(...)) from which the
 * including file's macro makes declarations.
 */
uint16_t tu_private_list(struct tu *tu, uint16_t file);
/* The file with its text and lines, read when first asked for. */
struct tu_file *tu_file_text(struct tu *tu, uint16_t file);
/* Offset of the beginning of a line; the file's size for lines behind its end. */
uint32_t tu_line_start(const struct tu_file *f, uint32_t line);

/* ---- questions ---- */

static inline const struct token *tu_token(const struct tu *tu, uint32_t i)
{
	return &tu->tokens.at[i < tu->tokens.n ? i : tu->tokens.n - 1];
}
static inline bool tu_is_punct(const struct tu *tu, uint32_t i, char c)
{
	const struct token *t = tu_token(tu, i);

	return t->kind == LEX_PUNCT && t->punct == c;
}
static inline bool tu_is_plain_name(const struct tu *tu, uint32_t i)
{
	const struct token *t = tu_token(tu, i);

	return t->kind == LEX_NAME && word_class(t->name) == WORD_PLAIN;
}
/* WORD_PLAIN also for what is no name: ask tu_is_plain_name(). */
static inline enum word_class tu_class(const struct tu *tu, uint32_t i)
{
	const struct token *t = tu_token(tu, i);

	return t->kind == LEX_NAME ? word_class(t->name) : WORD_PLAIN;
}
/* The token behind a bracketed group that begins at i; i + 1 when nothing closes it. */
static inline uint32_t tu_skip_group(const struct tu *tu, uint32_t i)
{
	return tu_token(tu, i)->name ? tu_token(tu, i)->name + 1 : i + 1;
}
static inline bool tu_opens(const struct tu *tu, uint32_t i)
{
	return tu_is_punct(tu, i, '(') || tu_is_punct(tu, i, '[') || tu_is_punct(tu, i, '{');
}
/* Length of a token's text. */
uint32_t tu_token_length(const struct tu *tu, uint32_t i);
/* Is the place in a file that a livepatch module can include? */
static inline bool tu_is_public(const struct tu *tu, uint16_t file)
{
	return tu->files.at[file].is_public;
}
/*
 * Does a livepatch module find this text (a name, whole lines) in the header? A changed public
 * header is included as it was.
 */
bool tu_is_shipped(struct tu *tu, uint16_t file, const char *text, size_t length);
/* The same of the name that a token is. */
bool tu_name_is_shipped(struct tu *tu, uint32_t token);

/* The definition of a macro that holds at a token, or NULL. */
const struct macro *tu_macro_at(const struct tu *tu, uint32_t name, uint32_t token);

/* ---- parts of declarations (declare.c), for the scan of bodies too ---- */

struct specifiers {
	bool is_typedef, is_extern, is_static, is_inline, is_const;
	bool type;	      /* a type was seen */
	uint32_t typeof_word; /* token, or 0 */
	uint32_t type_name;   /* token of a typedef name, or 0 */
	uint32_t tag;	      /* token of the tag's name, or 0 */
	uint32_t tag_body;    /* '{' of its members, or 0 */
	bool is_enum;
};
/* Reads specifiers from i to before end; returns the token behind them. */
uint32_t tu_read_specifiers(const struct tu *tu, uint32_t i, uint32_t end, struct specifiers *s);

struct declarator {
	uint32_t name;		   /* token, or 0 (abstract) */
	uint32_t start, end;	   /* end: behind suffixes, before asm and attributes */
	uint32_t params;	   /* of a function: '(' */
	uint32_t array;		   /* first '[' behind the name, or 0 */
	bool is_function, pointer; /* pointer: '*' before the name outside of inner parentheses */
	bool decided;		   /* private to the reader */
};
/* Reads a declarator; returns the token behind it and the asm and attributes that follow. */
uint32_t tu_read_declarator(const struct tu *tu, uint32_t i, uint32_t end, struct declarator *d);

/* Behind an initialiser or bit field width: the ',' or ';' (or closing bracket) that ends it. */
uint32_t tu_skip_initialiser(const struct tu *tu, uint32_t i, uint32_t end);

#endif
