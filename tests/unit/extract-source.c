// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole of an extraction on small source trees: what is written, and that gcc accepts it with
 * the warnings that the kernel has. A tree has public headers below include/, and private files in
 * d/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "extract/extract.h"
#include "units/farm.h"

struct test_case {
	const char *name;
	const char *header, *private, *c; /* include/linux/pub.h, d/priv.h, d/unit.c */
	const char *functions;		  /* to replace, with blanks between */
	const char *klp;      /* names that are reached in the kernel; "f.x": static x of f */
	const char *with[10]; /* must occur, in this order */
	const char *without[6];
	const char *kobject;   /* NULL: vmlinux */
	const char *id;	       /* expected error */
	const char *undefined; /* names that an object refers to */
	const char *second;    /* include/linux/pub2.h */
	const char *here;      /* names that the caller's own text defines */
	const char *asked;     /* a static variable that must be asked about: "f.x" */
	bool generous;
	const char *patched;   /* pub.h with the fix: the unit is read in a view that has it */
};

#define HEADER "#ifndef PUB_H\n#define PUB_H\nstruct shown { int a; };\nint exported(int a);\n"
#define PUB "#include <linux/pub.h>\n"
#define PRIV "#include \"priv.h\"\n"

static const struct test_case cases[] = {
	{.name = "a function alone",
	 .c = PUB "static int unused;\n\n/* comment */\nint f(struct shown *s)\n{\n\treturn s->a; "
		  "/* kept */\n}\n",
	 .functions = "f",
	 .with = {"#include <linux/pub.h>\n", "int livepatch_f(struct shown *s);\n",
		  "replaces f(), from d/unit.c:5-8", "int livepatch_f(struct shown *s)\n{",
		  "/* kept */"},
	 .without = {"unused", "suture/livepatch.h"}},
	{.name = "static functions: copied, reached, replaced",
	 .c = PUB
	 "static int reached(int a);\nstatic int copied(int a)\n{\n\treturn reached(a);\n}\n\n"
	 "static inline int f(int a)\n{\n\treturn copied(a) + exported(a);\n}\n"
	 "static int reached(int a)\n{\n\treturn f(a);\n}\n",
	 .functions = "f",
	 .klp = "reached",
	 .with = {"extern int reached(int a);\nSUTURE_KLP_SYM(vmlinux, reached, 0);\n",
		  "static int copied(int a)\n{", "int livepatch_f(int a);",
		  "\nint livepatch_f(int a)\n{"},
	 .without = {"static int reached", "inline int livepatch_f",
		     "SUTURE_KLP_SYM(vmlinux, exported"}},
	{.name = "made declarations do not end what stands behind a marker",
	 .c = PUB "static int first(int a)\n{\n\treturn a;\n}\n\nstatic int reached(int a);\n"
		  "static int second(int a)\n{\n\treturn reached(a) + first(a);\n}\n\n"
		  "int f(int a)\n{\n\treturn second(a);\n}\nstatic int reached(int a)\n{\n"
		  "\treturn f(a);\n}\n",
	 .functions = "f",
	 .klp = "reached",
	 .with = {"/* from d/unit.c:2-5, 8-11 */\nstatic int first(int a)\n{",
		  "extern int reached(int a);\nSUTURE_KLP_SYM(vmlinux, reached, 0);\n",
		  "\n\nstatic int second(int a)\n{"}},
	{.name = "a header that another one brings is not named",
	 .c = PUB "#include <linux/pub2.h>\nint f(struct both *b)\n{\n\treturn b->s.a;\n}\n",
	 .functions = "f",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\n#include <linux/pub.h>\n"
		   "struct both { struct shown s; };\n#endif\n",
	 .with = {"#include <linux/pub2.h>\n"},
	 .without = {"linux/pub.h"}},
	{.name = "one of which the text uses something is",
	 .c = PUB "#include <linux/pub2.h>\nint f(struct both *b)\n{\n\treturn exported(b->s.a);\n}\n",
	 .functions = "f",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\n#include <linux/pub.h>\n"
		   "struct both { struct shown s; };\n#endif\n",
	 .with = {"#include <linux/pub.h>\n", "#include <linux/pub2.h>\n"}},
	{.name = "one that another brings only in some kernels is named",
	 .c = PUB "#include <linux/pub2.h>\nint f(struct both *b)\n{\n\treturn b->s.a;\n}\n",
	 .functions = "f",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\n#ifdef SOME\n#include <linux/pub.h>\n#endif\n"
		   "struct both { struct shown s; };\n#endif\n",
	 .with = {"#include <linux/pub.h>\n", "#include <linux/pub2.h>\n"}},
	{.name = "a public list from which a private macro makes declarations",
	 .c = PUB "#define DEFAULT(name) name##_default\n"
		  "#define HOOK(value, name) static const int DEFAULT(name) = (value);\n"
		  "#include <linux/pub2.h>\n#undef HOOK\n"
		  "int f(int a)\n{\n\treturn a ? a : DEFAULT(two);\n}\n",
	 .functions = "f",
	 .second = "HOOK(1, one)\nHOOK(2, two)\n",
	 .with = {"#define HOOK(value, name)", "/* from include/linux/pub2.h:2 */\nHOOK(2, two)\n", "DEFAULT(two)"},
	 .without = {"HOOK(1, one)", "#include <linux/pub2.h>"}},
	{.name = "a macro that makes a static function and a variable beside it",
	 .c = PUB "struct attribute { int (*show)(int a); };\n"
		  "#define ATTRIBUTE(name) static int name##_show(int a) \\\n{ return exported(a); } \\\n"
		  "struct attribute attr_##name = { name##_show }\nATTRIBUTE(one);\n",
	 .functions = "one_show",
	 .with = {"int livepatch_one_show(int a);", "\nint livepatch_one_show(int a) {"},
	 .without = {"static", "attr_"}},
	{.name = "a type that a public header defines once more",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\ntypedef unsigned int word;\n"
		   "static inline word twice(word a) { return 2 * a; }\n#endif\n",
	 .c = "typedef unsigned int word;\nstruct own { word w; };\n#include <linux/pub2.h>\n"
	      "word f(struct own *o)\n{\n\treturn twice(o->w);\n}\n",
	 .functions = "f",
	 .with = {"#include <linux/pub2.h>\n", "struct own { word w; };"}},
	{.name = "macros whose names are pasted from arguments",
	 .private = "#define cap_near(x) ((x) & 1)\n#define cap_far(x) ((x) & 2)\n"
		    "#define ecap_near(x) ((x) & 4)\n#define OTHER_near 3\n"
		    "#define TEST(x, cap, what) (cap##_##what(x))\n"
		    "#define BOTH(x, what) (TEST(x, cap, what) + TEST(x, ecap, what))\n",
	 .c = PUB PRIV "int f(int a)\n{\n\treturn BOTH(a, near);\n}\n",
	 .functions = "f",
	 .with = {"#define cap_near(x)", "#define ecap_near(x)", "#define BOTH"},
	 .without = {"cap_far", "OTHER"}},
	{.name = "declarations that one use of a macro makes",
	 .c = PUB "#define PAIR(name) extern int name##_first; extern int name##_second; \\\n"
		  "static int name##_other(void) { return 1; }\nPAIR(one)\n"
		  "int f(void)\n{\n\treturn one_first + one_second;\n}\n",
	 .functions = "f",
	 .with = {"/* expanded from d/unit.c:4 */\nextern int one_first;\nextern int one_second;\n"},
	 .without = {"other"}},
	{.name = "a function whose type has its name",
	 .c = PUB "enum kind { A };\nenum kind kind(int a);\nenum kind kind(int a)\n{\n\treturn exported(a) ? A : A;\n}\n",
	 .functions = "kind",
	 .with = {"enum kind { A };", "enum kind livepatch_kind(int a);", "enum kind livepatch_kind(int a)\n{"}},
	{.name = "a variable of a public header, of a type of private text",
	 .private = "struct device { int mode; };\nstruct other { int a; };\n",
	 .c = "struct device;\n#include <linux/pub2.h>\n" PRIV
	      "struct device dev;\nint f(void)\n{\n\treturn dev.mode;\n}\n",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\nstruct device;\nextern struct device dev;\n#endif\n",
	 .functions = "f",
	 .klp = "dev",
	 .with = {"#include <linux/pub2.h>\n", "struct device { int mode; };"},
	 .without = {"struct other", "struct device dev;"}},
	{.name = "a generous extraction has what a public header only declares",
	 .private = "struct params { int level; };\nstruct other { int a; };\n",
	 .c = "struct params;\n#include <linux/pub2.h>\n" PRIV "int f(const params_t *p)\n{\n\treturn p->level;\n}\n",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\ntypedef struct params params_t;\n#endif\n",
	 .functions = "f",
	 .generous = true,
	 .with = {"#include <linux/pub2.h>\n", "struct params { int level; };"},
	 .without = {"struct other"}},
	{.name = "a pointer of a public structure, as a macro writes it",
	 .private = "struct mib { int counts; };\nstruct other { int a; };\n",
	 .c = "struct mib;\n#include <linux/pub2.h>\n" PRIV "int f(struct net *n)\n{\n\treturn COUNT(n->mib);\n}\n",
	 .second = "#ifndef PUB2_H\n#define PUB2_H\n#define STAT(type, name) __typeof__(type) *name\n"
		   "#define COUNT(x) ((x)->counts)\nstruct net { STAT(struct mib, mib); };\n#endif\n",
	 .functions = "f",
	 .with = {"#include <linux/pub2.h>\n", "struct mib { int counts; };"},
	 .without = {"struct other"}},
	{.name = "recursion goes to the new one, pointers to the old one",
	 .c = PUB "int f(int a);\nint (*table[])(int) = { f };\nint f(int a)\n{\n"
		  "\tint (*p)(int) = f;\n\n\treturn a ? f(a - 1) : p(a);\n}\n",
	 .functions = "f",
	 .klp = "f",
	 .with = {"extern int f(int a);\nSUTURE_KLP_SYM(vmlinux, f, 0)",
		  "int livepatch_f(int a)\n{", "= f;", "livepatch_f(a - 1) : p(a)"},
	 .without = {"table"}},
	{.name = "types and macros of private headers",
	 .private = "#ifndef PRIV_H\n#define PRIV_H\n#define UNUSED 1\n#define LIMIT (BASE + 1)\n"
		    "#define BASE 3\nstruct whole {\n\tint a; /* layout */\n\tstruct far *f;\n};\n"
		    "struct far { int huge; };\nenum e { E1, E2 };\ntypedef struct { int t; } "
		    "td;\n#endif\n",
	 .c = PUB PRIV "int f(struct whole *w, td *t)\n{\n\treturn w->a + LIMIT + E2 + t->t;\n}\n",
	 .functions = "f",
	 .with = {"struct far;\n", "#define LIMIT (BASE + 1)\n", "#define BASE 3\n",
		  "struct whole {\n\tint a; /* layout */", "enum e { E1, E2 };", "td;"},
	 .without = {"UNUSED", "huge", "priv.h\""}},
	{.name = "a pointer whose object is used as a whole",
	 .private = "struct obj { int a; };\nstruct part { struct obj *link; };\n",
	 .c = PUB PRIV "unsigned long f(struct part *p)\n{\n\treturn sizeof(*p->link);\n}\n",
	 .functions = "f",
	 .with = {"struct obj { int a; };", "struct part {"}},
	{.name = "static variable of a function",
	 .c = PUB "int f(int a)\n{\n\tstatic const int table[] = { 1, 2,\n\t\t3 };\n\tstatic int "
		  "count = 7;\n\n"
		  "\treturn table[a] + count++;\n}\n",
	 .functions = "f",
	 .klp = "f.count f.table",
	 .with = {"SUTURE_KLP_ALIAS(f_static_table, vmlinux, table.1, 0);",
		  "SUTURE_KLP_ALIAS(f_static_count, vmlinux, count.1, 0);",
		  "extern const int table[3] __asm__(\"f_static_table\");",
		  "extern int count __asm__(\"f_static_count\");"},
	 .without = {"count = 7"}},
	{.name = "variables: declared from their definitions",
	 .c = PUB
	 "#define DEFINE(x) struct shown x = { 1 }\nenum { A, B };\nstatic DEFINE(made);\n"
	 "static const char *const names[] = { [B] = \"b\", [A] = \"a\" };\n"
	 "static char text[] = \"abc\";\nstatic struct own { int o; } first, *second;\n"
	 "static unsigned long flags __attribute__((section(\".x\"), aligned(16)));\n"
	 "unsigned long f(void)\n{\n\treturn made.a + sizeof(names) + sizeof(text) + first.o +\n"
	 "\t\tsecond->o + flags + (names[0] != 0) + text[0];\n}\n",
	 .functions = "f",
	 .klp = "made names text first second flags",
	 .with = {"struct own { int o; };", "extern struct own *second;", "extern struct shown made;",
		  "extern const char *const names[sizeof((char []){[B] = 0, [A] = 0})];",
		  "extern char text[sizeof(\"abc\")];", "extern struct own first;",
		  "extern unsigned long flags;"},
	 .without = {"section", "DEFINE"}},
	{.name = "a macro that makes the function",
	 .header = HEADER
	 "#define CALL1(name, t, a) int sys_##name(t a); static int do_##name(t a); \\\n"
	 "int sys_##name(t a) { return do_##name(a); } static int do_##name(t a)\n#endif\n",
	 .c = PUB "CALL1(open, int,\n      fd)\n{\n\treturn exported(fd);\n}\n",
	 .functions = "sys_open",
	 .with = {"from d/unit.c:2-6", "CALL1(livepatch_open, int,\n      fd)\n{"},
	 .without = {"livepatch_sys_open"}},
	{.name = "names that are made by pasting",
	 .c = PUB "#define NAME(x) static int x##_made(int a) { return exported(a); }\nNAME(one)\n"
		  "#define FLAG_A 1\n#define GET(x) FLAG_##x\nint f(int a)\n{\n\treturn "
		  "one_made(a) + GET(A);\n}\n",
	 .functions = "f",
	 .with = {"#define NAME(x)", "NAME(one)\n", "#define FLAG_A 1\n", "#define GET(x)"}},
	{.name = "a list that two enums read with different macros",
	 .private = "#define LIST C(A) C(B)\n#define C(x) BIT_##x,\nenum bits { LIST };\n#undef C\n"
		    "#define C(x) FLAG_##x = 1 << BIT_##x,\nenum flags { LIST };\n#undef C\n",
	 .c = PUB PRIV "int f(int a)\n{\n\treturn a & FLAG_B;\n}\n",
	 .functions = "f",
	 .with = {"#define LIST", "#define C(x) BIT_##x,\n", "enum bits { LIST };", "#undef C\n",
		  "#define C(x) FLAG_##x", "enum flags { LIST };"}},
	{.name = "a conditional that cuts a function's head",
	 .c = PUB
	 "#define WIDE 1\n#if WIDE\nint f(int a,\n#else\nint f(\n#endif\n      int b)\n{\n#if "
	 "WIDE\n"
	 "\tif (a) {\n#else\n\tif (b) {\n#endif\n\t\treturn 1;\n\t}\n\treturn exported(b);\n}\n",
	 .functions = "f",
	 .generous = true,
	 .with = {"#define WIDE 1\n", "#if WIDE\nint livepatch_f(int a,\n#else",
		  "return exported(b);\n}\n"}},
	{.name = "the same, with the branch that was taken only",
	 .c = PUB "#define WIDE 1\n#if WIDE\nint f(int a,\n#else\nint f(\n#endif\n      int b)\n{\n"
		  "\treturn exported(b + a);\n}\n",
	 .functions = "f",
	 .with = {"replaces f(), from d/unit.c:3-11 */\nint livepatch_f(int a,\n      int b)\n{"},
	 .without = {"WIDE", "#else"}},
	{.name = "an include in an initialiser",
	 .private = "1, 2,\n",
	 .c = PUB "static const int table[] = {\n#include \"priv.h\"\n\t3 };\nint f(int "
		  "a)\n{\n\treturn table[a];\n}\n",
	 .functions = "f",
	 .with = {"static const int table[] = {\n", "1, 2,\n", "\t3 };\n"},
	 .without = {"#include \"priv.h\""}},
#define BRANCHES                                                                                   \
	PUB "struct s {\n\tint a;\n#ifdef NO\n\tint n;\n#else\n\tint b;\n#endif\n};\n"              \
	    "#define ONLY_THERE 1\n#ifdef NO\nstatic int twice(void)\n#else\nstatic int once(void)\n"   \
	    "#endif\n{\n\treturn 1;\n}\n\n"                                                          \
	    "int f(struct s *s)\n{\n\tint x = s->a;\n\n#ifdef NO\n\tx += ONLY_THERE;\n#endif\n"        \
	    "\n#if 1 /* why */\n\tx += s->b + exported(__LINE__) + once();\n#endif\n\n"                \
	    "#ifdef NO\n\tx++;\n#endif\n\treturn x;\n}\n"
	{.name = "branches that the compiler did not take",
	 .c = BRANCHES,
	 .functions = "f",
	 .with = {"\tint a;\n\tint b;\n};", "\nstatic int once(void)\n{",
		  "\tint x = s->a;\n\n\tx += s->b", "once();\n\n\treturn x;"},
	 .without = {"#if", "#e", "twice", "int n;", "ONLY_THERE"}},
	{.name = "a generous extraction has them",
	 .c = BRANCHES,
	 .generous = true,
	 .functions = "f",
	 .with = {"#ifdef NO\n\tint n;\n#else", "#define ONLY_THERE 1\n", "twice",
		  "\tx += ONLY_THERE;\n#endif"}},
	{.name = "branches that cannot be told are kept",
	 .header = HEADER "#define NOTHING\n#define BOTH(...) __VA_ARGS__\n#endif\n",
	 .c = PUB "int f(int a)\n{\n#ifndef NO\n\tNOTHING\n#endif\n\treturn BOTH(a\n"
		  "#ifdef NO\n, 1;\n#endif\n\t);\n}\n",
	 .functions = "f",
	 .with = {"#ifndef NO\n\tNOTHING\n#endif", "#ifdef NO\n, 1;\n#endif"}},
	{.name = "headers of which nothing is used",
	 .c = PUB "#include <linux/pub2.h>\nint f(int a)\n{\n\treturn other(a);\n}\n",
	 .second = "int other(int a);\n",
	 .functions = "f",
	 .with = {"#include <linux/pub2.h>\n"},
	 .without = {"pub.h>"}},
	{.name = "declarations stand before their first use, text of one file behind one marker",
	 .private = "static inline int one(int a)\n{\n\treturn a;\n}\nint unused;\n"
		    "static inline int two(int a)\n{\n\treturn a;\n}\n",
	 .c = PRIV "static int live(int a)\n{\n\treturn a;\n}\nstatic int g(int a)\n{\n\treturn one(a);\n}\n"
		   "int f(int a)\n{\n\treturn live(a) + g(a) + two(a) + live(g(1));\n}\n",
	 .functions = "f",
	 .klp = "live",
	 .with = {"/* from d/priv.h:1-4, 6-9 */\nstatic inline int one", "}\n\nstatic inline int two",
		  "/* from d/unit.c:6-9 */\nstatic int g(", "}\n\nextern int live(int a);\nSUTURE",
		  "int livepatch_f(int a);\n\n/* livepatch: replaces"}},
	{.name = "what the livepatch defines itself needs no header", /* a name that gcc declares by itself */
	 .private = "typedef int mine;\nstruct deep { int d; };\n",
	 .c = PUB PRIV "#include <linux/pub2.h>\nint f(struct shown *s)\n{\n\t__builtin_trap();\n\treturn s->a;\n}\n",
	 .second = "int late(mine m);\nstatic inline int deep(struct deep d) { return d.d; }\n"
		   "static inline void __builtin_trap(void) { late(1); }\n",
	 .functions = "f",
	 .here = "__builtin_trap",
	 .without = {"mine", "deep", "pub2.h"}},
	{.name = "static variables of a header's functions are asked about",
	 .header = HEADER "static inline int inner(void)\n{\n\tstatic int n;\n\treturn n++;\n}\n"
			  "static inline int outer(void)\n{\n\treturn inner();\n}\n#endif\n",
	 .c = PUB "int f(void)\n{\n\treturn outer();\n}\n",
	 .functions = "f",
	 .asked = "inner.n"},
	{.name = "an argument of which the macro makes more names",
	 .header = HEADER "#define SHOW(name) int name##_show(void) { return FIELD(name); }\n"
			  "#define FIELD(name) field_##name\n#endif\n",
	 .c = PUB "static int field_a;\nSHOW(a)\nint g(void) { return field_a++; }\n",
	 .functions = "a_show",
	 .klp = "field_a",
	 .with = {"expanded from d/unit.c:3", "livepatch_a_show"},
	 .without = {"SHOW(livepatch_a)"}},
	{.name = "a pasted name of a public macro, which uses a private one",
	 .header = HEADER "#define say_once(x) SAYS(x)\n#define SAYS(x) x\n#endif\n",
	 .private = "#undef SAYS\n#define SAYS(x) \"CIFS: \" x\n#define SAY(how, x) say_ ## how(x)\n",
	 .c = PUB PRIV "const char *f(void)\n{\n\treturn SAY(once, \"a\");\n}\n",
	 .functions = "f",
	 .with = {"#undef SAYS\n", "#define SAYS(x) \"CIFS: \" x\n"}},
	{.name = "names of the unit",
	 .c = "#define pr_fmt(x) KBUILD_MODNAME x\n" PUB
	      "const char *f(void)\n{\n\treturn exported(1) ? pr_fmt(\"!\") : 0;\n}\n",
	 .functions = "f",
	 .with = {"#undef KBUILD_MODNAME\n#define KBUILD_MODNAME \"unit\"\n",
		  "#define pr_fmt(x) KBUILD_MODNAME x\n#include"}},
	{.name = "the module itself",
	 .header = HEADER "struct module;\nextern struct module __this_module;\n"
			  "#define THIS_MODULE (&__this_module)\n#endif\n",
	 .c = PUB "struct module *f(void)\n{\n\treturn THIS_MODULE;\n}\n",
	 .functions = "f",
	 .kobject = "mod",
	 .with = {"#undef THIS_MODULE\n",
		  "SUTURE_KLP_ALIAS(mod_this_module, mod, __this_module, 0);"}},
	{.name = "a public header that needs private types",
	 .second = "int late(mine m);\n",
	 .private = "typedef int mine;\n",
	 .c = PUB PRIV "#include <linux/pub2.h>\nint f(int a)\n{\n\treturn late(a);\n}\n",
	 .functions = "f",
	 .with = {"typedef int mine;", "#include <linux/pub2.h>\n",
		  "int livepatch_f"}},
	{.name = "a public header that mentions a private tag in parameters only",
	 .second = "int take(struct mine *m);\nstatic inline int give(struct mine *m)\n{\n\treturn "
		   "take(m);\n}\n",
	 .private = "struct mine {\n\tint a;\n};\n",
	 .c = PUB PRIV "#include <linux/pub2.h>\nint f(struct mine *m)\n{\n\treturn give(m) + "
		  "m->a;\n}\n",
	 .functions = "f",
	 .klp = "take",
	 .with = {"struct mine;\n#include <linux/pub2.h>\n",
		  "struct mine {\n"}},
	{.name = "a fix in a public header",
	 .header = HEADER
	 "#define OLD 1\n#define SAME 2\nstatic inline int helper(int a)\n{\n\treturn a;\n}\n"
	 "static inline int same(int a)\n{\n\treturn a;\n}\n#endif\n",
	 .patched = HEADER "#define OLD 3\n#define SAME 2\n#define NEW 4\nint added(int a);\n"
			   "static inline int helper(int a)\n{\n\treturn a + NEW;\n}\n"
			   "static inline int same(int a)\n{\n\treturn a;\n}\n#endif\n",
	 .c = PUB "int f(int a)\n{\n\treturn helper(a) + same(a) + OLD + SAME + added(a);\n}\n",
	 .functions = "f helper",
	 .klp = "added",
	 .with = {"#include <linux/pub.h>\n", "#undef OLD\n#define OLD 3\n", "#define NEW 4\n",
		  "int added(int a);\n", "int livepatch_helper(int a)\n{\n\treturn a + NEW;",
		  "livepatch_helper(a) + same(a) + OLD"},
	 .without = {"define SAME", "int same(int a)\n"}},
	{.name = "only what the object refers to is annotated",
	 .header = HEADER "int dead(void);\nint live(void);\nstatic inline int both(int a)\n{\n"
			  "\treturn a ? live() : dead();\n}\n#endif\n",
	 .c = PUB "int f(void)\n{\n\treturn both(1);\n}\n",
	 .functions = "f",
	 .klp = "dead live",
	 .undefined = "live",
	 .with = {"SUTURE_KLP_SYM(vmlinux, live, 0);"},
	 .without = {"dead"}},
	{.name = "two functions, old-style parameters, statement expressions, attributes",
	 .c = PUB "static int g(a, b)\n\tint a, b;\n{\n\treturn ({ int x = a; x + b; });\n}\n"
		  "__attribute__((noinline)) static int f(int a)\n{\n\t__label__ out;\n\n\tif "
		  "(a)\n\t\tgoto out;\n"
		  "\treturn _Generic(a, int: g(a, 1), default: 0);\nout:\n\treturn 0;\n}\n"
		  "int h(int a)\n{\n\treturn f(a);\n}\n",
	 .functions = "f h",
	 .with = {"static int g(a, b)\n\tint a, b;\n{", "int livepatch_f(int a)\n{",
		  "int livepatch_h(int a)\n{\n\treturn livepatch_f(a);"}},
	{.name = "no such function",
	 .c = PUB "int f(void)\n{\n\treturn 0;\n}\n",
	 .functions = "g",
	 .id = "M1"},
	{.name = "near names",
	 .c = PUB "int frobnicate(void)\n{\n\treturn 0;\n}\n",
	 .functions = "frobnicat",
	 .id = "M1",
	 .with = {"(near: frobnicate)"}},
	{.name = "near names that macros made",
	 .c = PUB "int __x64_sys_open(void)\n{\n\treturn 0;\n}\n",
	 .functions = "open",
	 .id = "M1",
	 .with = {"(near: __x64_sys_open)"}},
	{.name = "only a macro", .c = PUB "#define g(x) x\nint f;\n", .functions = "g", .id = "M3"},
	{.name = "defined elsewhere", .c = PUB "int f;\n", .functions = "exported", .id = "M4"},
	{.name = "does not preprocess", .c = "#error no\n", .functions = "f", .id = "M2"},
};

