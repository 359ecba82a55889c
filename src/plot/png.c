#include "plot/png.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"

/* stb_image_write goes on after an allocation that failed, so none may: all it takes comes from one block that was
 * had before it begins, large enough by the bound below. Nothing is given back before the end. */
struct pool {
    unsigned char *at; /* (size) */
    size_t size, used, last; /* last: where the newest piece begins */
};

static _Thread_local struct pool pool; /* its macros hand no context on */

static void *pool_take(size_t n)
{
    n = (n + 15) & ~(size_t)15;
    CHECK(n <= pool.size - pool.used); /* else the bound is wrong */
    pool.last = pool.used;
    pool.used += n;
    return pool.at + pool.last;
}

static void *pool_grow(void *old, size_t old_size, size_t n)
{
    if (old && (unsigned char *)old == pool.at + pool.last) {
        pool.used = pool.last; /* the newest piece grows where it is */
        return pool_take(n);
    }
    void *p = pool_take(n);
    if (old)
        memcpy(p, old, old_size);
    return p;
}

#define STBIW_MALLOC(n) pool_take(n)
#define STBIW_REALLOC_SIZED(p, old, n) pool_grow(p, (size_t)(old), (size_t)(n))
#define STBIW_FREE(p) ((void)(p))
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#if defined(__GNUC__) /* stb declares more than it defines; seen at the end of the unit */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#include <stb_image_write.h>

/* What writing a picture of `rows` filtered bytes takes at most. The rows; one line; the table of 16384 lists, each
 * grown in steps to 2 x 8 places of 8 bytes, 2 + 5 + 11 + 23 places and four heads of 16 bytes; the packed bytes, at
 * most 9 bits for each of the rows' and a sixteenth more, in a list that doubles (all its lengths together are less
 * than four times the last one needed); the file made of them. */
static size_t pool_bound(size_t rows)
{
    const size_t lists = 16384, list = 41 * 8 + 4 * 32;
    size_t packed = rows + rows / 4 + 4096;
    return 2 * rows + lists * (8 + list) + 5 * packed + 4096;
}

/* Charts are flat areas and thin lines: bytes as they are repeat further than any difference of neighbours, so that
 * files are a tenth smaller than with the filters that stb would try on each line, in half the time. Longer searches
 * save a third of a per cent. */
static void settings_for_charts(void)
{
    stbi_write_force_png_filter = 0;
    stbi_write_png_compression_level = 5;
}

enum status png_write(const char *path, const struct raster *r, struct err *err)
{
    int size = 0;
    size_t rows = (size_t)r->height * (1 + 3 * (size_t)r->width);
    pool = (struct pool){.size = pool_bound(rows)};
    /* zeroed only where it is used: most of it never is */
    TRY(size_calloc(&pool.at, pool.size, 1, "a PNG", err));
    settings_for_charts();
    const unsigned char *data = stbi_write_png_to_mem(r->rgb, r->width * 3, r->width, r->height, 3, &size);
    CHECK(data && size > 0);
    enum status st = file_write_atomic(path, data, (size_t)size, err);
    free(pool.at);
    pool = (struct pool){.at = NULL};
    return st;
}
