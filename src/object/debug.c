// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/debug.h"

#include <dwarf.h>
#include <fcntl.h>

#include "base/cleanup.h"

/* No other file is looked for. */
static int no_debug_file(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
			 const char *file_name, const char *link, GElf_Word crc, char **found)
{
	return -1;
}

struct error *debug_open(const char *path, Dwfl **dwfl, Dwfl_Module **module, Dwarf **dwarf)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = no_debug_file,
	};
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	Dwfl_Module *mod = NULL;
	Dwarf_Addr bias;

	if (fd < 0)
		return error_errno("%s", path);
	*dwfl = dwfl_begin(&callbacks);
	mod = dwfl_report_offline(*dwfl, path, path, fd);
	if (!mod)
		return error_new("D1", "%s: %s", path, dwfl_errmsg(-1));
	fd = -1; /* the module's now */
	dwfl_report_end(*dwfl, NULL, NULL);
	if (!dwfl_module_getelf(mod, &bias))
		return error_new("D1", "%s: %s", path, dwfl_errmsg(-1));
	*dwarf = dwfl_module_getdwarf(mod, &bias);
	if (module)
		*module = mod;
	return NULL;
}

bool debug_number(Dwarf_Die *die, unsigned int attribute, uint64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr(die, attribute, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*value = word;
	return true;
}

const char *debug_keyword(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
		return "struct ";
	case DW_TAG_union_type:
		return "union ";
	case DW_TAG_enumeration_type:
		return "enum ";
	default:
		return "";
	}
}
