// SPDX-License-Identifier: GPL-2.0-or-later
/* Family X: what compiler, objtool and the kernel's own code patching leave in a module. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "object/insn.h"
#include "object/special.h"
#include "rules/detectors.h"
#include "rules/shipped.h"

/* ---- X1, X2, X4: entries that the kernel reads before the patched module's symbols are known ---- */

enum early { EARLY_KEY = 1, EARLY_CODE };

/* kernel/module/main.c: post_relocation(), prepare_coming_module() come before the late relocations of
 * module objects. */
static const struct {
	const char *section;
	enum early kind;
} early_sections[] = {
	{ "__jump_table", EARLY_KEY },
	{ ".static_call_sites", EARLY_KEY },
	{ ".altinstructions", EARLY_CODE },
	{ ".altinstr_replacement", EARLY_CODE },
	{ ".altinstr_aux", EARLY_CODE },
	{ ".parainstructions", EARLY_CODE },
	{ ".smp_locks", EARLY_CODE },
	{ ".retpoline_sites", EARLY_CODE },
	{ ".return_sites", EARLY_CODE },
	{ ".call_sites", EARLY_CODE },
	{ ".cfi_sites", EARLY_CODE },
	{ ".ibt_endbr_seal", EARLY_CODE },
	{ ".orc_unwind_ip", EARLY_CODE },
};

static bool is_tracepoint(const char *symbol)
{
	return starts_with(symbol, "__tracepoint_") || starts_with(symbol, "__SCK__tp_func_") ||
	       starts_with(symbol, "__traceiter_");
}

static void each_early(struct check *c, const struct rule *rule, enum early kind, bool tracepoints,
		       const char *text)
{
	for (size_t i = 0; i < c->in->relocs.n; i++) {
		const struct inspect_reloc *r = &c->in->relocs.at[i];

		if (streq(r->patched, "vmlinux"))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(early_sections); k++)
			if (early_sections[k].kind == kind && streq(early_sections[k].section, r->section) &&
			    is_tracepoint(r->symbol) == tracepoints)
				rule_finding(c, rule, r->object, r->symbol, r->section,
					     "%zu entries wait for %s: %s", r->count, r->patched, text);
	}
}

struct error *rule_static_key(struct check *c, const struct rule *rule)
{
	each_early(c, rule, EARLY_KEY, false,
		   "the kernel reads these entries when the livepatch itself is loaded, and finds an "
		   "address that is not one yet");
	return NULL;
}

struct error *rule_tracepoint(struct check *c, const struct rule *rule)
{
	each_early(c, rule, EARLY_KEY, true,
		   "the tracepoint's key is not there when the kernel reads this entry");
	return NULL;
}

struct error *rule_alternative(struct check *c, const struct rule *rule)
{
	each_early(c, rule, EARLY_CODE, false,
		   "the kernel applies these entries when the livepatch itself is loaded, before that");
	return NULL;
}

/* ---- X3 ---- */

/* Bytes and relocations of an entry: objtool's and the kernel's structures, 5.10 to 6.12. */
static const struct {
	const char *section;
	unsigned int entry, relocs;
} entry_forms[] = {
	{ "__jump_table", 16, 3 }, { "__ex_table", 12, 2 },	  { ".smp_locks", 4, 1 },
	{ "__mcount_loc", 8, 1 },  { ".static_call_sites", 8, 2 }, { ".orc_unwind_ip", 4, 1 },
	{ ".orc_unwind", 6, 0 },   { ".retpoline_sites", 4, 1 },   { ".return_sites", 4, 1 },
	{ ".call_sites", 4, 1 },
};

/* A section's relocations include the late ones. */
static void check_form(struct check *c, const struct rule *rule, const struct obj_section *s,
		       unsigned int entry, unsigned int relocs)
{
	size_t have = s->nrelocs, want = s->size / entry * relocs;

	if (s->size % entry)
		rule_finding(c, rule, NULL, NULL, s->name,
			     "%llu bytes are not a number of entries of %u bytes",
			     (unsigned long long)s->size, entry);
	else if (relocs && have != want)
		rule_finding(c, rule, NULL, NULL, s->name,
			     "%zu relocations for %llu entries, which have %u each: an entry was cut, or "
			     "lost what it points to", have, (unsigned long long)(s->size / entry), relocs);
}

struct error *rule_cut_entry(struct check *c, const struct rule *rule)
{
	for (size_t i = 1; i < c->in->object->nsections; i++)
		for (size_t k = 0; k < ARRAY_SIZE(entry_forms); k++)
			if (streq(c->in->object->sections[i].name, entry_forms[k].section) &&
			    c->in->object->sections[i].type != SHT_RELA)
				check_form(c, rule, &c->in->object->sections[i], entry_forms[k].entry,
					   entry_forms[k].relocs);
	return NULL;
}

