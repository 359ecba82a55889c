#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

struct arena arena_plan(void)
{
    return (struct arena){.base = NULL, .used_bytes = 0, .size_bytes = SIZE_MAX};
}

enum status arena_init(struct arena *a, size_t size_bytes, struct err *err)
{
    void *p = NULL;
    if (posix_memalign(&p, ARENA_ALIGN, size_bytes ? size_bytes : ARENA_ALIGN) != 0)
        return err_set(err, E_NOMEM, "out of memory: %zu bytes", size_bytes);
#ifndef NDEBUG
    memset(p, 0xFF, size_bytes);
#endif
    *a = (struct arena){.base = p, .used_bytes = 0, .size_bytes = size_bytes};
    return OK;
}

void arena_free(struct arena *a)
{
    free(a->base);
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
