// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/str.h"
#include "module/inspect.h"

/* " at ADDRESS", when a kernel was asked. */
static void print_address(const struct inspection *in, const char *address, FILE *out)
{
	if (in->kernel)
		fprintf(out, " at %s", address ? address : "?");
}

static void print_functions(const struct inspection *in, FILE *out)
{
	fprintf(out, "replaces %zu functions%s%s%s\n", in->functions.n, in->source ? " (from " : "",
		in->source ? in->source : "", in->source ? ")" : "");
	for (size_t i = 0; i < in->functions.n; i++) {
		const struct inspect_func *f = &in->functions.at[i];

		fprintf(out, "  %s:%s,%llu", f->kobject, f->name, (unsigned long long)f->sympos);
		print_address(in, f->address, out);
		fprintf(out, " by %s\n", f->new_name ? f->new_name : "?");
	}
	if (in->replace >= 0)
		fprintf(out, "  %s\n", in->replace ? "replaces all earlier livepatches (klp_patch.replace)" :
						     "stacks upon earlier livepatches");
}

static void print_relocs(const struct inspection *in, FILE *out)
{
	size_t total = 0;

	for (size_t i = 0; i < in->relocs.n; i++)
		total += in->relocs.at[i].count;
	fprintf(out, "livepatch relocations: %zu\n", total);
	for (size_t i = 0; i < in->relocs.n; i++) {
		const struct inspect_reloc *r = &in->relocs.at[i];

		fprintf(out, "  with %s, in %s: %zu to %s:%s,%s", r->patched, r->section, r->count,
			r->object, r->symbol, r->position);
		print_address(in, r->address, out);
		putc('\n', out);
	}
}

static void print_needs(const struct inspection *in, FILE *out)
{
	fprintf(out, "needs %zu exported symbols\n", in->imports.n);
	for (size_t i = 0; i < in->imports.n; i++) {
		const struct inspect_import *m = &in->imports.at[i];

		if (m->has_crc)
			fprintf(out, "  %s (0x%08x)", m->name, m->crc);
		else
			fprintf(out, "  %s (no version)", m->name);
		if (in->kernel)
			fprintf(out, " of %s", m->owner ? m->owner : "?");
		putc('\n', out);
	}
}

static bool is_shown(const char *modinfo)
{
	static const char *const keys[] = { "name=", "vermagic=", "depends=", "import_ns=",
					    "livepatch=", "license=", "klp", "retpoline=" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (starts_with(modinfo, keys[i]))
			return true;
	return false;
}

void inspection_print(const struct inspection *in, FILE *out)
{
	for (size_t i = 0; i < in->modinfo.n; i++)
		if (is_shown(in->modinfo.at[i]))
			fprintf(out, "%s\n", in->modinfo.at[i]);
	print_functions(in, out);
	print_relocs(in, out);
	print_needs(in, out);
	fprintf(out, "special sections\n");
	for (size_t i = 0; i < in->specials.n; i++)
		fprintf(out, "  %-32s %zu entries\n", in->specials.at[i].section,
			in->specials.at[i].entries);
	findings_print(&in->findings, out);
}

static json_t *functions_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->functions.n; i++) {
		const struct inspect_func *f = &in->functions.at[i];

		json_array_append_new(list, json_pack("{so so sI so so}", "object", json_from_text(f->kobject),
						      "name", json_from_text(f->name), "sympos",
						      (json_int_t)f->sympos, "by", json_from_text(f->new_name),
						      "address", json_from_text(f->address)));
	}
	return list;
}

static json_t *relocs_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->relocs.n; i++) {
		const struct inspect_reloc *r = &in->relocs.at[i];

		json_array_append_new(list, json_pack("{so so so so so so sI}", "with", json_from_text(r->patched),
						      "section", json_from_text(r->section), "object",
						      json_from_text(r->object), "symbol", json_from_text(r->symbol),
						      "position", json_from_text(r->position), "address",
						      json_from_text(r->address), "count",
						      (json_int_t)r->count));
	}
	return list;
}

static json_t *imports_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->imports.n; i++) {
		const struct inspect_import *m = &in->imports.at[i];

		json_array_append_new(list, json_pack("{so so so}", "name", json_from_text(m->name), "owner",
						      json_from_text(m->owner), "crc",
						      m->has_crc ? json_integer(m->crc) : json_null()));
	}
	return list;
}

static json_t *specials_json(const struct inspection *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->specials.n; i++)
		json_array_append_new(list, json_pack("{so sI sI}", "section",
						      json_from_text(in->specials.at[i].section), "size",
						      (json_int_t)in->specials.at[i].size, "entries",
						      (json_int_t)in->specials.at[i].entries));
	return list;
}

json_t *inspection_json(const struct inspection *in)
{
	json_t *info = json_array();

	for (size_t i = 0; i < in->modinfo.n; i++)
		json_array_append_new(info, json_from_text(in->modinfo.at[i]));
	return json_pack("{so so so so so so so so so}", "modinfo", info, "kernel", json_from_text(in->kernel),
			 "source", json_from_text(in->source),
			 "replace", in->replace < 0 ? json_null() : json_boolean(in->replace),
			 "functions", functions_json(in), "relocations", relocs_json(in), "imports",
			 imports_json(in), "sections", specials_json(in), "findings",
			 findings_json(&in->findings));
}
