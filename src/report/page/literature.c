/* The exponents of these runs beside those of the papers that they are compared with, each with what it counts. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/names.h"
#include "report/page/kinds.h"

/* Kaplan: section 6 and appendix A; Hoffmann: table 2 and section 3; Besiroglu: table 1, a = beta/(alpha + beta); Porian: the
 * exponents on RefinedWeb that come with the paper's code. */
static const struct paper {
    const char *who, *url, *a, *law, *n, *c, *schedule;
} papers[] = {
    {"Kaplan et al. 2020", "https://arxiv.org/abs/2001.08361", "0.73",
     "power laws without a floor, with exponents 0.076 in N, 0.095 in D, and 0.050 in C at the best split",
     "without embeddings", "6 N D of such an N: neither the head nor attention over the context",
     "cosine over a length that is the same whatever the tokens, after a warm-up of 3000 steps; one learning-rate rule "
     "for all sizes"},
    {"Hoffmann et al. 2022 (Chinchilla)", "https://arxiv.org/abs/2203.15556", "0.50, 0.49, 0.46 by three methods",
     "E + A/N^alpha + B/D^beta: E 1.69, A 406, B 411, alpha 0.34, beta 0.28",
     "all, embeddings too", "all products, with embeddings, head and attention",
     "cosine that ends with the run, to a tenth of the rate"},
    {"Besiroglu et al. 2024", "https://arxiv.org/abs/2404.10102", "0.51",
     "the same form and runs, fitted again: E 1.82, A 482, B 2085, alpha 0.348, beta 0.366",
     "all, as above", "6 N D, read off the paper's figure", "Hoffmann's runs; outliers left out, objective summed and "
     "brought to its end"},
    {"Porian et al. 2024", "https://arxiv.org/abs/2406.19146",
     "0.84 done as Kaplan did; 0.71 with the head counted; 0.60 with a shorter warm-up; 0.57 with cosine; 0.50 with tuned rates",
     "IsoFLOP minima, RefinedWeb", "with the head, without the embedding", "6 N D of such an N",
     "constant rates do as well as decay, once rate, batch and beta2 are tuned by size"},
};

static void put_pretty_exponents(FILE *out, const char *plain)
{
    char rich[256];
    name_pretty(rich, sizeof rich, plain);
    html_rich(out, rich);
}

static void put_paper(FILE *out, const struct paper *p)
{
    fprintf(out, "<tr><th scope=\"row\"><a href=\"%s\" rel=\"noreferrer\">%s</a></th><td>%s</td><td>", p->url, p->who, p->a);
    put_pretty_exponents(out, p->law);
    fprintf(out, "</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", p->n, p->c, p->schedule);
}

/* --- these runs ------------------------------------------------------------------------------- */

static const char *count_words(enum fit_count count)
{
    static const char *const words[] = {"all, embeddings too, a tied head once", "without embeddings",
                                        "without embeddings, with the head"};
    return words[count];
}

/* A key of the config's section train; NULL where it is not known. */
static const cJSON *train_key(const cJSON *sweep, const char *key)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(sweep, "config");
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(config, "train"), key);
}

static void put_schedule(FILE *out, const cJSON *sweep)
{
    const cJSON *schedule = train_key(sweep, "schedule"), *cooldown = train_key(sweep, "cooldown");
    const cJSON *warmup = train_key(sweep, "warmup_tokens"), *lr = train_key(sweep, "lr");
    if (!cJSON_IsString(schedule)) {
        html_say(out, "not known from a table");
        return;
    }
    html_say(out, "%.60s", schedule->valuestring);
    if (strcmp(schedule->valuestring, "wsd") == 0 && cJSON_IsNumber(cooldown))
        html_say(out, ": constant, then down over the last %.3g %% of the run, so each budget has its own end",
            100 * cooldown->valuedouble);
    if (cJSON_IsNumber(warmup) && warmup->valuedouble > 0)
        html_say(out, "; warm-up of %.4g tokens", warmup->valuedouble);
    else
        html_say(out, "; warm-up of a token for each parameter, at most a fifth of the run");
    if (cJSON_IsNumber(lr))
        html_say(out, "; one learning rate, %.4g, carried across sizes by the parametrisation", lr->valuedouble);
    else if (cJSON_IsString(lr) || cJSON_IsObject(lr))
        html_say(out, "; learning rates searched by size and data");
}

static void put_ours(FILE *out, const struct page_fit *f, const cJSON *sweep)
{
    char text[160], form[256];
    bool first = true;
    for (size_t i = 0; i < f->report->methods.n; i++) {
        const struct fit_methods *m = &f->report->methods.at[i];
        if (!isfinite(m->law_n.value) && !isfinite(m->isoflop_n.value))
            continue;
        fputs("<tr class=\"ours\"><th scope=\"row\">", out);
        html_say(out, "these runs%s", m->count == f->report->count ? "" : ", counted otherwise");
        fputs("</th><td>", out);
        html_say(out, "%s", html_value(text, sizeof text, NUMBER_PLAIN, &m->law_n, ""));
        if (isfinite(m->isoflop_n.value))
            html_say(out, "; IsoFLOP %s", html_value(text, sizeof text, NUMBER_PLAIN, &m->isoflop_n, ""));
        fputs("</td><td>", out);
        html_say(out, "%s: ", f->law->law->name);
        name_pretty(form, sizeof form, f->law->law->form);
        html_rich(out, form);
        fputs("</td><td>", out);
        html_text(out, count_words(m->count));
        fputs(first ? "</td><td>all matrix products, forward and backward, with the head; attention counted causally</td><td>"
                    : "</td><td>as above</td><td>", out);
        if (first)
            put_schedule(out, sweep);
        else
            html_text(out, "as above");
        fputs("</td></tr>\n", out);
        first = false;
    }
}

