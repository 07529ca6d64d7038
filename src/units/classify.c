// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/classify.h"

#include <fnmatch.h>
#include <stddef.h>

#include "base/mem.h"

static const char vdso[] = "code of the vDSO, which runs in user space and is mapped into every "
			   "process already";
static const char boot[] =
	"code that runs before or beside the kernel proper (boot, real mode, EFI "
	"stub, purgatory)";
static const char assembly[] =
	"assembly code, which has no ftrace entry and no C function to replace";
static const char config[] = "a change of the configuration needs another kernel, not a livepatch";
static const char build[] = "a change of how the kernel is built";
static const char nothing[] = "no code of the running kernel";
static const char foreign[] = "code of another architecture";
static const char unknown[] = "not C and not known to be harmless";

/*
 * Sources: the top Makefile and arch/x86/Makefile (which directories are linked into vmlinux or
 * modules), Documentation/kbuild/. arch/x86 is the only architecture so far.
 */
static const struct file_class classes[] = {
	{"Documentation/*", FILE_NOTHING, "U7", nothing},
	{"tools/*", FILE_NOTHING, "U7", nothing},
	{"samples/*", FILE_NOTHING, "U7", nothing},
	{"LICENSES/*", FILE_NOTHING, "U7", nothing},
	{"scripts/checkpatch.pl", FILE_NOTHING, "U7", nothing},
	{"scripts/get_maintainer.pl", FILE_NOTHING, "U7", nothing},
	{"MAINTAINERS", FILE_NOTHING, "U7", nothing},
	{"CREDITS", FILE_NOTHING, "U7", nothing},
	{"COPYING", FILE_NOTHING, "U7", nothing},
	{".mailmap", FILE_NOTHING, "U7", nothing},
	{"*.gitignore", FILE_NOTHING, "U7", nothing},
	{"*.rst", FILE_NOTHING, "U7", nothing},
	{"*README*", FILE_NOTHING, "U7", nothing},
	{"arch/[!x]*", FILE_NOTHING, "U12", foreign},
	{"arch/xtensa/*", FILE_NOTHING, "U12", foreign},
	{"arch/x86/um/*", FILE_NOTHING, "U12", foreign},
	{"*.dts", FILE_NOTHING, "U12", foreign},
	{"*.dtsi", FILE_NOTHING, "U12", foreign},
	{"scripts/*", FILE_REFUSED, "U8", build},
	{"*.lds.S", FILE_REFUSED, "U8", build},
	{"*.lds", FILE_REFUSED, "U8", build},
	{"*Makefile*", FILE_REFUSED, "U8", build},
	{"*Kbuild", FILE_REFUSED, "U8", build},
	{"*Kbuild.*", FILE_REFUSED, "U8", build},
	{"*Kconfig*", FILE_REFUSED, "U8", config},
	{"*_defconfig", FILE_REFUSED, "U8", config},
	{"*.config", FILE_REFUSED, "U8", config},
	{"*.tbl", FILE_REFUSED, "U8", build},
	/* "Files to link into the kernel" of that directory's Makefile, and obj-y of realmode's. */
	{"arch/x86/entry/vdso/vma.c", FILE_UNIT, NULL, NULL},
	{"arch/x86/entry/vdso/extable.c", FILE_UNIT, NULL, NULL},
	{"arch/x86/entry/vdso/vdso32-setup.c", FILE_UNIT, NULL, NULL},
	{"arch/x86/realmode/init.c", FILE_UNIT, NULL, NULL},
	{"arch/x86/entry/vdso/*", FILE_REFUSED, "F2", vdso},
	{"arch/x86/include/asm/vdso/*", FILE_REFUSED, "F2", vdso},
	{"lib/vdso/*", FILE_REFUSED, "F2", vdso},
	{"arch/x86/boot/*", FILE_REFUSED, "F2", boot},
	{"arch/x86/realmode/*", FILE_REFUSED, "F2", boot},
	{"arch/x86/purgatory/*", FILE_REFUSED, "F2", boot},
	{"drivers/firmware/efi/libstub/*", FILE_REFUSED, "F2", boot},
	{"*.S", FILE_REFUSED, "F2", assembly},
	{"*.s", FILE_REFUSED, "F2", assembly},
	{"*.c", FILE_UNIT, NULL, NULL},
	{"*.h", FILE_HEADER, NULL, NULL},
	{"*", FILE_REFUSED, "U13", unknown},
};

const struct file_class *file_classify(const char *path)
{
	size_t i = 0;

	while (fnmatch(classes[i].pattern, path, 0) && i + 1 < ARRAY_SIZE(classes))
		i++;
	return &classes[i];
}
