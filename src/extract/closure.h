// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the source of a livepatch needs: from the functions asked for, by what their text and its
 * expansion mention, to a list of pieces. Each piece is written by write.c.
 */
#ifndef SUTURE_EXTRACT_CLOSURE_H
#define SUTURE_EXTRACT_CLOSURE_H

#include "extract/extract.h"
#include "extract/raw.h"
#include "extract/scan.h"
#include "extract/tu.h"

enum piece_kind {
	PIECE_CHUNK,	 /* original text of declarations */
	PIECE_TYPE,	 /* only the struct, union or enum of a declaration */
	PIECE_EXPANDED,	 /* one declaration as the preprocessor expanded it */
	PIECE_FUNCTION,	 /* a replaced function: original text, renamed */
	PIECE_PROTOTYPE, /* declaration of a replaced function under its new name */
	PIECE_EXTERN,	 /* declaration derived from a definition */
	PIECE_FORWARD,	 /* struct x; */
	PIECE_INCLUDE,	 /* a public header that needs what is before it */
	PIECE_MACRO,	 /* a #define */
	PIECE_UNDEF,	 /* an #undef */
};

struct piece {
	uint32_t position; /* token that says where it goes */
	enum piece_kind kind;
	uint32_t number;    /* of the declaration, declared name (FORWARD), head or macro record */
	uint32_t linkage;   /* number + 1 of what it is for, or 0: annotated behind it */
	struct chunk chunk; /* CHUNK, TYPE, FUNCTION */
	struct lexeme pasted; /* FUNCTION: the word in its head that is renamed instead of the
			       * function's name, because a macro makes that from it; or none */
};
DEFINE_VEC(piece_vec, struct piece)

/* A function or variable with linkage that is mentioned. */
struct linkage {
	uint32_t name;
	uint32_t definition, in_header, prototype; /* numbers + 1 in tu.declared, 0: none.
						    * prototype: private, not static */
	bool is_function;
	bool direct;	    /* mentioned by what is written, not only by headers */
	bool pointer;	    /* a replaced function: mentioned other than in a call */
	bool written;	    /* its definition is a piece */
	uint32_t first_use; /* first token of the first declaration written that mentions it */
	uint32_t by;	    /* name of what mentioned it first, or 0 */
	struct name_fate fate;
	char *new_name; /* of a replaced function, after all */
};
DEFINE_VEC(linkage_vec, struct linkage)

/* A static variable of a function that is written. */
struct static_use {
	struct local_static variable;
	uint32_t declaration;
	struct name_fate fate;
	char *link_name; /* FATE_KLP */
};
DEFINE_VEC(static_use_vec, struct static_use)

/* Tokens that are to be read. */
enum reading {
	READ_WRITTEN,	  /* text that is written */
	READ_FROM_HEADER, /* a function of a header: it reaches names with linkage */
	READ_LATE_HEADER, /* a header that needs private types: these, and the same */
};
struct work {
	uint32_t declaration;
	uint32_t first, last; /* tokens: all, or up to body or initialiser, or a part of that */
	enum reading how;
	uint32_t by;
};
DEFINE_VEC(work_vec, struct work)

/* "struct tag *name" in written text. */
struct pointer {
	uint32_t tag, name;
};
DEFINE_VEC(pointer_vec, struct pointer)

/* A public header that private text includes. */
struct head {
	uint32_t inclusion;
	bool late; /* it mentions types of private text before it */
	bool inside; /* a late one includes it, and it does not */
	bool kept;
	bool own; /* the text uses something that this very file has, not one that it includes */
};
DEFINE_VEC(head_vec, struct head)

/* A macro of the unit's command line whose text is a string. */
struct unit_name {
	const struct macro *macro; /* NULL: there is none */
	bool used;		   /* the string occurs in what is written */
};

/* Bits of closure.written. */
enum { WRITTEN_TEXT = 1, WRITTEN_TYPE = 2, SCHEDULED = 4 /* shifted by enum reading */ };

enum { NEEDED_BY_TEXT = INT32_MAX };

struct closure {
	const struct extract_request *request;
	struct extract_result *result;
	struct tu *tu;
	struct piece_vec pieces;
	struct linkage_vec linkages;
	struct static_use_vec statics;
	struct work_vec work;
	uint32_t *linkage_of; /* name → number + 1 */
	uint8_t *written;     /* per declaration: bits */
	uint32_t *macro_read; /* per macro record: the token from which its text was last read */
	uint8_t *macro_seen;  /* per macro record */
	uint8_t *is_member;   /* per name: stands behind . or -> in written text */
	uint8_t *is_object;   /* per name, bits: what it points to is used as a whole (*x, x[i],
			       * sizeof(*x)), or by members (x->m) */
	struct pointer_vec pointers;
	struct pointer_vec
		header_pointers;       /* the same of public headers, where the tag is private */
	uint32_t *pointed;     /* tag → the first token that needs no more than a pointer to it */
	struct u32_vec tags;   /* those names */
	struct head_vec heads; /* in order */
	uint32_t *first_of;     /* name → the token that first declares it, 0: none */
	uint32_t *first_tag_of; /* the same of tags */
	uint32_t *file_need; /* per file: the first head that needs it, or NEEDED_BY_TEXT; UINT32_MAX: none */
	struct unit_name unit_names[3]; /* KBUILD_MODNAME and the like */
	uint32_t this_module;		/* the name THIS_MODULE */
	bool uses_this_module;
	unsigned int use_depth; /* of files that text includes */
	uint32_t head_end;	/* records of the unit's file before this one go to the head */
};

