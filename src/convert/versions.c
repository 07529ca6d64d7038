// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert/versions.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct klp_release releases[] = {
	{5, 8, 128, "include/linux/kallsyms.h; kernel/livepatch/core.c: \"%55[^.].%127[^,],%lu\""},
	{6, 1, 512, "include/linux/kallsyms.h; kernel/livepatch/core.c: \"%55[^.].%511[^,],%lu\""},
};

const struct klp_release *klp_release_oldest(void)
{
	return &releases[0];
}

const struct klp_release *klp_release_newest(void)
{
	return &releases[ARRAY_SIZE(releases) - 1];
}

const struct klp_release *klp_release(const char *text)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	unsigned int major, minor;

	if (colon)
		text = colon + 1;
	if (!text || sscanf(text, "%u.%u", &major, &minor) != 2)
		return NULL;
	for (size_t i = ARRAY_SIZE(releases); i-- > 0;)
		if (major > releases[i].major ||
		    (major == releases[i].major && minor >= releases[i].minor))
			return &releases[i];
	return NULL;
}
