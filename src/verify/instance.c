// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/instance.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "verify/relations.h"
#include "verify/searched.h"

static const double timeout = 120;

/* All that could call a function does: what cannot be excluded is in. */
#define ANY_CONTEXT                                                              \
	"#define FROM_TASK(f) true\n#define FROM_KTHREAD(f) true\n"              \
	"#define FROM_IDLE(f) true\n#define FROM_IRQ(f) true\n"
#define ONE_OF_EACH "-DUSERS=1 -DKTHREADS=1 -DIDLES=1 -DONE_TASK"

static void add_names(struct instance *i, const struct verification *v, const struct relations *r)
{
	for (size_t k = 0; k < r->n; k++)
		str_add(&i->names, "/* name %zu %s */\n", k, v->lp.functions.at[k].name);
}

/* "((f) == 0 && (v) == 1 && (g) == 2) || ..." of what is true; "false" when nothing is. */
static void add_calls(struct instance *i, const struct relations *r)
{
	const char *or = "";

	str_add(&i->text, "#define CALLS(f, v, g) (");
	for (unsigned int version = 0; version < 2; version++)
		for (size_t a = 0; a < r->n; a++)
			for (size_t b = 0; b < r->n; b++) {
				if (!r->calls[version][a][b])
					continue;
				str_add(&i->text, "%s((f) == %zu && (v) == %u && (g) == %zu)", or, a, version, b);
				or = " || ";
			}
	str_add(&i->text, "%s)\n", *or ? "" : "false");
}

static void add_sleeps(struct instance *i, const struct relations *r)
{
	const char *or = "";

	str_add(&i->text, "#define SLEEPS(f, v) (");
	for (unsigned int version = 0; version < 2; version++)
		for (size_t a = 0; a < r->n; a++) {
			if (!r->sleeps[version][a])
				continue;
			str_add(&i->text, "%s((f) == %zu && (v) == %u)", or, a, version);
			or = " || ";
		}
	str_add(&i->text, "%s)\n", *or ? "" : "false");
}

void instance_safety(const struct verification *v, const struct relations *r, const char *extra,
		     struct instance *i)
{
	*i = (struct instance){ .kind = CHECK_SAFETY };
	if (r->n <= RELATED) {
		add_names(i, v, r);
		str_add(&i->text, "#define NF %zu\n", r->n);
		add_calls(i, r);
		add_sleeps(i, r);
	} else {
		str_add(&i->text, "#define NF 2\n#define CALLS(f, v, g) ((f) != (g))\n"
				  "#define SLEEPS(f, v) true\n");
	}
	str_add(&i->text, ANY_CONTEXT "#define IN_PATCH(p, f) ((p) == 1)\n#define IN_MODULE(f) false\n"
			  "#define AGREE(f, g) false\n");
	str_add(&i->switches, ONE_OF_EACH " -DREVERSALS=1%s", extra);
}

/*
 * One function stands for all: that a system call or a round of a kernel thread makes finitely many calls
 * is assumed, so who calls whom does not matter.
 */
void instance_liveness(const char *stays, const char *extra, struct instance *i)
{
	*i = (struct instance){ .kind = CHECK_LIVENESS };
	if (stays)
		str_add(&i->names, "/* name 1 %s */\n", stays);
	if (stays)
		str_add(&i->text, "#define NF 2\n#define CALLS(f, v, g) ((f) == 1)\n"
				  "#define FROM_TASK(f) ((f) == 0)\n#define FROM_KTHREAD(f) true\n"
				  "#define FROM_IDLE(f) ((f) == 0)\n#define FROM_IRQ(f) false\n"
				  "#define STAYS(f, v) ((f) == 1)\n");
	else
		str_add(&i->text, "#define NF 1\n#define CALLS(f, v, g) false\n" ANY_CONTEXT);
	str_add(&i->text, "#define IN_PATCH(p, f) ((p) == 1)\n#define IN_MODULE(f) false\n"
			  "#define SLEEPS(f, v) true\n#define AGREE(f, g) false\n");
	str_add(&i->switches, "%s -DREVERSALS=0 -DLIVE -DRESTING%s",
		stays ? "-DUSERS=0 -DKTHREADS=1" : ONE_OF_EACH, extra);
}

