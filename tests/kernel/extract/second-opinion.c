// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another reader's opinion: libclang parses the text that gcc preprocessed, our reader reads the
 * same text, and both are compared by offset: what is declared at file level, and what the bodies
 * of functions refer to. Units are chosen at random from the kernel proper of each Debian target of
 * the cache ($SUTURE_TEST_TARGETS: these).
 *
 *     $SUTURE_UNITS   how many units a target (20)
 *     $SUTURE_SEED    1
 *
 * A declaration that only one of both finds, and a reference that our reader misses, is a failure
 * unless the table below has it with its reason. References that only our reader finds are counted:
 * arguments of attributes, which libclang does not show, and names that it takes for more than they
 * are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <clang-c/Index.h>
#include <cmocka.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "extract/preprocess.h"
#include "extract/scan.h"
#include "units/kbuild.h"

/* Differences that are understood. */
static const struct {
	const char *name; /* as it is declared or referred to; "*" at the end: anything */
	const char *reason;
} known[] = {
	{"__builtin_*", "declared by the compiler itself"},
	{"__SCT__*",
	 "extern typeof(*table->member) of a static call: that it is a function is known to "
	 "who knows types; for a declaration of a public header it makes no difference"},
};

struct counts {
	size_t units, declarations, references, extra, differences;
};

/* One unit, both ways. Names are kept by the offset of their first byte. */
struct opinion {
	struct tu *tu;
	struct map ours, theirs;	 /* declared: offset → kind + 1 */
	struct map our_refs, their_refs; /* offset → 1 */
	struct counts *counts;
	const char *source;
};

/* ---- libclang ---- */

static uint64_t offset_of(CXCursor cursor)
{
	unsigned int offset;

	clang_getSpellingLocation(clang_getCursorLocation(cursor), NULL, NULL, NULL, &offset);
	return offset;
}

static bool is_named(CXCursor cursor)
{
	CXString name = clang_getCursorSpelling(cursor);
	const char *text = clang_getCString(name);
	bool named = text && *text && !strchr(text, '(');

	clang_disposeString(name);
	return named;
}

static int kind_of(CXCursor cursor)
{
	switch (clang_getCursorKind(cursor)) {
	case CXCursor_FunctionDecl:
		return DECLARED_FUNCTION;
	case CXCursor_VarDecl:
		return DECLARED_VARIABLE;
	case CXCursor_TypedefDecl:
		return DECLARED_TYPEDEF;
	case CXCursor_EnumConstantDecl:
		return DECLARED_ENUMERATOR;
	case CXCursor_StructDecl:
	case CXCursor_UnionDecl:
	case CXCursor_EnumDecl:
		return clang_isCursorDefinition(cursor) ? DECLARED_TAG : -1;
	default:
		return -1;
	}
}

static bool at_file_level(CXCursor cursor)
{
	enum CXCursorKind kind = clang_getCursorKind(clang_getCursorLexicalParent(cursor));

	return kind == CXCursor_TranslationUnit ||
	       clang_getCursorKind(cursor) == CXCursor_EnumConstantDecl;
}

static enum CXChildVisitResult visit_body(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct opinion *o = data;
	CXCursor target = clang_getCursorReferenced(cursor);

	if (clang_getCursorKind(cursor) == CXCursor_DeclRefExpr && at_file_level(target) &&
	    kind_of(target) >= 0 && is_named(cursor))
		map_put_u64(&o->their_refs, offset_of(cursor), o);
	return CXChildVisit_Recurse;
}

/* Declarations at file level, and types and enumerators inside of types. */
static enum CXChildVisitResult visit_file(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct opinion *o = data;
	int kind = kind_of(cursor);
	enum CXCursorKind what = clang_getCursorKind(cursor);

	if (kind >= 0 && is_named(cursor))
		map_put_u64(&o->theirs, offset_of(cursor), (void *)(intptr_t)(kind + 1));
	if (what == CXCursor_FunctionDecl && clang_isCursorDefinition(cursor))
		clang_visitChildren(cursor, visit_body, o);
	if (what == CXCursor_StructDecl || what == CXCursor_UnionDecl || what == CXCursor_EnumDecl)
		return CXChildVisit_Recurse;
	return CXChildVisit_Continue;
}

