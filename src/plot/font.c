#include "plot/font.h"

#include <math.h>
#include <stdlib.h>

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

double font_draw(const struct font *f, int code, int next, double x, double y, double size,
                 font_put *put, void *ctx)
{
    float scale = stbtt_ScaleForMappingEmToPixels(&f->info, (float)size);
    double fx = floor(x), fy = floor(y);
    int w, h, dx, dy;
    unsigned char *bitmap = stbtt_GetCodepointBitmapSubpixel(
        &f->info, scale, scale, (float)(x - fx), (float)(y - fy), code, &w, &h, &dx, &dy);
    for (int j = 0; bitmap && j < h; j++)
        for (int i = 0; i < w; i++)
            if (bitmap[j * w + i])
                put(ctx, (int)fx + dx + i, (int)fy + dy + j, bitmap[j * w + i]);
    stbtt_FreeBitmap(bitmap, NULL);
    return advance(f, code, next, scale);
}
