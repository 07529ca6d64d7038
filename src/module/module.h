// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From livepatch objects to the module: glue source, link by the target's own Kbuild (compiler,
 * objtool, modpost, module.lds), klp symbols and relocations as the last step.
 */
#ifndef SUTURE_MODULE_MODULE_H
#define SUTURE_MODULE_MODULE_H

#include <stdbool.h>

#include "base/error.h"
#include "description/description.h"
#include "diff/closure.h"
#include "target/exports.h"
#include "target/target.h"

struct module_request {
	struct target *target;
	const char *name;                 /* of the module and its file */
	const char *subject;              /* of the fix, for the glue's comment */
	bool replace;                     /* atomic replace (klp_patch.replace) */
	const struct replaced_vec *functions;
	const struct str_vec *objects;    /* paths of the livepatch objects */
	const struct str_vec *namespaces; /* to be imported (MODULE_IMPORT_NS) */
	const struct description *description; /* callbacks, states, code; NULL: none */
	const char *workdir;
	struct finding_vec *findings;     /* gets what objtool has to say: B2, B4 */
};

/* Writes the glue source and the Kbuild file into workdir, links, converts; *ko is the path of the
 * finished module in workdir (caller's). Id B1 (Kbuild failed); when objtool did not do its work (B2
 * in findings) *ko is NULL. */
struct error *module_build(const struct module_request *request, char **ko);

/*
 * Did objtool finish? It may give up with no more than a message, and the module then lacks what the
 * kernel needs: ORC for reliable stacks, the sites of returns and indirect calls to be patched at
 * load. Compares the sites in the code with the entries of the sections. Refusal B2 in findings.
 */
struct error *module_check_objtool(const char *ko, const char *output, struct finding_vec *findings);

/* Declarations of the functions that the description names: C text, the caller's. */
char *module_hooks(const struct description *description);
/* The file with the description's code, such declarations before it; NULL: it has none. The caller's. */
struct error *module_code(const struct description *description, char **text);
/*
 * The same for sources that are in workdir already, with their Kbuild file, and that refer to the kernel
 * as those of a hand-written livepatch do (docs/convert.md): of the request only target, name, workdir and
 * findings count. symbols: of the target.
 */
struct symlist;
struct error *module_build_source(const struct module_request *request, const struct symlist *symbols,
				  char **ko);

/* Private to this directory: make in workdir; *output is the caller's. Id B1. */
struct error *module_run_kbuild(const struct module_request *request, char **output);

/* The source of the tables and of the module's init and exit (caller's): both roads have it. Of the request
 * target, subject, replace, functions, namespaces and description count. */
char *module_glue(const struct module_request *request);

/*
 * The last step: undefined symbols named KLP_REF_PREFIX become livepatch symbols, their relocations
 * move to .klp.rela sections (Documentation/livepatch/module-elf-format.rst). Everything else stays
 * byte for byte. Id B3 when the input cannot be understood.
 */
struct error *module_convert(const char *in, const char *out);
/* The same in memory: *out is the caller's. name: for messages. */
struct error *module_convert_memory(const char *name, void *data, size_t size, char **out,
				    size_t *out_size);

#endif
