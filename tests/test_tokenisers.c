/* Tokenisers: words, merges and encodings against their definitions, and the files that they are in. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "data/tokenisers/bpe.h"
#include "data/tokenisers/encode_all.h"
#include "data/tokenisers/files.h"

static const char *in_tmp(char *path, const char *name)
{
    struct err err;
    EXPECT_OK(file_join(path, FILE_PATH_MAX, test_tmpdir(), name, &err));
    return path;
}

static enum status learn_from(struct tokeniser *t, const char *text, size_t n_merges, struct err *err)
{
    struct pretokens w = {0};
    *t = (struct tokeniser){0};
    enum status st = pretokens_count(&w, (const unsigned char *)text, strlen(text), err);
    if (st == OK)
        st = bpe_learn(t, &w, n_merges, err);
    pretokens_free(&w);
    return st;
}

/* Whether the words of a text are those, with | between them. */
static void cut_as(const char *text, const char *want)
{
    char got[400] = "";
    size_t n = strlen(text), used = 0;
    for (size_t at = 0, length; at < n; at += length) {
        length = pretokens_next((const unsigned char *)text + at, n - at);
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%.*s", at ? "|" : "", (int)length, text + at);
    }
    EXPECT_MSG(strcmp(got, want) == 0, "'%s' becomes '%s', not '%s'", text, got, want);
}

/* By hand, from the pattern. */
static void words_of_text(void)
{
    cut_as("Hello world", "Hello| world");
    cut_as("don't we'll I'M 's", "don|'t| we|'ll| I|'|M| '|s");
    cut_as("a  b   c", "a| | b|  | c");
    cut_as("x\n\n\ny \n z", "x|\n\n|\n|y| \n| z");
    cut_as("end  \n", "end|  \n");
    cut_as("abc123 45 .,!x", "abc|123| 45| .,!|x");
    cut_as("\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac\xc2\xbd\xe2\x85\xa7",
           "\xc3\xa9t\xc3\xa9| \xe6\x97\xa5\xe6\x9c\xac|\xc2\xbd\xe2\x85\xa7");
    cut_as("a\xc2\xa0\xc2\xa0" "b", "a|\xc2\xa0|\xc2\xa0|b");
    cut_as("\xff\xfe" "a", "\xff\xfe|a");
    cut_as("'''re", "'''|re"); /* the run of signs goes before an ending within it */
    cut_as("'re'", "'re|'");
}

/* Where a text may be cut, its words stay. */
static void cuts(void)
{
    char text[300];
    struct rng *r = test_rng();
    for (int round = 0; round < 2000; round++) {
        const char letters[] = "ab1.' \n\t\xc3\xa9\xe2\x80\x83";
        size_t n = sizeof text - 1;
        for (size_t i = 0; i < n; i++)
            text[i] = letters[rng_below(r, sizeof letters - 1)];
        size_t from = (size_t)rng_below(r, n), cut = pretokens_cut((unsigned char *)text, n, from);
        size_t at = 0;
        EXPECT(cut >= from && cut <= n);
        while (at < cut)
            at += pretokens_next((unsigned char *)text + at, n - at);
        EXPECT(at == cut);
        for (size_t i = 0; i < cut;) { /* and what is before the cut does not see it */
            size_t a = pretokens_next((unsigned char *)text + i, n - i), b = pretokens_next((unsigned char *)text + i, cut - i);
            EXPECT(a == b);
            i += a;
        }
    }
}

/* "aab aab ab": (a,b) comes three times, then (a,ab) twice, as (blank,aab) and (blank,ab) do not. */
static void merges_by_hand(void)
{
    struct err err;
    struct tokeniser t;
    EXPECT_OK(learn_from(&t, "aab aab ab", 2, &err));
    EXPECT(t.n == 258 && t.n_merges == 2 && t.merges[0].left == 'a' && t.merges[0].right == 'b' && t.merges[0].into == 256);
    EXPECT(t.merges[1].left == 'a' && t.merges[1].right == 256);
    tokeniser_free(&t);
    /* "aaaa": three places of (a,a), two merges, then one more */
    EXPECT_OK(learn_from(&t, "aaaa", 9, &err));
    EXPECT(t.n_merges == 2 && t.merges[1].left == 256 && t.merges[1].right == 256 && t.n == 258);
    tokeniser_free(&t);
    /* all pairs once: lower tokens first, in GPT-2's order of bytes, where blanks come after letters */
    EXPECT_OK(learn_from(&t, "zy xw", 1, &err));
    EXPECT(t.merges[0].left == 'x' && t.merges[0].right == 'w');
    tokeniser_free(&t);
}

