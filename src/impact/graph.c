// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The result of a query as a graph: the function on the left, on the right everything that is
 * concerned, grouped by role; what has to be replaced is filled. Graphviz's language, and SVG made here
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
	[ROLE_CHANGED] = "#bde0fe",
	[ROLE_COLD] = "#e5e5e5",     [ROLE_TWIN] = "#e5e5e5",	  [ROLE_WRAPPER] = "#e5e5e5",
};

static void put_dot_string(const char *s, FILE *out)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

void impact_dot(const struct impact_result *r, FILE *out)
{
	fprintf(out, "digraph impact {\n\trankdir=LR;\n\tnode [shape=box];\n\tsource [label=");
	put_dot_string(r->function, out);
	fprintf(out, ", shape=ellipse];\n");
	for (size_t i = 0; i < r->members.n; i++) {
		const struct impact_member *m = &r->members.at[i];
		scoped_free char *label = xasprintf("%s:%s", m->object, m->symbol);

		fprintf(out, "\tm%zu [label=", i);
		put_dot_string(label, out);
		fprintf(out, ", style=\"%s\", fillcolor=\"%s\", tooltip=",
			m->replace ? "filled" : "filled,dashed", colours[m->role]);
		put_dot_string(m->why.n ? m->why.at[0] : "", out);
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

enum { ROW = 26, BOX = 20, LEFT = 16, LEFT_WIDTH = 260, RIGHT = 400, RIGHT_WIDTH = 560, HEAD = 40 };

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

	fprintf(out, "<path d=\"M %d %d C %d %d %d %d %d %d\" fill=\"none\" stroke=\"#999\"/>\n",
		LEFT + LEFT_WIDTH, from, LEFT + LEFT_WIDTH + 60, from, RIGHT - 60, y + BOX / 2, RIGHT,
		y + BOX / 2);
	put_box(out, RIGHT, y, RIGHT_WIDTH, colours[m->role], !m->replace, text,
		m->why.n ? m->why.at[0] : "");
}

void impact_svg(const struct impact_result *r, FILE *out)
{
	int height = HEAD + ROW * (int)(r->members.n ? r->members.n : 1) + 16;
	int middle = HEAD + (height - HEAD - 16) / 2;

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
		"<text x=\"%d\" y=\"24\">What has to be replaced when the body of ",
		RIGHT + RIGHT_WIDTH + 16, height, LEFT);
	put_xml(r->function, out);
	fprintf(out, " changes (dashed: concerned, not replaced)</text>\n");
	for (size_t i = 0; i < r->members.n; i++)
		put_member(&r->members.at[i], HEAD + ROW * (int)i, middle, out);
	put_box(out, LEFT, middle - BOX / 2, LEFT_WIDTH, "#ffffff", false, r->function,
		r->file ? r->file : "");
	fprintf(out, "</svg>\n");
}
