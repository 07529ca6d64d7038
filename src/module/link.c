// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "convert/convert.h"
#include "impact/whereabouts.h"
#include "module/module.h"

static struct error *write_text(const char *dir, const char *name, const char *text)
{
	scoped_free char *path = path_join(dir, name);

	return write_file(path, text, strlen(text));
}

/* Prebuilt objects go in by Kbuild's _shipped rule (Documentation/kbuild/modules.rst). */
static struct error *add_objects(const struct module_request *rq, struct str *kbuild)
{
	for (size_t i = 0; i < rq->objects->n; i++) {
		scoped_free char *name = xasprintf("unit%zu.o_shipped", i);
		scoped_free char *to = path_join(rq->workdir, name);
		scoped_free char *cmd = xasprintf(".unit%zu.o.cmd", i);

		TRY(copy_file(rq->objects->at[i], to));
		TRY(write_text(rq->workdir, cmd, ""));
		str_add(kbuild, " unit%zu.o", i);
	}
	return NULL;
}

static struct error *add_code(const struct module_request *rq, struct str *kbuild)
{
	scoped_free char *text = NULL;

	TRY(module_code(rq->description, &text));
	if (!text)
		return NULL;
	str_add(kbuild, " code.o");
	return write_text(rq->workdir, "code.c", text);
}

static struct error *write_sources(const struct module_request *rq)
{
	scoped_str struct str kbuild = { 0 };
	scoped_free char *glue = module_glue(rq);

	str_add(&kbuild, "obj-m := %s.o\n%s-y := main.o", rq->name, rq->name);
	TRY(add_code(rq, &kbuild));
	TRY(add_objects(rq, &kbuild));
	str_add(&kbuild, "\n");
	TRY(write_text(rq->workdir, "main.c", glue));
	return write_text(rq->workdir, "Kbuild", kbuild.s);
}

/* The last lines of a build's output, for the message. */
static const char *tail(const char *text, size_t lines)
{
	const char *p = text + strlen(text);

	while (p > text && lines)
		if (*--p == '\n')
			lines--;
	return *p == '\n' ? p + 1 : p;
}

/*
 * Overrides: undefined klp references must not stop modpost; no BTF (it would need pahole and is
 * not wanted in a livepatch); objtool runs on the linked module, so that the objects get ORC and
 * their return sites there (scripts/Makefile.lib, delay-objtool).
 */
struct error *module_run_kbuild(const struct module_request *rq, char **output)
{
	scoped_free char *m = xasprintf("M=%s", rq->workdir);
	scoped_free char *cc = xasprintf("CC=%s", rq->target->cc);
	const char *argv[] = { "make", "-C", rq->target->kbuild, m, cc, "KBUILD_MODPOST_WARN=1",
			       "delay-objtool=y", "CONFIG_DEBUG_INFO_BTF_MODULES=",
			       "CONFIG_MODULE_SIG_ALL=", "modules", NULL };
	struct process p = { .argv = argv };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&p, &result));
	if (verbose)
		fputs(result.output, stderr);
	if (result.status == 0) {
		*output = take(result.output);
		return NULL;
	}
	return error_hint(error_new("B1", "the target's Kbuild failed to link the livepatch:\n%s",
				    tail(result.output, 12)),
			  "run again with -v -k and look into the kept directory");
}

/*
 * With code of its own the module has references that nobody decided yet: to symbols that are not
 * exported, by name, as in a livepatch that is written by hand. All become livepatch symbols in one
 * step, for an object has one relocation section.
 */
static struct error *convert_with_code(const struct module_request *rq, const char *linked,
				       const char *final)
{
	SCOPED(whereabouts_close) struct whereabouts where = { .target = rq->target };
	struct convert_request convert = { .name = linked, .findings = rq->findings,
					   .whereabouts = whereabouts_of, .context = &where };
	struct convert_result result = { 0 };
	struct symlist symbols = { 0 };
	scoped_free char *data = NULL;

	TRY(read_file(linked, &data, &convert.size));
	TRY(symlist_of_target(rq->target, &symbols));
	convert.data = data;
	convert.symbols = &symbols;
	struct error *err = convert_module(&convert, &result);

	if (!err && result.module)
		err = write_file(final, result.module, result.size);
	convert_result_free(&result);
	symlist_free(&symbols);
	return err;
}

struct error *module_build(const struct module_request *rq, char **ko)
{
	scoped_free char *output = NULL;

	*ko = NULL;
	TRY(write_sources(rq));
	TRY(module_run_kbuild(rq, &output));
	scoped_free char *linked_name = xasprintf("%s.ko", rq->name);
	scoped_free char *linked = path_join(rq->workdir, linked_name);
	scoped_free char *final = path_join(rq->workdir, "converted.ko");

	TRY(module_check_objtool(linked, output, rq->findings));
	if (findings_refuse(rq->findings))
		return NULL;
	if (rq->description && rq->description->code)
		TRY(convert_with_code(rq, linked, final));
	else
		TRY(module_convert(linked, final));
	if (findings_refuse(rq->findings))
		return NULL;
	*ko = take(final);
	return NULL;
}
