// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/relations.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* ---- functions that are not left ---- */

/* Functions that kernel threads and idle tasks never leave, with the files that say so. */
static const struct {
	const char *function, *source;
} roots[] = {
	{ "kthreadd", "kernel/kthread.c" },
	{ "kthread", "kernel/kthread.c" },
	{ "kthread_worker_fn", "kernel/kthread.c" },
	{ "worker_thread", "kernel/workqueue.c" },
	{ "rescuer_thread", "kernel/workqueue.c" },
	{ "smpboot_thread_fn", "kernel/smpboot.c" },
	{ "rcu_gp_kthread", "kernel/rcu/tree.c" },
	{ "rcu_gp_fqs_loop", "kernel/rcu/tree.c" },
	{ "kswapd", "mm/vmscan.c" },
	{ "kcompactd", "mm/compaction.c" },
	{ "khugepaged", "mm/khugepaged.c" },
	{ "ksm_scan_thread", "mm/ksm.c" },
	{ "kauditd_thread", "kernel/audit.c" },
	{ "oom_reaper", "mm/oom_kill.c" },
	{ "irq_thread", "kernel/irq/manage.c" },
	{ "do_idle", "kernel/sched/idle.c" },
	{ "cpu_startup_entry", "kernel/sched/idle.c" },
	{ "kernel_init", "init/main.c" },
	{ "rest_init", "init/main.c" },
	{ "kjournald2", "fs/jbd2/journal.c" },
	{ "io_wq_worker", "io_uring/io-wq.c" },
	{ "io_sq_thread", "io_uring/sqpoll.c" },
	{ "vhost_task_fn", "kernel/vhost_task.c" },
};

/* What the loops of kernel threads ask. */
static const char *const loop_marks[] = { "kthread_should_stop", "kthread_freezable_should_stop",
					  "kthread_should_park" };

static const char *loop_of(const struct verification *v, const struct lp_function *f)
{
	const struct ref_site_vec *refs = f->entity ? entity_refs(v->lp.model, f->entity) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (streq(f->name, roots[i].function))
			return roots[i].source;
	for (size_t i = 0; refs && i < refs->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(loop_marks); k++) {
			const struct obj_symbol *s = refs->at[i].ref.kind == REF_EXTERN ?
						     refs->at[i].ref.symbol : NULL;

			if (s && ends_with(s->name, loop_marks[k]))
				return loop_marks[k];
		}
	return NULL;
}

/* Has the shipped function neither a return nor a jump out of it? */
static bool has_no_end(const struct lp_function *f)
{
	const unsigned char *code = f->old ? image_bytes(f->image, f->old->place, f->old->size) : NULL;
	struct insn_vec insns;
	bool end = !code || f->image->module;

	if (end)
		return false;
	insn_decode(code, f->old->size, &insns);
	for (size_t i = 0; i < insns.n; i++) {
		const struct insn *in = &insns.at[i];
		bool inside = in->target >= 0 && (uint64_t)in->target < f->old->size;
		bool call = in->branch && code[in->offset + in->length - in->imm_size - 1] == 0xe8;
		bool trap = in->int3 || code[in->offset] == 0x0f; /* ud2 */

		end |= in->branch ? !call && !inside : in->ends && !trap;
	}
	insn_vec_free(&insns);
	return !end;
}

/* ---- what a function reaches ---- */

struct place index_place(const struct impact_index *index, const struct image *image, uint64_t place)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct index_part *part = &index->parts[i];

		for (uint32_t k = 0; index_object(part, k); k++) {
			if (!streq(index_object_name(part, k), image->kobject))
				continue;
			uint32_t s = index_symbol_at(part, k, place);

			if (s != INDEX_NONE)
				return (struct place){ part, index_symbol(part, s)->body };
		}
	}
	return (struct place){ NULL, INDEX_NONE };
}

/* A walk through the call graph that does not go on behind replaced functions. */
struct walk {
	const struct verification *v;
	const struct impact_index *index;
	const struct relations *r;
	struct map seen;          /* symbols of the index */
	struct map seen_entities; /* of the livepatch */
	struct place_vec todo;
	bool calls[RELATED], sleeps, pointers;
};

static void add_place(struct walk *w, struct place p)
{
	if (!p.part) {
		w->pointers = true;
		return;
	}
	uint64_t key = (uint64_t)(p.part - w->index->parts) << 32 | p.symbol;

	for (size_t i = 0; w->r && i < w->r->n; i++)
		if (w->r->place[i].part == p.part && w->r->place[i].symbol == p.symbol) {
			w->calls[i] = true;
			return;
		}
	if (map_has_u64(&w->seen, key))
		return;
	map_put_u64(&w->seen, key, w);
	place_vec_push(&w->todo, p);
}

/* A module's undefined symbol: its definition, by name, in the kernel proper. */
static struct place definition(const struct walk *w, const char *name)
{
	for (size_t i = 0; i < w->index->n; i++) {
		const struct index_part *part = &w->index->parts[i];
		struct index_range range = index_symbols_named(part, name);

		for (uint32_t k = 0; k < range.n; k++) {
			uint32_t number = index_by_name(part, range.first + k);
			const struct index_symbol *s = index_symbol(part, number);

			if (s && !(s->flags & SYMBOL_EXTERN))
				return (struct place){ part, s->body };
		}
	}
	return (struct place){ NULL, INDEX_NONE };
}

