/* Bump allocator over one 64-byte aligned block.
 *
 * Plan first, then allocate once: run the same carving code over an arena whose base is NULL
 * (arena_plan) to learn the size, then over the real one. Pointers into an arena are borrowed: they
 * are never passed to free(). An arena used as scratch is passed by value, so returning from the
 * callee gives everything back. Debug builds fill fresh memory with 0xFF bytes (NaN as float). */
#ifndef PLATEAU_BASE_ARENA_H
#define PLATEAU_BASE_ARENA_H

#include <stddef.h>

#include "base/status.h"

#define ARENA_ALIGN 64

struct arena {
    void *block; /* what arena_free releases */
    unsigned char *base; /* NULL while planning */
    size_t used_bytes;
    size_t size_bytes;
};

/* An arena that only counts: arena_take returns NULL, used_bytes grows. */
struct arena arena_plan(void);

/* One aligned allocation of size_bytes; arena_free releases and zeroes. */
enum status arena_init(struct arena *a, size_t size_bytes, struct err *err) WARN_UNUSED;
void arena_free(struct arena *a);

/* n elements of elem_size bytes, 64-byte aligned, not zeroed. Aborts when the planned size is
 * exceeded: the plan and the carving disagree, which is a bug. */
void *arena_take(struct arena *a, size_t n, size_t elem_size);

/* Shorthand for floats. */
float *arena_floats(struct arena *a, size_t n);

#endif