/* ---- the policy ---- */

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p && (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
	return false;
}

static bool was_asked;

static void decide(void *arg, const struct name_question *q, struct name_fate *fate)
{
	const struct test_case *tc = arg;
	scoped_free char *name =
		q->function ? xasprintf("%s.%s", q->function, q->name) : xstrdup(q->name);

	was_asked |= q->in_header && tc->asked && streq(tc->asked, name);
	fate->reason = xstrdup("test");
	fate->fate = q->defined ? FATE_COPY : FATE_PLAIN;
	if (!q->function && has_word(tc->functions, name)) {
		fate->fate = FATE_REPLACE;
		fate->new_name = xasprintf("livepatch_%s", name);
	} else if (has_word(tc->klp, name)) {
		fate->fate = FATE_KLP;
	}
	if (has_word(tc->here, name))
		fate->fate = FATE_HERE;
	if (has_word(tc->klp, name)) {
		fate->object = xstrdup("vmlinux");
		fate->symbol = q->function ? xasprintf("%s.1", q->name) : xstrdup(q->name);
	}
}

/* ---- a tree on disk ---- */

static void put(const char *dir, const char *name, const char *text)
{
	scoped_free char *path = path_join(dir, name);
	scoped_free char *parent = path_dirname(path);
	scoped_error struct error *err = make_dirs(parent);

	assert_null(err);
	err = write_file(path, text, strlen(text));
	assert_null(err);
}