/* ---- the code of the replacements ---- */

static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

/* The symbol of a replacement in the module. */
static const struct obj_symbol *replacement(const struct check *c, const char *name)
{
	for (size_t i = 1; name && i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *s = &c->in->object->symbols[i];

		if (symbol_is_function(s) && s->section->data && streq(s->name, name) &&
		    s->value <= s->section->size && s->size <= s->section->size - s->value)
			return s;
	}
	return NULL;
}

static bool has(struct check *c, const char *option)
{
	scoped_free char *renamed = xasprintf("MITIGATION_%s", option); /* since 6.9 */

	return target_config_is(c->target, option, 'y') || target_config_is(c->target, renamed, 'y');
}

/* Group 5: ff /2 is an indirect call, ff /4 an indirect jump (prefixes: none that matter, 41, 3e). */
static bool is_indirect(const unsigned char *code, size_t n)
{
	while (n && ((*code & 0xf0) == 0x40 || *code == 0x3e || *code == 0x2e)) {
		code++;
		n--;
	}
	return n > 1 && *code == 0xff && ((code[1] >> 3 & 7) == 2 || (code[1] >> 3 & 7) == 4);
}

struct code_form {
	bool thunk, retpoline, bare_return, indirect;
	uint64_t at;
};

static void look_at_code(const struct obj_symbol *s, struct code_form *form)
{
	const unsigned char *code = s->section->data + s->value;
	struct insn_vec list = { 0 };

	insn_decode(code, s->size, &list);
	for (size_t i = 0; i < list.n; i++) {
		const unsigned char *p = code + list.at[i].offset;

		form->bare_return |= form->thunk && list.at[i].length == 1 && *p == 0xc3;
		form->indirect |= form->retpoline && is_indirect(p, list.at[i].length);
		if (!form->at && (form->bare_return || form->indirect))
			form->at = list.at[i].offset;
	}
	insn_vec_free(&list);
}

/*
 * ENDBR64 is not asked for: ftrace returns into a replacement (RET at the end of ftrace_regs_caller,
 * arch/x86/kernel/ftrace_64.S), and returns are not tracked; static functions have none in the kernel.
 */
static void check_code(struct check *c, const struct rule *rule, const struct inspect_func *f,
		       const struct obj_symbol *s)
{
	struct code_form form = { .thunk = has(c, "RETHUNK"), .retpoline = has(c, "RETPOLINE") };

	look_at_code(s, &form);
	scoped_free char *at = xasprintf("%s+0x%llx", s->name, (unsigned long long)form.at);

	if (form.bare_return)
		rule_finding(c, rule, f->kobject, f->name, at,
			     "a bare return; the target's code returns by way of __x86_return_thunk");
	if (form.indirect)
		rule_finding(c, rule, f->kobject, f->name, at,
			     "an indirect branch without retpoline; the target is built with them");
}

/* Is the jump to the thunk among the places that the kernel changes when it loads the module? */
static bool is_return_site(const struct obj_section *sites, const struct obj_section *code, uint64_t jump)
{
	for (size_t i = 0; sites && i < sites->nrelocs; i++) {
		const struct obj_reloc *r = &sites->relocs[i];

		if (r->symbol->section == code && r->symbol->value + r->addend == jump)
			return true;
	}
	return false;
}

/* apply_returns() of arch/x86/kernel/alternative.c knows the list only; what is not on it goes to a thunk
 * that warns (since 6.9, __warn_thunk()) and covers nothing. */
static void check_return_sites(struct check *c, const struct rule *rule)
{
	const struct obj_section *sites = object_section(c->in->object, ".return_sites");
	const struct obj_symbol *first = NULL;
	size_t n = 0;

	for (size_t i = 1; i < c->in->object->nsections; i++) {
		struct obj_section *s = &c->in->object->sections[i];

		for (size_t k = 0; (s->flags & SHF_EXECINSTR) && k < s->nrelocs; k++) {
			if (!streq(s->relocs[k].symbol->name, "__x86_return_thunk") ||
			    is_return_site(sites, s, s->relocs[k].offset - 1))
				continue;
			if (!n++)
				first = object_locate(s, s->relocs[k].offset).symbol;
		}
	}
	if (n)
		rule_finding(c, rule, NULL, first ? first->name : NULL, ".return_sites",
			     "%zu jumps to __x86_return_thunk are not listed: the kernel leaves them as they are, "
			     "warns when one is run, and they cover nothing", n);
}

struct error *rule_thunks(struct check *c, const struct rule *rule)
{
	if (has(c, "RETHUNK"))
		check_return_sites(c, rule);

