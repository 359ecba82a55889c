/* A token a byte. */
#include "data/tokenisers/tokeniser.h"

static enum status byte_make(struct tokeniser *t, const char *with, const struct pretokens *w, struct err *err)
{
    (void)with;
    (void)w;
    for (unsigned b = 0; b < 256; b++)
        TRY(tokeniser_add(t, &(unsigned char){(unsigned char)b}, 1, false, err));
    return tokeniser_finish(t, err);
}

const struct tokeniser_kind tokeniser_byte = {.make = byte_make};
