/* The reader of tables on damaged ones: small tables of every format, changed at random. It ends, with a table of finite
 * numbers or with one message; it asks for no more memory than a constant times the file; sanitizers see the rest.
 *
 *     tests/test_fuzz_table [TEST] [--rounds N]      N changed tables of each kind, one after the other */
#include "test.h"
#include "wrap.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "fit/table.h"

static size_t rounds = 20000;

/* A second of a busy machine may bring a hundredth of its work, by an emulator less. */
static unsigned hangs_s(void)
{
    return test_slow() ? 1200 : 30;
}

/* cJSON is a library of its own: its allocations are counted by the hooks that it has. */
static size_t json_bytes;

static void *counted(size_t n)
{
    json_bytes += n;
    return malloc(n);
}

struct seed {
    const char *name, *text;
    bool pack;
};

static const struct seed csv[] = {
    {"t.csv", "run,params,tokens,loss,status\na,1e6,2e7,4.21,done\nb,4e6,2e7,4.02,failed\nc,\"1,600,000\",8e7,3.33,ok\n", false},
    {"t.csv", "sep=;\nN;D;L\n1.000.000;2e7;4,21\n500.000;2e7;4,02\n", false},
    {"t.csv", "# comment\nparams (M),tokens_B,val/loss,train_loss,seed\n70M,\"a\"\"b\",3.2 \xc2\xb1 .1,2,1\n1.4B,2 x "
     "10^9,nan,,2\n", false},
    {"t.txt", "  params tokens loss\n0 1e6 2e7 4.2\n1 2e6 2e7 4.1\n2 3e6 2e7 4.0\n", false},
    {"t.csv", "\xff\xfeN\0,\0D\0,\0L\0\n", false},
};
static const struct seed papers[] = {
    {"t.md", "text\n\n| **N** | D | Loss |\n|---|:-:|--:|\n| 1M | 2M | 3.1 |\n| 2M | 4M | `2.9` |\n\nmore\n", false},
    {"t.txt", "+---+---+\n| N | L |\n+===+===+\n| 1 | 2 |\n+---+---+\n", false},
    {"t.tex", "\\begin{tabular}[t]{lr}\n\\toprule\nN & D & \\textbf{Loss} \\\\\\midrule\n$1 \\times 10^{6}$ & 2{,}000 & 3.1 "
     "$\\pm$ 1 \\\\[2pt]\n"
              "% no\n4\\,000 & 5 & 6 \\\\\n\\cmidrule(lr){1-2}\n\\end{tabular}\n", false},
};
static const struct seed json[] = {
    {"t.json", "[{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21,\"a\":{\"b\":[1,2],\"c\":null}},"
               "{\"params\":\"70M\",\"tokens\":2e7,\"loss\":NaN}]", false},
    {"t.jsonl", "{\"N\":1e6,\"D\":2e7,\"loss\":4.21}\n{\"N\":4e6,\"D\":2e7,\"val\":{\"loss\":4.02}}\n\n{\"N\":1,\"D\":true}\n",
     false},
    {"t.json", "{\"columns\":[\"params\",\"tokens\",\"loss\"],\"index\":[0,1],\"data\":[[1e6,2e7,4.21],[4e6,2e7,4.02]]}", false},
    {"t.json", "{\"r1\":{\"params\":1,\"tokens\":3,\"loss\":2},\"r2\":{\"params\":2,\"tokens\":5,\"loss\":3}}", false},
    {"t.json", "{\"params\":{\"0\":1,\"1\":2},\"loss\":{\"0\":1,\"1\":2},\"tokens\":[1,2]}", false},
    {"t.json", "{\"columns\":[{\"name\":\"loss\",\"values\":[1,2]},{\"name\":\"N\",\"values\":[3,4,5]}]}", false},
};
static const struct seed packed[] = {
    {"t.csv.gz", "params,tokens,loss\n1e6,2e7,4.21\n4e6,2e7,4.02\n1.6e7,8e7,3.33\n", true},
    {"t.jsonl.gz", "{\"N\":1e6,\"D\":2e7,\"loss\":4.21}\n{\"N\":4e6,\"D\":2e7,\"loss\":4.02}\n", true},
};

