// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/exports.h"

#include <string.h>

#include "base/file.h"
#include "base/str.h"

/* "net/netfilter/nf-tables" → "nf_tables", in place at the end of the field. */
static char *module_name(char *path)
{
	char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/* CRC, symbol, object, kind, namespace: separated by tabs; the namespace may be missing (5.10). */
static struct error *read_line(struct exports *e, char *line, size_t number, const char *path)
{
	char *field[5] = { 0 };

	for (size_t i = 0; i < 5; i++)
		field[i] = strsep(&line, "\t");
	if (!field[3] || !*field[1])
		return error_new("T11", "%s:%zu: not a line of a Module.symvers", path, number);
	map_put(&e->by_name, field[1], (void *)(uintptr_t)(e->list.n + 1));
	export_vec_push(&e->list, (struct export){ field[1], module_name(field[2]),
						   field[4] ? field[4] : "",
						   strtoul(field[0], NULL, 16) });
	return NULL;
}

struct error *exports_read(const char *path, struct exports *e)
{
	struct error *err;
	size_t number = 0;

	*e = (struct exports){ 0 };
	TRY(read_file(path, &e->text, NULL));
	for (char *p = e->text, *line; (line = strsep(&p, "\n"));) {
		number++;
		err = *line ? read_line(e, line, number, path) : NULL;
		if (err) {
			exports_free(e);
			return err;
		}
	}
	return NULL;
}

void exports_free(struct exports *e)
{
	export_vec_free(&e->list);
	map_free(&e->by_name);
	free(e->text);
	*e = (struct exports){ 0 };
}

const struct export *export_find(const struct exports *e, const char *name)
{
	uintptr_t i = (uintptr_t)map_get(&e->by_name, name);

	return i ? &e->list.at[i - 1] : NULL;
}
