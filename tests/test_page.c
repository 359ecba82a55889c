/* The page: what it says of a folder with many runs, few and none, that whatever somebody wrote comes out escaped, and that
 * it holds all that it shows. */
#include "html_check.h"
#include "made_sweep.h"
#include "test.h"
#include "wrap.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/page/html.h"
#include "report/page/page.h"
#include "report/page/picture.h"

extern const unsigned char page_script_data[];

/* Text that is written to `out`. */
struct sink {
    FILE *out;
    char *text;
    size_t size;
};

static struct sink *sink_open(void)
{
    struct sink *s = calloc(1, sizeof *s);
    s->out = open_memstream(&s->text, &s->size);
    return s;
}

/* All of it; the caller frees it. */
static char *sink_close(struct sink *s)
{
    fclose(s->out);
    char *text = s->text;
    free(s);
    CHECK(text);
    return text;
}

static char *written(const struct page *p)
{
    struct err err;
    struct sink *s = sink_open();
    EXPECT_OK(page_write(s->out, p, &err));
    return sink_close(s);
}

static char *section(const struct page *p, const char *id)
{
    struct err err;
    struct sink *s = sink_open();
    for (size_t i = 0; i < page_count(p); i++)
        if (strcmp(page_id(p, i), id) == 0)
            EXPECT_OK(page_section(s->out, p, i, &err));
    return sink_close(s);
}

static void expect_has(const char *text, const char *what)
{
    EXPECT_MSG(strstr(text, what), "'%s' is not on the page", what);
}

static void expect_lacks(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    EXPECT_MSG(!at, "'%s' is on the page: %.80s", what, at ? at : "");
}

/* --- whole pages -------------------------------------------------------------------------------- */

/* results.csv of a made sweep. */
static char *csv_of(const struct made_sweep *s, const char *name)
{
    struct sink *sink = sink_open();
    FILE *out = sink->out;
    fprintf(out, "run,status,params,tokens,flops,loss,seed\n");
    for (size_t i = 0; i < s->table.n; i++)
        fprintf(out, "%s%zu,done,%.0f,%.0f,%.0f,%.9g,%zu\n", name, i, s->table.col[FIT_PARAMS][i], s->table.col[FIT_TOKENS][i],
                s->table.col[FIT_FLOPS][i], s->table.col[FIT_LOSS][i], i % 2 + 1);
    return sink_close(sink);
}

static const char sweep_json[] =
    "{\"version\":\"0.1.0\",\"machine\":{\"system\":\"Linux\",\"cores\":2,\"isa\":\"avx2\"},\"data_fingerprint\":\"cafe\","
    "\"config\":{\"name\":\"made\",\"data\":{\"source\":\"zipf-facts\",\"files\":[]},\"train\":{\"schedule\":\"wsd\","
    "\"cooldown\":0.2,"
    "\"warmup_tokens\":0,\"lr\":0.002}}}";

static struct page page_of(const struct made_sweep *s, const char *csv)
{
    static const struct page_speed speeds[] = {{1e4, 1e9}, {1e5, 2e9}};
    return (struct page){.name = "made", .version = "0.1.0", .charts = &s->in, .results = {csv, strlen(csv)},
                         .fit = {"{}", 2}, .sweep = {sweep_json, strlen(sweep_json)}, .speeds = speeds, .n_speeds = 2};
}

static const char *const all_sections[] = {"answer", "verdict", "pictures", "whatif", "runs", "fits", "literature", "method",
                                           "downloads"};

static void test_whole(void)
{
    struct made_sweep *s = made_sweep(false, "made");
    char *csv = csv_of(s, "run"), *text;
    struct page p = page_of(s, csv);
    text = written(&p);
    expect_html(text);
    expect_alone(text);
    for (size_t i = 0; i < sizeof all_sections / sizeof *all_sections; i++) {
        char start[64];
        snprintf(start, sizeof start, "<section id=\"%s\"", all_sections[i]);
        expect_has(text, start);
    }
    expect_lacks(text, "class=\"missing\">N");
    for (size_t i = 0; i < charts_count(); i++) {
        struct chart ch = {0};
        struct err err;
        char figure[64];
        bool drawn;
        EXPECT_OK(charts_build(&ch, &drawn, i, &s->in, &err));
        snprintf(figure, sizeof figure, "<figure id=\"chart-%s\">", charts_name(i));
        EXPECT_MSG(!drawn || strstr(text, figure), "no %s", figure);
        chart_free(&ch);
    }
    free(text);
    free(csv);
    made_free(s);
}

