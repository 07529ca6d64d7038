/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the source of a livepatch module that is written by hand: which symbol of the kernel does a
 * reference mean? Needed only where `suture convert` asks, that is, where a name occurs more than
 * once in the kernel and its modules. At file level, after the declaration:
 *
 *     extern int m_start(struct seq_file *m, loff_t *pos);
 *     SUTURE_KLP_SYM(vmlinux, m_start, 3);
 *
 * means the third m_start of vmlinux, counted in the order of addresses (as in /proc/kallsyms); in a
 * module, in the order of its symbol table. Position 0: the name is unique in that object.
 *
 * Object and symbol are written as they are, without quotes; a module as in /proc/modules, with '_'.
 * Each call writes one record to the section .suture.klp, which is not loaded and which the conversion
 * removes (docs/convert.md has its format; SHT_NOTE, for modpost complains of other types). A symbol gets one record in a module; the same in several
 * files is fine.
 */
#ifndef SUTURE_LIVEPATCH_H
#define SUTURE_LIVEPATCH_H

/* `symbol` means occurrence `position` of that name in `object`. */
#define SUTURE_KLP_SYM(object, symbol, position) \
	SUTURE_KLP_RECORD_(#symbol, #object, "", "", #position)

/*
 * `identifier` of this source means `symbol` of `object`: for two of one name, and for names that
 * are no identifiers of C.
 *
 *     extern int other_start(struct seq_file *m, loff_t *pos);
 *     SUTURE_KLP_ALIAS(other_start, vmlinux, m_start, 5);
 *     extern int shrink(void);
 *     SUTURE_KLP_ALIAS(shrink, ext4, ext4_shrink.isra.0, 0);
 */
#define SUTURE_KLP_ALIAS(identifier, object, symbol, position) \
	SUTURE_KLP_RECORD_(#identifier, #object, #symbol, "", #position)

/*
 * The same, and the reference is needed when module `patched` is patched, not (only) when `object`
 * is there: for a symbol of a module that `patched` depends on.
 */
#define SUTURE_KLP_FOR(patched, identifier, object, symbol, position) \
	SUTURE_KLP_RECORD_(#identifier, #object, #symbol, #patched, #position)

#define SUTURE_KLP_RECORD_(identifier, object, symbol, patched, position) \
	__asm__(".pushsection .suture.klp, \"\", @note\n\t"                    \
		".balign 8\n\t"                                              \
		".quad " identifier "\n\t"                                   \
		".long " position "\n\t"                                     \
		".long 1\n\t"                                                \
		".asciz \"" object "\"\n\t"                                  \
		".asciz \"" symbol "\"\n\t"                                  \
		".asciz \"" patched "\"\n\t"                                 \
		".balign 8\n\t"                                              \
		".popsection")

#endif
