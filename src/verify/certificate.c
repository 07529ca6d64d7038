// SPDX-License-Identifier: GPL-2.0-or-later
/* The certificate as text and as JSON, and checking one again. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "config.h"
#include "verify/verify.h"

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = { "proved", "open", "refuted" };

	return names[v];
}

void certificate_free(struct certificate *c)
{
	for (size_t i = 0; i < OBLIGATIONS; i++)
		findings_free(&c->obligations[i].statements);
	str_vec_free_all(&c->fixes);
	str_vec_free_all(&c->fix_sha256);
	str_vec_free_all(&c->replaced);
	free(c->module);
	free(c->module_sha256);
	free(c->description);
	free(c->description_sha256);
	free(c->target);
	free(c->build_id);
	free(c->compiler);
	*c = (struct certificate){ 0 };
}

enum verdict certificate_verdict(const struct certificate *c)
{
	enum verdict worst = PROVED;

	for (size_t i = 0; i < OBLIGATIONS; i++)
		if (c->obligations[i].verdict > worst)
			worst = c->obligations[i].verdict;
	return worst;
}

/* ---- text ---- */

static const char *mark(enum severity severity)
{
	return severity == SEVERITY_REFUSAL ? "refuted" : severity == SEVERITY_WARNING ? "open" : "evidence";
}

static void print_statement(const struct finding *f, FILE *out)
{
	fprintf(out, "        %s: ", mark(f->severity));
	if (f->object)
		fprintf(out, "%s: ", f->object);
	if (f->symbol)
		fprintf(out, "%s: ", f->symbol);
	if (f->location)
		fprintf(out, "%s: ", f->location);
	fprintf(out, "%s\n", f->message);
}

void certificate_print(const struct certificate *c, FILE *out)
{
	unsigned int count[3] = { 0 };

	fprintf(out, "%s on %s\n", c->module, c->target);
	for (size_t i = 0; i < c->replaced.n; i++)
		fprintf(out, "    replaces %s\n", c->replaced.at[i]);
	for (size_t i = 0; i < OBLIGATIONS; i++) {
		const struct obligation *o = &c->obligations[i];

		count[o->verdict]++;
		fprintf(out, "%-4s %-8s %s\n", o->id, verdict_name(o->verdict), o->title);
		for (size_t k = 0; k < o->statements.n; k++)
			print_statement(&o->statements.at[k], out);
	}
	fprintf(out, "%u proved, %u open, %u refuted; %.1f s (%.1f s CPU, %.1f s of it compiler and tools)\n",
		count[PROVED], count[OPEN], count[REFUTED], c->seconds, c->cpu_own + c->cpu_tools,
		c->cpu_tools);
}

/* ---- JSON ---- */

static json_t *file_json(const char *path, const char *sha256)
{
	return json_pack("{s:s, s:s}", "path", path, "sha256", sha256);
}

static json_t *inputs_json(const struct certificate *c)
{
	json_t *fixes = json_array();

	for (size_t i = 0; i < c->fixes.n; i++)
		json_array_append_new(fixes, file_json(c->fixes.at[i], c->fix_sha256.at[i]));
	json_t *description = c->description ? file_json(c->description, c->description_sha256) : json_null();

	return json_pack("{s:o, s:o, s:o, s:{s:s, s:s, s:s}}", "description", description, "livepatch", file_json(c->module, c->module_sha256),
			 "fix", fixes, "target", "name", c->target, "build-id", c->build_id, "compiler",
			 c->compiler);
}

static json_t *obligations_json(const struct certificate *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < OBLIGATIONS; i++) {
		const struct obligation *o = &c->obligations[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "id", o->id, "title", o->title,
						      "verdict", verdict_name(o->verdict), "statements",
						      findings_json(&o->statements)));
	}
	return list;
}

