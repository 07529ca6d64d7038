// SPDX-License-Identifier: GPL-2.0-or-later
/* What became of a hunk, from what the units say about it. */
#include <ctype.h>
#include <string.h>

#include "account/attribute.h"
#include "base/cleanup.h"
#include "base/str.h"

static char *join(const struct str_vec *names)
{
	enum { SHOWN = 4 };
	struct str out = {0};

	for (size_t i = 0; i < names->n && i < SHOWN; i++)
		str_add(&out, "%s%s", i ? ", " : "", (const char *)names->at[i]);
	if (names->n > SHOWN)
		str_add(&out, " and %zu more", names->n - SHOWN);
	return out.s ? out.s : xstrdup("");
}

/* "what NAME, NAME" */
static char *about(const char *what, const struct str_vec *names)
{
	scoped_free char *list = join(names);

	return xasprintf("%s %s", what, list);
}

static const struct finding *finding_about(const struct finding_vec *findings, const char *symbol)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->at[i].symbol && streq(findings->at[i].symbol, symbol))
			return &findings->at[i];
	return NULL;
}

/* A refusal of one of the names, or NULL. */
static const struct finding *refusal_about(const struct finding_vec *findings,
					   const struct str_vec *names)
{
	for (size_t i = 0; i < names->n; i++) {
		for (size_t k = 0; k < findings->n; k++) {
			const struct finding *f = &findings->at[k];

			if (f->severity == SEVERITY_REFUSAL && f->symbol &&
			    streq(f->symbol, names->at[i]))
				return f;
		}
	}
	return NULL;
}

/* A refusal of a type that the hunk declares ("struct s"), or NULL. */
static const struct finding *refused_type(const struct finding_vec *findings,
					  const struct str_vec *types)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];
		const char *tag = f->symbol ? strrchr(f->symbol, ' ') : NULL;

		if (f->severity == SEVERITY_REFUSAL && f->symbol &&
		    (streq(f->id, "S3") || streq(f->id, "S4")) &&
		    names_have(types, tag ? tag + 1 : f->symbol))
			return f;
	}
	return NULL;
}

/* --- the text of a hunk --- */

/* All characters of the lines with this mark, blanks left out. */
static char *squeezed(const struct hunk *h, char mark)
{
	struct str out = {0};

	str_add_bytes(&out, "", 0);
	for (size_t i = 0; i < h->lines.n; i++) {
		const char *l = h->lines.at[i];

		for (const char *p = l + 1; *l == mark && *p; p++)
			if (!isspace((unsigned char)*p))
				str_add_bytes(&out, p, 1);
	}
	return out.s;
}

static bool only_blanks(const struct hunk *h)
{
	scoped_free char *a = squeezed(h, '-'), *b = squeezed(h, '+');

	return streq(a, b);
}

/* The directive of the #if branch that a touched line stands in, or NULL. */
static const struct source_line *branch_directive(const struct facts *f)
{
	const struct source_file *s = f->source;

	for (size_t l = 1; l < s->old.lines.n; l++) {
		uint32_t b = s->old.lines.at[l].branch;

		if (b && source_hunk_removed(s, l) == f->hunk + 1 && !s->old.branches.at[b].guard)
			return &s->old.lines.at[s->old.branches.at[b].directive];
	}
	for (size_t l = 1; l < s->new.lines.n; l++) {
		uint32_t b = s->new.lines.at[l].branch;

		if (b && source_hunk_added(s, l) == f->hunk + 1 && !s->new.branches.at[b].guard)
			return &s->new.lines.at[s->new.branches.at[b].directive];
	}
	return NULL;
}

static bool mentions(const struct hunk *h, const char *word)
{
	for (size_t i = 0; i < h->lines.n; i++) {
		const char *l = h->lines.at[i];

		if (*l != ' ' && strstr(l, word))
			return true;
	}
	return false;
}

/* A debug call whose code the configuration leaves out, by its name. */
static const char *debug_call(const struct hunk *h)
{
	static const char *const calls[] = {
		"pr_debug", "pr_devel",	      "dev_dbg",   "dev_vdbg",	 "netdev_dbg",	"DEBUGP",
		"dprintk",  "lockdep_assert", "VM_BUG_ON", "VM_WARN_ON", "might_sleep", "ASSERT"};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (mentions(h, calls[i]))
			return calls[i];
	return NULL;
}

/* --- hunks without code --- */

static char *why_definition(const struct hunk *h)
{
	if (mentions(h, "MODULE_"))
		return xstrdup(
			"only information about the module, which a livepatch does not carry");
	if (mentions(h, "EXPORT_SYMBOL"))
		return xstrdup("only exports, which a livepatch cannot add or take away");
	return xstrdup(
		"only definitions and declarations, through which alone no function changes");
}

