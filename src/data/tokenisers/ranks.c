/* GPT-2's tokeniser from the files that others have of it: tiktoken's ranks, a line a token, "BASE64 RANK"; and llm.c's
 * tokenizer.bin, 256 header words (magic 20240328, version 1 or 2, tokens, the mark's number), then a byte of length and
 * the bytes of each token. Neither has merges: the lowest rank of what two tokens are together does. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "data/tokenisers/files.h"

/* Of a token in bytes. tiktoken's have up to 128. */
enum { LONGEST = 1024 };

static int base64_digit(char c)
{
    const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The bytes of n characters, in groups of four with '=' at the end; 0: they are none. out: room for 3 n / 4. */
static size_t base64(unsigned char *out, const char *s, size_t n)
{
    size_t pad = n > 0 && s[n - 1] == '=' ? 1 + (n > 1 && s[n - 2] == '=') : 0, used = 0;
    uint32_t bits = 0;
    if (n == 0 || n % 4 > 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        int digit = i < n - pad ? base64_digit(s[i]) : 0;
        if (digit < 0)
            return 0;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 3)
            for (int shift = 16; shift >= 0; shift -= 8)
                out[used++] = (unsigned char)(bits >> shift);
    }
    return used - pad;
}

/* Where the token of each rank stands. */
struct line {
    const char *token;
    size_t n; /* 0: no such rank yet */
};

/* "BASE64 RANK" of a line of n characters. */
static enum status read_line(struct line *lines, size_t n_lines, const char *s, size_t n, size_t number, struct err *err)
{
    size_t token = 0, rank = 0, i;
    while (token < n && s[token] != ' ')
        token++;
    for (i = token + 1; i < n && s[i] >= '0' && s[i] <= '9' && rank < n_lines; i++)
        rank = 10 * rank + (size_t)(s[i] - '0');
    if (i <= token + 1 || rank >= n_lines || i < n)
        return err_set(err, E_DATA, "line %zu: expected a token in base64, a blank and a rank below %zu, the number of lines",
                       number, n_lines);
    if (lines[rank].n > 0)
        return err_set(err, E_DATA, "line %zu: rank %zu is there already", number, rank);
    if (token > 4 * (LONGEST / 3))
        return err_set(err, E_DATA, "line %zu: a token of more than %d bytes", number, LONGEST);
    unsigned char bytes[LONGEST + 4];
    if (base64(bytes, s, token) == 0)
        return err_set(err, E_DATA, "line %zu: '%.*s' is no base64", number, (int)size_min(token, 40), s);
    lines[rank] = (struct line){s, token};
    return OK;
}

static size_t length_of_line(const char *s, size_t n)
{
    const char *end = memchr(s, '\n', n);
    return end ? (size_t)(end - s) : n;
}

static enum status read_lines(struct line *lines, size_t n_lines, const char *s, size_t n, struct err *err)
{
    for (size_t at = 0, number = 1; at < n; number++) {
        size_t length = length_of_line(s + at, n - at);
        size_t own = length > 0 && s[at + length - 1] == '\r' ? length - 1 : length;
        TRY(read_line(lines, n_lines, s + at, own, number, err));
        at += length + 1;
    }
    return OK;
}

static enum status add_lines(struct tokeniser *t, const struct line *lines, size_t n, struct err *err)
{
    unsigned char bytes[LONGEST + 4];
    for (size_t i = 0; i < n; i++)
        TRY(tokeniser_add(t, bytes, base64(bytes, lines[i].token, lines[i].n), false, err));
    return OK;
}

static const char end_of_text[] = "<|endoftext|>";

static enum status ranks_read(struct tokeniser *t, const char *s, size_t n, struct err *err)
{
    struct line *lines;
    size_t n_lines = s[n - 1] != '\n';
    for (size_t i = 0; i < n; i++)
        n_lines += s[i] == '\n';
    TRY(size_calloc(&lines, n_lines, sizeof *lines, "the ranks of tokens", err));
    enum status st = read_lines(lines, n_lines, s, n, err);
    if (st == OK)
        st = add_lines(t, lines, n_lines, err);
    free(lines);
    if (st == OK)
        st = tokeniser_merge_by_rank(t, err);
    return st == OK ? tokeniser_add(t, end_of_text, sizeof end_of_text - 1, true, err) : st;
}

static bool anything(const char *s, size_t n)
{
    (void)s;
    (void)n;
    return true;
}

const struct tokeniser_file tokeniser_file_ranks = {anything, ranks_read};

enum { LLMC_MAGIC = 20240328, LLMC_HEADER = 256 };

static uint32_t word_at(const char *s, size_t i)
{
    const unsigned char *p = (const unsigned char *)s + 4 * i;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool llmc_is(const char *s, size_t n)
{
    return n >= 4 && word_at(s, 0) == LLMC_MAGIC;
}

static enum status llmc_read(struct tokeniser *t, const char *s, size_t n, struct err *err)
{
    size_t at = 4 * LLMC_HEADER;
    if (n < at)
        return err_set(err, E_DATA, "%zu bytes, where llm.c's header alone has %zu", n, at);
    uint32_t version = word_at(s, 1), tokens = word_at(s, 2), mark = version == 1 ? 50256 : word_at(s, 3);
    if (version != 1 && version != 2)
        return err_set(err, E_DATA, "version %u of llm.c's tokenizer, where 1 and 2 are known", (unsigned)version);
    for (uint32_t i = 0; i < tokens; i++) {
        size_t length = at < n ? (unsigned char)s[at] : 0;
        if (length == 0 || n - at - 1 < length)
            return err_set(err, E_DATA, "%s token %u of the %u that its header says",
                           at < n && length == 0 ? "no bytes for" : "it ends within", (unsigned)i, (unsigned)tokens);
        TRY(tokeniser_add(t, s + at + 1, length, i == mark, err));
        at += 1 + length;
    }
    if (at < n)
        return err_set(err, E_DATA, "%zu bytes after the last of its %u tokens", n - at, (unsigned)tokens);
    return tokeniser_merge_by_rank(t, err);
}

const struct tokeniser_file tokeniser_file_llmc = {llmc_is, llmc_read};

static enum status gpt2_check(const char *with, struct err *err)
{
    struct tokeniser t;
    TRY(tokeniser_read(&t, with, err));
    const char *unfit = t.unfit;
    tokeniser_free(&t);
    return unfit ? err_set(err, E_DATA, "%s: texts cannot become its tokens: %s", with, unfit) : OK;
}

static enum status gpt2_make(struct tokeniser *t, const char *with, const struct pretokens *w, struct err *err)
{
    (void)w;
    return tokeniser_read(t, with, err);
}

const struct tokeniser_kind tokeniser_gpt2 = {.check = gpt2_check, .make = gpt2_make};