/* One merge after the other, as the definition says, on the whole of a word. */
static size_t encode_plainly(int32_t *ids, const struct tokeniser *t, const unsigned char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ids[i] = t->of_byte[word[i]];
    for (;;) {
        const struct merge *best = NULL;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const struct merge *m = tokeniser_merge_of(t, ids[i], ids[i + 1]);
            if (m && (!best || m->rank < best->rank))
                best = m, at = i;
        }
        if (!best)
            return n;
        ids[at] = best->into;
        memmove(ids + at + 1, ids + at + 2, (n - at - 2) * sizeof *ids);
        n--;
    }
}

/* Short words and long ones, with and without memory, against the definition; and back to the bytes. */
static void encodings(void)
{
    struct err err;
    struct tokeniser t;
    struct rng *r = test_rng();
    char text[6000];
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = rng_below(r, 9) == 0 ? ' ' : (char)('a' + rng_below(r, 3));
    text[sizeof text - 1] = '\0';
    EXPECT_OK(learn_from(&t, text, 300, &err));
    struct encoder e = {.t = &t};
    for (size_t length = 1; length < 5000; length += 1 + length / 3) {
        struct id_list ids = {0};
        int32_t want[5000];
        for (size_t i = 0; i < length; i++)
            text[i] = (char)('a' + rng_below(r, 3));
        size_t n = encode_plainly(want, &t, (unsigned char *)text, length), at = 0;
        for (int again = 0; again < 2; again++) {
            ids.n = 0;
            EXPECT_OK(encoder_run(&ids, &e, (unsigned char *)text, length, &err));
            EXPECT_MSG(ids.n == n && memcmp(ids.items, want, n * sizeof *want) == 0, "%zu bytes", length);
        }
        for (size_t i = 0; i < ids.n; i++) {
            const struct token *k = &t.items[ids.items[i]];
            EXPECT(memcmp(text + at, t.bytes + k->at, k->length) == 0);
            at += k->length;
        }
        EXPECT(at == length);
        free(ids.items);
    }
    encoder_free(&e);
    tokeniser_free(&t);
}

static enum status collect(void *ctx, const int32_t *tokens, size_t n, struct err *err)
{
    struct id_list *to = ctx;
    TRY(id_list_reserve(to, n, err));
    memcpy(to->items + to->n, tokens, n * sizeof *tokens);
    to->n += n;
    return OK;
}

/* In pieces on all threads, as in one piece on one. */
static void encode_in_pieces(void)
{
    enum { LONG = 5 << 19 };
    struct err err;
    struct tokeniser t;
    struct encoders all;
    struct id_list got = {0}, want = {0};
    struct rng *r = test_rng();
    char *text = malloc(LONG + 1);
    for (size_t i = 0; i < LONG; i++)
        text[i] = rng_below(r, 7) == 0 ? ' ' : (char)('a' + rng_below(r, 4));
    text[LONG] = '\0';
    EXPECT_OK(learn_from(&t, text, 50, &err));
    struct encoder e = {.t = &t};
    EXPECT_OK(encoder_run(&want, &e, (unsigned char *)text, LONG, &err));
    EXPECT_OK(encoders_init(&all, &t, &err));
    EXPECT_OK(encoders_run(&all, (unsigned char *)text, LONG, collect, &got, &err));
    EXPECT(got.n == want.n && memcmp(got.items, want.items, want.n * sizeof *want.items) == 0);
    encoders_free(&all);
    encoder_free(&e);
    free(got.items);
    free(want.items);
    free(text);
    tokeniser_free(&t);
}

/* Written and read again: the same bytes and merges, with marks. */
static void written(void)
{
    struct err err;
    struct tokeniser t, back;
    char path[FILE_PATH_MAX];
    in_tmp(path, "tokenizer.json");
    EXPECT_OK(learn_from(&t,
                         "the cat the \"quoted\" back\\slash \xff\xfe\x01 \xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5 the hat", 30, &err));
    EXPECT_OK(tokeniser_add(&t, "<|endoftext|>", 13, true, &err));
    EXPECT_OK(tokeniser_write(&t, path, &err));
    EXPECT_OK(tokeniser_read(&back, path, &err));
    EXPECT(back.n == t.n && back.n_merges == t.n_merges && !back.unfit);
    for (size_t i = 0; i < t.n && i < back.n; i++) {
        const struct token *a = &t.items[i], *b = &back.items[i];
        EXPECT(a->length == b->length && a->mark == b->mark && memcmp(t.bytes + a->at, back.bytes + b->at, a->length) == 0);
    }
    EXPECT(memcmp(t.merges, back.merges, t.n_merges * sizeof *t.merges) == 0);
    tokeniser_free(&t);
    tokeniser_free(&back);
}

/* A file's text, and the reason why it is no tokeniser; NULL: it is one. */
static void file_is(const char *bytes, size_t n, const char *why)
{
    struct err err;
    struct tokeniser t;
    char path[FILE_PATH_MAX];
    EXPECT_OK(file_write_atomic(in_tmp(path, "file"), bytes, n, &err));
    if (!why)
        EXPECT_OK(tokeniser_read(&t, path, &err));
    else
        EXPECT_ERR(tokeniser_read(&t, path, &err), E_DATA, why);
    tokeniser_free(&t);
}

