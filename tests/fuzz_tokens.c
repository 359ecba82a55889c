/* Broken files of tokens and tokenisers: seeds are changed at random and opened; whatever they hold, there is an answer, and
 * what is allocated for it stays within a constant times the file's size.
 *
 *     fuzz_tokens [CASES [SEED]]       default 3000; the suite's short form. 0: until something breaks
 *
 * The last file is left in $TMPDIR/fuzz_tokens.PID where it ends badly. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "data/data.h"
#include "data/formats/token_format.h"
#include "data/tokenisers/encode.h"
#include "test.h"
#include "wrap.h"

enum { SIZE = 1 << 14 };

/* What a file of n bytes may cost: tables of a word's, token's or merge's size for a few bytes, doubled as they grow; and what
 * does not depend on it. */
static size_t allowed(size_t n)
{
    return 60 * n + (1 << 18);
}

struct bytes {
    unsigned char p[SIZE];
    size_t n;
};

static void add(struct bytes *b, const void *p, size_t n)
{
    CHECK(n <= SIZE - b->n);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void add_words(struct bytes *b, uint32_t first, uint32_t second, uint32_t third)
{
    const uint32_t words[3] = {first, second, third};
    unsigned char header[1024] = {0};
    for (size_t i = 0; i < 12; i++)
        header[i] = (unsigned char)(words[i / 4] >> 8 * (i % 4));
    add(b, header, sizeof header);
}

static void add_tokens(struct bytes *b, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++)
        add(b, (const unsigned char[4]){(unsigned char)(i * i % 251)}, width);
}

static void add_text(struct bytes *b, const char *text)
{
    add(b, text, strlen(text));
}

static void seed_llmc(struct bytes *b)
{
    add_words(b, 20240520, 1, 300);
    add_tokens(b, 300, 2);
}

static void seed_llmc_wide(struct bytes *b)
{
    add_words(b, 20240801, 7, 300);
    add_tokens(b, 300, 4);
}

static void seed_npy(struct bytes *b)
{
    char dict[120];
    snprintf(dict, sizeof dict, "%-117s\n", "{'descr': '<u2', 'fortran_order': False, 'shape': (300,), }");
    add(b, "\x93NUMPY\x01\0\x76", 9);
    add(b, "", 1);
    add(b, dict, 118);
    add_tokens(b, 300, 2);
}

static void seed_bare(struct bytes *b)
{
    add_tokens(b, 300, 2);
}

static void seed_ranks(struct bytes *b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char line[32];
    for (unsigned i = 0; i < 256; i++) {
        snprintf(line, sizeof line, "%c%c== %u\n", digits[i >> 2], digits[(i & 3) << 4], i);
        add_text(b, line);
    }
    add_text(b, "YWI= 256\nYWJh 257\nYWJhYg== 258\n");
}

static void seed_llmc_tokeniser(struct bytes *b)
{
    add_words(b, 20240328, 2, 258);
    b->p[12] = 1, b->p[13] = 1; /* the mark: 257 */
    for (unsigned i = 0; i < 256; i++)
        add(b, (const unsigned char[2]){1, (unsigned char)i}, 2);
    add_text(b, "\x02" "ab\x05<end>");
}

static void seed_json(struct bytes *b)
{
    add_text(b, "{\"version\": \"1.0\", \"added_tokens\": [{\"id\": 5, \"content\": \"<end>\", \"special\": true}], "
                "\"normalizer\": null,\n"
                "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": true},\n"
                "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"\\u0120\": 2, \"ab\": 3, \"\xc4\xa0" "ab\": 4},\n"
                "\"merges\": [\"a b\", [\"\xc4\xa0\", \"ab\"]]}}\n");
}

static const struct seed {
    void (*fill)(struct bytes *b);
    bool tokeniser;
} seeds[] = {{seed_llmc, false}, {seed_llmc_wide, false}, {seed_npy, false}, {seed_bare, false},
             {seed_ranks, true}, {seed_llmc_tokeniser, true}, {seed_json, true}};

/* Numbers at which code turns. */
static const uint64_t turns[] = {0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                                 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF};