/* --- what makes them differ here --------------------------------------------------------------- */

/* The share of parameters that embeddings are, at the smallest and the largest size. */
static void say_embeddings(FILE *out, const struct fit_table *t)
{
    const double *all = t->col[FIT_PARAMS], *rest = t->col[FIT_PARAMS_NONEMBD];
    size_t lo = 0, hi = 0;
    for (size_t i = 0; i < t->n; i++) {
        lo = all[i] < all[lo] ? i : lo;
        hi = all[i] > all[hi] ? i : hi;
    }
    if (t->n == 0 || !isfinite(rest[lo]) || !isfinite(rest[hi]))
        return;
    fputs("<li>", out);
    html_say(out, "What counts as N. Embeddings are %.2g %% of the smallest model here and %.2g %% of the largest", 100 *
             (1 - rest[lo] / all[lo]), 100 * (1 - rest[hi] / all[hi]));
    html_say(out, ": leave them out, as Kaplan does, and small models shrink most, so N* seems to grow faster with compute.");
    fputs("</li>\n", out);
}

static void say_counts(FILE *out, const struct fit_report *r)
{
    double lo = (double)INFINITY, hi = -(double)INFINITY;
    for (size_t i = 0; i < r->methods.n; i++) {
        double a = r->methods.at[i].law_n.value;
        if (!isfinite(a))
            continue;
        lo = fmin(lo, a);
        hi = fmax(hi, a);
    }
    if (!(hi > lo))
        return;
    fputs("<li>", out);
    html_say(out, "On these runs that alone moves a from %.3g to %.3g.", lo, hi);
    fputs("</li>\n", out);
}

static void say_range(FILE *out, const struct fit_report *r)
{
    char lo[NUMBER_MAX], hi[NUMBER_MAX];
    number_bare(lo, sizeof lo, NUMBER_COMPUTE, r->cost.min_flops, 2, false);
    number_bare(hi, sizeof hi, NUMBER_COMPUTE, r->cost.max_flops, 2, false);
    fputs("<li>", out);
    html_say(out, "The range. Runs here take %s to %s FLOPs, the papers' 10¹⁶ to 10²²; other data have other exponents, "
        "and a law "
                  "that bends slowly shows another slope in another range.", lo, hi);
    fputs("</li>\n", out);
}

static void say_why(FILE *out, const struct page *p, const struct page_fit *f, const cJSON *sweep)
{
    const cJSON *schedule = train_key(sweep, "schedule");
    fputs("<h3>What makes them differ, and here</h3>\n<ul>\n", out);
    say_embeddings(out, p->charts->table);
    say_counts(out, f->report);
    fputs("<li>What counts as C. The head is a large part of a small model's compute: left out, it makes small models "
        "look cheaper than "
          "they are. Here it is counted.</li>\n", out);
    if (cJSON_IsString(schedule) && strcmp(schedule->valuestring, "cosine") == 0)
        fputs("<li>The schedule. Here a cosine ends with each run, as Hoffmann's does.</li>\n", out);
    else if (cJSON_IsString(schedule) && strcmp(schedule->valuestring, "constant") == 0)
        fputs("<li>The schedule. Here the rate never decays, so every run is measured before its end, as in the middle of "
            "Kaplan's.</li>\n", out);
    else
        fputs("<li>The schedule. A loss read in the middle of a longer schedule is too high, and more so for large models "
            "on few tokens. "
              "A run here ends with its own decay unless its table says otherwise.</li>\n", out);
    fputs("<li>Tuning. A warm-up that is long beside a short run, or a rate that suits one size alone, takes from some "
        "sizes what others keep. "
          "What is known of that for these runs is under Protocol in the verdict.</li>\n", out);
    say_range(out, f->report);
    fputs("</ul>\n", out);
}

enum status literature_section(FILE *out, const struct page *p, struct err *err)
{
    (void)err;
    const struct page_fit f = html_fit(p);
    cJSON *sweep = p->sweep.data ? cJSON_ParseWithLength(p->sweep.data, p->sweep.size) : NULL;
    fputs("<p>N* ~ C<sup>a</sup>: how fast the best size grows with compute. The papers' numbers are of other data and "
        "larger models; "
          "what they count differs, and so their exponents do.</p>\n"
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Exponents beside the literature's\"><table "
          "class=\"plain wide\">\n"
          "<thead><tr><th scope=\"col\">source</th><th scope=\"col\">a</th><th scope=\"col\">law</th><th scope=\"col\">N "
          "counts</th>"
          "<th scope=\"col\">C counts</th><th scope=\"col\">schedule</th></tr></thead>\n<tbody>\n", out);
    if (f.law)
        put_ours(out, &f, sweep);
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++)
        put_paper(out, &papers[i]);
    fputs("</tbody></table></div>\n", out);
    if (f.law && f.report->methods.n > 0)
        say_why(out, p, &f, sweep);
    else
        html_line(out, "missing", "An exponent of these runs takes a law of size and data, which they do not carry%s.",
            f.law ? "" : " yet");
    cJSON_Delete(sweep);
    return OK;
}
