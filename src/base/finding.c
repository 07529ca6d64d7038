// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/finding.h"

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/str.h"

const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "note", "warning", "refusal" };

	return names[severity];
}

struct finding *finding_add(struct finding_vec *list, const char *id, enum severity severity,
			    const char *object, const char *symbol, const char *location,
			    const char *fmt, ...)
{
	struct finding f = {
		.id = id,
		.severity = severity,
		.object = xstrdup(object),
		.symbol = xstrdup(symbol),
		.location = xstrdup(location),
	};
	va_list ap;

	va_start(ap, fmt);
	f.message = xvasprintf(fmt, ap);
	va_end(ap);
	return finding_vec_push(list, f);
}

void finding_way_out(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	free(f->way_out);
	va_start(ap, fmt);
	f->way_out = xvasprintf(fmt, ap);
	va_end(ap);
}

void findings_free(struct finding_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct finding *f = &list->at[i];

		free(f->object);
		free(f->symbol);
		free(f->location);
		free(f->message);
		free(f->way_out);
	}
	finding_vec_free(list);
}

bool findings_refuse(const struct finding_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].severity == SEVERITY_REFUSAL)
			return true;
	return false;
}

void findings_print(const struct finding_vec *list, FILE *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];

		fprintf(out, "%s %s", severity_name(f->severity), f->id);
		if (f->object)
			fprintf(out, " %s", f->object);
		if (f->symbol)
			fprintf(out, "%s%s", f->object ? ":" : " ", f->symbol);
		if (f->location)
			fprintf(out, " (%s)", f->location);
		fprintf(out, ": %s\n", f->message);
		if (f->way_out)
			fprintf(out, "    way out: %s\n", f->way_out);
	}
}

json_t *json_from_text(const char *s)
{
	json_t *json = s ? json_string(s) : json_null();

	if (json)
		return json;
	scoped_free char *copy = xstrdup(s);

	for (char *p = copy; *p; p++)
		if (*p & 0x80)
			*p = '?';
	return json_string(copy);
}

/* Members that are not there are left out. */
static void set_text(json_t *object, const char *key, const char *value)
{
	if (value)
		json_object_set_new(object, key, json_from_text(value));
}

json_t *findings_json(const struct finding_vec *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];
		json_t *object = json_object();

		set_text(object, "id", f->id);
		set_text(object, "severity", severity_name(f->severity));
		set_text(object, "object", f->object);
		set_text(object, "symbol", f->symbol);
		set_text(object, "location", f->location);
		set_text(object, "message", f->message);
		set_text(object, "way_out", f->way_out);
		json_array_append_new(array, object);
	}
	return array;
}
