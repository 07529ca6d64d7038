// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of suture. Each takes its own argv (argv[0] is its name) and returns an exit code. */
#ifndef SUTURE_COMMANDS_COMMANDS_H
#define SUTURE_COMMANDS_COMMANDS_H

#include "base/error.h"

enum exit_code {
	EXIT_FINE = 0,
	EXIT_REFUSED = 1, /* findings of severity refusal, or a test that failed */
	EXIT_ERROR = 2,   /* could not be done: bad input, missing tool, ... */
	EXIT_USAGE = 64,
};

int command_build(int argc, char **argv);
int command_check(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_extract(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_impact(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_target(int argc, char **argv);
int command_test(int argc, char **argv);
int command_verify(int argc, char **argv);

/*
 * "livepatch-NAME", the caller's: from the name that was given, or from the file name of the first
 * fix.
 */
char *livepatch_name(const char *name, const char *first_fix);

/* Prints the error on stderr as "suture: error ID: message" and its hint, frees it, and returns
 * EXIT_ERROR. */
int report_error(struct error *err);

/*
 * Options that every command takes (-v, -q, -k, --help, --json). Call from the getopt loop for
 * characters that the command does not know: returns true when it was one of them.
 */
#define COMMON_OPTIONS "vqkhJ"
#define COMMON_LONG_OPTIONS                               \
	{ "verbose", no_argument, NULL, 'v' },            \
	{ "quiet", no_argument, NULL, 'q' },              \
	{ "keep", no_argument, NULL, 'k' },               \
	{ "help", no_argument, NULL, 'h' },               \
	{ "json", no_argument, NULL, 'J' }
struct common_options {
	int json, help;
};
int common_option(int c, struct common_options *o);

#endif
