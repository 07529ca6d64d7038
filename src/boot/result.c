// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/boot.h"

#include "base/str.h"

void boot_result_free(struct boot_result *result)
{
	free(result->before);
	free(result->with);
	free(result->after);
	for (size_t i = 0; i < result->steps.n; i++)
		free(result->steps.at[i].name);
	boot_step_vec_free(&result->steps);
	findings_free(&result->findings);
	*result = (struct boot_result){ 0 };
}

/* Length of the UTF-8 sequence that p begins with, 0 if there is none; overlong forms, surrogates and
 * what lies beyond U+10FFFF do not count. */
static size_t utf8_length(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, second_min, second_max, more;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 0 },       { 0xc2, 0xdf, 0x80, 0xbf, 1 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 2 }, { 0xe1, 0xec, 0x80, 0xbf, 2 },
		{ 0xed, 0xed, 0x80, 0x9f, 2 }, { 0xee, 0xef, 0x80, 0xbf, 2 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 3 }, { 0xf1, 0xf3, 0x80, 0xbf, 3 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		if (forms[i].more && (p[1] < forms[i].second_min || p[1] > forms[i].second_max))
			return 0;
		for (unsigned int k = 2; k <= forms[i].more; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return 1 + forms[i].more;
	}
	return 0;
}

static json_t *json_text(const char *text)
{
	scoped_str struct str clean = { 0 };

	if (!text)
		return json_null();
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t n = utf8_length(p);

		if (n)
			str_add_bytes(&clean, p, n);
		else
			str_add(&clean, "\xef\xbf\xbd");
		p += n ? n : 1;
	}
	return json_string(clean.s ? clean.s : "");
}

static json_t *json_seconds(double seconds)
{
	return seconds < 0 ? json_null() : json_real(seconds);
}

static json_t *json_steps(const struct boot_step_vec *steps)
{
	json_t *array = json_array();

	for (size_t i = 0; i < steps->n; i++)
		json_array_append_new(array, json_pack("{so sf}", "step",
						       json_text(steps->at[i].name), "at",
						       steps->at[i].at));
	return array;
}

/* The console may hold any bytes, so that messages have to be cleaned like output. */
static json_t *json_findings(const struct finding_vec *findings)
{
	struct finding_vec clean = { 0 };
	json_t *array;

	for (size_t i = 0; i < findings->n; i++) {
		struct finding f = findings->at[i];
		json_t *message = json_text(f.message);

		finding_add(&clean, f.id, f.severity, f.object, f.symbol, f.location, "%s",
			    json_string_value(message));
		json_decref(message);
	}
	array = findings_json(&clean);
	findings_free(&clean);
	return array;
}

json_t *boot_result_json(const struct boot_result *r)
{
	return json_pack("{sb sb so so so so si so so so so so}", "ok", r->ok, "restored", r->restored,
			 "boot_seconds", json_seconds(r->boot_seconds),
			 "total_seconds", json_seconds(r->total_seconds),
			 "transition_seconds", json_seconds(r->transition_seconds),
			 "untransition_seconds", json_seconds(r->untransition_seconds),
			 "rounds_done", (int)r->rounds_done, "steps", json_steps(&r->steps),
			 "before", json_text(r->before), "with", json_text(r->with),
			 "after", json_text(r->after), "findings", json_findings(&r->findings));
}
