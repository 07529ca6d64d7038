// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert/convert.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* kernel/module/main.c, include/linux/module_signature.h */
static const char signature_magic[] = "~Module signature appended~\n";

static struct error *check_unsigned(const struct convert_request *rq)
{
	size_t n = sizeof(signature_magic) - 1;

	if (rq->size < n || memcmp((char *)rq->data + rq->size - n, signature_magic, n))
		return NULL;
	return error_hint(error_new("K6", "%s: the module is signed", rq->name),
			  "sign it after the conversion: any change makes a signature invalid");
}

static bool is_livepatch(const struct object *o)
{
	static const char key[] = "livepatch=";
	const struct obj_section *s = object_section(o, ".modinfo");
	const char *text = s ? (const char *)s->data : NULL;

	for (uint64_t at = 0; text && at < s->size; at += strnlen(text + at, s->size - at) + 1)
		if (s->size - at >= sizeof(key) && !memcmp(text + at, key, sizeof(key) - 1))
			return true;
	return false;
}

static bool has_work(const struct object *o, const struct annotations *a,
		     const struct convert_result *result)
{
	for (size_t i = 1; i < o->nsections; i++)
		if (a->drop[i])
			return true;
	return result->converted > 0;
}

static struct error *write_module(const struct object *o, const struct annotations *a,
				  const struct convert_request *rq, struct convert_result *result)
{
	struct rewrite_request rewrite = {o, result->decisions, a->drop};

	if (has_work(o, a, result))
		return klp_rewrite(&rewrite, &result->module, &result->size);
	result->module = xmemdup(rq->data, rq->size);
	result->size = rq->size;
	return NULL;
}

struct error *convert_module(const struct convert_request *rq, struct convert_result *result)
{
	scoped_object struct object *o = NULL;
	struct annotations annotations;
	struct klp_tables tables;
	struct error *err = NULL;

	*result = (struct convert_result) {0};
	TRY(check_unsigned(rq));
	TRY(object_read_memory(rq->name, rq->data, rq->size, &o));
	TRY(klp_check_file(o, &tables));
	if (!is_livepatch(o))
		return error_hint(error_new("K5", "%s: not a livepatch module", rq->name),
				  "add MODULE_INFO(livepatch, \"Y\"); to its source");
	annotations_read(o, &annotations, rq->findings);
	convert_check_loadable(o, rq->findings);
	convert_check_existing(o, rq);
	convert_decide(o, &annotations, rq, result);
	convert_check_sections(o, result->decisions, rq->findings);
	if (!findings_refuse(rq->findings))
		err = write_module(o, &annotations, rq, result);
	annotations_free(&annotations);
	return err;
}

void convert_result_free(struct convert_result *r)
{
	free(r->module);
	klp_decisions_free(r->decisions, r->nsymbols);
	*r = (struct convert_result) {0};
}
