// SPDX-License-Identifier: GPL-2.0-or-later
/* Which packages make up a Debian kernel. */
#include <string.h>

#include "base/cleanup.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/debian.h"

void debian_plan_free(struct debian_plan *plan)
{
	free(plan->release);
	apt_packages_free(&plan->packages);
	*plan = (struct debian_plan){ 0 };
}

static const struct apt_package *find(const struct apt_package_vec *known, const char *name,
				      const char *version)
{
	for (size_t i = 0; i < known->n; i++)
		if (streq(known->at[i].name, name) &&
		    (!version || streq(known->at[i].version, version)))
			return &known->at[i];
	return NULL;
}

static const struct apt_package *newest(const struct apt_package_vec *known, const char *name)
{
	const struct apt_package *best = NULL;

	for (size_t i = 0; i < known->n; i++)
		if (streq(known->at[i].name, name) &&
		    (!best || debian_version_compare(known->at[i].version, best->version) > 0))
			best = &known->at[i];
	return best;
}

/* "1.2-3, 1.2-4": the versions known of a package, or "none"; the caller's. */
static char *versions_of(const struct apt_package_vec *known, const char *name)
{
	struct str text = { 0 };

	for (size_t i = 0; i < known->n; i++)
		if (streq(known->at[i].name, name))
			str_add(&text, "%s%s", text.n ? ", " : "", known->at[i].version);
	return text.s ? text.s : xstrdup("none");
}

static void add(struct debian_plan *plan, const struct apt_package *p)
{
	apt_package_vec_push(&plan->packages,
			     (struct apt_package){ .name = xstrdup(p->name),
						   .version = xstrdup(p->version),
						   .depends = xstrdup(p->depends),
						   .size = p->size });
}

static struct error *missing(const char *release, const struct apt_package_vec *known,
			     const char *name, const char *version)
{
	scoped_free char *there = versions_of(known, name);

	return error_hint(error_new("T3", "%s: package %s is needed in version %s; apt offers: %s",
				    release, name, version, there),
			  "the archive no longer holds every part of this kernel: choose another "
			  "release, or add the archive that has it to the apt sources");
}

/* Adds `name` in exactly this version. */
static struct error *add_exact(struct debian_plan *plan, const struct apt_package_vec *known,
			       const char *name, const char *version)
{
	const struct apt_package *p = find(known, name, version);

	if (!p)
		return missing(plan->release, known, name, version);
	add(plan, p);
	return NULL;
}

/*
 * Kbuild's programs: since 6.12 a package of its own for each ABI, before (6.1) one for the series,
 * of which any version not older than the kernel does (Depends of the headers: ">=").
 */
static struct error *add_kbuild(struct debian_plan *plan, const struct apt_package_vec *known,
				const char *depends, const char *version)
{
	char *exact = NULL;
	scoped_free char *name = apt_dependency(depends, "linux-kbuild-", "", &exact);
	const struct apt_package *p;

	free(exact);
	if (!name)
		return error_new("T3", "linux-headers-%s depends on no linux-kbuild package",
				 plan->release);
	p = find(known, name, version);
	if (!p)
		p = newest(known, name);
	if (!p || debian_version_compare(p->version, version) < 0)
		return missing(plan->release, known, name, version);
	add(plan, p);
	return NULL;
}

/* The image package, signed or not: contents are the same but for the signature of vmlinuz. */
static const struct apt_package *find_image(const char *release,
					    const struct apt_package_vec *known,
					    const char *version)
{
	scoped_free char *name = xasprintf("linux-image-%s", release);
	scoped_free char *unsigned_name = xasprintf("%s-unsigned", name);
	const struct apt_package *p = find(known, name, version);

	return p ? p : find(known, unsigned_name, version);
}

/* Chooses everything for one version of the kernel. */
static struct error *choose_version(const char *version, const struct apt_package_vec *known,
				    struct debian_plan *plan)
{
	const struct apt_package *image = find_image(plan->release, known, version);
	scoped_free char *image_name = xasprintf("linux-image-%s", plan->release);
	scoped_free char *debug = xasprintf("linux-image-%s-dbg", plan->release);
	scoped_free char *headers = xasprintf("linux-headers-%s", plan->release);
	scoped_free char *source = xasprintf("linux-source-%s", plan->parsed.series);
	scoped_free char *exact = NULL;

	if (!image)
		return missing(plan->release, known, image_name, version);
	add(plan, image);
	TRY(add_exact(plan, known, debug, version));
	TRY(add_exact(plan, known, headers, version));

	const char *depends = plan->packages.at[PART_HEADERS].depends;
	scoped_free char *common = apt_dependency(depends, "linux-headers-", "-common", &exact);

	if (!common)
		return error_new("T3", "%s depends on no linux-headers-...-common package", headers);
	TRY(add_exact(plan, known, common, exact ? exact : version));
	TRY(add_kbuild(plan, known, depends, version));
	return add_exact(plan, known, source, version);
}

struct error *debian_choose(const char *release, const struct apt_package_vec *known,
			    struct debian_plan *plan)
{
	scoped_free char *debug = xasprintf("linux-image-%s-dbg", release);
	struct error *err = NULL;

