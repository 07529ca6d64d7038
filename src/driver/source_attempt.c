// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of one unit: extracted, compiled, held against the unit. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "convert/annotations.h"
#include "driver/source.h"

/* One text: of a unit with the fix, or without it. */
struct attempt {
	const struct patch_source_request *rq;
	struct source_unit *unit;
	struct fate_unit fates;
	struct extract_result result;
	const char *farm;
	bool patched;
	bool generous;        /* the shorter text did not compile */
	bool made;            /* it compiles, and was held against the unit */
	struct proof proof;
	struct finding_vec said;  /* about the text */
	struct finding_vec found; /* about its proof */
	char *name;           /* of the files in the scratch directory */
	char *object, *output;
	struct str_vec more;  /* undefined names that a compile brought up */
};

/* ---- text ---- */

/* The place behind the last #include that stands at the beginning of a line. */
static size_t behind_includes(const char *text)
{
	const char *last = NULL;

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (starts_with(p, "#include"))
			last = p;
	}
	if (!last)
		return 0;
	return last + strcspn(last, "\n") - text + (last[strcspn(last, "\n")] == '\n');
}

static void insert(struct attempt *a, size_t at, const char *text)
{
	char *whole = xasprintf("%.*s%s%s", (int)at, a->result.text, text, a->result.text + at);

	free(a->result.text);
	a->result.text = whole;
	for (size_t i = 0; i < a->result.places.n; i++)
		if (a->result.places.at[i].at >= at)
			a->result.places.at[i].at += strlen(text);
}

static void insert_before_functions(struct attempt *a, const char *text)
{
	const char *first = strstr(a->result.text, "\n/* livepatch: replaces ");

	insert(a, first ? (size_t)(first + 1 - a->result.text) : strlen(a->result.text), text);
}

static void insert_texts(struct attempt *a)
{
	scoped_free char *includes = patch_source_after_includes(&a->fates);
	scoped_free char *functions = patch_source_before_functions(&a->fates);

	insert(a, behind_includes(a->result.text), includes);
	insert_before_functions(a, functions);
}

/* The text as it is compiled for the proof: __LINE__ and __FILE__ are those of the unit. */
static char *with_positions(const char *head, const struct extract_result *result)
{
	struct str out = { 0 };
	size_t at = 0;

	str_add(&out, "%s\n", head);
	for (size_t i = 0; i < result->places.n; i++) {
		const struct text_place *p = &result->places.at[i];

		str_add_bytes(&out, result->text + at, p->at - at);
		str_add(&out, "#line %u \"%s\"\n", p->line, p->file);
		at = p->at;
	}
	str_add(&out, "%s", result->text + at);
	return out.s;
}

/* ---- extracting ---- */

static struct error *extract(struct attempt *a)
{
	SCOPED(str_vec_free) struct str_vec functions = { 0 };
	scoped_free char *dir = path_join(a->rq->workdir, a->name);

	for (size_t i = 0; i < a->unit->set.list.n; i++)
		str_vec_push(&functions, a->unit->set.list.at[i].name);
	TRY(make_dirs(dir));
	struct extract_request rq = {
		.target = a->rq->target, .command = a->unit->command, .farm = a->farm,
		.workdir = dir, .functions = &functions, .fate_of = fate_of_binary,
		.fate_arg = &a->fates, .undefined = &a->fates.undefined,
		.generous = a->generous,
		.findings = &a->said,
	};

	extract_result_free(&a->result);
	return error_context(extract_unit(&rq, &a->result), "%s", a->unit->pair->unit->source);
}

static void take_new_names(struct attempt *a)
{
	for (size_t i = 0; i < a->result.replaced.n; i++) {
		const struct extract_replaced *e = &a->result.replaced.at[i];
		const struct replacement *r = replacements_find(&a->unit->set, e->name);

		if (!r || streq(r->new_name, e->new_name))
			continue;
		free(r->new_name);
		((struct replacement *)r)->new_name = xstrdup(e->new_name);
	}
}

