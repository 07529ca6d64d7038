// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/resolve.h"

#include "base/str.h"

static bool is_vmlinux(const char *kobject)
{
	return streq(kobject, "vmlinux");
}

static struct resolution klp(const struct resolver *r, const char *object, const char *name,
			     unsigned int position)
{
	bool vmlinux = is_vmlinux(object);

	/* A section of a module's object may not refer to vmlinux symbols (klp_resolve_symbols()). */
	return (struct resolution){
		.kind = RESOLVED_KLP,
		.name = xasprintf(KLP_REF_PREFIX "%s/%s.%s,%u", vmlinux ? "vmlinux" : r->kobject,
				  object, name, position),
		.in_vmlinux = vmlinux,
	};
}

static struct resolution plain(const char *name)
{
	return (struct resolution){ .kind = RESOLVED_PLAIN, .name = xstrdup(name) };
}

struct resolution resolve_shipped(const struct resolver *r, const struct image_symbol *s)
{
	return klp(r, r->kobject, s->name, image_sympos(r->image, s));
}

bool resolver_reaches(const struct resolver *r, const struct entity *e)
{
	return r->repro ? reproduced_symbol(r->repro, e) != NULL : e->symbol != NULL;
}

static bool depends_on(const struct resolver *r, const char *module)
{
	for (size_t i = 0; r->depends && i < r->depends->n; i++)
		if (streq(r->depends->at[i], module))
			return true;
	return false;
}

static struct image_symbol *global_symbol(const struct image *image, const char *name)
{
	for (struct image_symbol *s = image_find(image, name); s; s = s->next_same_name)
		if (s->bind != STB_LOCAL)
			return s;
	return NULL;
}

static struct resolution unresolved(const struct resolver *r, const char *name, const char *user)
{
	struct finding *f = finding_add(r->findings, "N4", SEVERITY_REFUSAL, r->kobject, user, NULL,
					"'%s', which the fixed code refers to, is not in the shipped "
					"%s and nothing exports it", name, r->kobject);

	finding_way_out(f, "if the compiler inlined it everywhere, the fix must bring its own copy "
			   "under another name");
	return (struct resolution){ .kind = RESOLVED_NOT };
}

/* Exported by another module than the patched one. */
static struct resolution other_module(const struct resolver *r, const struct export *e,
				      const char *user)
{
	if (depends_on(r, e->object))
		return klp(r, e->object, e->name, 0);
	struct finding *f = finding_add(r->findings, "E1", SEVERITY_WARNING, r->kobject, user, NULL,
					"the fixed code needs '%s' of module %s, which %s does not "
					"depend on: the livepatch will load %s", e->name, e->object,
					r->kobject, e->object);

	finding_way_out(f, "accept the new dependency, or reach the function another way");
	return plain(e->name);
}

/*
 * Static calls go to the trampoline, which the kernel keeps patched (kernel/static_call_inline.c).
 * Under its plain name objtool would make a call site of it, and where only the trampoline is known
 * and not the key, the loader refuses that ("Failed to fixup __raw_static_call()").
 */
static bool is_trampoline(const char *name)
{
	return starts_with(name, "__SCT__");
}

bool resolver_by_name(const struct resolver *r)
{
	return !r->image;
}

/*
 * What compilers call on their own, and objtool and the linker script know by name: must stay a
 * plain reference (arch/x86/lib/retpoline.S, arch/x86/kernel/ftrace_64.S).
 */
static bool is_compiler_helper(const char *name)
{
	return streq(name, "__fentry__") || streq(name, "__stack_chk_fail") ||
	       starts_with(name, "__x86_");
}

/* Without the shipped files: what is not known to be exported is taken to be in the object. */
static struct resolution only_by_name(const struct resolver *r, const char *name)
{
	const struct export *e = r->exports ? export_find(r->exports, name) : NULL;

	if (is_compiler_helper(name) || (e && !streq(e->object, r->kobject) && !is_trampoline(name)))
		return plain(name);
	return klp(r, r->kobject, name, 0);
}

static struct resolution by_name(const struct resolver *r, const char *name, const char *user)
{
	const struct export *e = export_find(r->exports, name);
	struct image_symbol *own = global_symbol(r->image, name);

	if (e && is_vmlinux(e->object) && !is_trampoline(name))
		return plain(name);
	if (own)
		return resolve_shipped(r, own);
	if (e && !is_vmlinux(e->object))
		return other_module(r, e, user);
	struct image_symbol *core = global_symbol(r->vmlinux, name);

	if (core)
		return klp(r, "vmlinux", name, image_sympos(r->vmlinux, core));
	return unresolved(r, name, user);
}

struct resolution resolve_extern(const struct resolver *r, const struct obj_symbol *symbol,
				 const char *user)
{
	if (r->provided && map_has(r->provided, symbol->name))
		return plain(symbol->name);
	if (resolver_by_name(r))
		return only_by_name(r, symbol->name);
	if (symbol->bind == STB_WEAK && !export_find(r->exports, symbol->name) &&
	    !image_find(r->image, symbol->name) && !image_find(r->vmlinux, symbol->name))
		return (struct resolution){ .kind = RESOLVED_WEAK, .name = xstrdup(symbol->name) };
	return by_name(r, symbol->name, user);
}

struct resolution resolve_entity(const struct resolver *r, const struct entity *e, const char *user)
{
	const struct export *exported;
	struct image_symbol *s;

	if (!e || !e->symbol)
		return unresolved(r, e ? e->name : "an unnamed object", user);
	if (resolver_by_name(r))
		return klp(r, r->kobject, e->name, 0);
	exported = export_find(r->exports, e->name);
	if (e->symbol->bind != STB_LOCAL && exported && is_vmlinux(exported->object) &&
	    !is_trampoline(e->name))
		return plain(e->name);
	s = reproduced_symbol(r->repro, e);
	return s ? resolve_shipped(r, s) : unresolved(r, e->name, user);
}
