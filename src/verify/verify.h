// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Translation validation: is a livepatch module, taken as the bytes that the kernel will load, the
 * difference between the running kernel K and the kernel P that the fix gives? The module may have been
 * made by anybody: nothing that the builder knew is used, only the shared reader of objects, the
 * target's tables and the comparison of rebuilt originals with the shipped image.
 *
 * The answer is a list of obligations (docs/verify.md), each with what speaks for or against it.
 */
#ifndef SUTURE_VERIFY_VERIFY_H
#define SUTURE_VERIFY_VERIFY_H

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"
#include "base/finding.h"
#include "target/target.h"

enum { OBLIGATIONS = 12 };

enum verdict { PROVED, OPEN, REFUTED };

/* One obligation when all was looked at. Notes are evidence, warnings open questions, refusals
 * refutations with their witness. The verdict is the worst of them. */
struct obligation {
	char id[8];        /* "O" and the number, from 1; its page is that of "V" and the number */
	const char *title;
	enum verdict verdict;
	struct finding_vec statements; /* ids V1 ... V12: pages in docs/rules */
};

struct verify_request {
	struct target *target;
	const char *module;        /* path of the .ko */
	char *const *fixes;        /* paths of the patch files */
	size_t nfixes;
	const char *description;   /* path; NULL: none (docs/description.md) */
	bool again;                /* nothing that an earlier run found out is taken for known (O8) */
};

/* The answer, and all that is needed to ask again. */
struct certificate {
	char *module, *module_sha256;
	struct str_vec fixes, fix_sha256;
	char *description, *description_sha256; /* NULL: none */
	char *target, *build_id, *compiler;
	struct str_vec replaced;   /* "object:function,position" */
	struct obligation obligations[OBLIGATIONS];
	double seconds, cpu_own, cpu_tools;
};

/*
 * A target and a fix, with the fixed kernel compiled: any number of livepatches can be held against it.
 * Errors (P1, U1, ...) mean that there is nothing to judge by. rq->module does not matter. What rq points
 * to must outlive the verifier; verifier_close() in any case.
 */
struct verifier;
struct error *verifier_open(const struct verify_request *rq, struct verifier **verifier);
/* Errors D1, D2, D3: not a module. What is wrong with the livepatch is in the certificate, which is to be
 * freed in either case. */
struct error *verifier_check(struct verifier *verifier, const char *module,
			     struct certificate *certificate);
void verifier_close(struct verifier *verifier); /* NULL is allowed */
#define scoped_verifier __attribute__((cleanup(cleanup_verifier)))
static inline void cleanup_verifier(struct verifier **v)
{
	verifier_close(*v);
}

/* All at once. */
struct error *verify(const struct verify_request *rq, struct certificate *certificate);
void certificate_free(struct certificate *c);

enum verdict certificate_verdict(const struct certificate *c); /* the worst one */
void certificate_print(const struct certificate *c, FILE *out);
json_t *certificate_json(const struct certificate *c); /* a new reference */
/*
 * Does the certificate in a file still hold? Looks for its inputs (their hashes must be the same),
 * verifies again, compares. Id V13 when it does not; *now is the new one.
 */
struct error *certificate_replay(const char *path, struct certificate *now);

const char *verdict_name(enum verdict v);
void sha256_text(const void *data, size_t size, char text[65]);

#endif
