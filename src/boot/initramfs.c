// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/initramfs.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/map.h"
#include "boot/guest-init.h"

const char guest_init[] = GUEST_INIT;

struct error *find_busybox(const char **path)
{
	static const char *const places[] = { "/bin/busybox", "/usr/bin/busybox",
					      "/usr/local/bin/busybox" };
	const char *dynamic = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!path_exists(places[i]))
			continue;
		if (elf_is_static_program(places[i])) {
			*path = places[i];
			return NULL;
		}
		dynamic = places[i];
	}
	struct error *err = dynamic ?
		error_new("Q16", "%s is not statically linked: it cannot run in the guest", dynamic) :
		error_new("Q16", "busybox, the guest's shell, is not installed");

	return error_hint(err, "install the package busybox-static");
}

/* Appends the module and what it needs, in loading order, each once. `seen` maps names to
 * themselves; the names belong to `order`. */
static struct error *add_module(struct target *target, const char *name, struct str_vec *order,
				struct map *seen)
{
	struct str_vec names = { 0 };
	struct error *err = target_module_depends(target, name, &names);

	if (!err)
		str_vec_push(&names, xstrdup(name));
	for (size_t i = 0; !err && i < names.n; i++) {
		if (map_has(seen, names.at[i]))
			continue;
		char *copy = xstrdup(names.at[i]);

		str_vec_push(order, copy);
		map_put(seen, copy, copy);
	}
	str_vec_free_all(&names);
	return err;
}

static struct error *add_modules(struct target *target, const struct str_vec *order,
				 const char *dir, struct cpio *cpio)
{
	for (size_t i = 0; i < order->n; i++) {
		scoped_free char *file = NULL;
		scoped_free char *inside = xasprintf("%s/%03zu-%s.ko", dir, i, order->at[i]);

		TRY(target_module(target, order->at[i], &file));
		TRY(cpio_file(cpio, inside, 0644, file));
	}
	return NULL;
}

static struct error *base_drivers(struct target *target, struct cpio *cpio)
{
	static const struct {
		const char *option, *module;
	} drivers[] = { { "VIRTIO_PCI", "virtio_pci" }, { "VIRTIO_BLK", "virtio_blk" } };
	struct str_vec order = { 0 };
	struct map seen = { 0 };
	struct error *err = NULL;

	cpio_dir(cpio, "drivers");
	for (size_t i = 0; !err && i < ARRAY_SIZE(drivers); i++)
		if (target_config_is(target, drivers[i].option, 'm'))
			err = add_module(target, drivers[i].module, &order, &seen);
	if (!err)
		err = add_modules(target, &order, "drivers", cpio);
	map_free(&seen);
	str_vec_free_all(&order);
	return err;
}

struct error *initramfs_base(struct target *target, bool drivers, struct cpio *cpio)
{
	const char *busybox;

	TRY(find_busybox(&busybox));
	cpio_dir(cpio, "dev");
	cpio_char_device(cpio, "dev/console", 5, 1);
	cpio_dir(cpio, "bin");
	TRY(cpio_file(cpio, "bin/busybox", 0755, busybox));
	cpio_symlink(cpio, "bin/sh", "busybox");
	cpio_data(cpio, "init", 0755, guest_init, strlen(guest_init));
	if (drivers)
		TRY(base_drivers(target, cpio));
	cpio_end(cpio);
	return NULL;
}

/* NAME='value' for the guest's shell. */
static void set_variable(struct str *config, const char *name, const char *value)
{
	str_add(config, "%s='", name);
	for (const char *p = value; *p; p++)
		str_add(config, *p == '\'' ? "'\\''" : "%c", *p);
	str_add(config, "'\n");
}

static void add_config(const struct boot_request *request, const struct modinfo *info,
		       struct cpio *cpio)
{
	scoped_str struct str config = { 0 };

	set_variable(&config, "NAME", request->livepatch ? info->name : "");
	set_variable(&config, "SCRIPT", request->script ? path_basename(request->script) : "");
	str_add(&config, "ROUNDS=%u\nLIMIT=%u\n", request->rounds,
		request->transition_limit ? request->transition_limit : 60);
	cpio_data(cpio, "suture/config", 0644, config.s, config.n);
}

static struct error *add_user_file(struct cpio *cpio, const char *path, struct map *seen)
{
	const char *name = path_basename(path);
	scoped_free char *inside = xasprintf("test/%s", name);
	struct stat st;

	if (stat(path, &st))
		return error_errno("%s", path);
	if (map_has(seen, name))
		return error_new("Y1", "%s: another file for the guest has the same name", path);
	map_put(seen, name, (void *)path);
	return cpio_file(cpio, inside, st.st_mode & 0777, path);
}

static struct error *add_user_files(const struct boot_request *request, struct cpio *cpio)
{
	struct map seen = { 0 };
	struct error *err = NULL;

	cpio_dir(cpio, "test");
	if (request->script)
		err = add_user_file(cpio, request->script, &seen);
	for (size_t i = 0; !err && request->extra && i < request->extra->n; i++)
		err = add_user_file(cpio, request->extra->at[i], &seen);
	map_free(&seen);
	return err;
}

/* The modules asked for, and those whose exports the livepatch uses. */
static struct error *module_order(struct target *target, const struct boot_request *request,
				  const struct modinfo *info, struct str_vec *order)
{
	struct map seen = { 0 };
	struct error *err = NULL;

	for (size_t i = 0; !err && request->modules && i < request->modules->n; i++)
		err = add_module(target, request->modules->at[i], order, &seen);
	for (size_t i = 0; !err && request->livepatch && i < info->depends.n; i++)
		err = add_module(target, info->depends.at[i], order, &seen);
	map_free(&seen);
	return err;
}

struct error *initramfs_payload(struct target *target, const struct boot_request *request,
				const struct modinfo *info, struct cpio *cpio)
{
	struct str_vec order = { 0 };

	cpio_dir(cpio, "suture");
	add_config(request, info, cpio);
	if (request->livepatch)
		TRY(cpio_file(cpio, "suture/livepatch.ko", 0644, request->livepatch));
	cpio_dir(cpio, "suture/modules");
	struct error *err = module_order(target, request, info, &order);

	if (!err)
		err = add_modules(target, &order, "suture/modules", cpio);
	str_vec_free_all(&order);
	TRY(err);
	TRY(add_user_files(request, cpio));
	cpio_end(cpio);
	return NULL;
}