static void make_tree(const char *dir, const struct test_case *tc)
{
	const char *header = tc->header ? tc->header : HEADER "#endif\n";

	put(dir, "include/linux/pub.h", header);
	put(dir, "include/linux/pub2.h", tc->second ? tc->second : PUB);
	put(dir, "d/priv.h", tc->private ? tc->private : "");
	put(dir, "d/unit.c", tc->c);
}

/* A view of the tree with the patched header. */
static void make_view(const char *dir, const struct test_case *tc)
{
	scoped_free char *root = path_join(dir, "view");
	struct farm farm = {0};
	scoped_error struct error *err = farm_new(dir, root, &farm);

	assert_null(err);
	err = farm_put(&farm, "include/linux/pub.h", tc->patched, strlen(tc->patched));
	assert_null(err);
	farm_free(&farm);
}

static void split(const char *list, struct str_vec *out)
{
	scoped_free char *copy = xstrdup(list);

	for (char *save, *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save))
		str_vec_push(out, xstrdup(p));
}

static struct error *extract(const struct test_case *tc, char *dir, struct extract_result *result)
{
	SCOPED(str_vec_free_all) struct str_vec functions = {0}, undefined = {0};
	struct finding_vec findings = {0};
	scoped_free char *include = xasprintf("-I%s/include", dir);
	scoped_free char *source = xasprintf("%s/d/unit.c", dir);
	scoped_free char *view = path_join(dir, "view");
	struct target target = {
		.srctree = dir, .objtree = dir, .kbuild = dir, .cc = "gcc", .user_build = true};
	char *argv[] = {"gcc", include, "-DKBUILD_MODNAME=\"unit\"", "-c", source};
	struct command command = {.object_name = "d/unit.o",
				  .source = "d/unit.c",
				  .tree = dir,
				  .kobject = (char *)(tc->kobject ? tc->kobject : "vmlinux"),
				  .argv = {.at = argv, .n = ARRAY_SIZE(argv)}};

