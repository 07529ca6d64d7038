// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about functions of the kernel: rows with a source, for the rules. */
#ifndef SUTURE_RULES_KNOWN_H
#define SUTURE_RULES_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

enum known_kind {
	KNOWN_LIVEPATCH,  /* runs while a function is patched: F3 */
	KNOWN_ON_STACK,   /* on the stack of some task at all times: F4 */
	KNOWN_NO_RETURN,  /* F5 */
	KNOWN_INTERRUPT,  /* F6 */
	KNOWN_IDLE,       /* C12 */
};

struct known_function {
	enum known_kind kind;
	const char *name;   /* exact, or a prefix when it ends in '*' */
	const char *source; /* where that can be read */
	const char *why;
	bool root;          /* what nothing else calls than such functions is of the same kind */
};

/* The row of this kind for a function, or NULL. */
const struct known_function *known_find(enum known_kind kind, const char *name);

/* Functions that take the address of a function and call it later. */
struct registrar {
	const char *name;      /* exact, or a prefix when it ends in '*' */
	const char *runs;      /* what then runs there: "a kernel thread" */
	enum known_kind kind;  /* ON_STACK: thread, INTERRUPT: handler; NO_RETURN: neither */
	bool outlives;         /* may be called after the module is gone: C7 */
	const char *undo;      /* what takes it back ("a|b*": any of these), or NULL */
	unsigned char argument;      /* the one that is the function; 0: any, or a structure with it */
	unsigned char name_argument; /* the one that is the thread's name; 0: none */
};
const struct registrar *registrar_find(const char *callee);

/*
 * What is called by pointer in one way only. A prototype tells all callers by pointer: a call has the
 * prototype of the function that it enters, on which CFI_CLANG (arch/Kconfig) insists. A member tells those
 * that have the address from there.
 */
struct known_pointer {
	const char *what;    /* "void (struct timer_list *)", "struct irqaction.handler" */
	enum known_kind kind;
	const char *runs;    /* what then runs there: "a timer's function" */
	const char *source;  /* where all calls by such a pointer are */
	const char *not_in;  /* module that calls its own otherwise, NULL: none does */
};
const struct known_pointer *known_pointer_find(const char *what);

#endif