/* The same twice, and section by section what the whole has. */
static void test_same(void)
{
    struct made_sweep *s = made_sweep(true, "made");
    char *csv = csv_of(s, "run");
    struct page p = page_of(s, csv);
    char *a = written(&p), *b = written(&p);
    EXPECT(strcmp(a, b) == 0);
    for (size_t i = 0; i < page_count(&p); i++) {
        char *one = section(&p, page_id(&p, i));
        EXPECT_MSG(strlen(one) > 50 && strstr(a, one), "section %s alone differs", page_id(&p, i));
        free(one);
    }
    free(a);
    free(b);
    free(csv);
    made_free(s);
}

/* The numbers of the page are those of the fit. */
static void test_numbers(void)
{
    struct made_sweep *s = made_sweep(true, "made");
    char *csv = csv_of(s, "run"), text[160], gain[160];
    struct page p = page_of(s, csv);
    const struct fit_verdict *v = &s->report.verdict;
    char *answer = section(&p, "answer"), *verdict = section(&p, "verdict"), *fits = section(&p, "fits"),
        *what = section(&p, "whatif");
    html_value(gain, sizeof gain, NUMBER_LOSS, &v->returns.gain, " nats");
    expect_has(answer, gain);
    number_say(text, sizeof text, NUMBER_LOSS, v->floor.at.value, &v->floor.at, false);
    expect_has(verdict, text);
    const struct fit_law *f = fit_report_selected(&s->report);
    number_say(text, sizeof text, NUMBER_LOSS, f->params[0].value, &f->params[0], false);
    expect_has(fits, text);
    /* the law at the fitted floor: E first */
    double e = (double)NAN;
    size_t at = 0;
    const char *laws = strstr(what, "data-laws=\"["), *where = strstr(what, "data-at=\"");
    EXPECT(laws && where && sscanf(where, "data-at=\"%zu", &at) == 1);
    for (laws += 12; at > 0 && laws; at--)
        laws = strstr(laws, "],[") + 2;
    EXPECT(laws && sscanf(laws, "[%lf", &e) == 1);
    EXPECT_NEAR(e, f->outer[0], 1e-6);
    /* floors rise from 0, and none has a smaller miss by much than the fitted one */
    double before = -1, miss = (double)NAN;
    const char *end = strchr(strstr(what, "data-laws=\"") + 11, '"');
    for (laws = strstr(what, "data-laws=\"[") + 12; laws && laws < end; laws = strstr(laws, "],[")) {
        laws += *laws == ']' ? 2 : 0;
        EXPECT(sscanf(laws, "[%lf,%*f,%*f,%*f,%*f,%*f,%lf", &e, &miss) == 2 && e > before && miss > 0);
        EXPECT(before >= 0 || e == 0);
        before = e;
    }
    free(answer);
    free(verdict);
    free(fits);
    free(what);
    free(csv);
    made_free(s);
}

/* Three sentences. */
static void test_answer(void)
{
    struct made_sweep *s = made_sweep(false, "made");
    char *csv = csv_of(s, "run");
    struct page p = page_of(s, csv);
    char *answer = section(&p, "answer"), *lead = strstr(answer, "<p class=\"lead\">");
    EXPECT(lead);
    size_t n = 0;
    for (const char *c = lead; c && *c != '\n' && strncmp(c, "</p>", 4) != 0; c++)
        n += *c == '.' && (c[1] == ' ' || c[1] == '<');
    EXPECT_MSG(n == 3, "%zu sentences: %.400s", n, lead);
    free(answer);
    free(csv);
    made_free(s);
}

/* --- what is missing ----------------------------------------------------------------------------- */

static void test_empty(void)
{
    struct page p = {.name = "none", .version = "0.1.0"};
    char *text = written(&p);
    expect_html(text);
    expect_alone(text);
    expect_has(text, "No run has ended yet");
    for (size_t i = 0; i < page_count(&p); i++) {
        char *one = section(&p, page_id(&p, i));
        EXPECT_MSG(strstr(one, "class=\"missing\""), "section %s does not say what is missing", page_id(&p, i));
        free(one);
    }
    free(text);
}

