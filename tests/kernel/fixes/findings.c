// SPDX-License-Identifier: GPL-2.0-or-later
#include "findings.h"

#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "rules/check.h"

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

static void add_line(struct str *out, const char *fix, const struct finding *f)
{
	str_add(out, "%s %s %s %s: %s\n", fix, or_dash(f->symbol ? f->symbol : f->object), f->id,
		severity_name(f->severity), f->message);
}

struct error *findings_write(struct target *target, const char *fix, const struct build_report *report,
			     const char *path)
{
	struct check_report checked = { 0 };
	scoped_str struct str out = { 0 };
	struct error *err = check_module(&(struct check_request){ .file = report->module, .target = target },
					 &checked);

	for (size_t i = 0; i < report->findings.n; i++)
		add_line(&out, fix, &report->findings.at[i]);
	for (size_t i = 0; i < checked.findings.n; i++)
		add_line(&out, fix, &checked.findings.at[i]);
	check_report_free(&checked);
	return err ? err : write_file(path, out.s ? out.s : "", out.n);
}

enum { COLUMNS = 4 };

struct row {
	char *cell[COLUMNS]; /* fix, symbol, id, reason */
	bool used;
};
DEFINE_VEC(row_vec, struct row)

/* Cuts "| a | b | c | d |" in place; false: no row of a table's body. */
static bool cut_row(char *line, struct row *row)
{
	char *rest = line + 1;

	*row = (struct row){ 0 };
	if (*line != '|')
		return false;
	for (int i = 0; i < COLUMNS; i++) {
		char *end = rest ? strsep(&rest, "|") : NULL;

		if (!end || !rest)
			return false;
		end += strspn(end, " `");
		row->cell[i] = end;
		for (char *last = end + strlen(end); last > end && strchr(" `", last[-1]);)
			*--last = 0;
	}
	return !starts_with(row->cell[0], "---") && !streq(row->cell[0], "fix");
}

static bool fits(const struct row *row, const char *line)
{
	scoped_free char *copy = xstrdup(line);
	char *rest = copy, *fix = strsep(&rest, " "), *symbol = strsep(&rest, " "), *id = strsep(&rest, " ");

	return id && (streq(row->cell[0], "*") || streq(row->cell[0], fix)) && streq(row->cell[1], symbol) &&
	       streq(row->cell[2], id);
}

static size_t judge_line(struct row_vec *rows, const char *line)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (!fits(&rows->at[i], line))
			continue;
		rows->at[i].used = true;
		printf("known   %s\n        %s\n", line, rows->at[i].cell[3]);
		return 0;
	}
	printf("NEW     %s\n", line);
	return 1;
}

static size_t judge_row(const struct row *row)
{
	if (row->used && *row->cell[3])
		return 0;
	printf("%s %s %s %s\n", row->used ? "NO REASON" : "GONE   ", row->cell[0], row->cell[1], row->cell[2]);
	return 1;
}

struct error *findings_compare(const char *lines, const char *list, size_t *wrong)
{
	scoped_free char *table = NULL, *copy = xstrdup(lines);
	struct row_vec rows = { 0 };
	struct row row;

	TRY(read_file(list, &table, NULL));
	for (char *rest = table, *line; (line = strsep(&rest, "\n"));)
		if (cut_row(line, &row))
			row_vec_push(&rows, row);
	*wrong = 0;
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));)
		*wrong += *line ? judge_line(&rows, line) : 0;
	for (size_t i = 0; i < rows.n; i++)
		*wrong += judge_row(&rows.at[i]);
	row_vec_free(&rows);
	return NULL;
}
