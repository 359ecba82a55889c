#include "data/tokenisers/files.h"

static bool visible(unsigned byte)
{
    return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 255 && byte != 173);
}

/* How many of the bytes below are visible or not, as this one is. */
static unsigned alike_below(unsigned byte)
{
    unsigned n = 0;
    for (unsigned b = 0; b < byte; b++)
        n += visible(b) == visible(byte);
    return n;
}

enum { N_VISIBLE = 188 };

unsigned bytelevel_char(unsigned char byte)
{
    return visible(byte) ? byte : 256 + alike_below(byte);
}

int bytelevel_byte(unsigned character)
{
    if (character < 256)
        return visible(character) ? (int)character : -1;
    for (unsigned b = 0, place = 256; b < 256; b++)
        if (!visible(b) && place++ == character)
            return (int)b;
    return -1;
}

int bytelevel_place(unsigned char byte)
{
    return (int)(visible(byte) ? alike_below(byte) : N_VISIBLE + alike_below(byte));
}