	split(tc->functions, &functions);
	if (tc->undefined)
		split(tc->undefined, &undefined);
	struct extract_request rq = {.target = &target,
				     .command = &command,
				     .workdir = dir,
				     .farm = tc->patched ? view : NULL,
				     .functions = &functions,
				     .fate_of = decide,
				     .fate_arg = (void *)tc,
				     .findings = &findings,
				     .undefined = tc->undefined ? &undefined : NULL,
				     .generous = tc->generous};
	struct error *err = extract_unit(&rq, result);

	findings_free(&findings);
	return err;
}

static void compile(const struct test_case *tc, const char *dir, const char *text)
{
	scoped_free char *include = xasprintf("-I%s/include", dir);
	static const char *const flags[] = {"-Wall",
					    "-Wextra",
					    "-Werror",
					    "-Wmissing-prototypes",
					    "-Wno-unused-parameter",
					    "-Wno-old-style-definition",
					    "-std=gnu11"};
	const char *argv[24] = {"gcc",
				"-c",
				"out.c",
				"-o",
				"out.o",
				include,
				"-I" SOURCE_ROOT "/include",
				"-DKBUILD_MODNAME=\"livepatch\""};
	scoped_process_result struct process_result r = {0};
	struct process p = {.argv = argv, .cwd = dir};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		argv[8 + i] = flags[i];
	put(dir, "out.c", text);
	scoped_error struct error *err = process_run(&p, &r);

	assert_null(err);
	if (r.status)
		print_error("%s:\n%s%s", tc->name, r.output, text);
	assert_int_equal(r.status, 0);
}

