// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * embed-pages DIR OUTPUT.c DEPFILE: turns the pages DIR/ID.md into the table that
 * src/rules/catalogue.c searches, sorted by family and number. Built and run by meson. The
 * directory itself is a dependency, so that a page only has to be dropped there. A page whose first
 * two lines are not "# ID: title" and "severity: ..." ends the build.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	char *path, *id, *title, *severity, *text;
};

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0, room = 1 << 16, got;
	char *text = malloc(room + 1);

	if (!f || !text) {
		perror(path);
		exit(1);
	}
	while ((got = fread(text + n, 1, room - n, f)) > 0) {
		n += got;
		if (n == room && !(text = realloc(text, (room *= 2) + 1)))
			exit(1);
	}
	fclose(f);
	text[n] = 0;
	return text;
}

static void malformed(const struct page *p, const char *what)
{
	fprintf(stderr, "%s: %s\n", p->path, what);
	exit(1);
}

/* Cuts "# ID: title\nseverity: S\n\nTEXT" into its parts, in place. */
static void split(struct page *p, char *whole)
{
	size_t n = strlen(p->id);
	char *line2 = strchr(whole, '\n');

	if (strncmp(whole, "# ", 2) || strncmp(whole + 2, p->id, n) ||
	    strncmp(whole + 2 + n, ": ", 2) || !line2)
		malformed(p, "the first line must be '# ID: title', with the file's ID");
	*line2++ = 0;
	p->title = whole + 2 + n + 2;
	char *rest = strchr(line2, '\n');

	if (strncmp(line2, "severity: ", 10) || !rest || rest[1] != '\n')
		malformed(p, "the second line must be 'severity: ...', the third empty");
	*rest = 0;
	p->severity = line2 + 10;
	p->text = rest + 2;
}

/* "S2" before "S10", families in alphabetical order. */
static int by_id(const void *a, const void *b)
{
	const struct page *p = a, *q = b;
	size_t i = strcspn(p->id, "0123456789"), j = strcspn(q->id, "0123456789");
	int c = strncmp(p->id, q->id, i > j ? i : j);

	return c ? c : atoi(p->id + i) - atoi(q->id + j);
}

static void print_string(FILE *out, const char *s)
{
	fputs("\n\t\t\"", out);
	for (; *s; s++) {
		if (*s == '\n')
			fputs(s[1] ? "\\n\"\n\t\t\"" : "\\n", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s == '?') /* no trigraphs */
			fputs("\\?", out);
		else
			fputc(*s, out);
	}
	fputs("\",\n", out);
}

static size_t read_pages(const char *dir, struct page *pages, size_t room)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	if (!d) {
		perror(dir);
		exit(1);
	}
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (e->d_name[0] == '.' || len < 4 || strcmp(e->d_name + len - 3, ".md"))
			continue;
		if (n == room || asprintf(&pages[n].path, "%s/%s", dir, e->d_name) < 0)
			exit(1);
		pages[n].id = strndup(e->d_name, len - 3);
		split(&pages[n], slurp(pages[n].path));
		n++;
	}
	closedir(d);
	qsort(pages, n, sizeof(*pages), by_id);
	return n;
}

static FILE *open_output(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

int main(int argc, char **argv)
{
	static struct page pages[1024];

	if (argc != 4) {
		fputs("usage: embed-pages DIR OUTPUT.c DEPFILE\n", stderr);
		return 1;
	}
	size_t n = read_pages(argv[1], pages, sizeof(pages) / sizeof(*pages));
	FILE *out = open_output(argv[2]), *dep = open_output(argv[3]);

	fputs("/* Made by tools/embed-pages.c from docs/rules. */\n"
	      "#include \"rules/catalogue.h\"\n\n"
	      "const struct rule_page rule_pages[] = {\n",
	      out);
	fprintf(dep, "%s: %s", argv[2], argv[1]);
	for (size_t i = 0; i < n; i++) {
		fputs("\t{", out);
		print_string(out, pages[i].id);
		print_string(out, pages[i].title);
		print_string(out, pages[i].severity);
		print_string(out, pages[i].text);
		fputs("\t},\n", out);
		fprintf(dep, " %s", pages[i].path);
	}
	fprintf(out, "};\nconst size_t rule_page_count = %zu;\n", n);
	fputc('\n', dep);
	return fclose(out) || fclose(dep);
}