static struct error *compile_with(struct attempt *a, const char *const *flags, const char *suffix,
				  char **object, char **output)
{
	scoped_free char *head = patch_source_head(a->rq, a->unit, a->result.text);
	scoped_free char *text = with_positions(head, &a->result);
	scoped_free char *headers = path_join(a->rq->workdir, "headers");
	scoped_free char *name = xasprintf("%s%s", a->name, suffix);

	return prove_compile(&(struct prove_compile){
		.target = a->rq->target, .command = a->unit->command, .text = text,
		.include_dir = headers, .workdir = a->rq->workdir, .name = name,
		.flags = flags }, object, output);
}

static struct error *compile(struct attempt *a)
{
	double before = children_cpu_seconds();

	free(a->object);
	free(a->output);
	TRY(compile_with(a, NULL, "", &a->object, &a->output));
	a->unit->cpu += children_cpu_seconds() - before;
	return NULL;
}

static void does_not_compile(struct attempt *a)
{
	struct finding *f = finding_add(&a->found, "M32", SEVERITY_REFUSAL,
					a->unit->pair->unit->kobject, NULL,
					a->unit->pair->unit->source,
					"the livepatch's source of this unit does not compile: %s",
					a->output);

	finding_way_out(f, "build the livepatch from objects");
}

static void warns(struct attempt *a)
{
	const char *first = strstr(a->output, "warning:");

	if (!first)
		return;
	struct finding *f = finding_add(&a->said, "M31", SEVERITY_WARNING,
					a->unit->pair->unit->kobject, NULL,
					a->unit->pair->unit->source,
					"the compiler warns of the livepatch's source: %.*s",
					(int)strcspn(first, "\n"), first);

	finding_way_out(f, "look at the place; Kbuild stops there with -Werror");
}

static void annotate(struct attempt *a, const char *name, struct str *out)
{
	struct name_fate fate;

	fate_of_symbol(&a->fates, name, &fate);
	if (fate.fate == FATE_KLP && fate.link_name)
		str_add(out, "extern typeof(%s) %s __asm__(\"%s\");\n", name, name, fate.link_name);
	if (fate.fate == FATE_KLP && fate.patched)
		str_add(out, "SUTURE_KLP_FOR(%s, %s, %s, %s, %u);\n", fate.patched,
			fate.link_name ? fate.link_name : name, fate.object, fate.symbol,
			fate.position);
	else if (fate.fate == FATE_KLP)
		str_add(out, "SUTURE_KLP_ALIAS(%s, %s, %s, %u);\n",
			fate.link_name ? fate.link_name : name, fate.object, fate.symbol,
			fate.position);
	name_fate_free(&fate);
}

/* Lines for undefined symbols of the compiled text that are neither exported nor annotated there. */
static struct error *annotate_rest(struct attempt *a, struct str *out)
{
	const struct resolver *r = &a->unit->pair->resolver;
	scoped_object struct object *o = NULL;
	struct finding_vec ignored = { 0 };
	struct annotations known;

	TRY(object_read(a->object, &o));
	annotations_read(o, &known, &ignored);
	for (size_t i = 1; i < o->nsymbols; i++) {
		const struct obj_symbol *s = &o->symbols[i];

		if (s->shndx == SHN_UNDEF && *s->name && !known.at[i].object &&
		    !export_find(r->exports, s->name))
			annotate(a, *str_vec_push(&a->more, xstrdup(s->name)), out);
	}
	annotations_free(&known);
	findings_free(&ignored);
	return NULL;
}

/* The closed loop: what only inline functions of headers refer to is annotated, and compiled again. */
static struct error *make_text_once(struct attempt *a)
{
	scoped_str struct str more = { 0 };

