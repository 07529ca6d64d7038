// SPDX-License-Identifier: GPL-2.0-or-later
/* What one unit says about the hunks. Internal to src/account. */
#ifndef SUTURE_ACCOUNT_ATTRIBUTE_H
#define SUTURE_ACCOUNT_ATTRIBUTE_H

#include "account/account.h"
#include "account/source.h"

/* What is known about one hunk. Names are kept once each. */
struct facts {
	const struct fix_file *file;
	const struct source_file *source; /* NULL: no unit reads the file */
	size_t hunk;
	struct str_vec replaced; /* changed or new functions that are in the livepatch */
	struct str_vec lost;	 /* changed, but not in it */
	struct str_vec same;	 /* functions with code of these lines, equal in both objects */
	struct str_vec removed;	 /* functions of the original that the patched unit has not */
	struct str_vec unneeded; /* new functions that nothing in the livepatch refers to */
	struct str_vec init;	 /* changed init functions with these very lines */
	struct str_vec
		init_inlined;	  /* changed init functions through something inlined or defined */
	struct str_vec data;	  /* changed or new data objects */
	struct str_vec data_lost; /* changed ones that the livepatch does not bring */
	struct str_vec names;	  /* source functions that it is in */
	struct str_vec types;	  /* declarations outside of functions that it is in */
	bool compiled;		  /* a unit reads it */
	bool changed_unit;	  /* and one that differs */
	bool code;		  /* touches more than blanks and comments */
	bool definition;	  /* touches something outside of functions */
	bool active;		  /* some unit has code of a function that it is in */
	bool branch_active;	  /* and of the #if branch that it is in */
	bool settled;		  /* by lines of the unit that is looked at */
	uint32_t last_block[2];	  /* old, new: looked at last in that unit */
	size_t through;		  /* functions that nothing but this definition explains */
};
DEFINE_VEC(facts_vec, struct facts)

void facts_free(struct facts_vec *list);
/* Adds the name unless it is there. */
void names_add(struct str_vec *names, const char *name);
bool names_have(const struct str_vec *names, const char *name);

/* Reads the unit's objects and adds to facts, one for each hunk of each file in sources. */
struct error *attribute_unit(const struct account_unit *unit, const struct source_file *sources,
			     size_t nsources, struct facts_vec *facts,
			     struct finding_vec *findings);

/* Turns facts into an account (and takes names over); adds A1. */
struct hunk_account fate_of(struct facts *facts, struct finding_vec *findings);

#endif