static void look_at(struct walk *w, struct place p)
{
	const struct index_symbol *s = index_symbol(p.part, p.symbol);
	const char *name = index_symbol_name(p.part, p.symbol);

	if (name_never_sleeps(name))
		return;
	if (name_sleeps(name)) {
		w->sleeps = true;
		return;
	}
	if (name_is_pointer_call(name)) {
		w->pointers = true;
		return;
	}
	if (s->flags & SYMBOL_EXTERN) {
		add_place(w, definition(w, name));
		return;
	}
	struct index_range range = index_callees(p.part, s);

	for (uint32_t i = 0; i < range.n; i++) {
		uint32_t to = index_edge(p.part, range.first + i)->to;

		add_place(w, (struct place){ p.part, index_symbol(p.part, to)->body });
	}
}

/* Calls through pointers are calls of a thunk only where the kernel was compiled so (retpolines). */
static bool thunks(const struct impact_index *index)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct index_part *part = &index->parts[i];
		struct index_range range = index_symbols_starting(part, "__x86_indirect_");

		for (uint32_t k = 0; k < range.n; k++)
			if (!(index_symbol(part, index_by_name(part, range.first + k))->flags & SYMBOL_EXTERN))
				return true;
	}
	return false;
}

/* Once it goes through a pointer, it may go anywhere: no need to look further. */
static void walk(struct walk *w)
{
	w->pointers |= !thunks(w->index);
	while (w->todo.n && !w->pointers)
		look_at(w, w->todo.at[--w->todo.n]);
	w->sleeps |= w->pointers;
	map_free(&w->seen);
	map_free(&w->seen_entities);
	place_vec_free(&w->todo);
}

static void add_entity(struct walk *w, struct entity *e, bool is_start)
{
	for (size_t i = 0; !is_start && i < w->r->n; i++)
		if (w->v->lp.functions.at[i].entity == e) {
			w->calls[i] = true;
			return;
		}
	if (map_has_u64(&w->seen_entities, e->index + 1))
		return;
	map_put_u64(&w->seen_entities, e->index + 1, w);
	const struct ref_site_vec *refs = entity_refs(w->v->lp.model, e);

	for (size_t i = 0; i < refs->n; i++) {
		const struct ref *ref = &refs->at[i].ref;
		const struct resolved *to = ref->kind == REF_EXTERN && ref->symbol ?
			&w->v->lp.resolved[ref->symbol - w->v->lp.object->symbols] : NULL;

		if (ref->kind == REF_PLACE)
			w->pointers = true; /* to a place that belongs to nothing */
		else if (ref->kind == REF_ENTITY && ref->entity->kind != ENTITY_ANON)
			add_entity(w, ref->entity, false);
		else if (to && to->kind == TO_KERNEL && (!to->symbol || to->symbol->type == STT_FUNC))
			add_place(w, index_place(w->index, to->image, to->place));
		else if (to && to->kind == TO_NOTHING)
			w->pointers = true;
	}
}

static void find_one(struct verification *v, const struct impact_index *index, struct relations *r,
		     size_t i, unsigned int version)
{
	struct walk w = { .v = v, .index = index, .r = r };

	if (version == 1 && v->lp.functions.at[i].entity) {
		add_entity(&w, v->lp.functions.at[i].entity, true);
	} else if (version == 0 && r->place[i].part) {
		look_at(&w, r->place[i]);
	} else {
		w.pointers = true;
	}
	walk(&w);
	for (size_t k = 0; k < r->n; k++)
		r->calls[version][i][k] = k != i && (w.calls[k] || w.pointers);
	r->sleeps[version][i] = w.sleeps;
	r->pointers[version][i] = w.pointers;
}

bool may_sleep(const struct impact_index *index, struct place start)
{
	struct walk w = { .index = index };

	add_place(&w, start);
	walk(&w);
	return w.sleeps;
}

void relations_find(struct verification *v, const struct impact_index *index, struct relations *r)
{
	size_t n = v->lp.functions.n;

	*r = (struct relations){ .n = n, .place = xcalloc(n + 1, sizeof(*r->place)),
				 .stays = xcalloc(n + 1, sizeof(*r->stays)),
				 .why_stays = xcalloc(n + 1, sizeof(*r->why_stays)) };
	for (size_t i = 0; i < n; i++) {
		const struct lp_function *f = &v->lp.functions.at[i];

		if (f->old)
			r->place[i] = index_place(index, f->image, f->old->place);
		r->why_stays[i] = loop_of(v, f);
		if (r->why_stays[i])
			r->stays[i] = has_no_end(f) ? NEVER_RETURNS : MAY_STAY;
	}
	for (size_t i = 0; n <= RELATED && i < n; i++) {
		find_one(v, index, r, i, 0);
		find_one(v, index, r, i, 1);
	}
}

void relations_free(struct relations *r)
{
	free(r->place);
	free(r->stays);
	free(r->why_stays);
	*r = (struct relations){ 0 };
}
