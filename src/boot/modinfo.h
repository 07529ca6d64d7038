// SPDX-License-Identifier: GPL-2.0-or-later
/* What a kernel module says about itself (section .modinfo: NUL-separated key=value). */
#ifndef SUTURE_BOOT_MODINFO_H
#define SUTURE_BOOT_MODINFO_H

#include <stdbool.h>

#include "base/error.h"
#include "base/vec.h"

struct modinfo {
	char *name;             /* as /proc/modules shows it */
	char *vermagic;         /* or NULL */
	bool livepatch;         /* MODULE_INFO(livepatch, ...) is there */
	struct str_vec depends; /* modules whose exported symbols it uses */
};

/* Reads an uncompressed .ko. Id Q18 when it is no kernel module. On error nothing is to be freed. */
struct error *modinfo_read(const char *path, struct modinfo *info);
void modinfo_free(struct modinfo *info);
#define scoped_modinfo __attribute__((cleanup(modinfo_free)))

/* Does this vmlinux name a PVH entry point (ELF note "Xen", XEN_ELFNOTE_PHYS32_ENTRY, in
 * include/xen/interface/elfnote.h), so that QEMU can start the ELF itself? False on any defect. */
bool vmlinux_has_pvh_entry(const char *path);
/* Is it an ELF program without an interpreter? False on any defect. */
bool elf_is_static_program(const char *path);

#endif
