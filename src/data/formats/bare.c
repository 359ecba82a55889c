/* nanoGPT's train.bin: tokens as uint16 and nothing else. */
#include "data/formats/token_format.h"

/* Long enough that no tokens look like text by chance: each would have to be made of two visible characters. */
enum { LOOKED_AT = 4096, ENOUGH = 64 };

static bool is(const unsigned char *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    return true;
}

static bool looks_like_text(const unsigned char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && i < LOOKED_AT && ((bytes[i] >= ' ' && bytes[i] < 0x7F) || (bytes[i] >= '\t' && bytes[i] <= '\r')))
        i++;
    return i >= ENOUGH && (i == n || i == LOOKED_AT);
}

static enum status read(struct token_layout *l, const unsigned char *bytes, size_t n, struct err *err)
{
    if (looks_like_text(bytes, n))
        return err_set(err, E_DATA, "it holds text, not tokens: data.source text reads it, plateau data make makes tokens of it");
    if (n % 2 > 0)
        return err_set(err, E_DATA, "%zu bytes, an odd number, are no uint16 tokens (nor an llm.c shard or a .npy array)", n);
    *l = (struct token_layout){.n = n / 2, .width = 2};
    return OK;
}

const struct token_format token_format_bare = {is, read};
