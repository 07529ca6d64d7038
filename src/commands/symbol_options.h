// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of commands that look symbols up in a kernel: a target, or a symbol list; further modules. */
#ifndef SUTURE_COMMANDS_SYMBOL_OPTIONS_H
#define SUTURE_COMMANDS_SYMBOL_OPTIONS_H

#include "convert/symbols.h"

struct symbol_options {
	const char *target, *symbols;
	struct str_vec modules;
};

#define SYMBOL_OPTIONS "t:"
#define SYMBOL_LONG_OPTIONS                               \
	{ "target", required_argument, NULL, 't' },       \
	{ "symbols", required_argument, NULL, 'S' },      \
	{ "module", required_argument, NULL, 'M' }
#define SYMBOL_MODULE_HELP \
	"      --module FILE.ko a further module to be patched, one that the target does not ship\n"

/* From the getopt loop: true when the character was one of them. */
bool symbol_option(int c, struct symbol_options *o);
/* Was a kernel named, and only one? */
bool symbol_options_name_one(const struct symbol_options *o);
bool symbol_options_name_two(const struct symbol_options *o);
/*
 * The list of the file, or of the target (NULL: the only one), with the further modules. *target: the
 * caller's, NULL with a file. On an error list and target are empty.
 */
struct error *symbol_options_open(const struct symbol_options *o, struct symlist *list,
				  struct target **target);
void symbol_options_free(struct symbol_options *o);

#endif
