// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert-kit.h"

#include "base/file.h"

const char convert_list[] = "suture-symbols 1 debian:test\n"
				"*vmlinux\n"
				"E printk ffffffff81000100\n"
				"- hidden ffffffff81000200\n"
				"- twice ffffffff81000300 ffffffff81000400\n"
				"- both ffffffff81000500\n"
				"- early .init.text+ffffffff83000000\n"
				"- late .init.text+ffffffff83000100 ffffffff81000600\n"
				"- cloned.isra.0 ffffffff81000700\n"
				"- secret_value ffffffff81000800\n"
				"*ext4\n"
				"- ext4_state .data+10\n"
				"E ext4_shared .text+20\n"
				"- both .text+30\n"
				"- start .text+40 .text+60 .text+80\n"
				"- odd.isra.0 .text+90\n"
				"- ext4_key .data+20\n"
				"*jbd2\n"
				"- jbd2_inner .text+0\n"
				"- start .text+10\n";

void run_close(struct run *r)
{
	free(r->in);
	symlist_free(&r->list);
	findings_free(&r->findings);
	convert_result_free(&r->result);
	error_free(r->err);
}

static void parse_list(struct symlist *list, const char *text)
{
	char *copy = xstrdup(text);

	assert_fine(symlist_parse("list", copy, list));
	list->text = copy;
}

void convert_with(struct run *r, const char *list)
{
	struct convert_request rq = {.name = "module",
				     .data = r->in,
				     .size = r->in_size,
				     .symbols = &r->list,
				     .findings = &r->findings};

	parse_list(&r->list, list);
	r->err = convert_module(&rq, &r->result);
}

void make_module(struct run *r, const char *name, const char *text)
{
	scoped_free char *file = xasprintf("%s.c", name);
	scoped_free char *flags = xasprintf("-O2 -g -w -fno-pic -mcmodel=kernel -ffreestanding "
					    "-fno-asynchronous-unwind-tables -I%s/include",
					    SOURCE_ROOT);
	scoped_free char *object = kit_compile("gcc", flags, file, text);
	scoped_free char *ko = xasprintf("%s.ko", object);
	scoped_free char *link = xasprintf("ld -r -o %s %s", ko, object);

	kit_run(link);
	assert_fine(read_file(ko, &r->in, &r->in_size));
}

void convert_source(struct run *r, const char *name, const char *body)
{
	scoped_free char *text = xasprintf(HEADER MODINFO "%s", body);

	make_module(r, name, text);
	convert_with(r, convert_list);
}

void assert_converted(const struct run *r)
{
	if (r->err)
		fail_msg("%s: %s", r->err->id, r->err->message);
	if (r->findings.n && findings_refuse(&r->findings))
		fail_msg("%s: %s", r->findings.at[0].id, r->findings.at[0].message);
	assert_non_null(r->result.module);
}

const struct finding *assert_refused(const struct run *r, const char *id, const char *text)
{
	assert_null(r->err);
	assert_null(r->result.module);
	if (r->findings.n != 1 || !streq(r->findings.at[0].id, id))
		fail_msg("%zu findings, first %s: %s", r->findings.n,
			 r->findings.n ? r->findings.at[0].id : "-",
			 r->findings.n ? r->findings.at[0].message : "-");
	if (!strstr(r->findings.at[0].message, text))
		fail_msg("'%s' is not in: %s", text, r->findings.at[0].message);
	return &r->findings.at[0];
}

/* "SECTION SYMBOL" of every livepatch relocation, a line each, in file order. */
static char *relocations(const struct run *r)
{
	scoped_object struct object *o = NULL;
	struct str out = { 0 };

	assert_fine(object_read_memory("out", r->result.module, r->result.size, &o));
	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];

		if (!(s->flags & SHF_RELA_LIVEPATCH))
			continue;
		assert_int_equal(s->type, SHT_RELA);
		assert_true(s->flags & SHF_ALLOC);
		for (uint64_t at = 0; at < s->size; at += sizeof(Elf64_Rela)) {
			Elf64_Rela rela;

			memcpy(&rela, s->data + at, sizeof(rela));
			const struct obj_symbol *sym = &o->symbols[ELF64_R_SYM(rela.r_info)];

			assert_int_equal(sym->shndx, SHN_LIVEPATCH);
			str_add(&out, "%s %s\n", s->name, sym->name);
		}
	}
	str_add(&out, "%s", "");
	return out.s;
}

void assert_relocations(const struct run *r, const char *want)
{
	assert_converted(r);
	scoped_free char *got = relocations(r);

	assert_string_equal(got ? got : "", want);
}