static void check_text(const struct test_case *tc, const char *text)
{
	const char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(tc->with) && tc->with[i]; i++) {
		const char *hit = strstr(at, tc->with[i]);

		if (!hit)
			print_error("%s: without (or not in order) '%s':\n%s", tc->name,
				    tc->with[i], text);
		assert_non_null(hit);
		at = hit;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tc->without) && tc->without[i]; i++) {
		const char *hit = strstr(text, tc->without[i]);

		if (hit)
			print_error("%s: has:\n%s", tc->name, hit);
		assert_null(hit);
	}
}

static void run_case(const struct test_case *tc)
{
	scoped_temp_dir char *dir = NULL;
	SCOPED(extract_result_free) struct extract_result result = {0}, again = {0};
	scoped_error struct error *err = temp_dir_new("extract", &dir);

	assert_null(err);
	make_tree(dir, tc);
	if (tc->patched)
		make_view(dir, tc);
	err = extract(tc, dir, &result);
	if (tc->id) {
		assert_non_null(err);
		assert_string_equal(err->id, tc->id);
		check_text(tc, err->message);
		return;
	}
	if (err)
		print_error("%s: %s: %s\n", tc->name, err->id, err->message);
	assert_null(err);
	assert_true(was_asked || !tc->asked);
	was_asked = false;
	check_text(tc, result.text);
	compile(tc, dir, result.text);
	scoped_error struct error *err2 = extract(tc, dir, &again);

	assert_null(err2);
	assert_string_equal(result.text, again.text);
}

static void test_source(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i]);
}

static const struct test_case *find_case(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (streq(cases[i].name, name))
			return &cases[i];
	fail();
	return NULL;
}

/* What is said about names: the new ones, and why each thing is there. */
static void test_decisions(void **state)
{
	const struct test_case *tc = find_case("a macro that makes the function");
	scoped_temp_dir char *dir = NULL;
	SCOPED(extract_result_free) struct extract_result result = {0};
	scoped_error struct error *err = temp_dir_new("extract", &dir);
	bool found = false;

	assert_null(err);
	make_tree(dir, tc);
	err = extract(tc, dir, &result);
	assert_null(err);
	for (size_t i = 0; i < result.replaced.n; i++)
		found |= streq(result.replaced.at[i].name, "sys_open") &&
			 streq(result.replaced.at[i].new_name, "sys_livepatch_open");
	assert_true(found);
	assert_true(result.decisions.n);
	assert_string_equal(result.decisions.at[0].what, "function sys_open");
	assert_string_equal(result.decisions.at[0].how, "replaced");
	assert_null(result.decisions.at[0].needed_by);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
