/* llm.c's shards. */
#include "data/formats/llmc.h"

#include <stdint.h>

#include "data/formats/token_format.h"

static uint32_t word_at(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Other files of llm.c's, which are no tokens. */
static const char *other(uint32_t magic)
{
    switch (magic) {
    case LLMC_MAGIC_WEIGHTS:
        return "weights";
    case LLMC_MAGIC_STATE:
        return "a step's state";
    case LLMC_MAGIC_TOKENISER:
        return "a tokeniser";
    case LLMC_MAGIC_EVAL:
        return "questions with choices";
    default:
        return NULL;
    }
}

/* The form of a header with another magic: zeros after three words, of which the first is a date or the third counts what
 * follows. Bare tokens that begin so would begin with 500 times the same. */
static bool looks_like_header(const unsigned char *bytes, size_t n)
{
    if (n < LLMC_HEADER_BYTES)
        return false;
    size_t magic = word_at(bytes), tokens = word_at(bytes + 8), room = n - LLMC_HEADER_BYTES;
    for (size_t i = 12; i < LLMC_HEADER_BYTES; i++)
        if (bytes[i])
            return false;
    return (magic > 20200000 && magic < 20400000) || (tokens > 0 && (room == 2 * tokens || room == 4 * tokens));
}

static bool is(const unsigned char *bytes, size_t n)
{
    uint32_t magic = n >= 4 ? word_at(bytes) : 0;
    return magic == LLMC_MAGIC_16 || magic == LLMC_MAGIC_32 || other(magic) || looks_like_header(bytes, n);
}

static enum status read(struct token_layout *l, const unsigned char *bytes, size_t n, struct err *err)
{
    uint32_t magic = word_at(bytes);
    bool wide = magic == LLMC_MAGIC_32;
    if (other(magic))
        return err_set(err, E_DATA, "llm.c's magic %u says that it holds %s, not tokens", (unsigned)magic, other(magic));
    if (magic != LLMC_MAGIC_16 && !wide)
        return err_set(err, E_DATA, "it has the form of an llm.c shard but not its magic: %u, where %d and %d are known",
                       (unsigned)magic, LLMC_MAGIC_16, LLMC_MAGIC_32);
    if (n < LLMC_HEADER_BYTES)
        return err_set(err, E_DATA, "%zu bytes, where the header of an llm.c shard alone has %d", n, LLMC_HEADER_BYTES);
    uint32_t version = word_at(bytes + 4), tokens = word_at(bytes + 8), want = wide ? LLMC_VERSION_32 : LLMC_VERSION_16;
    if (version != want)
        return err_set(err, E_DATA, "version %u of an llm.c shard of magic %u, where %u is known", (unsigned)version,
                       (unsigned)magic, (unsigned)want);
    size_t width = wide ? 4 : 2, room = n - LLMC_HEADER_BYTES;
    if (tokens == 0 || tokens > INT32_MAX)
        return err_set(err, E_DATA, "its header says that it holds %lld tokens", (long long)(int32_t)tokens);
    if (room % width > 0 || room / width != tokens)
        return err_set(err, E_DATA, "its header says %u tokens, which are %zu bytes, and %zu follow: %s", (unsigned)tokens,
                       (size_t)tokens * width, room, room / width < tokens ? "it was cut off" : "it goes on");
    *l = (struct token_layout){.at = LLMC_HEADER_BYTES, .n = tokens, .width = width};
    return OK;
}

const struct token_format token_format_llmc = {is, read};
