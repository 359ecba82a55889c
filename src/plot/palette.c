#include "plot/palette.h"

#include <math.h>

struct color palette_distinct(size_t i)
{
    static const struct color colors[] = {
        {0x00, 0x72, 0xB2}, {0xD5, 0x5E, 0x00}, {0x00, 0x9E, 0x73},
        {0xCC, 0x79, 0xA7}, {0xE6, 0x9F, 0x00}, {0x56, 0xB4, 0xE9},
    };
    return colors[i % (sizeof colors / sizeof *colors)];
}

struct color palette_ordered(size_t i, size_t n)
{
    /* viridis at 0, 1/5, ..; its last fifth is too light for lines on white */
    static const double stops[][3] = {
        {68, 1, 84}, {65, 68, 135}, {42, 120, 142}, {34, 168, 132}, {122, 200, 60}, {190, 200, 20}};
    double at = n > 1 ? 5 * (double)i / (double)(n - 1) : 1.5;
    size_t k = at < 4 ? (size_t)at : 4;
    double t = at - (double)k, c[3];
    for (int j = 0; j < 3; j++)
        c[j] = stops[k][j] + t * (stops[k + 1][j] - stops[k][j]);
    return (struct color){(unsigned char)lround(c[0]), (unsigned char)lround(c[1]),
                          (unsigned char)lround(c[2])};
}
