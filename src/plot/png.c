#include "plot/png.h"

#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/file.h"

/* stb packs four times as slowly as zlib, and goes on after an allocation that failed. */
static unsigned char *pack(unsigned char *data, int n, int *out_n, int level);
#define STBIW_ZLIB_COMPRESS pack
#define STBIW_FREE(p) give_back(p)
#define STBIW_MALLOC(n) malloc((size_t)(n))
#define STBIW_REALLOC(p, n) realloc(p, (size_t)(n))

/* What pack() has returned and stb has not given back, as it forgets to where it finds no memory for the file. */
static _Thread_local void *packed;

static void give_back(void *p)
{
    if (p == packed)
        packed = NULL;
    free(p);
}

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#if defined(__GNUC__) /* stb declares more than it defines; seen at the end of the unit */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#include <stb_image_write.h>

static unsigned char *pack(unsigned char *data, int n, int *out_n, int level)
{
    uLongf size = compressBound((uLong)n);
    unsigned char *out = malloc(size);
    if (out && compress2(out, &size, data, (uLong)n, level) != Z_OK) { /* memory: there is room for all of it */
        free(out);
        out = NULL;
    }
    *out_n = out ? (int)size : 0;
    return packed = out;
}

/* Charts are flat areas and thin lines: bytes as they are repeat further than any difference of neighbours. Eleven charts of a
 * sweep: level 3 packs 2.13 MB in 0.25 s, 6 packs 1.79 MB in 0.55 s, 9 packs 1.74 MB in 2.65 s; a sweep's charts are drawn
 * again whenever it grows. */
static void settings_for_charts(void)
{
    stbi_write_force_png_filter = 0;
    stbi_write_png_compression_level = 3;
}

enum status png_write(const char *path, const struct raster *r, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* stb keeps them in variables that all threads share */
    int size = 0;
    CHECK(pthread_once(&once, settings_for_charts) == 0);
    unsigned char *data = stbi_write_png_to_mem(r->rgb, r->width * 3, r->width, r->height, 3, &size);
    enum status st = data ? file_write_atomic(path, data, (size_t)size, err) : err_set(err, E_NOMEM, "out of memory for a PNG");
    free(data);
    free(packed);
    packed = NULL;
    return st;
}