static void change(struct bytes *b, struct rng *r)
{
    size_t at = (size_t)rng_below(r, b->n + 1), n = (size_t)rng_below(r, 9), from = (size_t)rng_below(r, b->n + 1);
    if (rng_below(r, 2) == 0) /* in front, where headers are */
        at %= 1040;
    at = size_min(at, b->n);
    n = size_min(n, b->n - at);
    switch (rng_below(r, 7)) {
    case 0:
        for (size_t i = 0; i < n; i++)
            b->p[at + i] ^= (unsigned char)(1 << rng_below(r, 8));
        break;
    case 1:
        for (size_t i = 0; i < n; i++)
            b->p[at + i] = (unsigned char)rng_below(r, 256);
        break;
    case 2: {
        uint64_t v = turns[rng_below(r, sizeof turns / sizeof *turns)];
        for (size_t i = 0; i < n; i++)
            b->p[at + i] = (unsigned char)(v >> 8 * i);
        break;
    }
    case 3:
        b->n = at;
        break;
    case 4: /* drop some */
        memmove(b->p + at, b->p + at + n, b->n - at - n);
        b->n -= n;
        break;
    case 5: /* some come twice */
        n = size_min(size_min((size_t)rng_below(r, 400), b->n - from), SIZE - b->n);
        memmove(b->p + at + n, b->p + at, b->n - at);
        memmove(b->p + at, b->p + size_min(from, b->n - n), n);
        b->n += n;
        break;
    default: { /* signs that mean something in a text */
        static const char signs[] = "{}[]()\",:' \n=-9e.\\ut<>|0";
        if (at < b->n)
            b->p[at] = (unsigned char)signs[rng_below(r, sizeof signs - 1)];
    }
    }
}

static void check(enum status st, const struct err *err, const char *path)
{
    if (st == OK)
        return;
    CHECK(st == E_DATA || st == E_CONFIG);
    if (err->code != st || !strstr(err->msg, path)) { /* names in it are made plain where it is shown */
        fprintf(stderr, "%d: %s\n", (int)st, err->msg);
        abort();
    }
}

static bool open_tokens(const char *path)
{
    struct err err = {0};
    struct data *d = NULL;
    int32_t x[8], y[8];
    struct data_spec s = data_spec_default();
    s.kind = DATA_TOKENS;
    s.files = &path;
    s.n_files = 1;
    s.eval_tokens = 64;
    enum status st = data_open(&d, &s, 8, &err);
    check(st, &err, path);
    for (uint64_t i = 0; d && i < 20; i++) {
        data_train(d, x, y, 1, i, 1);
        for (size_t j = 0; j < 8; j++)
            CHECK(x[j] >= 0 && y[j] >= 0 && (size_t)x[j] < data_vocab(d) && (size_t)y[j] < data_vocab(d));
    }
    data_close(d);
    return st == OK;
}

static bool open_tokeniser(const char *path)
{
    struct err err = {0};
    struct tokeniser t;
    struct id_list ids = {0};
    const unsigned char text[] = "ab ab\xff abab <end>";
    enum status st = tokeniser_read(&t, path, &err);
    check(st, &err, path);
    struct encoder e = {.t = &t};
    if (st == OK && !t.unfit) {
        CHECK(encoder_run(&ids, &e, text, sizeof text, &err) == OK);
        for (size_t i = 0; i < ids.n; i++)
            CHECK(ids.items[i] >= 0 && (size_t)ids.items[i] < t.n);
    }
    encoder_free(&e);
    free(ids.items);
    tokeniser_free(&t);
    return st == OK;
}

int main(int argc, char **argv)
{
    unsigned long long cases = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000, seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const char *tmp = getenv("TMPDIR");
    char path[FILE_PATH_MAX];
    static struct bytes b;
    size_t opened = 0, most = 0;
    snprintf(path, sizeof path, "%s/fuzz_tokens.%d", tmp ? tmp : "/tmp", (int)getpid());
    for (unsigned long long i = 0; cases == 0 || i < cases; i++) {
        struct rng r = rng_make(seed, 0, 0, i);
        const struct seed *s = &seeds[rng_below(&r, sizeof seeds / sizeof *seeds)];
        b.n = 0;
        s->fill(&b);
        for (uint64_t n = rng_below(&r, 5); n > 0; n--)
            change(&b, &r);
        FILE *f = fopen(path, "wb");
        CHECK(f && fwrite(b.p, 1, b.n, f) == b.n && fclose(f) == 0);
        size_t before = wrap_bytes();
        opened += (s->tokeniser ? open_tokeniser : open_tokens)(path);
        size_t used = wrap_bytes() - before;
        most = size_max(most, used);
        if (used > allowed(b.n)) {
            printf("case %llu of seed %llu: %zu bytes allocated for a file of %zu\n", i, seed, used, b.n);
            printf("tests: 0 passed, 1 failed, 0 skipped\n");
            return 1;
        }
    }
    unlink(path);
    printf("seed %llu: %llu files, %zu of them opened, %zu bytes allocated at most\ntests: 1 passed, 0 failed, 0 skipped\n", seed,
           cases, opened, most);
    return opened > 0 ? 0 : 1;
}
