/* The answer, on the screen and on the page: no plainer than what it rests on. */
#include "made_sweep.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/page/page.h"
#include "report/screen.h"

struct expected {
    const char *has, *has_not;
};

static void expect_text(const char *text, const struct expected *e, size_t k)
{
    EXPECT_MSG(strstr(text, e->has), "case %zu: no '%s' in: %.900s", k, e->has, text);
    EXPECT_MSG(!strstr(text, e->has_not), "case %zu: '%s' in: %.900s", k, e->has_not, text);
}

static void expect_screen(const struct made_sweep *s, const struct expected *e, size_t k)
{
    static struct screen screen;
    screen_fill(&screen, &s->report, "nats per token");
    expect_text(screen.rows[0].text, e, k);
}

/* A section of a page; the caller frees it. */
static char *section_of(const struct page *p, const char *id)
{
    char *text = NULL;
    size_t size;
    struct err err;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < page_count(p); i++)
        if (strcmp(page_id(p, i), id) == 0)
            EXPECT_OK(page_section(out, p, i, &err));
    fclose(out);
    CHECK(text);
    return text;
}

static char *page_section_of(const struct made_sweep *s, const char *id)
{
    const struct page p = {.name = "made", .version = "0.1.0", .charts = &s->in};
    return section_of(&p, id);
}

static void expect_page(const struct made_sweep *s, const struct expected *e, size_t k)
{
    char *text = page_section_of(s, "answer");
    expect_text(text, e, k);
    free(text);
}

static void expect_title(const struct made_sweep *s, const char *chart, const struct expected *e, size_t k)
{
    struct chart ch = {0};
    struct err err;
    bool drawn = false;
    for (size_t i = 0; i < charts_count(); i++)
        if (strcmp(charts_name(i), chart) == 0)
            EXPECT_OK(charts_build(&ch, &drawn, i, &s->in, &err));
    EXPECT(drawn);
    expect_text(ch.title, e, k);
    chart_free(&ch);
}

#define NONE ((double)NAN)

/* The gain against the noise of one run: as far as the intervals carry it. */
static void answer_of_returns(void)
{
    static const struct {
        double value, lo, hi;
        struct expected screen, page;
    } cases[] = {
        {0.61, 0.05, 3, {"; the seed may move one run by more.", "sunk"},
         {"from other random numbers is open: it is 0.6 (95 %: 0.", "but by less than luck"}},
        {0.61, 0.4, 0.9, {"Returns have sunk under the noise of one run", "one run by more"},
         {"but by less than luck alone moves one run", "is open"}},
        {0.61, NONE, NONE, {"one run by more (too few repeats for an interval).", "sunk"},
         {"as too few runs were repeated for an interval", "but by less than luck"}},
        {6.1, 4, 9, {", 6.1 times what the seed moves one run by.", "one run by more"},
         {"about 6.1 times what two runs differ by", "is open"}},
        {NONE, NONE, NONE, {" nats", "seed"}, {"as no run was repeated", "but by less than luck"}},
    };
    struct made_sweep *s = made_sweep(false, "made");
    struct fit_verdict *v = &s->report.verdict;
    const double none = (double)NAN;
    v->brk.tested = true, v->brk.p = 0.5;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        v->returns.flatten = (struct fit_value){none, none, none, none};
        v->returns.times = (struct fit_value){cases[k].value, none, cases[k].lo, cases[k].hi};
        expect_screen(s, &cases[k].screen, k);
        expect_page(s, &cases[k].page, k);
    }
    made_free(s);
}

