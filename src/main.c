// SPDX-License-Identifier: GPL-2.0-or-later
/* suture: the table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "commands/commands.h"
#include "config.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "target", command_target, "add, list, show, remove the kernels to be patched" },
	{ "build", command_build, "fix and target in, livepatch module out" },
	{ "diff", command_diff, "compare two relocatable objects, function by function" },
	{ "extract", command_extract, "fix or function in, readable source of a livepatch out" },
	{ "impact", command_impact, "what the compiler did to a function: what else must be replaced" },
	{ "convert", command_convert, "finish a livepatch module that was written by hand" },
	{ "check", command_check, "what can go wrong with a livepatch, before it is loaded" },
	{ "verify", command_verify, "prove a livepatch right, or show what is wrong with it" },
	{ "test", command_test, "boot the target in QEMU and try a livepatch there" },
	{ "inspect", command_inspect, "what a livepatch module replaces, relocates, needs" },
	{ "explain", command_explain, "the page of a finding or error" },
};

static void usage(FILE *out)
{
	fputs("usage: suture COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\nEvery command: -h/--help, -v/--verbose (show each program that is run), -q/--quiet,\n"
	      "-k/--keep (keep temporary directories), --json where it reports.\n"
	      "suture --version prints the version.\n", out);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && (streq(argv[1], "--version") || streq(argv[1], "-V"))) {
		puts("suture " SUTURE_VERSION);
		return EXIT_FINE;
	}
	if (argc >= 2 && (streq(argv[1], "--help") || streq(argv[1], "-h") || streq(argv[1], "help"))) {
		usage(stdout);
		return EXIT_FINE;
	}
	process_setup_signals();
	for (size_t i = 0; argc >= 2 && i < ARRAY_SIZE(commands); i++)
		if (streq(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "suture: unknown command '%s'\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
