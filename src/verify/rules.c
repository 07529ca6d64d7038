// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * O7: would the kernel load the module and attach its functions? What kernel/module/, kernel/livepatch/
 * and kernel/trace/ftrace.c check at load, and what objtool must have left in the file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/parts.h"

#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH 0xff20
#endif
#define SHF_RELA_LIVEPATCH 0x00100000
#define KLP_RELA ".klp.rela."

struct rules {
	struct verification *v;
	struct livepatch *lp;
	struct finding_vec *list;
};

#define REFUTE(r, object, symbol, place, ...) \
	finding_add((r)->list, "V7", SEVERITY_REFUSAL, object, symbol, place, __VA_ARGS__)

/* ---- .modinfo ---- */

static void check_modinfo(struct rules *r)
{
	const char *livepatch = livepatch_modinfo(r->lp, "livepatch", 0);
	const char *license = livepatch_modinfo(r->lp, "license", 0);
	const char *vermagic = livepatch_modinfo(r->lp, "vermagic", 0);
	const char *release = r->v->rq->target->release;
	size_t n = strlen(release);

	if (!livepatch)
		REFUTE(r, NULL, NULL, ".modinfo", "no livepatch=Y: the kernel keeps no symbol table of it");
	if (!license || !starts_with(license, "GPL"))
		REFUTE(r, NULL, NULL, ".modinfo", "license '%s': klp_enable_patch() is for GPL modules",
		       license ? license : "none");
	if (!vermagic || strncmp(vermagic, release, n) || vermagic[n] != ' ')
		REFUTE(r, NULL, NULL, ".modinfo", "made for '%.60s', the target is %s",
		       vermagic ? vermagic : "no kernel", release);
}

/* ---- imports ---- */

enum { VERSION_SIZE = 64, VERSION_NAME = 8 }; /* struct modversion_info */

/* The checksum that the module has for a name; false: none. */
static bool version_of(const struct livepatch *lp, const char *name, uint64_t *crc)
{
	const struct obj_section *s = object_section(lp->object, "__versions");

	for (uint64_t at = 0; s && s->data && at + VERSION_SIZE <= s->size; at += VERSION_SIZE) {
		const char *text = (const char *)s->data + at + VERSION_NAME;

		if (strnlen(text, VERSION_SIZE - VERSION_NAME) == VERSION_SIZE - VERSION_NAME ||
		    !streq(text, name))
			continue;
		memcpy(crc, s->data + at, sizeof(*crc));
		return true;
	}
	return false;
}

static bool imports_namespace(const struct livepatch *lp, const char *name)
{
	const char *ns;

	for (size_t i = 0; (ns = livepatch_modinfo(lp, "import_ns", i)); i++)
		if (streq(ns, name))
			return true;
	return false;
}

static void check_version(struct rules *r, const char *name, const struct export *export)
{
	uint64_t crc;

	if (!target_config_is(r->v->rq->target, "MODVERSIONS", 'y'))
		return;
	if (!version_of(r->lp, name, &crc))
		REFUTE(r, export->object, name, "__versions", "no checksum for an imported symbol");
	else if (crc != export->crc)
		REFUTE(r, export->object, name, "__versions", "checksum 0x%08llx, the target has 0x%08x",
		       (unsigned long long)crc, export->crc);
}

static void check_imports(struct rules *r)
{
	const struct export *layout = export_find(&r->v->exports, "module_layout");

	for (size_t i = 1; i < r->lp->object->nsymbols; i++) {
		const struct obj_symbol *s = &r->lp->object->symbols[i];
		const struct resolved *to = &r->lp->resolved[i];

		if (s->shndx != SHN_UNDEF)
			continue;
		if (to->kind == TO_NOTHING)
			REFUTE(r, NULL, s->name, NULL, "%s", to->why);
		if (!to->export)
			continue;
		check_version(r, s->name, to->export);
		if (*to->export->namespace_ && !imports_namespace(r->lp, to->export->namespace_))
			REFUTE(r, to->export->object, s->name, ".modinfo", "namespace %s is not imported",
			       to->export->namespace_);
	}
	if (layout)
		check_version(r, "module_layout", layout);
}

/* ---- livepatch relocations ---- */

/* Applied when the module's sites were handled already. */
static bool is_early(const char *section)
{
	static const char *const names[] = { "__jump_table", ".static_call_sites", ".altinstructions",
					     ".smp_locks", ".parainstructions", ".retpoline_sites",
					     ".return_sites", "__bug_table", "__ex_table" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(section, names[i]))
			return true;
	return false;
}