/* Of a wall: seen, none seen, open, or not looked for. */
static void answer_of_breaks(void)
{
    static const struct {
        bool tested;
        double p, change;
        const char *untested;
        struct expected screen, page, excess;
    } cases[] = {
        {true, 0.2, -0.2, NULL, {"No wall is seen", "tested"}, {"no wall is in sight", "tested"}, {"no break is seen", "test"}},
        {true, 0.015, -0.2, NULL, {"Whether there is a wall is open", "No wall"},
         {"so whether there is a wall is open", "in sight"},
         {"whether it bends is open", "no break"}},
        {true, 0.015, 0.2, NULL, {"perhaps faster beyond some point (see Break)", "tested"},
         {"perhaps a little less in the end", "tested"},
         {"whether it bends is open", "no break"}},
        {false, NONE, NONE, "too few sizes", {"Whether there is a wall was not tested (too few sizes): ", "No wall"},
         {"; whether there is a wall was not tested: too few sizes. ", "in sight"}, {"for a break there was no test", "seen"}},
        {false, NONE, NONE, NULL, {"Whether there is a wall was not tested (too few runs): ", "No wall"},
         {"; whether there is a wall was not tested: too few runs. ", "in sight"}, {"for a break there was no test", "seen"}},
    };
    struct made_sweep *s = made_sweep(false, "made");
    struct fit_verdict *v = &s->report.verdict;
    const double none = (double)NAN;
    for (size_t k = 0; k < 2 * sizeof cases / sizeof *cases; k++) {
        size_t i = k / 2;
        v->brk = (struct breaks_out){.tested = cases[i].tested, .untested = cases[i].untested, .p = cases[i].p,
                                     .place = {2.9e10, none, 2.8e10, 1.3e11}, .change = {cases[i].change, none, -0.4, 0.4}};
        v->floor.supported = k % 2;
        expect_screen(s, &cases[i].screen, k);
        expect_page(s, &cases[i].page, k);
        expect_title(s, "excess", &cases[i].excess, k);
    }
    v->returns.times.hi = 0.9, v->returns.flatten = (struct fit_value){none, none, none, none};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        v->brk = (struct breaks_out){.tested = cases[i].tested, .p = cases[i].p, .place = {2.9e10, none, 2.8e10, 1.3e11},
                                     .change = {cases[i].change, none, -0.4, 0.4}};
        const struct expected e = {!cases[i].tested   ? "one run; whether the law has a break was not tested."
                                   : cases[i].p > 0.1 ? "one run, without a break in the law."
                                                      : "one run; whether the law has a break is open (see Break).", "wall"};
        expect_screen(s, &e, i);
    }
    made_free(s);
}

/* What the verdict withholds nobody else promises, and the reason is that of these runs. */
static void withheld(void)
{
    static const struct {
        enum verdict_because because;
        const char *words;
    } cases[] = {
        {VERDICT_NO_FALL, "the loss does not fall"},
        {VERDICT_NO_LAW, "no law that was fitted describes how the loss falls"},
        {VERDICT_OFF, "the law misses the very runs that an extrapolation starts from"},
        {VERDICT_COURSE, "the runs do not follow one law to the end"},
        {VERDICT_BOUND, "how the loss falls is not settled"},
    };
    struct made_sweep *s = made_sweep(false, "made");
    struct fit_verdict *v = &s->report.verdict;
    const struct expected given[] = {{"N = ", "not settle"}, {"grows as C", "not settle"}};
    expect_title(s, "contours", &given[0], 0);
    expect_title(s, "allocation", &given[1], 0);
    snprintf(v->withheld, sizeof v->withheld, "a reason");
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char because[120];
        v->because = cases[k].because;
        snprintf(because, sizeof because, "No floor and no gain is quoted, because %s. ", cases[k].words);
        expect_page(s, &(struct expected){because, "floor,"}, k);
        expect_title(s, "excess", &(struct expected){cases[k].words, "falls as"}, k);
        expect_title(s, "contours", &(struct expected){"where compute is best spent is not settled", "would do best"}, k);
        expect_title(s, "allocation", &(struct expected){"How compute is best split, these runs do not settle", "grows"}, k);
    }
    char *text = page_section_of(s, "verdict");
    const char *at = strstr(text, "exponent of the best size");
    EXPECT(at && strstr(at, "not given") && strstr(at, "not given") < strstr(at, "</tr>"));
    free(text);
    made_free(s);
}

