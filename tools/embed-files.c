// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * embed-files DIR OUTPUT.c FILE...: turns DIR/FILE ... into the table model_files (src/model/search.h).
 * Built and run by meson.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void embed(FILE *out, const char *dir, const char *name)
{
	char path[4096];
	int c, column = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		exit(1);
	}
	fprintf(out, "\t{ \"%s\", (const char[]){ ", name);
	while ((c = getc(in)) != EOF)
		fprintf(out, "%d,%s", c, ++column % 24 ? "" : "\n\t");
	fprintf(out, " 0 } },\n");
	fclose(in);
}

int main(int argc, char **argv)
{
	FILE *out = argc > 3 ? fopen(argv[2], "w") : NULL;

	if (!out) {
		fputs("usage: embed-files DIR OUTPUT.c FILE...\n", stderr);
		return 1;
	}
	fputs("/* Made by tools/embed-files.c. */\n#include \"model/search.h\"\n\n"
	      "const struct model_file model_files[] = {\n", out);
	for (int i = 3; i < argc; i++)
		embed(out, argv[1], argv[i]);
	fprintf(out, "};\nconst size_t model_file_count = %d;\n", argc - 3);
	return fclose(out) != 0;
}