static bool is_zero(const struct obj_section *s, const struct obj_reloc *r)
{
	for (unsigned int i = 0; i < reloc_size(r->type); i++)
		if (s->data && s->data[r->offset + i])
			return false;
	return true;
}

static void check_klp_reloc(struct rules *r, const struct obj_section *rela, const char *object,
			    const struct obj_section *target, const Elf64_Rela *e)
{
	const struct obj_symbol *s = &r->lp->object->symbols[ELF64_R_SYM(e->r_info)];
	SCOPED(klp_name_free) struct klp_name name = { 0 };
	scoped_free char *place = xasprintf("%s+0x%llx", target->name, (unsigned long long)e->r_offset);
	size_t first, n = object_relocs_in(target, e->r_offset, e->r_offset + 1, &first);

	if (s->shndx != SHN_LIVEPATCH || !klp_name_parse(s->name, &name)) {
		REFUTE(r, object, s->name, place, "%s has a relocation that is not to a livepatch symbol",
		       rela->name);
		return;
	}
	if (r->lp->resolved[s->index].kind != TO_KERNEL)
		REFUTE(r, object, s->name, place, "%s", r->lp->resolved[s->index].why);
	if (!streq(object, "vmlinux") && streq(name.object, "vmlinux"))
		REFUTE(r, object, s->name, place, "a section of a module may not refer to vmlinux");
	if (streq(object, "vmlinux") && !streq(name.object, "vmlinux"))
		REFUTE(r, object, s->name, place, "%s is not there when relocations of vmlinux are applied",
		       name.object);
	if (n != 1)
		REFUTE(r, object, s->name, place, "%zu relocations for one place", n);
}

/* The object in ".klp.rela.OBJECT.SECTION"; the caller's. NULL: another form. */
static char *klp_object(const char *section, const char **rest)
{
	const char *p = section + strlen(KLP_RELA), *dot = strchr(p, '.');

	if (!dot || dot == p)
		return NULL;
	*rest = dot + 1;
	return xstrndup(p, dot - p);
}

static bool is_patched(const struct livepatch *lp, const char *object)
{
	for (size_t i = 0; i < lp->functions.n; i++)
		if (streq(lp->functions.at[i].object, object))
			return true;
	return streq(object, "vmlinux");
}

static void check_klp_section(struct rules *r, const struct obj_section *rela)
{
	const char *rest = "";
	scoped_free char *object = klp_object(rela->name, &rest);
	const struct obj_section *target = &r->lp->object->sections[rela->info];

	if (!object || !streq(rest, target->name)) {
		REFUTE(r, NULL, NULL, rela->name, "the name does not fit its section %s", target->name);
		return;
	}
	if (!(rela->flags & SHF_RELA_LIVEPATCH) || !(rela->flags & SHF_ALLOC) ||
	    !(target->flags & SHF_ALLOC))
		REFUTE(r, object, NULL, rela->name, "flags 0x%llx of a livepatch relocation section",
		       (unsigned long long)rela->flags);
	if (!is_patched(r->lp, object))
		REFUTE(r, object, NULL, rela->name, "no function of %s is replaced: never applied", object);
	if (!streq(object, "vmlinux") && is_early(target->name))
		REFUTE(r, object, NULL, rela->name, "%s is handled before this object comes", target->name);
	for (uint64_t at = 0; rela->data && at + sizeof(Elf64_Rela) <= rela->size;
	     at += sizeof(Elf64_Rela)) {
		Elf64_Rela e;

		memcpy(&e, rela->data + at, sizeof(e));
		check_klp_reloc(r, rela, object, target, &e);
	}
}

static bool is_referred_to(const struct object *o, const struct obj_section *s)
{
	for (size_t i = 1; i < o->nsections; i++)
		for (size_t k = 0; k < o->sections[i].nrelocs; k++)
			if (o->sections[i].relocs[k].symbol->section == s)
				return true;
	return false;
}

/*
 * Records of objtool's klp diff, of which klp post-link has made livepatch relocations by then
 * (tools/objtool/klp-post-link.c, 6.19 to 7.2). They stay in the file, and nobody reads them.
 */
static bool is_left_over(const struct object *o, const struct obj_section *s)
{
	return starts_with(s->name, "__klp_relocs.") && !(s->flags & SHF_EXECINSTR) && !is_referred_to(o, s);
}