/* So few runs that there is no law. */
static void test_no_law(void)
{
    struct fit_table t;
    struct fit_report r;
    struct err err;
    struct fit_options opt = fit_options_default();
    const char csv[] = "run,status,params,tokens,flops,loss\na,done,1000,10000,6e7,3.2\nb,diverged,2000,10000,12e7,\n";
    EXPECT_OK(fit_table_read_text(&t, "results.csv", csv, strlen(csv), &(struct fit_read_options){.n_where = 0}, &err));
    EXPECT_OK(fit_analyse(&r, &t, &opt, &err));
    struct charts_input in = {.table = &t, .report = &r};
    struct page p = {.name = "few", .charts = &in, .results = {csv, strlen(csv)}, .n_planned = 9};
    char *text = written(&p);
    expect_html(text);
    expect_alone(text);
    expect_has(text, "Not enough runs");
    expect_has(text, "1 run of 9");
    expect_has(text, "diverged");
    expect_lacks(text, "nan");
    free(text);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* A law of one variable: a slider for it, and none for data. */
static void test_one_variable(void)
{
    struct fit_table t;
    struct fit_report r;
    struct err err;
    struct fit_options opt = fit_options_default();
    char csv[2000] = "width,error\n";
    for (int i = 0; i < 24; i++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%.0f,%.6f\n", 10 * pow(1.5, i),
                 0.3 + 2 * pow(10 * pow(1.5, i), -0.4) * (1 + 0.01 * sin(5.0 * i)));
    opt.bootstrap = 40;
    opt.law = "floor";
    EXPECT_OK(fit_table_read_text(&t, "t.csv", csv, strlen(csv), &(struct fit_read_options){.x = "width", .y = "error"}, &err));
    EXPECT_OK(fit_analyse(&r, &t, &opt, &err));
    struct charts_input in = {.table = &t, .report = &r, .loss_unit = ""};
    struct page p = {.name = "width", .charts = &in, .results = {csv, strlen(csv)}};
    char *text = written(&p);
    expect_html(text);
    expect_alone(text);
    expect_has(text, "id=\"whatif-n\"");
    expect_has(text, "id=\"whatif-e\"");
    expect_lacks(text, "id=\"whatif-d\"");
    expect_lacks(text, "nan");
    free(text);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* --- what somebody wrote ------------------------------------------------------------------------- */

static const char evil[] = "</script></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'& \x01\x1b\x7f "
    "\xff\xc3( \xe2\x80\xae ]]>";

/* Every sign that could begin something is a reference, and what is no text is gone. */
static void test_escape(void)
{
    struct sink *sink = sink_open();
    FILE *out = sink->out;
    html_text(out, "<a b=\"c\">&'\x01\x7f\x85\xc2\x85\xff\xef\xbf\xbfz");
    fputc('|', out);
    html_say(out, "%s%5000d", "<", 7);
    char *text = sink_close(sink);
    EXPECT_MSG(strncmp(text, "&lt;a b=&quot;c&quot;&gt;&amp;'???z|&lt; ", 40) == 0, "%.60s", text);
    EXPECT(strlen(text) > 5000);
    free(text);
    sink = sink_open();
    out = sink->out;
    html_base64(out, "M", 1);
    html_base64(out, "Ma", 2);
    html_base64(out, "Man\xff", 4);
    text = sink_close(sink);
    EXPECT_MSG(strcmp(text, "TQ==TWE=TWFu/w==") == 0, "%s", text);
    free(text);
}

static void expect_tame(const char *text)
{
    expect_lacks(text, "<script>alert");
    expect_lacks(text, "<img src=x");
    expect_lacks(text, "\x1b");
    expect_lacks(text, "\xff");
}

static void test_hostile(void)
{
    struct made_sweep *s = made_sweep(false, evil);
    char *csv = csv_of(s, "<b>&run"), *text, *big = malloc(20001), *json = malloc(60000);
    struct page p = page_of(s, csv);
    memset(big, '<', 10000);
    memset(big + 10000, '\'', 10000);
    big[20000] = '\0';
    snprintf(json, 60000, "{\"version\":\"</dd><script>alert(1)</script>\",\"machine\":{\"<img "
        "src=x>\":\"%s\"},\"data_files\":[{\"path\":"
             "\"<script>alert(3)</script>\",\"bytes\":3}],\"config\":{\"name\":\"\\u0000\\u0007<script>alert(4)</script>\","
             "\"<script>alert(5)\":{\"<img src=x>\":[\"<script>alert(6)</script>\"]},\"data\":7}}", big);
    p.name = evil;
    p.sweep = (struct page_text){json, strlen(json)};
    const struct page_row row = {"<script>alert(7)</script>", evil};
    p.rows = &row;
    p.n_rows = 1;
    text = written(&p);
    expect_html(text);
    expect_alone(text);
    expect_tame(text);
    free(text);
    free(csv);
    free(big);
    free(json);
    made_free(s);
}

/* Cells of a table: quotes, newlines, names of 10 kB, bytes that are no text; and a table that is none. */
static void test_hostile_table(void)
{
    struct page p = {.name = "t"};
    static char csv[40000];
    size_t n = (size_t)sprintf(csv,
        "run,status,loss,\"<script>alert(1)</script>\"\n\"a\"\"<script>alert(2)</script>\",done,1,x\n");
    memset(csv + n, '<', 10000);
    n += 10000;
    n += (size_t)sprintf(csv + n, ",done,2,\xff\xfe\x1b[31m\n\"two\nlines\",\"</td>\",nan,inf\n");
    p.results = (struct page_text){csv, n};
    char *text = written(&p);
    expect_html(text);
    expect_tame(text);
    free(text);
    const char *const none[] = {"", "\n", "\"", "{", "[1,2", "a,b\n1,2,3,4\n", "PK\x03\x04", "run\n"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        p.results = (struct page_text){none[i], strlen(none[i])};
        text = written(&p);
        expect_html(text);
        free(text);
    }
}

static void test_damaged_json(void)
{
    const char *const none[] = {"", "{", "[]", "{\"config\":3,\"machine\":[],\"data_files\":{}}",
        "{\"config\":{\"train\":7}}", "\xff"};
    struct made_sweep *s = made_sweep(false, "made");
    char *csv = csv_of(s, "run");
    struct page p = page_of(s, csv);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        p.sweep = (struct page_text){none[i], strlen(none[i])};
        char *text = written(&p);
        expect_html(text);
        free(text);
    }
    free(csv);
    made_free(s);
}

/* --- comparisons ---------------------------------------------------------------------------------- */

static void test_comparison(void)
{
    const char json[] =
        "{\"base\":\"base<script>alert(1)</script>\",\"variants\":[{\"name\":\"<img "
        "src=x>\",\"changed\":\"level\",\"p_any\":0.01,"
        "\"p\":{\"level\":0.01},\"probability\":{\"level\":0.9,\"exponent\":0.06,\"floor\":0.04},"
        "\"gain\":{\"smallest\":{\"value\":1.4,"
        "\"ci95\":[1.2,1.6],\"flops\":1e9},\"largest\":{\"value\":1.5,\"ci95\":[1.3,1.7],\"flops\":1e11},"
        "\"at_10x\":{\"value\":1.5,"
        "\"ci95\":[1.1,null],\"flops\":1e12}},\"gain_curve\":[{\"gain\":{\"value\":1.4,\"ci95\":[1.2,1.6],\"flops\":1e9}},"
        "{\"gain\":"
        "{\"value\":1.5,\"ci95\":[1.3,1.7],\"flops\":1e11}}],\"trend\":\"holds\",\"cells\":[{\"params\":1e4,"
        "\"tokens\":1e5,\"flops\":1e9,"
        "\"pairs\":1,\"base\":2,\"variant\":1.9,\"difference\":{\"value\":-0.1,\"ci95\":[-0.12,-0.08]}}],"
        "\"differs\":[{\"key\":\"train.lr\",\"base\":0.008,\"variant\":\"<script>alert(4)\"},{\"key\":7,\"base\":[1]},7],"
        "\"notes\":[\"<script>alert(2)\"]},"
        "{\"name\":\"other\",\"why_not\":\"<script>alert(3)</script>\"},{\"name\":7,\"gain\":[],\"cells\":\"x\"},null]}";
    const char picture[] = "<svg><title>At 10 &lt; 20 &amp; \"quoted\"</title><script>alert(1)</script></svg>";
    struct page p = {.name = "c", .compare = {json, strlen(json)}, .frontiers = {picture, strlen(picture)}};
    char *text = written(&p);
    expect_html(text);
    expect_alone(text);
    expect_tame(text);
    expect_has(text, "<img alt=\"At 10 &lt; 20 &amp; &quot;quoted&quot;\"");
    expect_has(text, "moves the level");
    expect_has(text, "<figure id=\"chart-gains\">");
    expect_has(text, "<figure id=\"chart-differences\">");
    expect_has(text, "train.lr 0.008 -&gt; &lt;script&gt;alert(4)");
    expect_has(text, "needs 1.50 (95 %: 1.30 to 1.70) times the compute");
    expect_lacks(text, "nan");
    free(text);
    const char *const none[] = {"{", "{}", "{\"variants\":[]}", "{\"variants\":[{}]}", "[]"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        p.compare = (struct page_text){none[i], strlen(none[i])};
        text = written(&p);
        expect_html(text);
        free(text);
    }
}

/* --- sizes ----------------------------------------------------------------------------------------- */

/* 200 runs with curves of 200 points. */
static void test_size(void)
{
    enum { RUNS = 200, POINTS = 200, SIZES = 10 };
    struct fit_table t;
    struct fit_report r;
    struct err err;
    struct fit_options opt = fit_options_default();
    static struct charts_curve curves[RUNS];
    static double tokens[RUNS][POINTS], flops[RUNS][POINTS], loss[RUNS][POINTS];
    struct sink *sink = sink_open();
    FILE *out = sink->out;
    opt.bootstrap = 40;
    opt.break_sims = 0;
    fprintf(out, "run,status,data,d_model,n_layer,params,params_nonembd,params_matmul,tokens,flops,loss,seed\n");
    for (size_t i = 0; i < RUNS; i++) {
        double n = 1e4 * pow(1.7, (double)(i % SIZES)), d = 2e5 * pow(1.4, (double)(i / SIZES % 10));
        fprintf(out, "d%zu-l2-t%.0f-s%zu-0123abcd,done,zipf-facts,%zu,2,%.0f,%.0f,%.0f,%.0f,%.0f,%.6f,%zu\n", 8 + i % SIZES, d,
                i / 100 + 1, 8 + i % SIZES, n, 0.8 * n, 0.9 * n, d, 6 * n * d, made_law(n,
                    d) * (1 + 0.004 * sin((double)(7 * i))), i / 100 + 1);
    }
    char *csv = sink_close(sink);
    size_t size = strlen(csv);
    EXPECT_OK(fit_table_read_text(&t, "results.csv", csv, size, &(struct fit_read_options){.n_where = 0}, &err));
    EXPECT_OK(fit_analyse(&r, &t, &opt, &err));
    for (size_t i = 0; i < RUNS; i++) {
        for (size_t k = 0; k < POINTS; k++) {
            tokens[i][k] = t.col[FIT_TOKENS][i] * (double)(k + 1) / POINTS;
            flops[i][k] = t.col[FIT_FLOPS][i] * (double)(k + 1) / POINTS;
            loss[i][k] = made_law(t.col[FIT_PARAMS][i], tokens[i][k]) * (1 + 0.02 * sin((double)(k * i)));
        }
        curves[i] = (struct charts_curve){.run = "d16-l2-t250k-s1-d1bfe66b", .done = true,
                                          .params = {t.col[FIT_PARAMS][i], t.col[FIT_PARAMS][i], t.col[FIT_PARAMS][i]},
                                          .budget_tokens = t.col[FIT_TOKENS][i], .final_loss = t.col[FIT_LOSS][i], .n = POINTS,
                                          .tokens = tokens[i], .flops = flops[i], .loss = loss[i]};
    }
    struct charts_input in = {.table = &t, .report = &r, .curves = curves, .n_curves = RUNS, .eval_part = 16};
    struct page p = {.name = "many", .charts = &in, .results = {csv, size}};
    char *text = written(&p);
    expect_html(text);
    EXPECT_MSG(strlen(text) < 2000000, "%zu bytes for %d runs", strlen(text), RUNS);
    printf("  %d runs: %zu kB\n", RUNS, strlen(text) / 1000);
    free(text);
    free(csv);
    fit_report_free(&r);
    fit_table_free(&t);
}

/* The script, as it stands on the page, leaves room for that of a page that changes: 15 kB in all. */
static void test_script(void)
{
    struct page p = {.name = "none", .live_script = "  /* what only its readers need */\n  plateau.refresh(document);\n"};
    char *text = written(&p), *from = strstr(text, "<script>"), *to = from ? strstr(from, "</script>") : NULL;
    EXPECT(from && to);
    if (from && to)
        EXPECT_MSG(to - from <= 12900, "the page's script has %zu bytes", (size_t)(to - from));
    EXPECT(strlen((const char *)page_script_data) < 16000);
    expect_has(text, "<script>\nplateau.refresh(document);\n</script>");
    expect_has(text, "connect-src 'self'");
    free(text);
}

/* --- pictures -------------------------------------------------------------------------------------- */

/* Each mark tells its values, axes tell the other scale where there is one, and colours are names. */
static void test_picture(void)
{
    struct chart c = {.title = "a finding", .quantity = "what", .log_x = true, .x_label = "x", .y_label = "y"};
    struct chart_series *s;
    struct err err;
    struct font *font = font_open();
    EXPECT_OK(chart_add(&s, &c, 3, true, &err));
    strcpy(s->label, "<series>");
    s->marker = MARKER_DISC;
    for (size_t i = 0; i < 3; i++) {
        s->x[i] = pow(10, (double)i);
        s->y[i] = (double)i - 1;
        s->lo[i] = s->y[i] - 0.25;
        s->hi[i] = s->y[i] + 0.25;
        EXPECT_OK(chart_name_point(s, i, i == 1 ? "\"<one>\"" : "other", &err));
    }
    struct sink *sink = sink_open();
    EXPECT_OK(picture_write(sink->out, &c, "test", font, &err));
    char *text = sink_close(sink);
    expect_has(text, "data-v=\"10 0 -0.25 0.25\" data-p=\"&quot;&lt;one&gt;&quot;\"");
    expect_has(text, "<title id=\"test-s\">a finding</title>");
    expect_lacks(text, "#222222");
    const char *x = strstr(text, " data-x=\""), *y = strstr(text, " data-y0=\"");
    EXPECT(x && strstr(x, "]]],[0,") && strstr(x, "]]],[0,") < strchr(x + 9, '"')); /* log, or linear */
    EXPECT(y && !(strstr(y, "]]],[1,") && strstr(y, "]]],[1,") < strchr(y + 10, '"'))); /* values below 0: no log */
    free(text);
    chart_free(&c);
    font_close(font);
}

/* --- memory ---------------------------------------------------------------------------------------- */

/* Written while allocation i fails (and those after it, where `on`): the status, and what stands in *text then. */
static enum status written_short_of(char **text, const struct page *p, size_t i, bool on, struct err *err)
{
    size_t size;
    FILE *out = open_memstream(text, &size);
    EXPECT(out);
    wrap_fail(i, on);
    enum status st = page_write(out, p, err);
    wrap_stop();
    EXPECT(fclose(out) == 0);
    return st;
}

/* A sample of the allocations, or with TEST_EVERY set every one of them, alone and with all that follow: a page that lacks nothing,
 * or an error that says so. */
static void test_nomem(void)
{
    if (!wrap_works())
        return;
    struct made_sweep *s = made_sweep(true, "made");
    char *csv = csv_of(s, "run");
    struct page p = page_of(s, csv);
    FILE *out = fopen("/dev/null", "w");
    struct err err = {0};
    char *whole = written(&p), *text;
    fputc(' ', out); /* its buffer */
    wrap_fail(WRAP_NONE, false);
    EXPECT_OK(page_write(out, &p, &err));
    size_t n = wrap_stop(), tries = getenv("TEST_EVERY") ? 2 * n : 40, failed = 0;
    fclose(out);
    EXPECT(n > 100);
    for (size_t k = 0; k < tries && !test_failed(); k++) {
        size_t i = tries == 2 * n ? k / 2 : k * n / tries + k % 7;
        err.msg[0] = '\0';
        enum status st = written_short_of(&text, &p, i, k % 2, &err);
        failed += st != OK;
        EXPECT_MSG(st == OK ? strcmp(text, whole) == 0 : st == E_NOMEM && err.msg[0], "allocation %zu of %zu: %d: '%s'", i, n,
                   (int)st, st == OK ? "the page lacks something" : err.msg);
        free(text);
    }
    printf("    %zu allocations, %zu made to fail\n", n, tries);
    EXPECT_MSG(failed > tries / 2, "only %zu of %zu failed", failed, tries);
    free(whole);
    free(csv);
    made_free(s);
}

static const struct test tests[] = {
    {"whole", test_whole},
    {"same", test_same},
    {"numbers", test_numbers},
    {"answer", test_answer},
    {"empty", test_empty},
    {"no_law", test_no_law},
    {"one_variable", test_one_variable},
    {"escape", test_escape},
    {"hostile", test_hostile},
    {"hostile_table", test_hostile_table},
    {"damaged_json", test_damaged_json},
    {"comparison", test_comparison},
    {"size", test_size},
    {"script", test_script},
    {"picture", test_picture},
    {"nomem", test_nomem},
};

int main(int argc, char **argv)
{
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