/* Fills pieces, linkages, statics and the result's decisions. Ids M1, M3, M4. */
struct error *closure_run(struct closure *c);
void closure_free(struct closure *c);

/* ---- shared by its parts ---- */

/* A declared name by its number + 1 (0: NULL), and its declaration. */
static inline const struct declared *closure_declared(const struct closure *c,
						      uint32_t number_plus_1)
{
	return number_plus_1 ? &c->tu->declared.at[number_plus_1 - 1] : NULL;
}
static inline const struct declaration *closure_declaration(const struct closure *c,
							    uint32_t number_plus_1)
{
	return &c->tu->declarations.at[closure_declared(c, number_plus_1)->declaration];
}
/* What a declaration is called by: its first function, variable, typedef, or tag; or NULL. */
const struct declared *closure_owner(const struct closure *c, uint32_t declaration);
void closure_push_work(struct closure *c, uint32_t declaration, uint32_t last, enum reading how,
		       uint32_t by);
/* Only these tokens of a declaration that is written in part. */
void closure_push_part(struct closure *c, uint32_t declaration, uint32_t first, uint32_t last,
		       uint32_t by);
/* Headers (closure_head.c): finds them; what stands at a token, or a macro record, is used; at the
 * end what kept ones need of others is kept. */
void closure_find_heads(struct closure *c);
void closure_use_header_token(struct closure *c, uint32_t token);
void closure_use_header_macro(struct closure *c, uint32_t macro);
bool closure_in_late_header(const struct closure *c, uint32_t token);
/* KBUILD_MODNAME, KBUILD_BASENAME, THIS_MODULE: a livepatch has its own. */
void closure_find_unit_names(struct closure *c);
void closure_use_unit_names(struct closure *c, uint32_t first, uint32_t last);
void closure_finish_heads(struct closure *c);
/* Drops heads that come with others (closure_implied.c). */
void closure_drop_implied(struct closure *c);
/* The chunk that a declaration is in, as it is written. */
struct chunk closure_chunk(const struct closure *c, uint32_t declaration);
/* The text of a declaration is needed: its piece, and work. */
void closure_need_declaration(struct closure *c, uint32_t declaration, uint32_t by);
/* Does a livepatch get this macro from a header? */
bool closure_macro_is_shipped(const struct closure *c, const struct macro *m);
/* The macro that a name means at a token, and what its text uses. */
void closure_use_macro(struct closure *c, uint32_t name, uint32_t position, uint32_t by);
/* Names that the macro at words[i] makes of its arguments (closure_paste.c). */
void closure_use_pasted(struct closure *c, const struct tu_file *f, const struct lexeme_vec *words,
			size_t i, uint32_t position);
/* Macros that the original text of some lines uses, seen from a token. */
void closure_use_words(struct closure *c, const struct chunk *chunk, uint32_t position,
		       uint32_t by);
/* A function or variable is mentioned (closure_linkage.c). */
void closure_use_linkage(struct closure *c, const struct mention *m, uint32_t position, bool direct,
			 uint32_t by);
/* Its parts: the entry of a name, made when missing; asking what becomes of it; noting that; doing
 * it. number: of the linkage. */
struct linkage *closure_linkage_for(struct closure *c, uint32_t name);
void closure_ask_fate(struct closure *c, struct linkage *l, uint32_t by);
void closure_record(struct closure *c, const struct linkage *l, uint32_t by);
void closure_carry_out(struct closure *c, uint32_t number, uint32_t by);
/* A replaced function's text (closure_replace.c). */
void closure_replace(struct closure *c, uint32_t number, uint32_t by);
/* What an extern declaration of it needs: all up to its body or initialiser. */
void closure_read_head(struct closure *c, const struct declared *d, uint32_t by);
extern const char *const closure_how[]; /* by enum fate; NULL for FATE_KLP */
/* Makes the pieces that need to know all uses. */
struct error *closure_finish_linkages(struct closure *c);
/* At the end: what is declared for it stands before the first text that mentions it. */
void closure_place_externs(struct closure *c);
/* A function asked for. */
struct error *closure_ask(struct closure *c, const char *function);
/* Static variables of a function that is written. */
void closure_use_statics(struct closure *c, uint32_t declaration, const struct scan *scan);
/* Those of a function of a public header, whose text stays as it is: they can be refused only. */
void closure_ask_header_statics(struct closure *c, uint32_t declaration, const struct scan *scan);
/* Types (closure_types.c). */
void closure_need_type(struct closure *c, const struct declared *d, uint32_t by, const char *kind);
void closure_find_header_pointers(struct closure *c);
void closure_use_tag(struct closure *c, const struct mention *m, uint32_t by);
/* Looks for what points to whole objects. */
void closure_use_objects(struct closure *c, uint32_t first, uint32_t last);
/* Types that turned out to be needed with their members: were there some? */
bool closure_complete_types(struct closure *c);
/* The remaining ones are declared without. */
void closure_forward_tags(struct closure *c);
void closure_decide(struct closure *c, const char *kind, uint32_t name, uint32_t by,
		    const char *reason, const char *how, ...) __attribute__((format(printf, 6, 7)));

#endif
