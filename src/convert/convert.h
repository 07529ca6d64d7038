// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a livepatch module that was written by hand and linked by Kbuild, in which references to
 * unexported symbols are still undefined, to one that the kernel loads: each reference is found in
 * the symbol list and becomes a livepatch symbol (docs/convert.md).
 */
#ifndef SUTURE_CONVERT_CONVERT_H
#define SUTURE_CONVERT_CONVERT_H

#include "base/error.h"
#include "base/finding.h"
#include "convert/annotations.h"
#include "convert/rewrite.h"
#include "convert/symbols.h"

struct convert_request {
	const char *name; /* of the module's file, for messages */
	void *data;	  /* stays the caller's, unchanged */
	size_t size;
	const struct symlist *symbols;
	struct finding_vec *findings; /* K1 ... K9, K12, B5, N5, X1, X4, X10 */
	/* What became of a name that the list does not have: a part of a sentence that begins with "; ",
	 * the convert stage frees it; NULL: not known. May be NULL (impact/whereabouts.h). */
	char *(*whereabouts)(const char *name, void *context);
	void *context;
};

struct convert_result {
	char *module; /* NULL when a finding refuses it; free() */
	size_t size;
	struct klp_decision *decisions; /* for each of nsymbols symbols */
	size_t nsymbols;
	size_t exported;  /* undefined symbols that stay as they are */
	size_t converted; /* symbols that became livepatch symbols */
};

/*
 * Converts in memory. Errors: D1, D2, D3, B3 (not a module that can be understood), K5 (not a
 * livepatch), K6 (signed), K11 (converted in part). A module without anything to convert comes out as it went in.
 */
struct error *convert_module(const struct convert_request *request, struct convert_result *result);
void convert_result_free(struct convert_result *result);

/* Private to this directory: what becomes of each undefined symbol (decide.c). */
void convert_decide(const struct object *object, const struct annotations *annotations,
		    const struct convert_request *request, struct convert_result *result);
/* Do the names fit what the loader of the list's kernel reads (decide.c)? N5. */
void convert_check_names(const struct symlist *list, const struct klp_decision *names,
			 const char *symbol, struct finding_vec *findings);
/* Which of the decisions come too late for the section that needs them (too_late.c). */
void convert_check_sections(const struct object *object, const struct klp_decision *decisions,
			    struct finding_vec *findings);
/* What the module has that no loader takes (loadable.c): K12. */
void convert_check_loadable(const struct object *object, struct finding_vec *findings);
/* What it has of livepatch symbols and relocations already (existing.c): B5, K3, X10. */
void convert_check_existing(const struct object *object, const struct convert_request *request);
/* What an unknown name may have become: a sentence for K1; the caller's (near.c). */
char *convert_near(const struct symlist *symbols, const char *name);

#endif