	TRY(extract(a));
	if (!a->result.text)
		return NULL;
	take_new_names(a);
	insert_texts(a);
	TRY(compile(a));
	if (a->object)
		TRY(annotate_rest(a, &more));
	if (more.n) {
		str_add(&more, "\n");
		scoped_free char *lines = xasprintf("%s%s", strstr(a->result.text,
							   "#include <suture/livepatch.h>") ? "" :
						    "#include <suture/livepatch.h>\n\n", more.s);

		insert_before_functions(a, lines);
		TRY(check_interrupted());
		TRY(compile(a));
	}
	return NULL;
}

/* What is left out is decided by names alone: if that was too much, it is not left out. */
static struct error *make_text(struct attempt *a)
{
	TRY(make_text_once(a));
	if (!a->result.text)
		return NULL;
	if (!a->object) {
		TRY(check_interrupted());
		a->generous = true;
		TRY(make_text_once(a));
	}
	if (!a->object)
		does_not_compile(a);
	else
		warns(a);
	return NULL;
}

/*
 * Differences that are not explained: often the compiler knew more of the function's callers in the unit. Both are
 * compiled once more so that it does not. If that is not possible, they stay what they are.
 */
static struct error *look_again(struct attempt *a, const struct prove_request *first,
				struct proof *proof)
{
	struct prove_request rq = *first;
	struct finding_vec ignored = { 0 };
	scoped_free char *reference = NULL, *extraction = NULL, *output = NULL;
	scoped_object struct object *o = NULL;
	struct model *like = NULL;
	struct proof again = { 0 };
	const struct unit *unit = a->unit->pair->unit;
	bool patched = a->patched && a->farm;

	TRY(patched ? unit_recompile_patched(a->rq->target, unit, a->rq->workdir, prove_alone_flags,
					     &reference) :
		      unit_recompile_original(a->rq->target, unit, a->rq->workdir, prove_alone_flags,
					      &reference));
	TRY(compile_with(a, prove_alone_flags, "-alone", &extraction, &output));
	TRY(object_read(reference, &o));
	struct error *err = extraction ? model_new(o, &ignored, &like) : NULL;

	rq.reference = reference;
	rq.extraction = extraction;
	rq.like = like;
	rq.findings = &ignored;
	if (!err && like)
		err = prove(&rq, &again);
	if (!err && like)
		prove_second_look(proof, &again);
	model_free(like);
	proof_free(&again);
	findings_free(&ignored);
	return err;
}

static struct error *hold_against_unit(struct attempt *a)
{
	const struct pair *p = a->unit->pair;
	struct prove_request rq = {
		.reference = a->patched ? p->unit->patched : p->unit->original,
		.model = a->patched ? p->b : p->a, .extraction = a->object, .set = &a->unit->set,
		.resolver = &p->resolver, .patched = a->patched, .silenced = a->fates.silenced.n > 0,
		.findings = &a->found,
	};

	TRY(prove(&rq, &a->proof));
	if (a->proof.unexplained.n) {
		TRY(check_interrupted());
		error_free(look_again(a, &rq, &a->proof));
		TRY(check_interrupted());
	}
	prove_report(&rq, &a->proof);
	a->made = true;
	return NULL;
}

static void attempt_free(struct attempt *a)
{
	fate_unit_free(&a->fates);
	extract_result_free(&a->result);
	free(a->name);
	free(a->object);
	free(a->output);
	str_vec_free_all(&a->more);
	findings_free(&a->said);
	findings_free(&a->found);
	proof_free(&a->proof);
}

/* A local symbol's name in one livepatch with several units: "tcp_input" of net/ipv4/tcp_input.c. */
static char *unit_prefix(const struct patch_source *s, const struct source_unit *u)
{
	const char *base = path_basename(u->pair->unit->source);

	return s->units.n < 2 ? NULL : xstrndup(base, strcspn(base, "."));
}

static struct error *attempt_make(struct attempt *a, const char *prefix, bool refer)
{
	const struct pair *p = a->unit->pair;

