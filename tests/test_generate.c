/* Words: windows that follow each other, draws with the frequencies that they should have, and bytes made fit to be read. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/speak.h"
#include "harness/generate.h"

#pragma GCC diagnostic ignored "-Woverride-init"

static const struct gpt_shape small = {GPT_2 .V = 9, .T = 8, .C = 16, .L = 2, .NH = 2, .position = 1};

static void make(struct weights *w, const struct gpt_shape *s)
{
    struct err err;
    struct param_rules rules = param_rules_make(PARAM_STANDARD, 1, 1, 1, 1);
    *w = (struct weights){.shape = *s};
    kern_init(&w->k, kern_isa_best());
    EXPECT_OK(members_init_forward(&w->e, s, &rules, &w->k, 1, 1, &err));
    for (size_t m = 0; m < w->e.n; m++) {
        gpt_init_weights(&w->e.g[m], 3 + m);
        for (size_t i = 0; i < w->e.g[m].tensors.n_flat; i++)
            w->e.g[m].w[i] += (float)(0.3 * rng_normal(test_rng()));
        gpt_pack(&w->e.g[m]);
    }
}

/* The distribution after n tokens, all at once. */
static void law(double *p, struct weights *w, const int32_t *x, size_t n)
{
    float logits[16];
    memset(p, 0, w->shape.V * sizeof *p);
    for (size_t m = 0; m < w->e.n; m++) {
        double sum = 0;
        gpt_next_logits(&w->e.g[m], logits, x, n);
        for (size_t i = 0; i < w->shape.V; i++)
            sum += exp((double)logits[i]);
        for (size_t i = 0; i < w->shape.V; i++)
            p[i] += exp((double)logits[i]) / sum / (double)w->e.n;
    }
}

/* Greedy, over several windows, against the rule as it is written down; other models write the same words. */
static void windows(void)
{
    for (size_t members = 1; members <= 2; members++)
        for (int32_t start = -1; start < 9; start += 9) {
            struct gpt_shape s = small;
            struct weights w, ref;
            struct generator g;
            struct err err;
            struct rng before = *test_rng();
            int32_t x[8] = {start < 0 ? 4 : start, 2}, token;
            double p[16];
            size_t n = 2;
            s.ensemble = members;
            make(&w, &s);
            *test_rng() = before;
            make(&ref, &s);
            EXPECT_OK(generator_init(&g, &w, &(struct generate_how){.top_p = 1}, 1, start, x, n, &err));
            for (size_t i = 0; i < 50 && !test_failed(); i++) {
                int32_t best = 0;
                law(p, &ref, x, n);
                for (int32_t v = 1; v < 9; v++)
                    best = p[v] > p[best] ? v : best;
                EXPECT_OK(generator_draw(&g, &token, &err));
                EXPECT_MSG(token == best && g.n == n && g.y[n - 1] == token, "start %d, token %zu: %d, expected %d", (int)start, i,
                           (int)token, (int)best);
                generator_feed(&g);
                if (n < 8) {
                    x[n++] = token;
                } else if (start >= 0) {
                    x[0] = start, n = 1;
                } else {
                    memmove(x, x + 4, 4 * sizeof *x);
                    x[4] = token, n = 5;
                }
                EXPECT(memcmp(g.x, x, n * sizeof *x) == 0);
            }
            generator_free(&g);
            members_free(&w.e);
            members_free(&ref.e);
        }
}

