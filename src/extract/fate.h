// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a function or variable that the livepatch's source mentions. The reader of
 * declarations knows how it is written; whoever knows the running kernel says how it is reached
 * there. This is where both meet: the closure asks once for each name with linkage (and for each
 * static variable of a function that is copied), and does as it is told.
 */
#ifndef SUTURE_EXTRACT_FATE_H
#define SUTURE_EXTRACT_FATE_H

#include <stdbool.h>

enum fate {
	FATE_COPY,    /* its definition is copied: no symbol reaches it, or it is new */
	FATE_REPLACE, /* a patched function: copied under new_name */
	FATE_PLAIN,   /* exported: declared as the headers declare it */
	FATE_KLP,     /* declared, and annotated with object, symbol, position */
	FATE_HERE,    /* the caller's own text defines it: nothing is declared */
	FATE_REFUSE,  /* must not be reached nor copied; a finding was added */
};

struct name_fate {
	enum fate fate;
	char *reason;	       /* one sentence for --why and the report; never NULL */
	char *new_name;	       /* FATE_REPLACE: name of the copy (see struct extract_replaced) */
	char *object, *symbol; /* FATE_KLP: as for SUTURE_KLP_ALIAS() of suture/livepatch.h.
				* FATE_REPLACE: the old function, for pointers to it; may be NULL */
	char *patched;	       /* FATE_KLP: the patched object if it is not `object`, or NULL */
	unsigned int position; /* with object and symbol */
	char *link_name;       /* with object and symbol: the name that the livepatch's objects use
				* for it where that is not the identifier (two units, one name), or
				* NULL; static variables of functions: NULL means the writer's choice */
};

/* What the closure knows of a name when it asks. */
struct name_question {
	const char *name;     /* identifier in the source */
	const char *function; /* static variable: the function that it is local to; else NULL */
	bool is_function;
	bool is_static;	      /* internal linkage */
	bool is_inline;	      /* declared inline: a definition in a header is the usual case */
	bool defined;	      /* the unit (headers included) has its definition */
	bool in_unit_file;    /* defined in the unit's own .c file, not in a header */
	bool is_const;	      /* a variable that is const (array elements too) */
	bool in_macro;	      /* static variable of a function that a macro's expansion declares
			       * (__already_done, __key): FATE_COPY and FATE_REFUSE are possible */
	bool in_header;	      /* static variable of a function that comes with a public header: likewise */
	const char *asked_by; /* the function or variable that mentions it, for messages; or NULL */
};

/* Fills *fate (strings are the closure's to free: name_fate_free()). */
typedef void (*fate_of)(void *arg, const struct name_question *question, struct name_fate *fate);

void name_fate_free(struct name_fate *fate);

#endif
