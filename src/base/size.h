/* Checked arithmetic on sizes and allocation of arrays. */
#ifndef PLATEAU_BASE_SIZE_H
#define PLATEAU_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* *out = a * b (or a + b); false, with *out untouched, where that overflows. */
bool size_mul(size_t *out, size_t a, size_t b);
bool size_add(size_t *out, size_t a, size_t b);

/* n elements of elem_size bytes, zeroed; the caller frees with free(). NULL only on failure, so n = 0
 * returns a valid pointer. `what` names the array in the message (E_NOMEM). */
enum status size_calloc(void *out_ptr, size_t n, size_t elem_size, const char *what,
                        struct err *err) WARN_UNUSED;

/* Room for n elements in the array that *items_ptr points to and *cap elements of which are allocated (NULL and 0 at first): where
 * there is less, it grows to twice as many or more, and new elements are not set. On failure (E_NOMEM) all stays as it was. */
enum status size_reserve(void *items_ptr, size_t *cap, size_t n, size_t elem_size, const char *what,
                         struct err *err) WARN_UNUSED;

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
