// SPDX-License-Identifier: GPL-2.0-or-later
/* One side on its way to the next branch: instructions that are computed, and what others could notice. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "equiv/machine.h"

/*
 * Sections whose entries are understood here. What ftrace, objtool and the padding leave says nothing
 * about what the code does.
 */
static const struct {
	const char *section;
	enum { MARK_NOTHING, MARK_LOCK, MARK_BUG, MARK_LABEL } kind;
} marks[] = {
	{ "__mcount_loc", MARK_NOTHING },
	{ "__patchable_function_entries", MARK_NOTHING },
	{ ".discard*", MARK_NOTHING },
	{ ".smp_locks", MARK_LOCK },
	{ "__bug_table", MARK_BUG },
	{ "__jump_table", MARK_LABEL },
};

static int mark_of(const struct special_entry *e)
{
	const char *name = e->section->name;

	if (e->row->action == SPECIAL_DROP)
		return MARK_NOTHING; /* made afresh by objtool */
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const char *s = marks[i].section;

		if (ends_with(s, "*") ? !strncmp(name, s, strlen(s) - 1) : streq(name, s))
			return marks[i].kind;
	}
	return -1;
}

/* The function that the entry is about, and where. */
static int64_t place_of(const struct entity *e, const struct special_entry *entry)
{
	size_t first, n = object_relocs_in(entry->section, entry->offset, entry->offset + entry->size, &first);
	int owner = entry->row->owner;

	if (owner < 0 || (size_t)owner >= n)
		return -1;
	const struct obj_reloc *r = &entry->section->relocs[first + owner];

	return (int64_t)(r->symbol->value + r->addend) - (int64_t)e->start;
}

static const struct special_entry *mark_at(const struct place *p, int kind)
{
	for (size_t i = 0; i < p->part->entries.n; i++) {
		const struct special_entry *e = &p->part->entries.at[i];

		if (mark_of(e) == kind && place_of(p->part, e) == (int64_t)p->insn->offset)
			return e;
	}
	return NULL;
}

static bool entries_understood(struct run *r)
{
	for (size_t i = 0; i < r->code->parts; i++)
		for (size_t k = 0; k < r->code->part[i]->entries.n; k++)
			if (mark_of(&r->code->part[i]->entries.at[k]) < 0)
				return run_fail(r, "an entry of %s",
						r->code->part[i]->entries.at[k].section->name);
	return true;
}

/* ---- places ---- */

static bool find(struct run *r, const struct entity *part, int64_t offset, struct pc *pc)
{
	for (size_t i = 0; i < r->code->parts; i++) {
		long k = part == r->code->part[i] ? insn_at(entity_insns(r->code->part[i]), offset) : -1;

		if (k < 0)
			continue;
		*pc = (struct pc){ i, k };
		return true;
	}
	return false;
}

static const struct ref_site *branch_reference(struct run *r, const struct place *p)
{
	const struct ref_site_vec *refs = entity_refs(r->code->model, p->part);

	for (size_t i = 0; i < refs->n; i++)
		if (refs->at[i].offset >= p->insn->offset && refs->at[i].offset < p->insn->offset + p->insn->length)
			return &refs->at[i];
	return NULL;
}

/* Where a direct branch leads inside of the code; false: elsewhere. */
static bool inner_target(struct run *r, const struct place *p, struct pc *pc)
{
	const struct ref_site *site = branch_reference(r, p);

	if (!site)
		return find(r, p->part, p->insn->target, pc);
	return site->ref.kind == REF_ENTITY && find(r, site->ref.entity, site->ref.offset, pc);
}

/* ---- calls and returns ---- */

static bool is_symbol(const struct ref_site *site, const char *name)
{
	const struct obj_symbol *s = site->ref.kind == REF_EXTERN ? site->ref.symbol :
				     site->ref.entity ? site->ref.entity->symbol : NULL;

	return s && streq(s->name, name);
}

/* A retpoline: "__x86_indirect_thunk_rax" jumps to where the register leads. */
static bool indirect_register(const struct ref_site *site, unsigned int *n)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					     "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };

	for (*n = 0; *n < ARRAY_SIZE(names); (*n)++) {
		scoped_free char *thunk = xasprintf("__x86_indirect_thunk_%s", names[*n]);

		if (is_symbol(site, thunk))
			return true;
	}
	return false;
}

static bool call_place(struct run *r, const struct place *p)
{
	const struct ref_site *site = branch_reference(r, p);
	int64_t offset = 0;
	unsigned int n;

	if (!site)
		return run_fail(r, "a call to nowhere");
	if (is_symbol(site, "__stack_chk_fail"))
		r->stop = STOP_DEAD;
	if (is_symbol(site, "__fentry__"))
		return true; /* ftrace leaves everything as it was */
	if (indirect_register(site, &n))
		return r->m->reg[n] ? run_call(r, xstrdup("indirect"), r->m->reg[n], (struct signature){ 0 }) :
				      run_fail(r, "a call to something that nothing is known of");
	char *name = r->rq->target(r->rq->arg, r->side, &site->ref, &offset);

	if (!name || offset) {
		free(name);
		return run_fail(r, "a call that cannot be told");
	}
	return run_call(r, name, NULL, r->rq->signature(r->rq->arg, name));
}

