// SPDX-License-Identifier: GPL-2.0-or-later
/* The way of a livepatch that has a source: Kbuild, then the conversion (docs/convert.md). */
#include "base/cleanup.h"
#include "base/file.h"
#include "convert/convert.h"
#include "impact/whereabouts.h"
#include "module/module.h"

static struct error *convert(const struct module_request *rq, const struct symlist *symbols,
			     const char *linked, const char *final, bool *made)
{
	SCOPED(whereabouts_close) struct whereabouts where = { .target = rq->target };
	struct convert_request convert = { .name = rq->name, .symbols = symbols,
					   .findings = rq->findings, .whereabouts = whereabouts_of,
					   .context = &where };
	SCOPED(convert_result_free) struct convert_result result = { 0 };
	scoped_free char *data = NULL;

	TRY(read_file(linked, &data, &convert.size));
	convert.data = data;
	TRY(convert_module(&convert, &result));
	*made = result.module != NULL;
	return result.module ? write_file(final, result.module, result.size) : NULL;
}

struct error *module_build_source(const struct module_request *rq, const struct symlist *symbols,
				  char **ko)
{
	scoped_free char *linked_name = xasprintf("%s.ko", rq->name);
	scoped_free char *linked = path_join(rq->workdir, linked_name);
	scoped_free char *final = path_join(rq->workdir, "converted.ko");
	scoped_free char *output = NULL;
	bool made = false;

	*ko = NULL;
	TRY(module_run_kbuild(rq, &output));
	TRY(module_check_objtool(linked, output, rq->findings));
	if (!findings_refuse(rq->findings))
		TRY(convert(rq, symbols, linked, final, &made));
	if (made)
		*ko = take(final);
	return NULL;
}
