#include "plot/palette.h"

#include <math.h>

enum { STOPS = 5 };

struct rgb {
    unsigned char r, g, b;
};

struct theme {
    struct rgb plain[PALETTE_KIND]; /* by role */
    struct rgb kinds[PALETTE_KINDS];
    double scale[STOPS][3]; /* even steps of lightness, away from the ground's */
};

/* Kinds begin with those of Okabe and Ito (2008); the scale is viridis as far as it is not too light for white, and on a
 * dark ground its lighter part, from a violet that is light enough. */
static const struct theme themes[] = {
    {
        .plain = {[PALETTE_INK] = {0x22, 0x22, 0x22},
                  [PALETTE_SOFT] = {0x5F, 0x5F, 0x5F},
                  [PALETTE_GRID] = {0xE4, 0xE4, 0xE4},
                  [PALETTE_GROUND] = {0xFF, 0xFF, 0xFF},
                  [PALETTE_FIT] = {0xD5, 0x5E, 0x00},
                  [PALETTE_NOISE] = {0xAA, 0x33, 0x77}},
        .kinds = {{0x00, 0x72, 0xB2}, {0xD5, 0x5E, 0x00}, {0x1B, 0x9E, 0x77}, {0xAA, 0x33, 0x77}, {0x22, 0x22, 0x22}},
        .scale = {{68, 1, 84}, {66, 55, 132}, {48, 98, 141}, {33, 136, 141}, {50, 160, 100}},
    },
    {
        .plain = {[PALETTE_INK] = {0xE8, 0xE8, 0xE8},
                  [PALETTE_SOFT] = {0xA4, 0xA8, 0xAE},
                  [PALETTE_GRID] = {0x30, 0x34, 0x3A},
                  [PALETTE_GROUND] = {0x16, 0x18, 0x1C},
                  [PALETTE_FIT] = {0xF0, 0x80, 0x30},
                  [PALETTE_NOISE] = {0xE5, 0x8A, 0xBF}},
        .kinds = {{0x4F, 0xA3, 0xE0}, {0xF0, 0x80, 0x30}, {0x2F, 0xBF, 0x9A}, {0xE5, 0x8A, 0xBF}, {0xE8, 0xE8, 0xE8}},
        .scale = {{116, 86, 196}, {70, 140, 215}, {45, 178, 180}, {120, 205, 110}, {240, 228, 100}},
    },
};

static struct rgb on_scale(const double stops[STOPS][3], double share)
{
    double at = (STOPS - 1) * fmin(fmax(share, 0), 1), c[3];
    size_t k = at < STOPS - 1 ? (size_t)at : STOPS - 2;
    for (int j = 0; j < 3; j++)
        c[j] = stops[k][j] + (at - (double)k) * (stops[k + 1][j] - stops[k][j]);
    return (struct rgb){(unsigned char)lround(c[0]), (unsigned char)lround(c[1]), (unsigned char)lround(c[2])};
}

static unsigned char code_of(struct ink ink)
{
    if (ink.role == PALETTE_SCALE)
        return (unsigned char)(PALETTE_KIND + PALETTE_KINDS + lround(PALETTE_STEPS * fmin(fmax(ink.at, 0), 1)));
    return (unsigned char)(ink.role == PALETTE_KIND ? PALETTE_KIND + (size_t)ink.at % PALETTE_KINDS : ink.role);
}

struct ink palette_decode(unsigned char code)
{
    if (code < PALETTE_KIND)
        return palette_ink((enum palette_role)code);
    if (code < PALETTE_KIND + PALETTE_KINDS)
        return palette_kind(code - (size_t)PALETTE_KIND);
    return (struct ink){PALETTE_SCALE, (double)(code - PALETTE_KIND - PALETTE_KINDS) / PALETTE_STEPS};
}

struct color palette_color(struct ink ink, bool dark)
{
    const struct theme *t = &themes[dark];
    const struct rgb c = ink.role == PALETTE_SCALE  ? on_scale(t->scale, ink.at)
                         : ink.role == PALETTE_KIND ? t->kinds[(size_t)ink.at % PALETTE_KINDS]
                                                    : t->plain[ink.role];
    return (struct color){c.r, c.g, c.b, code_of(ink)};
}

struct ink palette_ordered(size_t i, size_t n)
{
    return (struct ink){PALETTE_SCALE, n > 1 ? (double)i / (double)(n - 1) : 0.4};
}