struct buffer {
    char bytes[4096];
    size_t n;
};

static size_t draw(size_t n)
{
    return n ? (size_t)(rng_below(test_rng(), n)) : 0;
}

static void put(struct buffer *b, size_t at, const char *text, size_t n)
{
    if (b->n + n > sizeof b->bytes)
        return;
    memmove(b->bytes + at + n, b->bytes + at, b->n - at);
    memcpy(b->bytes + at, text, n);
    b->n += n;
}

static void cut(struct buffer *b, size_t at, size_t n)
{
    n = n > b->n - at ? b->n - at : n;
    memmove(b->bytes + at, b->bytes + at + n, b->n - at - n);
    b->n -= n;
}

/* One change: a byte, a piece that means something somewhere, a piece doubled, cut out or cut off. */
static void change(struct buffer *b)
{
    static const char *const pieces[] = {",", ";", "\t", "|", "\"", "\n", "\r\n", "&", "\\\\", "\\", "{", "}", "[", "]", ":", "#",
                                         "%", "$", "NaN",
        "null", "1e999", "-1", "0x1", "1,234", "1.234", "1.234.567", "10^", "2 x 10^9", "\xc2\xb1", "\xef\xbb\xbf", "\xff\xfe",
            "PF-days", "M",
        "|---|", "\n|-|\n", "\\begin{tabular}", "\\end{tabular}", "\\u0000", "loss", "params", "tokens", "L", "N", "status",
            "running", "true",
        "\"a\":", "-Infinity", "1e6", " ", "''", "\x1f\x8b", "PAR1", "\xd8", "\xf0\x9f"};
    char piece[64];
    size_t at = draw(b->n + 1), n = draw(sizeof piece);
    switch (draw(7)) {
    case 0:
        if (at < b->n)
            b->bytes[at] = (char)draw(256);
        break;
    case 1:
    case 2: {
        const char *text = pieces[draw(sizeof pieces / sizeof *pieces)];
        put(b, at, text, strlen(text));
        break;
    }
    case 3:
        cut(b, at, 1 + n / 8);
        break;
    case 4:
        n = n > b->n - at ? b->n - at : n;
        memcpy(piece, b->bytes + at, n);
        put(b, draw(b->n + 1), piece, n);
        break;
    case 5:
        cut(b, at, n);
        break;
    default:
        for (size_t k = draw(20); k > 0; k--) {
            n = n > b->n - at ? b->n - at : n;
            memcpy(piece, b->bytes + at, n);
            put(b, at, piece, n);
        }
    }
}

static void pack(struct buffer *b)
{
    struct buffer out = {.n = 0};
    z_stream z = {.next_in = (Bytef *)b->bytes, .avail_in = (uInt)b->n, .next_out = (Bytef *)out.bytes,
                  .avail_out = sizeof out.bytes};
    if (deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK && deflate(&z, Z_FINISH) == Z_STREAM_END) {
        memcpy(b->bytes, out.bytes, z.total_out);
        b->n = z.total_out;
    }
    (void)deflateEnd(&z);
}

static void make(struct buffer *b, const struct seed *s, const struct seed *other)
{
    size_t n = strcmp(s->text, "\xff\xfeN") == 0 ? 14 : strlen(s->text);
    memcpy(b->bytes, s->text, b->n = n);
    if (draw(8) == 0) /* half of one and half of another */
        put(b, draw(b->n + 1), other->text, draw(strlen(other->text)));
    for (size_t k = draw(6); k > 0; k--)
        change(b);
    if (s->pack) {
        pack(b);
        for (size_t k = draw(3); k > 0; k--)
            change(b);
    }
}

static bool all_finite(const struct fit_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (int c = 0; c < FIT_N_COLUMNS; c++)
            if (isinf(t->col[c][i]) || t->trunk[i] >= t->n_trunks)
                return false;
    return true;
}

/* The largest constants seen, with room: a row of JSON may name one of 1024 columns and has a pointer for each before it, and
 * what is unpacked is 200 times the file. */
#define BYTES_AT_MOST(n) ((size_t)4 << 20) + 2000 * (n)