static char *why_inside(const struct facts *f, const struct hunk *h)
{
	const struct source_line *d = f->branch_active ? NULL : branch_directive(f);
	const char *debug = debug_call(h);
	scoped_free char *names = join(&f->names);

	if (d)
		return xasprintf("under \"%.*s\", which has no code in this configuration",
				 (int)d->n, d->s);
	if (!f->active)
		return xasprintf("no code of %s in this configuration: not compiled, or not used",
				 f->names.n ? names : "its function");
	if (debug)
		return xasprintf("its lines in %s (%s) have no code in this configuration", names,
				 debug);
	return xasprintf("its lines in %s change no instruction", names);
}

static char *why_same(const struct facts *f, const struct hunk *h)
{
	scoped_free char *names = join(&f->same);
	const char *debug = debug_call(h);

	return xasprintf("the same instructions as before in %s%s%s", names,
			 debug ? "; no code in this configuration: " : "", debug ? debug : "");
}

static char *why_no_code(const struct facts *f)
{
	const struct hunk *h = &f->file->hunks.at[f->hunk];

	if (!f->code)
		return xstrdup("only comments and blank lines");
	if (only_blanks(h))
		return xstrdup("only the layout of the source");
	if (f->same.n)
		return why_same(f, h);
	if (f->unneeded.n)
		return about("nothing that is replaced uses the new", &f->unneeded);
	if (f->init_inlined.n)
		return about("it shows in init code only:", &f->init_inlined);
	if (f->removed.n)
		return about("the fixed unit no longer has", &f->removed);
	if (f->data.n)
		return about("it concerns only the data", &f->data);
	if (f->names.n)
		return why_inside(f, h);
	const struct source_line *d = f->branch_active ? NULL : branch_directive(f);

	if (d)
		return xasprintf("under \"%.*s\", which has no code in this configuration",
				 (int)d->n, d->s);
	return why_definition(h);
}

/* --- fates --- */

static void report_lost(const struct facts *f, const struct str_vec *names,
			struct finding_vec *findings)
{
	const struct hunk *h = &f->file->hunks.at[f->hunk];
	scoped_free char *list = join(names);
	scoped_free char *location =
		xasprintf("%s:%zu", h->patch ? h->patch : f->file->path, h->patch_line);
	struct finding *finding =
		finding_add(findings, "A1", SEVERITY_REFUSAL, NULL, names->at[0], location,
			    "hunk %zu of %s changes %s, but nothing of it is in the livepatch",
			    f->hunk + 1, f->file->path, list);

	finding_way_out(finding,
			"report this fix and target as a defect of Suture; until then, make the "
			"livepatch from a fix without this hunk only if it is not needed");
}

static bool unexplained_data(const struct facts *f, const struct finding_vec *findings)
{
	for (size_t i = 0; i < f->data_lost.n; i++)
		if (!finding_about(findings, f->data_lost.at[i]))
			return true;
	return false;
}

static char *why_replaced(const struct facts *f)
{
	scoped_free char *list = join(&f->replaced);

	if (f->through && f->through == f->replaced.n)
		return xasprintf("changes %zu function%s through this definition", f->through,
				 f->through == 1 ? "" : "s");
	if (!f->through)
		return xasprintf("code in %s", list);
	return xasprintf("code in %s; %zu of them through this definition", list, f->through);
}

static void decide(struct facts *f, struct finding_vec *findings, struct hunk_account *a)
{
	const struct finding *refusal = refusal_about(findings, &f->data);
	const struct finding *type = refused_type(findings, &f->types);

	if (f->lost.n || unexplained_data(f, findings)) {
		const struct str_vec *names = f->lost.n ? &f->lost : &f->data_lost;

		a->fate = HUNK_LOST;
		a->why = about("not in the livepatch:", names);
		report_lost(f, names, findings);
	} else if (f->init.n) {
		a->fate = HUNK_REFUSED;
		a->why = about("changes init code, which has run (S1):", &f->init);
	} else if (refusal && f->data.n) {
		a->fate = HUNK_REFUSED;
		a->why = xasprintf("changes the data %s (%s)", refusal->symbol, refusal->id);
	} else if (type) {
		a->fate = HUNK_REFUSED;
		a->why = xasprintf("changes the type %s (%s)", type->symbol, type->id);
	} else if (f->replaced.n) {
		a->fate = HUNK_REPLACED;
		a->why = why_replaced(f);
	} else {
		a->fate = HUNK_NO_CODE;
		a->why = why_no_code(f);
	}
}

struct hunk_account fate_of(struct facts *f, struct finding_vec *findings)
{
	struct hunk_account a = {.file = f->file, .hunk = f->hunk};

	/* Nothing but init code has it: then that is what the hunk changes. */
	if (!f->replaced.n)
		for (size_t i = 0; i < f->init_inlined.n; i++)
			names_add(&f->init, f->init_inlined.at[i]);
	decide(f, findings, &a);
	a.functions = f->replaced;
	a.init = f->init;
	a.init_inlined = f->init_inlined;
	f->replaced = f->init = f->init_inlined = (struct str_vec) {0};
	return a;
}