json_t *certificate_json(const struct certificate *c)
{
	json_t *replaced = json_array();

	for (size_t i = 0; i < c->replaced.n; i++)
		json_array_append_new(replaced, json_string(c->replaced.at[i]));
	return json_pack("{s:i, s:s, s:o, s:o, s:s, s:o, s:{s:f, s:f}}", "suture-certificate", 1, "version",
			 SUTURE_VERSION, "inputs", inputs_json(c), "replaced", replaced, "verdict",
			 verdict_name(certificate_verdict(c)), "obligations", obligations_json(c), "cpu",
			 "own", c->cpu_own, "tools", c->cpu_tools);
}

/* ---- replay ---- */

static struct error *bad(const char *path, const char *what)
{
	return error_new("V13", "%s: %s", path, what);
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* The same files, by their hashes, as when the certificate was made. */
static struct error *check_inputs(const char *path, const json_t *was, const json_t *is)
{
	if (strcmp(text_at(json_object_get(was, "livepatch"), "sha256"),
		   text_at(json_object_get(is, "livepatch"), "sha256")))
		return bad(path, "the livepatch is not the one that was verified");
	for (size_t i = 0; i < json_array_size(json_object_get(is, "fix")); i++)
		if (strcmp(text_at(json_array_get(json_object_get(was, "fix"), i), "sha256"),
			   text_at(json_array_get(json_object_get(is, "fix"), i), "sha256")))
			return bad(path, "the fix is not the one that was verified against");
	if (strcmp(text_at(json_object_get(was, "description"), "sha256"),
		   text_at(json_object_get(is, "description"), "sha256")))
		return bad(path, "the description is not the one that was there");
	if (!json_equal(json_object_get(was, "target"), json_object_get(is, "target")))
		return bad(path, "the target's kernel or compiler is another one");
	return NULL;
}

static struct error *compare(const char *path, const json_t *was, const struct certificate *now)
{
	json_t *is = certificate_json(now);
	struct error *err = check_inputs(path, json_object_get(was, "inputs"), json_object_get(is, "inputs"));

	for (size_t i = 0; !err && i < OBLIGATIONS; i++) {
		const json_t *a = json_array_get(json_object_get(was, "obligations"), i);
		const json_t *b = json_array_get(json_object_get(is, "obligations"), i);

		if (!json_equal(a, b))
			err = error_new("V13", "%s: %s was %s and is %s, or for another reason", path,
					now->obligations[i].id, text_at(a, "verdict"), text_at(b, "verdict"));
	}
	if (!err && strcmp(text_at(was, "verdict"), text_at(is, "verdict")))
		err = bad(path, "the verdict is not what the obligations say");
	json_decref(is);
	return err;
}

static struct error *replay(const char *path, const json_t *was, struct certificate *now)
{
	const json_t *inputs = json_object_get(was, "inputs"), *fix = json_object_get(inputs, "fix");
	scoped_target struct target *target = NULL;
	SCOPED(str_vec_free) struct str_vec fixes = { 0 };

	if (json_integer_value(json_object_get(was, "suture-certificate")) != 1 || !json_array_size(fix))
		return bad(path, "not a certificate");
	for (size_t i = 0; i < json_array_size(fix); i++)
		str_vec_push(&fixes, (char *)text_at(json_array_get(fix, i), "path"));
	TRY(target_open(text_at(json_object_get(inputs, "target"), "name"), &target));
	const struct verify_request rq = {
		.target = target, .module = text_at(json_object_get(inputs, "livepatch"), "path"),
		.fixes = fixes.at, .nfixes = fixes.n,
		.description = json_string_value(json_object_get(json_object_get(inputs, "description"), "path")),
		.again = true,
	};

	TRY(verify(&rq, now));
	return compare(path, was, now);
}

struct error *certificate_replay(const char *path, struct certificate *now)
{
	scoped_free char *text = NULL;
	json_error_t where;

	*now = (struct certificate){ 0 };
	TRY(read_file(path, &text, NULL));
	json_t *was = text ? json_loads(text, 0, &where) : NULL;

	if (!was)
		return bad(path, "not JSON");
	struct error *err = replay(path, was, now);

	json_decref(was);
	return err;
}
