// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections of a compiled kernel unit that are more than code and data: one row each. How its
 * entries are told apart, which relocation says whose function an entry is, and what becomes of it
 * in a livepatch. A section that belongs to a replaced function and has no row is refused (D5):
 * dropping it silently is how other tools made kernels crash.
 */
#ifndef SUTURE_OBJECT_SPECIAL_H
#define SUTURE_OBJECT_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>

enum special_action {
	SPECIAL_COPY,     /* entries of included functions go into the livepatch */
	SPECIAL_DROP,     /* of no use in a livepatch; never compared */
	SPECIAL_UNIT,     /* belongs to the unit as a whole: only a change of it matters */
	SPECIAL_INIT,     /* code or data that is gone once the kernel is up */
	SPECIAL_EXIT,     /* code or data of module removal: gone in vmlinux, live in modules */
	SPECIAL_RUNTIME,  /* patched by the kernel at boot, in vmlinux only: X12 */
	SPECIAL_SLICE,    /* cut where the entries of another section point */
	SPECIAL_DEBUG,    /* DWARF and notes: not part of the running kernel */
	SPECIAL_PERCPU,   /* per-cpu data */
	SPECIAL_DESCRIPTOR, /* named records (dynamic debug): data, but in a section of their own */
};

struct special_section {
	const char *name;      /* exact, or a prefix when it ends in '*' */
	enum special_action action;
	unsigned char entry;   /* bytes an entry; 0: one entry for each group of relocations */
	unsigned char relocs;  /* relocations an entry (for entry == 0) */
	signed char owner;     /* relocation that names the owning function's code, -1: none */
	signed char key;       /* relocation that names a static key, -1: none */
	const char *source;    /* where the kernel defines it */
};

/* The row for a section, or NULL: plain code or data. */
const struct special_section *special_find(const char *section);

#endif
