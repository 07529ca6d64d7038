// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/modinfo.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { NOTE_PHYS32_ENTRY = 18 };

static void cleanup_elf(Elf **elf)
{
	elf_end(*elf);
}
#define scoped_elf __attribute__((cleanup(cleanup_elf)))

/* NULL when the file is no ELF file. fd must stay open as long as the result is used. */
static Elf *open_elf(const char *path, int *fd)
{
	elf_version(EV_CURRENT);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return NULL;
	Elf *elf = elf_begin(*fd, ELF_C_READ_MMAP, NULL);

	if (elf && elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return NULL;
	}
	return elf;
}

static Elf_Data *find_section(Elf *elf, const char *wanted)
{
	size_t strings;
	Elf_Scn *section = NULL;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, strings, header.sh_name);
		if (name && streq(name, wanted))
			return elf_rawdata(section, NULL);
	}
	return NULL;
}

static void split_depends(const char *list, struct str_vec *names)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n)
			str_vec_push(names, xstrndup(list, n));
		list += n + (list[n] == ',');
	}
}

static void take_entry(const char *entry, struct modinfo *info)
{
	if (starts_with(entry, "name=") && !info->name)
		info->name = xstrdup(entry + 5);
	else if (starts_with(entry, "vermagic=") && !info->vermagic)
		info->vermagic = xstrdup(entry + 9);
	else if (starts_with(entry, "livepatch="))
		info->livepatch = true;
	else if (starts_with(entry, "depends="))
		split_depends(entry + 8, &info->depends);
}

static void take_entries(const char *text, size_t size, struct modinfo *info)
{
	size_t i = 0;

	while (i < size) {
		size_t n = strnlen(text + i, size - i);

		if (n == size - i)
			return; /* not terminated: the file is cut */
		take_entry(text + i, info);
		i += n + 1;
	}
}

struct error *modinfo_read(const char *path, struct modinfo *info)
{
	scoped_fd int fd = -1;
	scoped_elf Elf *elf = open_elf(path, &fd);

	*info = (struct modinfo){ 0 };
	if (fd < 0)
		return error_errno("%s", path);
	if (!elf)
		return error_hint(error_new("Q18", "%s: not a kernel module (no ELF file)", path),
				  "a compressed module must be unpacked first");
	Elf_Data *data = find_section(elf, ".modinfo");

	if (data && data->d_buf)
		take_entries(data->d_buf, data->d_size, info);
	if (!info->name) {
		modinfo_free(info);
		return error_new("Q18", "%s: not a kernel module (no name in .modinfo)", path);
	}
	return NULL;
}

void modinfo_free(struct modinfo *info)
{
	free(info->name);
	free(info->vermagic);
	str_vec_free_all(&info->depends);
	*info = (struct modinfo){ 0 };
}

static bool has_entry_note(Elf_Data *data)
{
	GElf_Nhdr note;
	size_t name, desc, next, offset = 0;

	while ((next = gelf_getnote(data, offset, &note, &name, &desc))) {
		if (note.n_type == NOTE_PHYS32_ENTRY && note.n_namesz == sizeof("Xen") &&
		    streq((const char *)data->d_buf + name, "Xen"))
			return true;
		offset = next;
	}
	return false;
}

bool vmlinux_has_pvh_entry(const char *path)
{
	scoped_fd int fd = -1;
	scoped_elf Elf *elf = open_elf(path, &fd);
	size_t n;

	if (!elf || elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr header;
		Elf_Data *data;

		if (!gelf_getphdr(elf, i, &header) || header.p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(elf, header.p_offset, header.p_filesz, ELF_T_NHDR);
		if (data && has_entry_note(data))
			return true;
	}
	return false;
}

bool elf_is_static_program(const char *path)
{
	scoped_fd int fd = -1;
	scoped_elf Elf *elf = open_elf(path, &fd);
	size_t n;

	if (!elf || elf_getphdrnum(elf, &n) || n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, i, &header) || header.p_type == PT_INTERP)
			return false;
	}
	return true;
}