/* The text without directives; every byte keeps its offset. */
static char *plain_text(const struct tu *tu)
{
	char *text = xmemdup(tu->text, tu->size + 1);
	struct lexer lx = lexer_at(tu->text, tu->size, 0, 1);

	for (struct lexeme l = lex(&lx); l.kind != LEX_END; l = lex(&lx))
		for (uint32_t i = 0; l.kind == LEX_DIRECTIVE && i < l.length; i++)
			if (text[l.at + i] != '\n')
				text[l.at + i] = ' ';
	return text;
}

static void ask_clang(struct opinion *o)
{
	static const char *const args[] = {"-x",
					   "c",
					   "-std=gnu11",
					   "-w",
					   "-ferror-limit=0",
					   "-fshort-wchar",
					   "-target",
					   "x86_64-linux-gnu"};
	scoped_free char *text = plain_text(o->tu);
	struct CXUnsavedFile file = {"unit.c", text, o->tu->size};
	CXIndex index = clang_createIndex(0, 0);
	CXTranslationUnit unit = clang_parseTranslationUnit(index, "unit.c", args, ARRAY_SIZE(args),
							    &file, 1, CXTranslationUnit_KeepGoing);

	assert_non_null(unit);
	clang_visitChildren(clang_getTranslationUnitCursor(unit), visit_file, o);
	clang_disposeTranslationUnit(unit);
	clang_disposeIndex(index);
}

/* ---- ours ---- */

static void ask_ours(struct opinion *o)
{
	for (size_t i = 0; i < o->tu->declared.n; i++) {
		const struct declared *d = &o->tu->declared.at[i];

		if (d->kind != DECLARED_TAG || d->definition)
			map_put_u64(&o->ours, tu_token(o->tu, d->token)->at,
				    (void *)(intptr_t)(d->kind + 1));
	}
	for (size_t i = 0; i < o->tu->declarations.n; i++) {
		SCOPED(scan_free) struct scan scan = {0};

		if (!o->tu->declarations.at[i].body)
			continue;
		scan_declaration(o->tu, &o->tu->declarations.at[i], &scan);
		for (size_t k = 0; k < scan.mentions.n; k++) {
			const struct mention *m = &scan.mentions.at[k];
			uint32_t d = o->tu->ordinary_of[m->name];

			if (m->kind == MENTION_ORDINARY && d &&
			    m->token > o->tu->declarations.at[i].body &&
			    o->tu->declared.at[d - 1].kind != DECLARED_TYPEDEF)
				map_put_u64(&o->our_refs, tu_token(o->tu, m->token)->at, o);
		}
	}
}

/* ---- comparing ---- */

static bool is_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t n = strlen(known[i].name);

		if (known[i].name[n - 1] == '*' ? strncmp(name, known[i].name, n - 1) == 0
						: streq(name, known[i].name))
			return true;
	}
	return false;
}

/* Under CREATE_TRACE_POINTS this header makes tracepoints; our reader leaves them out. */
static bool makes_tracepoints(const struct tu *tu, uint64_t offset)
{
	for (size_t i = 0; i < tu->inclusions.n; i++) {
		const struct inclusion *in = &tu->inclusions.at[i];

		if (in->leave && ends_with(tu->files.at[in->file].path, "/trace/define_trace.h") &&
		    offset >= tu_token(tu, in->token)->at && offset < tu_token(tu, in->leave)->at)
			return true;
	}
	return false;
}

static void differ(struct opinion *o, uint64_t offset, const char *what)
{
	if (makes_tracepoints(o->tu, offset))
		return;
	const char *p = o->tu->text + offset;
	scoped_free char *name =
		xstrndup(p, strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "_0123456789"));

	if (is_known(name))
		return;
	o->counts->differences++;
	if (o->counts->differences < 30)
		print_error("%s: %s: %s\n", o->source, name, what);
}