	if (!release_parse(release, &plan->parsed))
		return error_new("T3", "'%s' is not the release of a Debian amd64 kernel", release);
	if (starts_with(plan->parsed.flavour, "rt-"))
		return error_hint(error_new("T13", "%s is a kernel with PREEMPT_RT", release),
				  "run %s-amd64, or make a target of a kernel that you built yourself",
				  plan->parsed.abi);
	plan->release = xstrdup(release);
	/* One release may exist in several package versions: the newest that is complete. */
	for (;;) {
		const struct apt_package *best = NULL;

		for (size_t i = 0; i < known->n; i++) {
			const struct apt_package *p = &known->at[i];

			if (streq(p->name, debug) &&
			    (!plan->packages.n ||
			     debian_version_compare(p->version, plan->packages.at[0].version) < 0) &&
			    (!best || debian_version_compare(p->version, best->version) > 0))
				best = p;
		}
		if (!best)
			break;
		error_free(err);
		apt_packages_free(&plan->packages);
		err = choose_version(best->version, known, plan);
		if (!err)
			return NULL;
	}
	return err ? err : missing(release, known, debug, "of the image");
}

/* Asks apt about everything that may belong to the release. */
static struct error *show_all(const char *release, const struct release_name *parsed,
			      struct apt_package_vec *known)
{
	scoped_free char *image = xasprintf("linux-image-%s", release);
	scoped_free char *unsigned_image = xasprintf("linux-image-%s-unsigned", release);
	scoped_free char *debug = xasprintf("linux-image-%s-dbg", release);
	scoped_free char *headers = xasprintf("linux-headers-%s", release);
	scoped_free char *common = xasprintf("linux-headers-%s-common", parsed->abi);
	scoped_free char *kbuild = xasprintf("linux-kbuild-%s", parsed->abi);
	scoped_free char *kbuild_series = xasprintf("linux-kbuild-%s", parsed->series);
	scoped_free char *source = xasprintf("linux-source-%s", parsed->series);
	const char *const names[] = { image,  unsigned_image, debug,	     headers,
				      common, kbuild,	      kbuild_series, source };

	return apt_show(names, ARRAY_SIZE(names), known);
}

/* Releases of which apt knows a -dbg package, the caller's. */
static struct error *known_releases(struct str_vec *releases)
{
	static const char prefix[] = "linux-image-", suffix[] = "-dbg";
	struct str_vec names = { 0 };
	struct error *err = apt_names(prefix, &names);

	for (size_t i = 0; i < names.n; i++) {
		size_t n = strlen(names.at[i]);
		struct release_name parsed;

		if (!ends_with(names.at[i], suffix))
			continue;
		scoped_free char *release = xstrndup(names.at[i] + sizeof(prefix) - 1,
						     n - (sizeof(prefix) - 1) - (sizeof(suffix) - 1));

		if (release_parse(release, &parsed))
			str_vec_push(releases, take(release));
	}
	str_vec_free_all(&names);
	return err;
}

static struct error *find_latest(const char *name, const struct latest_name *want, char **release)
{
	struct str_vec releases = { 0 };
	struct error *err = known_releases(&releases);
	const char *best = NULL, *second = NULL;

	for (size_t i = 0; i < releases.n; i++) {
		struct release_name parsed;
		char *r = releases.at[i];

		if (!release_parse(r, &parsed) || !latest_matches(want, &parsed))
			continue;
		if (!best || debian_version_compare(r, best) > 0) {
			second = best;
			best = r;
		} else if (!second || debian_version_compare(r, second) > 0) {
			second = r;
		}
	}
	if (want->previous)
		best = second;
	if (!err && !best)
		err = error_new("T3", "%s: apt offers no such kernel with a -dbg package", name);
	if (!err)
		*release = xstrdup(best);
	str_vec_free_all(&releases);
	return err;
}

static struct error *unknown(const char *release)
{
	struct str_vec releases = { 0 };
	struct error *err = known_releases(&releases);

	if (!err) {
		scoped_free char *near = near_names(release, &releases, 4);

		err = error_new("T3", "apt knows no kernel %s with a -dbg package%s%s", release,
				near ? ". Near: " : "", near ? near : "");
		err = error_hint(err, "suture target add debian:latest-cloud adds the newest; the "
				      "security archive must be in the apt sources");
	}
	str_vec_free_all(&releases);
	return err;
}

static struct error *try_plan(const char *name, struct debian_plan *plan)
{
	struct apt_package_vec known = { 0 };
	struct release_name parsed;
	struct latest_name want;
	scoped_free char *release = NULL;

	if (latest_parse(name, &want))
		TRY(find_latest(name, &want, &release));
	else
		release = xstrdup(name);
	if (!release_parse(release, &parsed))
		return error_hint(error_new("T3", "'%s' is not the release of a Debian amd64 kernel",
					    release),
				  "like 6.12.117+deb12-cloud-amd64, 6.1.0-56-amd64, latest-cloud");
	struct error *err = show_all(release, &parsed, &known);

	if (!err && !find_image(release, &known, NULL))
		err = unknown(release);
	if (!err)
		err = debian_choose(release, &known, plan);
	apt_packages_free(&known);
	return err;
}

struct error *debian_plan_make(const char *release, struct debian_plan *plan)
{
	struct latest_name want;
	struct release_name parsed;
	struct error *err = try_plan(release, plan);

	if (!err || !streq(err->id, "T3"))
		return err;
	if (!latest_parse(release, &want) && !release_parse(release, &parsed))
		return err;
	error_free(err);
	debian_plan_free(plan);
	progress_step("apt-get update");
	TRY(apt_update());
	progress_end(NULL);
	return try_plan(release, plan);
}