/* A livepatch symbol in an ordinary section is never resolved; fields must be zero. */
static void check_plain_relocs(struct rules *r, const struct obj_section *rela)
{
	const struct obj_section *target = &r->lp->object->sections[rela->info];
	bool left_over = is_left_over(r->lp->object, target);

	for (uint64_t at = 0; rela->data && at + sizeof(Elf64_Rela) <= rela->size;
	     at += sizeof(Elf64_Rela)) {
		Elf64_Rela e;

		memcpy(&e, rela->data + at, sizeof(e));
		const struct obj_symbol *s = &r->lp->object->symbols[ELF64_R_SYM(e.r_info)];

		if (s->shndx == SHN_LIVEPATCH && ELF64_R_TYPE(e.r_info) != R_X86_64_NONE && !left_over)
			REFUTE(r, NULL, s->name, rela->name, "a livepatch symbol in ordinary relocations");
	}
	for (size_t i = 0; i < target->nrelocs; i++)
		if (!is_zero(target, &target->relocs[i])) {
			scoped_free char *place = xasprintf("%s+0x%llx", target->name,
				(unsigned long long)target->relocs[i].offset);

			REFUTE(r, NULL, target->relocs[i].symbol->name, place,
			       "the field of a relocation is not zero: the kernel refuses");
		}
}

static void check_relocs(struct rules *r)
{
	for (size_t i = 1; i < r->lp->object->nsections; i++) {
		const struct obj_section *s = &r->lp->object->sections[i];

		if (s->type != SHT_RELA || !(r->lp->object->sections[s->info].flags & SHF_ALLOC))
			continue;
		if (starts_with(s->name, KLP_RELA))
			check_klp_section(r, s);
		else
			check_plain_relocs(r, s);
	}
}

/* ---- replaced functions ---- */

/* Has the shipped function a place where ftrace can step in? At its start, or behind ENDBR64. */
static bool traceable_in_vmlinux(const struct image *im, const struct image_symbol *s)
{
	const struct image_symbol *from = image_find(im, "__start_mcount_loc");
	const struct image_symbol *to = image_find(im, "__stop_mcount_loc");
	const unsigned char *list = from && to ?
		image_bytes(im, from->place, to->place - from->place) : NULL;

	for (uint64_t at = 0; list && at + 8 <= to->place - from->place; at += 8) {
		uint64_t place;

		memcpy(&place, list + at, 8);
		if (place == s->place || place == s->place + 4)
			return true;
	}
	return false;
}

static bool traceable_in_module(const struct image *im, const struct image_symbol *s)
{
	for (size_t i = 1; i < im->object->nsections; i++) {
		const struct obj_section *list = &im->object->sections[i];

		if (!streq(list->name, "__mcount_loc"))
			continue;
		for (size_t k = 0; k < list->nrelocs; k++) {
			const struct obj_reloc *r = &list->relocs[k];
			uint64_t place = r->symbol->section ?
				module_place(r->symbol->section->index, r->symbol->value + r->addend) : 0;

			if (place == s->place || place == s->place + 4)
				return true;
		}
	}
	return false;
}

static void check_function(struct rules *r, const struct lp_function *f)
{
	if (!f->old) {
		REFUTE(r, f->object, f->name, "struct klp_func", "%s", f->why ? f->why : "not found");
		return;
	}
	if (!f->entity)
		REFUTE(r, f->object, f->name, "struct klp_func", "the new function is no function's start");
	if (f->old->type != STT_FUNC)
		REFUTE(r, f->object, f->name, "struct klp_func", "not a function");
	else if (!(f->image->module ? traceable_in_module(f->image, f->old) :
				      traceable_in_vmlinux(f->image, f->old)))
		REFUTE(r, f->object, f->name, "struct klp_func", "ftrace has no place in it");
	if (f->old->section < f->image->nsections &&
	    starts_with(f->image->sections[f->old->section].name, ".init"))
		REFUTE(r, f->object, f->name, "struct klp_func", "its code is gone once %s is up", f->object);
}

/* ---- what objtool leaves ---- */

struct sites {
	const char *branch_to, *section, *option;
};

/* Branches that the kernel rewrites at load, by the list of their places. */
static const struct sites sites[] = {
	{ "__x86_return_thunk", ".return_sites", "MITIGATION_RETHUNK" },
	{ "__x86_return_thunk", ".return_sites", "RETHUNK" }, /* before 6.9 */
	{ "__x86_indirect_thunk_", ".retpoline_sites", "MITIGATION_RETPOLINE" },
	{ "__x86_indirect_thunk_", ".retpoline_sites", "RETPOLINE" },
};

