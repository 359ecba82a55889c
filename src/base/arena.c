#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/system.h"

struct arena arena_plan(void)
{
    return (struct arena){.base = NULL, .used_bytes = 0, .size_bytes = SIZE_MAX};
}

/* Large arenas ask for pages of 2 MB, which spare a walk through the page tables at every 4 KB.
 * Their first array starts half a pair of cache lines after a page: at a page's start a training
 * step took 4 percent longer at d_model 256 (kernels/SPEED-LOG.md). */
#define HUGE ((size_t)2 << 20)

enum status arena_init(struct arena *a, size_t size_bytes, struct err *err)
{
    bool large = size_bytes >= 32 * HUGE;
    size_t gap = large ? ARENA_ALIGN : 0, all;
    void *p = NULL;
    if (!size_add(&all, size_bytes ? size_bytes : ARENA_ALIGN, gap) ||
        posix_memalign(&p, large ? HUGE : ARENA_ALIGN, all) != 0)
        return err_set(err, E_NOMEM, "out of memory: %zu bytes", size_bytes);
    if (large)
        system_large_pages(p, all / HUGE * HUGE);
#ifndef NDEBUG
    memset(p, 0xFF, all);
#endif
    *a = (struct arena){
        .block = p, .base = (unsigned char *)p + gap, .used_bytes = 0, .size_bytes = size_bytes};
    return OK;
}

void arena_free(struct arena *a)
{
    free(a->block);
    *a = (struct arena){0};
}

void *arena_take(struct arena *a, size_t n, size_t elem_size)
{
    size_t bytes, end;
    CHECK(size_mul(&bytes, n, elem_size));
    CHECK(size_add(&bytes, bytes, ARENA_ALIGN - 1));
    bytes &= ~(size_t)(ARENA_ALIGN - 1);
    CHECK(size_add(&end, a->used_bytes, bytes));
    CHECK(end <= a->size_bytes);
    void *p = a->base ? a->base + a->used_bytes : NULL;
    a->used_bytes = end;
    return p;
}

float *arena_floats(struct arena *a, size_t n)
{
    return arena_take(a, n, sizeof(float));
}