static void try(const struct buffer *b, const char *name, size_t round)
{
    static const char *const columns[] = {"loss=loss", "params=N", "tokens=x"}, *const scales[] = {"params=1e6", "flops=PF-days"};
    const struct fit_read_options opt = {.column = columns + draw(3), .n_column = draw(4) == 0, .scale = scales + draw(2),
                                         .n_scale = draw(4) == 0, .drop_missing = draw(2) == 0, .x = draw(9) == 0 ? "N" : NULL};
    struct err err = {0};
    struct fit_table t;
    json_bytes = 0;
    wrap_fail(WRAP_NONE, false);
    alarm(hangs_s()); /* a reader that does not end is killed, and the test with it */
    enum status st = fit_table_read_text(&t, name, b->bytes, b->n, &opt, &err);
    alarm(0);
    size_t bytes = wrap_bytes() + json_bytes;
    EXPECT_MSG(st == OK || st == E_DATA || st == E_USAGE, "round %zu: status %d, %s", round, (int)st, err.msg);
    EXPECT_MSG(st == OK || err.msg[0] != '\0', "round %zu: no message", round);
    EXPECT_MSG(bytes <= BYTES_AT_MOST(b->n), "round %zu: %zu bytes for a file of %zu", round, bytes, b->n);
    if (st == OK)
        EXPECT_MSG(t.n > 0 && all_finite(&t), "round %zu: numbers that are none", round);
    fit_table_free(&t);
}

static void fuzz(const struct seed *seeds, size_t n)
{
    cJSON_Hooks hooks = {counted, free};
    cJSON_InitHooks(&hooks);
    for (size_t i = 0; i < (test_slow() && rounds == 20000 ? rounds / 5 : rounds); i++) {
        struct buffer b;
        const struct seed *s = &seeds[draw(n)];
        make(&b, s, &seeds[draw(n)]);
        try(&b, s->name, i);
    }
    cJSON_InitHooks(NULL);
}

static void between_separators(void)
{
    fuzz(csv, sizeof csv / sizeof *csv);
}

static void of_papers(void)
{
    fuzz(papers, sizeof papers / sizeof *papers);
}

static void of_json(void)
{
    fuzz(json, sizeof json / sizeof *json);
}

static void of_gzip(void)
{
    fuzz(packed, sizeof packed / sizeof *packed);
}

/* Long, and of one thing: what costs more than its length would show here. */
static void of_one_thing(void)
{
    static const char *const things[] = {"\n", ",", "\"", "\"\"", "|", "|-|\n", "a\n", "#\n", "[", "{\"a\":", "[[1],", "&",
                                         "\\\\", "\\begin{tabular}",
                                         "1,", " ", "\xef\xbb\xbf", "1 ", "{\"a\":1}\n", "\\", "a,b\n1,2\n"};
    enum { LONG = 300000 };
    char *text = malloc(LONG + 64);
    for (size_t i = 0; text && i < sizeof things / sizeof *things; i++)
        for (int name = 0; name < 2; name++) {
            const struct fit_read_options opt = {.count = FIT_COUNT_TOTAL};
            struct err err = {0};
            struct fit_table t;
            size_t m = strlen(things[i]), n = 0;
            while (n + m <= LONG) {
                memcpy(text + n, things[i], m);
                n += m;
            }
            wrap_fail(WRAP_NONE, false);
            alarm(hangs_s());
            enum status st = fit_table_read_text(&t, name ? "t.json" : "t.csv", text, n, &opt, &err);
            alarm(0);
            EXPECT_MSG(st == E_DATA, "%s: status %d", things[i], (int)st);
            EXPECT_MSG(wrap_bytes() <= ((size_t)4 << 20) + 400 * n, "%s: %zu bytes", things[i], wrap_bytes());
            fit_table_free(&t);
        }
    free(text);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"between_separators", between_separators}, {"of_papers", of_papers}, {"of_json", of_json},
                                        {"of_gzip", of_gzip}, {"of_one_thing", of_one_thing}};
    if (argc > 2 && strcmp(argv[argc - 2], "--rounds") == 0) {
        rounds = strtoul(argv[argc - 1], NULL, 10);
        argc -= 2;
    }
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
