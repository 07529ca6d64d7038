// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the compiler did to a function, in the whole shipped kernel, and so: which functions have to be
 * replaced if its body changes, so that nothing relies on the old one?
 */
#ifndef SUTURE_IMPACT_IMPACT_H
#define SUTURE_IMPACT_IMPACT_H

#include <jansson.h>
#include <stdio.h>

#include "base/map.h"
#include "impact/index.h"
#include "impact/probe.h"

/* Why a function of the shipped kernel is mentioned. The order is that of the report. */
enum impact_role {
	ROLE_BODY,       /* it is the function, under its own name */
	ROLE_CLONE,      /* a copy that the compiler made: .isra, .constprop, .part, ... */
	ROLE_INLINED,    /* has the body in it */
	ROLE_CONVENTION, /* calls a clone in the compiler's own way */
	ROLE_CONTRACT,   /* relies on something that the compiler saw in the body */
	ROLE_FOLDED,     /* its own body was equal, and the compiler left a jump of it */
	ROLE_STATIC,     /* has the value of a static variable in it that nothing writes */
	ROLE_CHANGED,    /* the fix changes its machine code, for a reason that is not known */
	ROLE_COLD,       /* the part of one of these that was split off */
	ROLE_TWIN,       /* another name of the same address */
	ROLE_WRAPPER,    /* written as nothing but a call of the function */
	IMPACT_ROLES
};

struct impact_role_info {
	const char *name;
	bool replace;     /* has to be replaced together with the function */
	const char *what; /* for people */
};
extern const struct impact_role_info impact_roles[IMPACT_ROLES];

/* A function of the shipped kernel. */
struct impact_member {
	char *object, *symbol; /* "vmlinux", "tcp_ack.isra.0" */
	char *unit;            /* "" if not known */
	uint64_t place;
	enum impact_role role; /* the first one in the order above that applies */
	struct str_vec why;    /* one line each */
	bool replace;
	const char *why_not;   /* static: why it need not, or cannot, be replaced; NULL */
	struct str_vec callers; /* of bodies, clones and folded ones: "object:name" */
	struct str_vec pointers; /* data with its address: index_pointer_name() */
	char *prototype;         /* with pointers; NULL: not known */
};
DEFINE_VEC(impact_member_vec, struct impact_member)

struct impact_request {
	struct target *target;
	struct impact_index *index;
	const char *function;   /* "NAME" or "FILE:NAME" */
	bool probe;             /* compile the unit again to find contracts */
	bool name_contracts;    /* and find out which optimisation made them */
	bool statics;           /* and look for static variables that nothing writes */
	bool modules;           /* make the index of modules when the question needs it */
	unsigned int units;     /* at most so many units are probed */
};

struct impact_result {
	char *function, *file; /* as in the source */
	uint32_t line;
	bool compiled;         /* the fix was: what changes is known, and not only what may change */
	struct impact_member_vec members; /* sorted by role, object, name */
	struct map known;                 /* hash of object, symbol, place → number + 1 */
	struct str_vec notes;             /* what was not looked at, and the like */
	struct str_vec self;              /* contracts of the function with its callers */
	size_t units_probed;
	double cpu_compiler;
};

/* Ids I3 (no such function), I4 (several of that name), I1, U1, U3, ... */
struct error *impact_query(struct impact_request *request, struct impact_result *result);
/* Compiles one more unit (of this kernel object) and adds what that tells about its functions. */
struct error *impact_probe_unit(struct impact_request *request, struct impact_result *result,
				const char *unit, const char *object);
/* Compiles all units that have the body, up to the request's number. */
struct error *impact_probe_units(struct impact_request *request, struct impact_result *result);
bool impact_is_header(const char *file);
void impact_result_free(struct impact_result *result);

/* Adds (or finds) a member by its symbol in the index and gives it a reason. *why is taken. */
struct impact_member *impact_add(struct impact_result *result, const struct index_part *part,
				 uint32_t symbol, enum impact_role role, char *why);
/* Adds its cold part, its other names, and what is nothing but a jump to it. */
void impact_add_neighbours(struct impact_result *result, const struct index_part *part,
			   uint32_t symbol);
/* One that the index does not know. */
struct impact_member *impact_add_named(struct impact_result *result, const char *object,
				       const char *symbol, const char *unit,
				       enum impact_role role, char *why);
void impact_sort(struct impact_result *result);

void impact_print(const struct impact_result *result, FILE *out);
json_t *impact_json(const struct impact_result *result);
void impact_dot(const struct impact_result *result, FILE *out);
void impact_svg(const struct impact_result *result, FILE *out);

#endif
