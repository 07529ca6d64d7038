/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What objtool's klp post-link (6.19 to 7.2) leaves of a module, made of one whose source has the rest of
 * klp-build's form:
 *
 * - a reference to a weak, undefined ".klp.tombstone.NAME" becomes R_X86_64_NONE, and the next free record of
 *   ".klp.rela.vmlinux.SECTION" one to ".klp.sym.vmlinux.NAME,0". The source gives that section its zeros;
 * - records in "__klp_relocs.vmlinux" (the place, the symbol, the type) stay, and so do their relocations;
 * - both kinds of symbols get SHN_LIVEPATCH.
 */
#ifndef TEST_KLP_POST_LINK_H
#define TEST_KLP_POST_LINK_H

/* In place. The message is the caller's; NULL: it went well. */
char *klp_post_link(const char *path);

#endif