void instance_meeting(const struct meeting *m, const char *extra, struct instance *i)
{
	*i = (struct instance){ .kind = CHECK_SAFETY };
	str_add(&i->names, "/* name 0 %s */\n/* name 1 %s */\n/* name 2 %s */\n", m->first, m->second, m->caller);
	str_add(&i->text, "#define NF 3\n#define IN_PATCH(p, f) ((p) == 1%s)\n", m->replaced ? "" : " && (f) < 2");
	str_add(&i->text, "#define CALLS(f, v, g) ((f) == 2)\n#define FROM_TASK(f) ((f) == 2)\n"
			  "#define FROM_KTHREAD(f) ((f) == 2)\n#define FROM_IDLE(f) false\n");
	str_add(&i->text, "#define FROM_IRQ(f) %s\n#define SLEEPS(f, v) %s\n",
		m->sleeps ? "false" : "((f) == 2)", m->sleeps ? "true" : "((f) < 2)");
	str_add(&i->text, "#define IN_MODULE(f) false\n#define AGREE(f, g) ((f) == 0 && (g) == 1)\n");
	str_add(&i->switches, "-DUSERS=1 -DKTHREADS=1 -DONE_TASK -DREVERSALS=0 -DAGREEMENT -DORDERED%s", extra);
}

static void hash(struct instance *i)
{
	struct str all = { 0 };

	for (size_t k = 0; k < model_file_count; k++)
		str_add(&all, "%s\n%s", model_files[k].name, model_files[k].text);
	str_add(&all, "%s\n%s", i->switches.s, i->text.s);
	sha256_text(all.s, all.n, i->hash);
	str_free(&all);
}

/* The model and the instance in a directory; switches are those for spin there. */
static struct error *write_model(struct instance *i, char **dir, char **switches)
{
	TRY(temp_dir_new("instance", dir));
	scoped_free char *path = path_join(*dir, "generated.h");
	scoped_free char *text = xasprintf("%s%s", i->names.s ? i->names.s : "", i->text.s);

	TRY(model_write(*dir));
	*switches = xasprintf("%s -DINSTANCE=generated.h", i->switches.s);
	return write_file(path, text, strlen(text));
}

static bool recall(const struct instance_vec *known, struct instance *i)
{
	for (size_t k = 0; k < known->n; k++) {
		if (!streq(known->at[k].hash, i->hash))
			continue;
		i->result = known->at[k].result;
		i->result.violated = xstrdup(i->result.violated);
		return true;
	}
	return false;
}

/* Whoever searched before has to have searched the same, with the same program. */
static struct error *search(bool again, struct instance *i)
{
	scoped_temp_dir char *dir = NULL;
	scoped_free char *switches = NULL, *version = search_version();
	scoped_free char *key = xasprintf("%s, kind %d, %s", i->hash, i->kind, version ? version : "");

	if (!again && version && searched_before(key, &i->result))
		return NULL;
	TRY(write_model(i, &dir, &switches));
	TRY(search_run(&(struct search){ .model = dir, .switches = switches, .kind = i->kind,
					 .timeout = timeout }, &i->result));
	if (version)
		searched_now(key, &i->result);
	return NULL;
}

struct error *instance_search(struct instance_vec *known, bool again, struct instance *i)
{
	hash(i);
	if (recall(known, i))
		return NULL;
	TRY(search(again, i));
	struct instance *copy = instance_vec_push(known, (struct instance){ .result = i->result });

	memcpy(copy->hash, i->hash, sizeof(i->hash));
	copy->result.violated = xstrdup(i->result.violated);
	return NULL;
}

void instances_free(struct instance_vec *known)
{
	for (size_t k = 0; k < known->n; k++)
		instance_free(&known->at[k]);
	instance_vec_free(known);
}

struct error *instance_story(struct instance *i, const char *indent, struct str *story)
{
	scoped_temp_dir char *dir = NULL;
	scoped_free char *switches = NULL;
	scoped_story_names struct story_names names = { 0 };
	scoped_str struct str text = { 0 };
	double cpu;

	if (i->names.s)
		story_names_read(i->names.s, &names);
	TRY(write_model(i, &dir, &switches));
	TRY(search_story(&(struct search){ .model = dir, .switches = switches, .kind = i->kind,
					   .timeout = timeout }, &names, &text, &cpu));
	for (char *line = strtok(text.s, "\n"); line; line = strtok(NULL, "\n"))
		str_add(story, "\n%s%s", indent, line);
	return NULL;
}

void instance_free(struct instance *i)
{
	str_free(&i->names);
	str_free(&i->text);
	str_free(&i->switches);
	free(i->result.violated);
	*i = (struct instance){ 0 };
}