static void json_faults(void)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{}", "expected tokenizer.json with a model of type BPE"},
        {"{\"model\": {\"type\": \"WordPiece\", \"vocab\": {}, \"merges\": []}}", "model of type BPE"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}", "have the number 0"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 2}, \"merges\": []}}", "where 2 tokens have 0 to 1"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}}", "has the number -1"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 1e300}, \"merges\": []}}", "has the number 1e+300"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": \"x\"}, \"merges\": []}}", "has no number"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\xe6\x97\xa5\": 0}, \"merges\": []}}", "not of a byte-level BPE"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1}, \"merges\": [\"a b\"]}}", "not both tokens that make a third"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"ab\"]}}", "no pair of tokens"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [[\"a\"]]}}", "no pair of tokens"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}, \"added_tokens\": [{\"id\": 0}]}", "objects with id and content"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []", "line 1 column"},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [[\"a\", \"b\"]]}, "
         "\"added_tokens\": [{\"id\": 3, \"content\": \"<end>\", \"special\": true}]}", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        file_is(cases[i].text, strlen(cases[i].text), cases[i].why);
}

static void rank_faults(void)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"YQ== 0\nYg== 1\nYWI= 2\n", NULL},
        {"YQ== 0\r\nYg== 1", NULL},
        {"YQ== 0\nYg== 0\n", "line 2: rank 0 is there already"},
        {"YQ== 0\nYg== 2\n", "line 2: expected a token in base64"},
        {"YQ== 0\nYg==\n", "line 2: expected a token in base64"},
        {"YQ== 0\nYg== 1x\n", "line 2: expected a token in base64"},
        {"YQ== 0\n\n", "line 2: expected a token in base64"},
        {"YQ== 0\nYQ== 1\n", "tokens 0 and 1 have the same bytes"},
        {"Y!== 0\n", "is no base64"},
        {"Y!== 0\nYg== 1\n", "line 1: 'Y!==' is no base64"},
        {"YQ= 0\n", "is no base64"},
        {"==== 0\n", "is no base64"},
        {"", "empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        file_is(cases[i].text, strlen(cases[i].text), cases[i].why);
    char longest[4000];
    memset(longest, 'Y', sizeof longest);
    memcpy(longest + 3996, " 0\n", 4);
    file_is(longest, 3999, "a token of more than 1024 bytes");
}

static void llmc_faults(void)
{
    unsigned char p[1024 + 4] = {0};
    p[0] = 20240328 & 255, p[1] = 20240328 >> 8 & 255, p[2] = 20240328 >> 16 & 255, p[3] = 20240328 >> 24;
    p[4] = 2, p[8] = 2;
    p[1024] = 1, p[1025] = 'a', p[1026] = 1, p[1027] = 'b';
    file_is((char *)p, sizeof p, NULL);
    file_is((char *)p, sizeof p - 1, "it ends within token 1 of the 2");
    file_is((char *)p, 900, "900 bytes, where llm.c's header alone has 1024");
    p[8] = 1;
    file_is((char *)p, sizeof p, "2 bytes after the last of its 1 tokens");
    p[11] = 0xFF;
    file_is((char *)p, sizeof p, "it ends within token 2 of the 4278190081");
    p[11] = 0, p[8] = 2, p[1024] = 0;
    file_is((char *)p, sizeof p, "no bytes for token 0");
    p[1024] = 1, p[4] = 3;
    file_is((char *)p, sizeof p, "version 3");
}

/* Both ways, and GPT-2's numbers of bytes: '!' is 0, 'a' 64, the blank 220. */
static void byte_characters(void)
{
    bool seen[256] = {false};
    for (unsigned b = 0; b < 256; b++) {
        EXPECT(bytelevel_byte(bytelevel_char((unsigned char)b)) == (int)b);
        seen[bytelevel_place((unsigned char)b)] = true;
    }
    for (unsigned b = 0; b < 256; b++)
        EXPECT(seen[b]);
    EXPECT(bytelevel_char(' ') == 0x120 && bytelevel_char('\n') == 0x10A && bytelevel_byte(173) == -1 && bytelevel_byte(324) == -1);
    EXPECT(bytelevel_place('!') == 0 && bytelevel_place('a') == 64 && bytelevel_place(' ') == 220);
}

static const struct test tests[] = {
    {"words_of_text", words_of_text}, {"cuts", cuts}, {"merges_by_hand", merges_by_hand}, {"encodings", encodings},
    {"encode_in_pieces", encode_in_pieces}, {"written", written}, {"json_faults", json_faults}, {"rank_faults", rank_faults},
    {"llmc_faults", llmc_faults}, {"byte_characters", byte_characters},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
