// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Typed growing arrays.
 *
 *     DEFINE_VEC(int_vec, int)
 *     struct int_vec v = {0};
 *     int_vec_push(&v, 3);           amortised constant time
 *     for (size_t i = 0; i < v.n; i++) use(v.at[i]);
 *     int_vec_free(&v);              frees the array, not what elements point to
 *
 * A pointer into v.at is valid until the next push.
 */
#ifndef SUTURE_BASE_VEC_H
#define SUTURE_BASE_VEC_H

#include <stdlib.h>

#include "base/mem.h"

#define DEFINE_VEC(name, type)                                                              \
	struct name {                                                                       \
		type *at;                                                                   \
		size_t n, room;                                                             \
	};                                                                                  \
	static inline __attribute__((unused)) type *name##_push(struct name *v, type value) \
	{                                                                                   \
		if (v->n == v->room) {                                                      \
			v->room = v->room ? 2 * v->room : 8;                                \
			v->at = xreallocarray(v->at, v->room, sizeof(type));                \
		}                                                                           \
		v->at[v->n] = value;                                                        \
		return &v->at[v->n++];                                                      \
	}                                                                                   \
	static inline __attribute__((unused)) void name##_free(struct name *v)              \
	{                                                                                   \
		free(v->at);                                                                \
		*v = (struct name){0};                                                      \
	}

DEFINE_VEC(str_vec, char *)
DEFINE_VEC(ptr_vec, void *)
DEFINE_VEC(u32_vec, unsigned int)

/* Frees the strings as well as the array. */
static inline void str_vec_free_all(struct str_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->at[i]);
	str_vec_free(v);
}

#endif