/* A jump out of the function: a return, or a call of the last thing to do. */
static bool leaves(struct run *r, const struct place *p)
{
	const struct ref_site *site = branch_reference(r, p);

	if (!site)
		return run_fail(r, "a jump to nowhere");
	if (is_symbol(site, "__x86_return_thunk"))
		return run_return(r);
	if (r->m->reg[RSP] != r->s->sp)
		return run_fail(r, "a jump out of the function with a frame");
	return call_place(r, p) && run_return(r);
}

/* ---- what is not computed ---- */

static bool give_up(struct run *r, struct str *name, const char *what)
{
	run_fail(r, "%s with %s", name->s, what);
	str_free(name);
	return false;
}

/* The same instruction with the same inputs does the same. */
static bool other(struct run *r, const struct place *p)
{
	struct str name = { 0 };
	Z3_ast input[20];
	size_t n = 0;

	str_add(&name, "insn %s %llx", ZydisMnemonicGetString(p->z.mnemonic),
		(unsigned long long)(p->z.attributes & (ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_REP |
							ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)));
	if (mark_at(p, MARK_LOCK))
		str_add(&name, " smp");
	if (p->z.cpu_flags && p->z.cpu_flags->tested & (ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF |
							ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF))
		return give_up(r, &name, "flags");
	for (unsigned int i = 0; i < p->z.operand_count; i++) {
		const ZydisDecodedOperand *op = &p->op[i];
		bool reads = op->actions & ZYDIS_OPERAND_ACTION_MASK_READ;

		if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (op->reg.value == ZYDIS_REGISTER_RFLAGS || op->reg.value == ZYDIS_REGISTER_EFLAGS))
			continue;
		if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, op->reg.value) == ZYDIS_REGISTER_RSP)
			return give_up(r, &name, "the stack pointer");
		if (n == ARRAY_SIZE(input))
			return give_up(r, &name, "many operands");
		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
			input[n++] = operand_address(r, p, op);
		else if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ||
			 (reads && ZydisRegisterGetClass(op->reg.value) <= ZYDIS_REGCLASS_GPR64))
			input[n++] = read_operand(r, p, op);
		else if (ZydisRegisterGetClass(op->reg.value) > ZYDIS_REGCLASS_GPR64)
			return give_up(r, &name, "registers of another kind"); /* control, vector, ... */
		else
			continue;
		if (!input[n - 1])
			return give_up(r, &name, "something that nothing is known of");
		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
			str_add(&name, " %s", segment_of(op));
	}
	for (unsigned int i = 0; i < p->z.operand_count; i++)
		str_add(&name, ",%u", p->op[i].size);
	struct event *e = run_event(r, EV_OTHER, name.s);

	memcpy(e->value, input, n * sizeof(*input));
	e->n = n;
	if (!run_share(r, e))
		return false;
	for (unsigned int i = 0; i < p->z.operand_count; i++) {
		const ZydisDecodedOperand *op = &p->op[i];

		if (op->type == ZYDIS_OPERAND_TYPE_REGISTER && op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		    ZydisRegisterGetClass(op->reg.value) <= ZYDIS_REGCLASS_GPR64 &&
		    !write_operand(r, p, op, variable(r->s, op->size, "insn%zu_%u", r->events.n, i)))
			return false;
	}
	for (unsigned int i = 0; i < FLAGS; i++)
		r->m->flag[i] = condition_variable(r->s, "flag%zu_%u", r->events.n, i);
	return true;
}

/* struct bug_entry with relative addresses: place, file, line, flags (include/asm-generic/bug.h). */
static bool trap(struct run *r, const struct place *p)
{
	enum { SIZE = 12, FLAGS_AT = 10, WARNING = 1 };
	const struct special_entry *bug = mark_at(p, MARK_BUG);
	uint16_t flags = 0;

	if (bug && (bug->size != SIZE || !bug->section->data))
		return run_fail(r, "a BUG() of another kind");
	if (bug)
		memcpy(&flags, bug->section->data + bug->offset + FLAGS_AT, 2);
	run_event(r, EV_WARN, xasprintf("ud2 %d %x", !!bug, flags));
	if (!(flags & WARNING))
		r->stop = STOP_DEAD;
	return true;
}

