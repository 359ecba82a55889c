#include "base/size.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool size_mul(size_t *out, size_t a, size_t b)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool size_add(size_t *out, size_t a, size_t b)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

enum status size_calloc(void *out_ptr, size_t n, size_t elem_size, const char *what,
                        struct err *err)
{
    void *p = calloc(n ? n : 1, elem_size ? elem_size : 1);
    if (!p)
        return err_set(err, E_NOMEM, "out of memory: %zu x %zu bytes for %s", n, elem_size, what);
    memcpy(out_ptr, &p, sizeof p);
    return OK;
}

enum status size_reserve(void *items_ptr, size_t *cap, size_t n, size_t elem_size, const char *what,
                         struct err *err)
{
    if (n <= *cap)
        return OK;
    size_t want = size_max(size_max(n, 16), *cap > SIZE_MAX / 2 ? SIZE_MAX : 2 * *cap), bytes;
    void *p;
    memcpy(&p, items_ptr, sizeof p);
    p = size_mul(&bytes, want, elem_size) ? realloc(p, bytes) : NULL;
    if (!p)
        return err_set(err, E_NOMEM, "out of memory: %zu x %zu bytes for %s", want, elem_size, what);
    memcpy(items_ptr, &p, sizeof p);
    *cap = want;
    return OK;
}