/* As often as they should come, to five standard deviations. */
static void frequencies(void)
{
    static const struct generate_how hows[] = {{1, 0, 1}, {0.5, 0, 1}, {1, 3, 1}, {1, 0, 0.6}, {2, 5, 0.7}, {1, 1, 1}, {1, 100, 1}};
    enum { DRAWS = 20000 };
    struct weights w;
    struct err err;
    int32_t x[1] = {3}, token;
    double p[16];
    make(&w, &small);
    law(p, &w, x, 1);
    for (size_t h = 0; h < sizeof hows / sizeof *hows; h++) {
        struct generator g;
        double q[16], sum = 0, kept = 0, left = 0;
        size_t count[16] = {0}, taken = 0;
        for (size_t i = 0; i < 9; i++)
            sum += q[i] = pow(p[i], 1 / hows[h].temperature);
        bool in[16] = {false};
        while (taken < 9 && !(hows[h].top_k && taken == hows[h].top_k) && (taken == 0 || kept < hows[h].top_p * sum)) {
            size_t best = 16;
            for (size_t i = 0; i < 9; i++)
                best = !in[i] && (best == 16 || q[i] > q[best]) ? i : best;
            in[best] = true;
            kept += q[best];
            taken++;
        }
        EXPECT_OK(generator_init(&g, &w, &hows[h], 5, -1, x, 1, &err));
        for (size_t i = 0; i < DRAWS; i++) {
            EXPECT_OK(generator_draw(&g, &token, &err));
            count[token]++;
        }
        for (size_t i = 0; i < 9; i++) {
            double want = in[i] ? q[i] / kept : 0, got = (double)count[i] / DRAWS;
            EXPECT_NEAR(got, want, 5 * sqrt(want * (1 - want) / DRAWS) + 1e-12);
            left += got;
        }
        EXPECT_NEAR(left, 1, 1e-9);
        generator_free(&g);
    }
    w.e.g[0].w[0] = NAN;
    for (size_t i = 0; i < w.e.g[0].tensors.n_flat; i++)
        w.e.g[0].w[i] = NAN;
    gpt_pack(&w.e.g[0]);
    struct generator g;
    EXPECT_OK(generator_init(&g, &w, &hows[0], 5, -1, x, 1, &err));
    EXPECT_ERR(generator_draw(&g, &token, &err), E_NUMERIC, "nothing finite");
    generator_free(&g);
    members_free(&w.e);
}

static void spoken(void)
{
    static const struct {
        const char *in, *pipe, *terminal;
    } list[] = {
        {"plain\n\ttext", "plain\n\ttext", "plain\n\ttext"},
        {"\xC3\xB6\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xB6\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xB6\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\x1B[2J\r\x7F", "\x1B[2J\r\x7F", "^[[2J^M^?"},
        {"\xC2\x85x", "\xC2\x85x", "\\u0085x"},
        {"\xFFz\x80", "\\xffz\\x80", "\\xffz\\x80"},
        {"\xC3", "\\xc3", "\\xc3"},
        {"\xE2\x82z", "\\xe2\\x82z", "\\xe2\\x82z"},
        {"\xE2\xC3\xB6", "\\xe2\xC3\xB6", "\\xe2\xC3\xB6"},
        {"\xC0\x80\xED\xA0\x80", "\\xc0\\x80\\xed\\xa0\\x80", "\\xc0\\x80\\xed\\xa0\\x80"},
        {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80"},
    };
    for (size_t i = 0; i < 2 * sizeof list / sizeof *list; i++) {
        char *text;
        size_t size;
        const char *in = list[i / 2].in, *want = i % 2 ? list[i / 2].terminal : list[i / 2].pipe;
        struct speaker s = {.out = open_memstream(&text, &size), .terminal = i % 2};
        CHECK(s.out);
        for (size_t j = 0; in[j]; j++)
            speak(&s, (const unsigned char *)in + j, 1);
        speak_end(&s);
        fclose(s.out);
        EXPECT_MSG(strcmp(text, want) == 0, "case %zu: '%s', expected '%s'", i, text, want);
        free(text);
    }
    /* A character is there as soon as it is whole, and not before. */
    char *text;
    size_t size;
    struct speaker s = {.out = open_memstream(&text, &size)};
    speak(&s, (const unsigned char *)"\xE2\x82", 2);
    fflush(s.out);
    EXPECT(size == 0);
    speak(&s, (const unsigned char *)"\xAC", 1);
    fflush(s.out);
    EXPECT(size == 3);
    speak(&s, (const unsigned char *)"\xED\xA0", 2); /* half a surrogate: whatever follows, it is none */
    fflush(s.out);
    EXPECT(size == 3 + 8);
    fclose(s.out);
    free(text);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"windows", windows}, {"frequencies", frequencies}, {"spoken", spoken}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