	for (size_t i = 0; i < c->in->functions.n; i++) {
		const struct obj_symbol *s = replacement(c, c->in->functions.at[i].new_name);

		if (s)
			check_code(c, rule, &c->in->functions.at[i], s);
	}
	if (has(c, "RETPOLINE") && !check_modinfo(c->in, "retpoline"))
		rule_finding(c, rule, NULL, NULL, ".modinfo",
			     "no retpoline=Y: the kernel reports a module without the mitigation");
	return NULL;
}

/* ---- X6 ---- */

static struct error *visit_address(struct check *c, const struct rule *rule, const struct late *late,
				   void *arg)
{
	const struct image_symbol *s;
	const unsigned char *code;
	size_t count;

	if (!late->parts || !streq(late->parts->object, "vmlinux") || reloc_is_pcrel(late->type) ||
	    late->addend)
		return NULL;
	s = check_symbol(c->vmlinux, late->parts->symbol, strtoull(late->parts->position, NULL, 10),
			 &count);
	if (!s || s->type != STT_FUNC)
		return NULL;
	code = image_bytes(c->vmlinux, s->place, sizeof(endbr64));
	if (code && memcmp(code, endbr64, sizeof(endbr64)) == 0 && !shipped_is_sealed(c->vmlinux, s))
		return NULL;
	rule_finding(c, rule, "vmlinux", s->name, late->section ? late->section->name : NULL,
		     "its address is taken, and it has no ENDBR64 once the kernel is up: an indirect call is "
		     "a control protection fault on processors with IBT");
	return NULL;
}

struct error *rule_sealed_target(struct check *c, const struct rule *rule)
{
	if (!target_config_is(c->target, "X86_KERNEL_IBT", 'y'))
		return NULL;
	return check_each_late(c, rule, visit_address, NULL);
}

/* ---- X7 ---- */

/*
 * objtool writes an entry only where the state changes, so a function is covered by the last entry at
 * or before its first byte, whoever's that is. The words of .orc_unwind (arch/x86/include/asm/
 * orc_types.h: 6 bytes, sp_reg and type in the last two) say whether that is a state at all.
 */
/*
 * objtool writes an entry only where the state changes, so a function is covered by the last entry at
 * or before its first byte, whoever's that is. The words of .orc_unwind (arch/x86/include/asm/
 * orc_types.h: 6 bytes, sp_reg and type in the last two) say whether that is a state at all.
 */
static bool has_orc(const struct obj_section *orc, const struct obj_section *states,
		    const struct obj_symbol *f)
{
	enum { STATE_SIZE = 6, STATE_REGS = 4, IP_SIZE = 4 };
	uint64_t best = 0, entry = 0;
	bool found = false;
	uint16_t regs;

	for (size_t i = 0; i < orc->nrelocs; i++) {
		const struct obj_reloc *r = &orc->relocs[i];
		uint64_t at = r->symbol->value + r->addend;

		if (r->symbol->section != f->section || at > f->value || (found && at < best))
			continue;
		found = true;
		best = at;
		entry = r->offset / IP_SIZE;
	}
	if (!found || entry >= states->size / STATE_SIZE)
		return false;
	memcpy(&regs, states->data + entry * STATE_SIZE + STATE_REGS, sizeof(regs));
	return regs != 0;
}

struct error *rule_orc(struct check *c, const struct rule *rule)
{
	const struct obj_section *orc = object_section(c->in->object, ".orc_unwind_ip");
	const struct obj_section *states = object_section(c->in->object, ".orc_unwind");

	if (!target_config_is(c->target, "UNWINDER_ORC", 'y'))
		return NULL;
	for (size_t i = 1; i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *s = &c->in->object->symbols[i];

		/* The padding before a function (objtool --prefix) is on nobody's stack. */
		if (!symbol_is_function(s) || !s->size || starts_with(s->name, "__pfx_") ||
		    (orc && states && states->data && has_orc(orc, states, s)))
			continue;
		rule_finding(c, rule, NULL, s->name, s->section->name,
			     "no ORC entry: a stack with this function on it is not reliable, and its task "
			     "never switches");
	}
	return NULL;
}

/* ---- X8 ---- */

static struct error *visit_table(struct check *c, const struct rule *rule, const struct late *late,
				   void *arg)
{
	const struct image_symbol *s;
	struct image *im;
	size_t count;

	if (!late->parts || !late->section || late->addend == 0 ||
	    late->section->flags & SHF_EXECINSTR || special_find(late->section->name))
		return NULL;
	TRY(check_image(c, late->parts->object, &im));
	s = im ? check_symbol(im, late->parts->symbol, strtoull(late->parts->position, NULL, 10), &count) :
		 NULL;
	if (s && s->type == STT_FUNC)
		rule_finding(c, rule, im->kobject, s->name, late->section->name,
			     "an entry of a table leads into the middle of the old function (+%lld)",
			     (long long)late->addend);
	return NULL;
}

struct error *rule_switch_table(struct check *c, const struct rule *rule)
{
	return check_each_late(c, rule, visit_table, NULL);
}