static bool is_listed(const struct obj_section *list, const struct obj_section *code, uint64_t at)
{
	for (size_t i = 0; list && i < list->nrelocs; i++)
		if (list->relocs[i].symbol->section == code &&
		    (uint64_t)(list->relocs[i].symbol->value + list->relocs[i].addend) == at)
			return true;
	return false;
}

static void check_sites(struct rules *r, const struct sites *what, const struct obj_section *code)
{
	const struct obj_section *list = object_section(r->lp->object, what->section);

	for (size_t i = 0; i < code->nrelocs; i++) {
		const struct obj_reloc *rel = &code->relocs[i];

		if (!starts_with(rel->symbol->name, what->branch_to) || rel->offset < 2 || !code->data)
			continue;
		/* E8 or E9 rel32, 2E (padding of thunks of r8 to r15) before it, or 0F 8x rel32 */
		unsigned char last = code->data[rel->offset - 1], prefix = code->data[rel->offset - 2];
		uint64_t at = rel->offset - ((last & 0xf0) == 0x80 || prefix == 0x2e ? 2 : 1);

		if (is_listed(list, code, at))
			continue;
		scoped_free char *place = xasprintf("%s+0x%llx", code->name, (unsigned long long)at);

		REFUTE(r, NULL, rel->symbol->name, place, "not in %s: the kernel will not patch it",
		       what->section);
	}
}

/*
 * struct orc_entry (arch/x86/include/asm/orc_types.h): two s16, then sp_reg in the low half of the next byte;
 * 0, in all versions: unknown.
 */
enum { ORC_SIZE = 6, ORC_SP_REG = 4 };

static bool orc_is_known(const struct livepatch *lp, size_t index)
{
	const struct obj_section *s = object_section(lp->object, ".orc_unwind");

	return s && s->data && (index + 1) * ORC_SIZE <= s->size &&
	       s->data[index * ORC_SIZE + ORC_SP_REG] & 0xf;
}

/*
 * Stacks through a function without unwind data are unreliable: the transition would never see it. objtool
 * writes an entry where something changes, and so none where a function begins as the one before it ends.
 */
static void check_unwind(struct rules *r, const struct entity *e)
{
	const struct obj_section *ip = object_section(r->lp->object, ".orc_unwind_ip");
	uint64_t last = 0;
	bool known = false;

	for (size_t i = 0; ip && i < ip->nrelocs; i++) {
		struct obj_symbol *s = ip->relocs[i].symbol;
		uint64_t at = s->value + ip->relocs[i].addend;

		if (s->section != e->section || at > e->start || at < last)
			continue;
		last = at;
		known = orc_is_known(r->lp, ip->relocs[i].offset / 4);
	}
	if (!known)
		REFUTE(r, NULL, e->name, ".orc_unwind_ip", "no unwind data for the start of the function");
}

static void check_objtool(struct rules *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++)
		for (size_t k = 1; k < r->lp->object->nsections; k++)
			if ((r->lp->object->sections[k].flags & SHF_EXECINSTR) &&
			    target_config_is(r->v->rq->target, sites[i].option, 'y'))
				check_sites(r, &sites[i], &r->lp->object->sections[k]);
	if (!target_config_is(r->v->rq->target, "UNWINDER_ORC", 'y'))
		return;
	for (size_t i = 0; i < r->lp->model->entities.n; i++) {
		const struct entity *e = r->lp->model->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && fidelity_claimed(&r->v->fidelity, e))
			check_unwind(r, e);
	}
}

void check_loader(struct verification *v, struct finding_vec *list)
{
	struct rules r = { .v = v, .lp = &v->lp, .list = list };

	check_modinfo(&r);
	check_imports(&r);
	check_relocs(&r);
	if (!v->lp.found || !v->lp.functions.n)
		REFUTE(&r, NULL, NULL, NULL, "no struct klp_patch with functions in it");
	for (size_t i = 0; i < v->lp.functions.n; i++)
		check_function(&r, &v->lp.functions.at[i]);
	check_objtool(&r);
	if (!findings_refuse(list))
		finding_add(list, "V7", SEVERITY_NOTE, NULL, NULL, NULL,
			    "%zu functions found and traceable, all imports and livepatch symbols resolve",
			    v->lp.functions.n);
}