static void compare(struct opinion *o)
{
	for (size_t i = 0; i < o->theirs.n; i++)
		if (map_get_u64(&o->ours, o->theirs.entries[i].hash) != o->theirs.entries[i].value)
			differ(o, o->theirs.entries[i].hash,
			       "declared only for libclang, or as something else");
	for (size_t i = 0; i < o->ours.n; i++)
		if (!map_has_u64(&o->theirs, o->ours.entries[i].hash))
			differ(o, o->ours.entries[i].hash, "declared only for our reader");
	for (size_t i = 0; i < o->their_refs.n; i++)
		if (!map_has_u64(&o->our_refs, o->their_refs.entries[i].hash))
			differ(o, o->their_refs.entries[i].hash, "referred to only for libclang");
	for (size_t i = 0; i < o->our_refs.n; i++)
		o->counts->extra += !map_has_u64(&o->their_refs, o->our_refs.entries[i].hash);
	o->counts->units++;
	o->counts->declarations += o->theirs.n;
	o->counts->references += o->their_refs.n;
}

static void compare_unit(struct target *target, const struct command *command,
			 struct counts *counts)
{
	scoped_temp_dir char *dir = NULL;
	SCOPED(tu_free) struct tu tu = {0};
	struct opinion o = {.tu = &tu, .counts = counts, .source = command->source};
	double cpu;
	scoped_error struct error *err = temp_dir_new("opinion", &dir);

	assert_null(err);
	err = preprocess(target, command, NULL, dir, &tu, &cpu);
	if (err)
		print_error("%s\n", err->message);
	assert_null(err);
	ask_clang(&o);
	ask_ours(&o);
	compare(&o);
	map_free(&o.ours);
	map_free(&o.theirs);
	map_free(&o.our_refs);
	map_free(&o.their_refs);
}

/* ---- units ---- */

/* The C files of the kernel proper, as its DWARF names them. */
static void list_units(const struct target *target, struct str_vec *units)
{
	int fd = open(target->vmlinux, O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
	Dwarf_Off at = 0, next;
	size_t header;

	assert_non_null(dwarf);
	for (; dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0; at = next) {
		Dwarf_Die die;
		const char *name =
			dwarf_offdie(dwarf, at + header, &die) ? dwarf_diename(&die) : NULL;

		if (name && ends_with(name, ".c") && name[0] != '/' && !strstr(name, "boot/"))
			str_vec_push(units, xasprintf("%.*so", (int)strlen(name) - 1, name));
	}
	dwarf_end(dwarf);
	close(fd);
}

static uint64_t number(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Moves n of the list to its front, by a generator of our own: the same seed, the same units. */
static void choose(struct str_vec *units, size_t n)
{
	uint64_t state = number("SUTURE_SEED", 1);

	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		size_t k = i + (state >> 33) % (units->n - i);
		char *moved = units->at[i];

		units->at[i] = units->at[k];
		units->at[k] = moved;
	}
}

static void compare_target(struct target *target)
{
	SCOPED(str_vec_free_all) struct str_vec units = {0};
	SCOPED(commands_free) struct command_vec commands = {0};
	struct error_vec problems = {0};
	struct counts counts = {0};
	size_t n = number("SUTURE_UNITS", 20);

	list_units(target, &units);
	n = n < units.n ? n : units.n;
	choose(&units, n);
	struct str_vec chosen = {.at = units.at, .n = n};
	scoped_error struct error *err = kbuild_commands(target, &chosen, &commands, &problems);

	assert_null(err);
	for (size_t i = 0; i < problems.n; i++)
		error_free(problems.at[i]);
	error_vec_free(&problems);
	for (size_t i = 0; i < commands.n; i++)
		compare_unit(target, &commands.at[i], &counts);
	print_message("%s: %zu units: %zu declarations, %zu references agree; %zu only ours; %zu "
		      "differences\n",
		      target->name, counts.units, counts.declarations, counts.references,
		      counts.extra, counts.differences);
	assert_true(counts.units > n / 2);
	assert_int_equal(counts.differences, 0);
}

static bool is_wanted(const struct target *target)
{
	const char *names = getenv("SUTURE_TEST_TARGETS");

	return names ? strstr(names, target->name) != NULL : starts_with(target->name, "debian:");
}

static struct target_vec targets;

static void test_second_opinion(void **state)
{
	for (size_t i = 0; i < targets.n; i++)
		if (is_wanted(targets.at[i]))
			compare_target(targets.at[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_second_opinion)};
	scoped_error struct error *err = target_list(&targets);
	size_t wanted = 0;

	for (size_t i = 0; !err && i < targets.n; i++)
		wanted += is_wanted(targets.at[i]);
	if (!wanted) {
		printf("no target in the cache: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
