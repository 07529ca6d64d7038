// SPDX-License-Identifier: GPL-2.0-or-later
/* What a booted guest shows of a livepatch with a fault, beside the one without. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "boot/boot.h"
#include "campaign.h"

enum { WORDS = 200 };

/* What the comment of a script says between two words: "# Boot with WORDS on the command line". */
static char *said_by(const char *script, const char *before, const char *after)
{
	scoped_free char *text = NULL;
	scoped_error struct error *err = script ? read_file(script, &text, NULL) : NULL;
	const char *from = text && !err ? strstr(text, before) : NULL;
	const char *to = from ? strstr(from, after) : NULL;

	return to ? xstrndup(from + strlen(before), to - from - strlen(before)) : NULL;
}

static struct error *boot(struct target *target, const struct sampled *s, const char *livepatch,
			  struct boot_result *result)
{
	scoped_free char *cmdline = said_by(s->script, "# Boot with ", " on the command line");
	scoped_free char *module = s->module ? xstrdup(s->module) :
				   said_by(s->script, "# Needs the module ", " (");
	struct str_vec modules = { .at = &module, .n = module ? 1 : 0 };
	struct boot_request rq = { .livepatch = livepatch, .script = s->script, .modules = &modules,
				   .cmdline = cmdline, .transition_limit = 20 };

	return boot_test(target, &rq, result);
}

/* One line, without what would end a cell of a table. */
static char *in_a_cell(const char *text)
{
	struct str out = { 0 };

	for (const char *p = text; *p && out.n < WORDS; p++)
		str_add(&out, "%c", *p == '\n' || *p == '|' ? ' ' : isprint((unsigned char)*p) ? *p : '?');
	return out.s ? out.s : xstrdup("");
}

/* What the kernel has to say comes before what the script shows, and that before its exit status (Q11). */
static const struct finding *complaint(const struct boot_result *result, bool of_script)
{
	for (size_t i = 0; i < result->findings.n; i++)
		if (result->findings.at[i].severity == SEVERITY_REFUSAL &&
		    streq(result->findings.at[i].id, "Q11") == of_script)
			return &result->findings.at[i];
	return NULL;
}

/* What the guest of the damaged one says, against what the guest of the right one says. */
static char *compare(const struct boot_result *right, const struct boot_result *seen)
{
	const struct finding *f = complaint(seen, false);

	if (!f && right->with && seen->with && !streq(right->with, seen->with))
		return xasprintf("another value: '%s' in place of '%s'", seen->with, right->with);
	if (!f && !complaint(right, true))
		f = complaint(seen, true);
	if (f)
		return xasprintf("%s (in step %s): %s", f->id, f->location ? f->location : "?", f->message);
	return xstrdup(right->with ? "nothing visible" : "nothing visible (no script)");
}

static struct error *look(struct sampled *s)
{
	SCOPED(boot_result_free) struct boot_result right = { 0 }, seen = { 0 };
	struct target *target = NULL;
	struct error *err;

	TRY(target_open(s->target, &target));
	err = s->right && s->script ? boot(target, s, s->right, &right) : NULL;
	if (!err)
		err = boot(target, s, s->file, &seen);
	target_free(target);
	if (err) { /* not taken for a livepatch: nothing was booted */
		size_t n = starts_with(err->message, s->file) ? strlen(s->file) + strlen(": ") : 0;

		s->seen = xasprintf("not booted: %s %s", err->id, err->message + n);
		error_free(err);
		return NULL;
	}
	s->seen = compare(&right, &seen);
	return NULL;
}

struct error *guest_boot_sample(struct campaign *c)
{
	for (size_t i = 0; i < c->sample.n; i++) {
		struct sampled *s = &c->sample.at[i];

		TRY(look(s));
		printf("booted %s: %s\n", s->way, s->seen);
		fflush(stdout);
	}
	return NULL;
}

void guest_print(const struct campaign *c, FILE *out)
{
	fprintf(out, "| fault | fix, kernel | refuted by | the guest |\n|---|---|---|---|\n");
	for (size_t i = 0; i < c->sample.n; i++) {
		const struct sampled *s = &c->sample.at[i];
		scoped_free char *what = in_a_cell(s->what ? s->what : "");
		scoped_free char *said = in_a_cell(s->said), *seen = in_a_cell(s->seen ? s->seen : "");
		const char *kernel = strchr(s->target, ':');

		fprintf(out, "| %s%s%s | %s, %.6s | %s | %s |\n", s->way, *what ? ": " : "", what,
			path_basename(s->fix), kernel ? kernel + 1 : s->target, said, seen);
	}
}