/* That the loss is of a held-out set is known of a folder of runs, and of no table. */
static void held_out(void)
{
    struct made_sweep *s = made_sweep(false, "made");
    expect_page(s, &(struct expected){"the loss is in nats per token, on text that was held out of training", "per token."}, 0);
    s->in.n_curves = 0;
    expect_page(s, &(struct expected){"the loss is in nats per token.", "held out"}, 1);
    made_free(s);
}

/* More tokens that changed nothing took the loss from nowhere to nowhere. */
static void losses_alike(void)
{
    struct made_sweep *s = made_sweep(false, "made");
    expect_title(s, "loss_tokens", &(struct expected){"times the tokens take the loss of N = ", "leave"}, 0);
    for (size_t i = 0; i < s->table.n; i++)
        s->table.col[FIT_LOSS][i] = 2.5;
    expect_title(s, "loss_tokens", &(struct expected){"times the tokens leave the loss of N = ", "take"}, 1);
    made_free(s);
}

/* A gain of which no digit stands is not told as 0.0. */
static void gain_not_known(void)
{
    struct made_sweep *s = made_sweep(false, "made");
    struct fit_verdict *v = &s->report.verdict;
    const double none = (double)NAN;
    static struct screen screen;
    EXPECT(returns_gain_known(&v->returns));
    v->returns.gain = (struct fit_value){none, none, none, none};
    EXPECT(!returns_gain_known(&v->returns));
    v->returns.gain = (struct fit_value){0.012, none, none, none};
    EXPECT(returns_gain_known(&v->returns));
    v->returns.gain = (struct fit_value){0.012, none, 0.0004, 1.23};
    EXPECT(!returns_gain_known(&v->returns));
    static const struct expected said[] = {
        {"What the next doubling of compute gains is not known: at most 1.2 nats (95 %).", " 0.0"},
        {"What the next doubling of compute would gain is not known: at most 1.2 nats (95 %). ", " 0.0"},
        {"not known, at most 1.2 nats (95 %) for the doubling after", "0.0"},
    };
    expect_screen(s, &said[0], 0);
    expect_page(s, &said[1], 1);
    expect_title(s, "returns", &(struct expected){"gains is not known: at most 1.2 nats (95 %)", " 0.0"}, 0);
    screen_fill(&screen, &s->report, "nats per token");
    for (size_t i = 0; i < screen.n; i++)
        if (strcmp(screen.rows[i].label, "Returns") == 0)
            expect_text(screen.rows[i].text, &said[2], 2);
    made_free(s);
}

/* What runs have in common, with no more digits than it takes. */
static void digits_of_a_setting(void)
{
    static const char csv[] = "run,status,params,tokens,loss,lr,data_fingerprint,share\n"
                              "a,done,1000,20000,2.5,0.0080000000000000002,1234567890123456789e,0.3333333333333333\n"
                              "b,done,2000,20000,2.25,0.0080000000000000002,1234567890123456789e,0.3333333333333333\n";
    struct made_sweep *s = made_sweep(false, "made");
    const struct page p = {.name = "made", .version = "0.1.0", .charts = &s->in, .results = {csv, strlen(csv)}};
    char *text = section_of(&p, "runs");
    expect_text(text, &(struct expected){"lr 0.008,", "0.00800"}, 0);
    expect_text(text, &(struct expected){"data_fingerprint 1234567890123456789e, share 0.3333333333333333", "e+18"}, 1);
    free(text);
    made_free(s);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"answer_of_returns", answer_of_returns},
        {"answer_of_breaks", answer_of_breaks},
        {"withheld", withheld},
        {"held_out", held_out},
        {"losses_alike", losses_alike},
        {"gain_not_known", gain_not_known},
        {"digits_of_a_setting", digits_of_a_setting},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