	fate_unit_init(&a->fates, a->patched ? p->b : p->a, &p->resolver, &a->unit->set, prefix, &a->said);
	a->fates.refer = refer;
	TRY(make_text(a));
	return a->object ? hold_against_unit(a) : NULL;
}

/* ---- helpers that are reached, or copied ---- */

static bool is_refused(const struct attempt *a)
{
	return !a->made || findings_refuse(&a->said) || findings_refuse(&a->found);
}

/* Functions of a class that is not as good as `class`. */
static size_t worse_than(const struct attempt *a, enum prove_class class)
{
	size_t n = 0;

	for (enum prove_class c = class + 1; c < PROVE_CLASSES; c++)
		n += a->proof.count[c];
	return n;
}

static bool copies_referable(const struct attempt *a)
{
	for (size_t i = 0; i < a->result.decisions.n; i++) {
		const struct extract_decision *d = &a->result.decisions.at[i];

		if (starts_with(d->what, "function ") && streq(d->how, "copied") &&
		    map_has(&a->fates.referable, d->what + strlen("function ")))
			return true;
	}
	return false;
}

/*
 * What the compiler put in line is copied, so that the livepatch has the kernel's code. Where it has not all
 * the same, or the copy is refused, those helpers that serve any caller may as well be called.
 */
static bool is_worth_another(const struct attempt *a)
{
	return !a->fates.refer && (is_refused(a) || worse_than(a, PROVE_REGISTERS)) &&
	       copies_referable(a);
}

/* No function more may differ from the kernel's, and none in a worse class. */
static bool is_better(const struct attempt *b, const struct attempt *a)
{
	if (is_refused(a) || is_refused(b))
		return !is_refused(b);
	for (enum prove_class c = PROVE_ENDBR; c < PROVE_UNEXPLAINED; c++)
		if (worse_than(b, c) > worse_than(a, c))
			return false;
	return strlen(b->result.text) < strlen(a->result.text);
}

static void move_findings(struct finding_vec *from, struct finding_vec *to)
{
	for (size_t i = 0; i < from->n; i++)
		finding_vec_push(to, from->at[i]);
	from->n = 0;
}

static void settle(struct attempt *a, bool keep)
{
	struct source_unit *u = a->unit;

	if (a->made) {
		*(a->patched ? &u->patched : &u->original) = a->proof;
		*(a->patched ? &u->has_patched : &u->has_original) = true;
		a->proof = (struct proof){ 0 };
	}
	if (keep) {
		move_findings(&a->said, a->rq->findings);
		extract_result_free(&u->result);
		u->result = a->result;
		a->result = (struct extract_result){ 0 };
	}
	move_findings(&a->found, a->rq->findings);
}

struct error *patch_source_attempt(const struct patch_source_request *rq, const struct patch_source *s,
				   struct source_unit *u, bool patched, const char *farm, bool keep)
{
	scoped_free char *prefix = unit_prefix(s, u);
	const char *what = patched ? "patched" : "original";
	size_t number = u - s->units.at;
	SCOPED(attempt_free) struct attempt a = {
		.rq = rq, .unit = u, .farm = patched ? farm : NULL, .patched = patched,
		.name = xasprintf("unit%zu-%s", number, what),
	};
	SCOPED(attempt_free) struct attempt b = {
		.rq = rq, .unit = u, .farm = a.farm, .patched = patched,
		.name = xasprintf("unit%zu-%s-refer", number, what),
	};
	struct error *err = attempt_make(&a, prefix, u->refer);

	if (!err && keep && is_worth_another(&a)) {
		err = attempt_make(&b, prefix, true);
		u->refer = !err && is_better(&b, &a);
		b.result.cpp_cpu += a.result.cpp_cpu;
		a.result.cpp_cpu = b.result.cpp_cpu;
	}
	settle(u->refer && b.made ? &b : &a, keep);
	return err;
}
