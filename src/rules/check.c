// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/check.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rules/graph.h"

/* include/uapi/linux/elf.h */
#define KLP_RELA ".klp.rela."

struct finding *rule_finding(struct check *c, const struct rule *rule, const char *object,
			     const char *symbol, const char *location, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	scoped_free char *text = xvasprintf(fmt, ap);

	va_end(ap);
	return finding_add(c->findings, rule->id, rule->severity, object, symbol, location, "%s", text);
}

const char *check_modinfo(const struct inspection *in, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < in->modinfo.n; i++)
		if (strncmp(in->modinfo.at[i], key, n) == 0 && in->modinfo.at[i][n] == '=')
			return in->modinfo.at[i] + n + 1;
	return NULL;
}

char *check_release(const struct inspection *in)
{
	const char *magic = check_modinfo(in, "vermagic");

	return magic ? xstrndup(magic, strcspn(magic, " ")) : NULL;
}

/* ---- the shipped objects ---- */

struct error *check_image(struct check *c, const char *kobject, struct image **image)
{
	struct error *err = images_get(&c->images, c->target, kobject, image);

	if (err && streq(err->id, "T5")) {
		*image = NULL;
		error_free(err);
		return NULL;
	}
	return err;
}

struct image_symbol *check_symbol(const struct image *image, const char *name, uint64_t sympos,
				  size_t *count)
{
	struct image_symbol *found = NULL;

	*count = 0;
	for (struct image_symbol *s = image_find(image, name); s; s = s->next_same_name) {
		unsigned int position = image_sympos(image, s);

		++*count;
		if (position == sympos || (position == 0 && sympos == 1))
			found = s;
	}
	return found;
}

static struct error *find_replaced(struct check *c)
{
	for (size_t i = 0; i < c->in->functions.n; i++) {
		struct replaced_symbol r = { .func = &c->in->functions.at[i] };

		TRY(check_image(c, r.func->kobject, &r.image));
		if (r.image)
			r.symbol = check_symbol(r.image, r.func->name, r.func->sympos, &r.same_name);
		replaced_symbol_vec_push(&c->replaced, r);
	}
	return NULL;
}

/* ---- late relocations ---- */

/* Is the name ".klp.sym.OBJECT.SYMBOL,POSITION" of these parts? */
static bool is_named(const char *name, const struct inspect_reloc *r)
{
	const char *const parts[] = { ".klp.sym.", r->object, ".", r->symbol, ",", r->position };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!starts_with(name, parts[i]))
			return false;
		name += strlen(parts[i]);
	}
	return !*name;
}

static const struct inspect_reloc *parts_of(const struct check *c, const char *symbol)
{
	for (size_t i = 0; i < c->in->relocs.n; i++)
		if (is_named(symbol, &c->in->relocs.at[i]))
			return &c->in->relocs.at[i];
	return NULL;
}

static struct error *each_late_of(struct check *c, const struct rule *rule,
				  const struct obj_section *s, late_visit *visit, void *arg)
{
	const char *object = s->name + strlen(KLP_RELA);
	scoped_free char *patched = xstrndup(object, strcspn(object, "."));

	for (uint64_t at = 0; s->data && at + sizeof(Elf64_Rela) <= s->size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela r;

		memcpy(&r, s->data + at, sizeof(r));
		struct late late = {
			.section = s->info && s->info < c->in->object->nsections ?
					   &c->in->object->sections[s->info] : NULL,
			.patched = patched,
			.symbol = &c->in->object->symbols[ELF64_R_SYM(r.r_info)],
			.offset = r.r_offset, .type = ELF64_R_TYPE(r.r_info), .addend = r.r_addend,
		};
		late.parts = parts_of(c, late.symbol->name);
		TRY(visit(c, rule, &late, arg));
	}
	return NULL;
}

struct error *check_each_late(struct check *c, const struct rule *rule, late_visit *visit,
			      void *arg)
{
	for (size_t i = 1; i < c->in->object->nsections; i++) {
		const struct obj_section *s = &c->in->object->sections[i];

		if (s->type == SHT_RELA && starts_with(s->name, KLP_RELA))
			TRY(each_late_of(c, rule, s, visit, arg));
	}
	return NULL;
}

/* ---- the whole ---- */

static struct error *open_target(struct check *c)
{
	if (!c->target)
		return NULL;
	TRY(images_get(&c->images, c->target, "vmlinux", &c->vmlinux));
	TRY(exports_read(c->target->symvers, &c->exports));
	return find_replaced(c);
}

static bool can_run(const struct check *c, const struct rule *rule)
{
	return !((rule->needs & NEEDS_TARGET && !c->target) ||
		 (rule->needs & NEEDS_PREVIOUS && !c->previous) ||
		 (rule->needs & NEEDS_RUNNING && !c->sysroot));
}

static struct error *run_rules(struct check *c, const char *without, struct check_report *report)
{
	for (size_t i = 0; i < rule_count; i++) {
		const struct rule *rule = &rules[i];

		if (without && streq(rule->id, without))
			continue;
		if (!can_run(c, rule)) {
			str_vec_push(&report->not_run, (char *)rule->id);
			continue;
		}
		report->rules++;
		TRY(rule->detect(c, rule));
	}
	return NULL;
}

struct error *check_inspection(const struct inspection *in, struct check_report *report)
{
	struct check c = { .in = in, .findings = &report->findings };

	report->file = xstrdup(in->object->path);
	return run_rules(&c, NULL, report);
}

static void close_check(struct check *c)
{
	graph_close(c);
	images_free(&c->images);
	exports_free(&c->exports);
	replaced_symbol_vec_free(&c->replaced);
	inspection_free((struct inspection *)c->in);
	inspection_free((struct inspection *)c->previous);
}

static struct error *open_and_run(struct check *c, const struct check_request *rq,
				  struct check_report *report)
{
	TRY(inspect_file(rq->file, (struct inspection **)&c->in));
	if (rq->previous)
		TRY(inspect_file(rq->previous, (struct inspection **)&c->previous));
	TRY(open_target(c));
	return run_rules(c, rq->without, report);
}

struct error *check_module(const struct check_request *rq, struct check_report *report)
{
	struct check c = { .target = rq->target, .sysroot = rq->sysroot,
			   .description = rq->description, .findings = &report->findings };
	struct error *err;

	report->file = xstrdup(rq->file);
	report->target = rq->target ? xstrdup(rq->target->name) : NULL;
	report->description = rq->description;
	err = open_and_run(&c, rq, report);
	close_check(&c);
	if (!err && rq->description)
		check_waive(rq->description, report);
	return err;
}

static void free_waived(struct waived_vec *list)
{
	struct finding_vec findings = { 0 };

	for (size_t i = 0; i < list->n; i++)
		finding_vec_push(&findings, list->at[i].finding);
	findings_free(&findings);
	waived_vec_free(list);
}

void check_report_free(struct check_report *report)
{
	free(report->file);
	free(report->target);
	findings_free(&report->findings);
	free_waived(&report->waived);
	str_vec_free(&report->not_run);
	*report = (struct check_report){ 0 };
}