/* A jump label: entry with the place, the target, the key. */
static bool label(struct run *r, const struct place *p, const struct special_entry *entry)
{
	SCOPED(ref_site_vec_free) struct ref_site_vec refs = { 0 };
	int64_t offset = 0;

	stretch_refs(r->code->model, entry->section, entry->offset, entry->size, &refs);
	if (refs.n != 3 || refs.at[1].ref.kind != REF_ENTITY ||
	    !find(r, refs.at[1].ref.entity, refs.at[1].ref.offset, &r->taken))
		return run_fail(r, "a jump label of another kind");
	scoped_free char *key = r->rq->target(r->rq->arg, r->side, &refs.at[2].ref, &offset);

	if (!key)
		return run_fail(r, "a key that cannot be told");
	/* bit 1 is a request to objtool (arch/x86/include/asm/jump_label.h) */
	run_event(r, EV_LABEL, xasprintf("key %s+%lld", key, (long long)(offset & ~2)));
	r->condition = condition_variable(r->s, "key%zu", r->events.n);
	r->by_key = true;
	r->stop = STOP_BRANCH;
	return true;
}

static bool branches(struct run *r, const struct place *p)
{
	Z3_ast c = NULL;

	if (p->z.meta.category != ZYDIS_CATEGORY_COND_BR || p->z.opcode_map > ZYDIS_OPCODE_MAP_0F ||
	    (p->z.opcode & 0xf0) != (p->z.opcode_map == ZYDIS_OPCODE_MAP_0F ? 0x80 : 0x70))
		return run_fail(r, "a branch of another kind");
	c = flags_condition(r, p->z.opcode & 15);
	if (!c || !inner_target(r, p, &r->taken))
		return run_fail(r, "a branch out of the function");
	if (is_true(r->s, c)) {
		r->pc = r->taken;
	} else if (!is_false(r->s, c)) {
		r->condition = c;
		r->stop = STOP_BRANCH;
	}
	return true;
}

/* One instruction; r->pc is the next one already. */
static bool step(struct run *r, const struct place *p)
{
	const struct special_entry *key = mark_at(p, MARK_LABEL);

	if (key)
		return label(r, p, key);
	if (p->insn->nop || p->z.mnemonic == ZYDIS_MNEMONIC_ENDBR64)
		return true;
	if (p->z.mnemonic == ZYDIS_MNEMONIC_INT3) {
		r->stop = STOP_DEAD; /* behind what does not return */
		return true;
	}
	if (p->z.mnemonic == ZYDIS_MNEMONIC_UD2)
		return trap(r, p);
	if (p->z.meta.category == ZYDIS_CATEGORY_RET)
		return p->insn->length == 1 ? run_return(r) : run_fail(r, "a return of another kind");
	if (p->z.mnemonic == ZYDIS_MNEMONIC_CALL)
		return p->insn->branch ? call_place(r, p) : run_fail(r, "a call by a pointer");
	if (p->z.mnemonic == ZYDIS_MNEMONIC_JMP && !p->insn->branch)
		return run_fail(r, "a jump by a pointer");
	if (p->z.mnemonic == ZYDIS_MNEMONIC_JMP)
		return inner_target(r, p, &r->pc) || leaves(r, p);
	if (p->insn->branch)
		return branches(r, p);
	int done = compute(r, p);

	return done > 0 || (!done && other(r, p));
}

static void remember(struct run *r)
{
	r->after = *r->m;
	r->after_pc = r->pc;
}

void run_to_branch(struct run *r)
{
	bool going = entries_understood(r), after_call = false;

	r->stop = STOP_FAILED;
	for (unsigned int steps = 0; going; steps++) {
		struct place p = { .part = r->code->part[r->pc.part] };
		const struct insn_vec *list = entity_insns(p.part);

		if (r->pc.insn >= list->n && after_call) {
			r->stop = STOP_DEAD; /* so the callee does not return */
			return;
		}
		if (steps == STEPS_MAX || r->pc.insn >= list->n) {
			run_fail(r, "code that does not come to a branch, or end");
			return;
		}
		p.insn = &list->at[r->pc.insn];
		const unsigned char *bytes = p.part->section->data + p.part->start + p.insn->offset;
		ZydisDecoder decoder;

		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, p.insn->length, &p.z, p.op))) {
			run_fail(r, "bytes that are no instruction");
			return;
		}
		r->at = p.insn->offset;
		r->pc.insn++;
		r->next = r->pc;
		after_call = p.z.mnemonic == ZYDIS_MNEMONIC_CALL;
		size_t events = r->events.n;

		going = step(r, &p) && r->stop == STOP_FAILED && !r->why;
		if (r->events.n != events)
			remember(r);
		if (r->why) {
			char text[96];
			char *why = r->why;

			r->stop = STOP_FAILED;
			insn_format(bytes, p.insn->length, text, sizeof(text));
			r->why = xasprintf("%s+0x%x '%s': %s", p.part->name, p.insn->offset, text, why);
			free(why);
			return;
		}
	}
}
