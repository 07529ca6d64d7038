// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The result of a query as a graph: the function on the left, on the right everything that is
 * concerned, grouped by role, each with the reason; what need not be replaced is dashed. Graphviz's language, and SVG made here
 * so that nothing else is needed to look at it.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "impact/impact.h"

/* One colour a role, readable with black text. */
static const char *const colours[IMPACT_ROLES] = {
	[ROLE_BODY] = "#f4a261",     [ROLE_CLONE] = "#e9c46a",	  [ROLE_INLINED] = "#a8dadc",
	[ROLE_CONVENTION] = "#cdb4db", [ROLE_CONTRACT] = "#ffafcc", [ROLE_FOLDED] = "#ffd6a5",
	[ROLE_STATIC] = "#d8f3dc",   [ROLE_CHANGED] = "#bde0fe",
	[ROLE_COLD] = "#e5e5e5",     [ROLE_TWIN] = "#e5e5e5",	  [ROLE_WRAPPER] = "#e5e5e5",
};

/* Why it is in the answer, and why it is not replaced. */
static char *reasons(const struct impact_member *m, const char *between)
{
	struct str s = { 0 };

	str_add(&s, "%s", m->why.n ? m->why.at[0] : "");
	for (size_t i = 1; i < m->why.n; i++)
		str_add(&s, "%s%s", between, m->why.at[i]);
	if (m->why_not)
		str_add(&s, "%snot replaced: %s", between, m->why_not);
	return s.s;
}

/* Lines end in \l: to the left. */
static void put_dot_text(const char *s, FILE *out)
{
	for (; *s; s++) {
		if (*s == '\n') {
			fputs("\\l", out);
			continue;
		}
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
}

static void put_dot_label(const char *name, const char *text, FILE *out)
{
	fputc('"', out);
	put_dot_text(name, out);
	fputs("\\n", out);
	put_dot_text(text, out);
	fputs(*text ? "\\l\"" : "\"", out);
}

void impact_dot(const struct impact_result *r, FILE *out)
{
	fprintf(out, "digraph impact {\n\trankdir=LR;\n\tnode [shape=box];\n\tsource [label=\"");
	put_dot_text(r->function, out);
	fprintf(out, "\", shape=ellipse];\n");
	for (size_t i = 0; i < r->members.n; i++) {
		const struct impact_member *m = &r->members.at[i];
		scoped_free char *name = xasprintf("%s:%s", m->object, m->symbol);
		scoped_free char *all = reasons(m, "\n");

		fprintf(out, "\tm%zu [label=", i);
		put_dot_label(name, all, out);
		fprintf(out, ", style=\"%s\", fillcolor=\"%s\"", m->replace ? "filled" : "filled,dashed",
			colours[m->role]);
		fprintf(out, "];\n\tsource -> m%zu [label=\"%s\"];\n", i, impact_roles[m->role].name);
	}
	fprintf(out, "}\n");
}

static void put_xml(const char *s, FILE *out)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '>')
			fputs("&gt;", out);
		else if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '"')
			fputs("&quot;", out);
		else
			fputc(*s, out);
	}
}

enum { ROW = 26, BOX = 20, LEFT = 16, LEFT_WIDTH = 260, RIGHT = 400, RIGHT_WIDTH = 460, HEAD = 40,
       REASON = RIGHT + RIGHT_WIDTH + 12, REASON_WIDTH = 800, REASON_SHOWN = 130 };

static void put_box(FILE *out, int x, int y, int width, const char *colour, bool dashed,
		    const char *text, const char *title)
{
	fprintf(out, "<g><title>");
	put_xml(title, out);
	fprintf(out, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\" "
		"stroke=\"#333\"%s/>\n<text x=\"%d\" y=\"%d\">", x, y, width, BOX, colour,
		dashed ? " stroke-dasharray=\"4 3\"" : "", x + 8, y + 14);
	put_xml(text, out);
	fprintf(out, "</text></g>\n");
}

static void put_member(const struct impact_member *m, int y, int from, FILE *out)
{
	scoped_free char *text = xasprintf("%s  %s:%s", impact_roles[m->role].name, m->object,
					   m->symbol);
	scoped_free char *all = reasons(m, "\n");
	size_t n = strcspn(all, "\n");

	fprintf(out, "<path d=\"M %d %d C %d %d %d %d %d %d\" fill=\"none\" stroke=\"#999\"/>\n",
		LEFT + LEFT_WIDTH, from, LEFT + LEFT_WIDTH + 60, from, RIGHT - 60, y + BOX / 2, RIGHT,
		y + BOX / 2);
	put_box(out, RIGHT, y, RIGHT_WIDTH, colours[m->role], !m->replace, text, all);
	/* One line of it beside the box, all of it where the mouse is. */
	scoped_free char *line = xasprintf("%.*s%s", (int)(n < REASON_SHOWN ? n : REASON_SHOWN), all,
					   all[n < REASON_SHOWN ? n : REASON_SHOWN] ? " ..." : "");

	fprintf(out, "<text x=\"%d\" y=\"%d\" fill=\"#444\" font-size=\"11\">", REASON, y + 14);
	put_xml(line, out);
	fprintf(out, "</text>\n");
}

void impact_svg(const struct impact_result *r, FILE *out)
{
	int height = HEAD + ROW * (int)(r->members.n ? r->members.n : 1) + 16;
	int middle = HEAD + (height - HEAD - 16) / 2;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
		"<text x=\"%d\" y=\"24\">What has to be replaced when the body of ",
		REASON + REASON_WIDTH, height, LEFT);
	put_xml(r->function, out);
	fprintf(out, " changes (dashed: concerned, not replaced)</text>\n");
	for (size_t i = 0; i < r->members.n; i++)
		put_member(&r->members.at[i], HEAD + ROW * (int)i, middle, out);
	put_box(out, LEFT, middle - BOX / 2, LEFT_WIDTH, "#ffffff", false, r->function,
		r->file ? r->file : "");
	fprintf(out, "</svg>\n");
}
