#include "plot/font.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One scanline of a glyph that is wider than 64 pixels is the only memory that stb takes without looking whether there was
 * any: where there is none it gets this, and the glyph counts as failed. */
enum { GLYPH_WIDE = 640, GLYPH_HIGH = 640 };
static _Thread_local struct {
    float line[2 * GLYPH_WIDE + 1];
    size_t bytes; /* of the scanline of the glyph that is drawn */
} spare;

/* stb draws what it has where an allocation fails; the flag, its user's data, tells that one did. */
static void *take(size_t n, void *failed)
{
    void *p = malloc(n);
    if (!p && failed)
        *(bool *)failed = true;
    return !p && n == spare.bytes ? spare.line : p;
}

static void give_back(void *p)
{
    if (p != spare.line)
        free(p);
}

/* It also asserts that memory was had, and then looks once more: only the second may decide. */
#define STBTT_assert(x) ((void)(x))
#define STBTT_malloc(n, failed) take(n, failed)
#define STBTT_free(p, failed) ((void)(failed), give_back(p))
#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#if defined(__GNUC__) /* stb declares more than it defines; seen at the end of the unit */
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb_truetype.h>

extern const unsigned char plot_font_data[];

struct font {
    stbtt_fontinfo info;
};

struct font *font_open(void)
{
    struct font *f = calloc(1, sizeof *f);
    if (f && !stbtt_InitFont(&f->info, plot_font_data, stbtt_GetFontOffsetForIndex(plot_font_data, 0))) {
        free(f);
        return NULL;
    }
    return f;
}

void font_close(struct font *f)
{
    free(f);
}

int font_next_code(const char **utf8)
{
    const unsigned char *p = (const unsigned char *)*utf8;
    int code = p[0], extra = 0;
    if (code >= 0xF0)
        code &= 0x07, extra = 3;
    else if (code >= 0xE0)
        code &= 0x0F, extra = 2;
    else if (code >= 0xC0)
        code &= 0x1F, extra = 1;
    for (int i = 1; i <= extra; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            code = p[0];
            extra = 0;
            break;
        }
        code = code << 6 | (p[i] & 0x3F);
    }
    *utf8 += 1 + extra;
    return code;
}

static double advance(const struct font *f, int code, int next, float scale)
{
    int adv, bearing;
    stbtt_GetCodepointHMetrics(&f->info, code, &adv, &bearing);
    if (next)
        adv += stbtt_GetCodepointKernAdvance(&f->info, code, next);
    return (double)((float)adv * scale);
}

double font_width(const struct font *f, const char *utf8, double size)
{
    float scale = stbtt_ScaleForMappingEmToPixels(&f->info, (float)size);
    double w = 0;
    while (*utf8) {
        int code = font_next_code(&utf8);
        const char *ahead = utf8;
        w += advance(f, code, *ahead ? font_next_code(&ahead) : 0, scale);
    }
    return w;
}

/* Pixels of a glyph on the stack, as most are; larger ones in memory of their own. */
enum { SMALL_GLYPH = 96 * 96 };

enum status font_draw(double *ahead, const struct font *f, int code, int next, double x, double y, double size,
                      font_put *put, void *ctx)
{
    float scale = stbtt_ScaleForMappingEmToPixels(&f->info, (float)size);
    float fx = (float)(x - floor(x)), fy = (float)(y - floor(y));
    unsigned char small[SMALL_GLYPH], *pixels = small;
    bool failed = false;
    stbtt_fontinfo info = f->info;
    int x0, y0, x1, y1;
    CHECK(size <= FONT_SIZE_MAX);
    info.userdata = &failed;
    *ahead = advance(f, code, next, scale);
    stbtt_GetCodepointBitmapBoxSubpixel(&info, code, scale, scale, fx, fy, &x0, &y0, &x1, &y1);
    int w = x1 - x0, h = y1 - y0;
    if (w <= 0 || h <= 0 || w > GLYPH_WIDE || h > GLYPH_HIGH)
        return OK;
    if (w * h > SMALL_GLYPH && !(pixels = malloc((size_t)w * (size_t)h)))
        return E_NOMEM;
    memset(pixels, 0, (size_t)w * (size_t)h);
    spare.bytes = sizeof(float) * (2 * (size_t)w + 1);
    stbtt_MakeCodepointBitmapSubpixel(&info, pixels, w, h, w, scale, scale, fx, fy, code);
    for (int j = 0; j < h && !failed; j++)
        for (int i = 0; i < w; i++)
            if (pixels[j * w + i])
                put(ctx, (int)floor(x) + x0 + i, (int)floor(y) + y0 + j, pixels[j * w + i]);
    if (pixels != small)
        free(pixels);
    return failed ? E_NOMEM : OK;
}
