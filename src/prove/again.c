// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left of a proof: a second look, and what is reported. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "prove/prove.h"

/* GCC 12, "Options That Control Optimization". What is declared inline still is. */
const char *const prove_alone_flags[] = {
	"-fno-ipa-cp", "-fno-ipa-vrp", "-fno-ipa-bit-cp", "-fno-ipa-sra", "-fno-ipa-icf", "-fno-ipa-ra",
	"-fno-ipa-reference", "-fno-ipa-pure-const", "-fno-ipa-modref", "-fno-partial-inlining",
	"-fno-inline-functions", "-fno-inline-small-functions", "-fno-inline-functions-called-once", "-fno-inline", NULL,
};

static bool has(const struct str_vec *list, const char *name, size_t n)
{
	for (size_t i = 0; i < list->n; i++)
		if (strlen(list->at[i]) == n && strncmp(list->at[i], name, n) == 0)
			return true;
	return false;
}

/* "f: not explained: without x" → "f: interprocedural: without x" */
static void reword(struct proof *proof, const char *function)
{
	scoped_free char *start = xasprintf("%s: %s", function, prove_class_name(PROVE_UNEXPLAINED));

	for (size_t i = 0; i < proof->lines.n; i++) {
		char *line = proof->lines.at[i];

		if (!starts_with(line, start))
			continue;
		proof->lines.at[i] = xasprintf("%s: %s%s", function, prove_class_name(PROVE_ALONE),
					       line + strlen(start));
		free(line);
	}
}

void prove_second_look(struct proof *proof, const struct proof *again)
{
	size_t kept = 0;

	if (again->unexplained.n)
		return;
	for (size_t i = 0; i < proof->unexplained.n; i++) {
		char *name = proof->unexplained.at[i];

		if (!has(&again->compared, name, strcspn(name, "."))) {
			proof->unexplained.at[kept++] = name;
			continue;
		}
		proof->count[PROVE_UNEXPLAINED]--;
		proof->count[PROVE_ALONE]++;
		reword(proof, name);
		free(name);
	}
	proof->unexplained.n = kept;
}

/* What its line says. */
static const char *detail_of(const struct proof *proof, const char *function)
{
	scoped_free char *start = xasprintf("%s: %s: ", function, prove_class_name(PROVE_UNEXPLAINED));

	for (size_t i = 0; i < proof->lines.n; i++)
		if (starts_with(proof->lines.at[i], start))
			return proof->lines.at[i] + strlen(start);
	return "";
}

void prove_report(const struct prove_request *rq, const struct proof *proof)
{
	for (size_t i = 0; i < proof->unexplained.n; i++) {
		const char *name = proof->unexplained.at[i];
		struct finding *f = finding_add(
			rq->findings, "M30", SEVERITY_REFUSAL, rq->resolver->kobject, name, NULL,
			"the function compiled from the livepatch's source differs from the %s unit's in "
			"what it refers to: %s", rq->patched ? "patched" : "original",
			detail_of(proof, name));

		finding_way_out(f, "look at the function in both sources, and waive the finding in the "
				   "description ([waive M30]) if it is harmless; or build the livepatch "
				   "from objects");
	}
}
