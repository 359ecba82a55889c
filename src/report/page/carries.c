/* What the runs carry, number by number, each explained where it stands. */
#include <math.h>
#include <string.h>

#include "report/names.h"
#include "report/page/kinds.h"
#include "report/screen.h"

struct number {
    enum name name;
    struct fit_value value;
    bool loss; /* in the loss's unit */
    const char *unit, *meaning;
};

static void put_number(FILE *out, const struct page_fit *f, const struct number *n)
{
    const struct name_row *row = name_row(n->name);
    char value[NUMBER_MAX], interval[96];
    number_say(value, sizeof value, row->form, n->value.value, &n->value, false);
    number_interval(interval, sizeof interval, row->form, &n->value, false);
    fputs("<tr><th scope=\"row\">", out);
    html_rich(out, row->symbol);
    fputs("</th><td>", out);
    html_term(out, row->words, n->meaning);
    fputs("</td><td class=\"n\">", out);
    html_say(out, "%s%s", isfinite(n->value.value) ? value : "not given", !isfinite(n->value.value) ? "" : n->loss ?
        f->unit : n->unit);
    fputs("</td><td class=\"n\">", out);
    const char *from = strstr(interval, ": "); /* of " (95 %: 1 to 2)" what is between colon and bracket */
    if (from)
        html_bytes(out, from + 2, strlen(from) - 3);
    else
        html_text(out, "–");
    fputs("</td></tr>\n", out);
}

static void put_numbers(FILE *out, const struct page_fit *f)
{
    const struct fit_report *r = f->report;
    const struct fit_verdict *v = &r->verdict;
    const double none = (double)NAN;
    const struct fit_value unknown = {none, none, none, none}; /* of a frontier that is withheld with what hangs on it */
    const bool given = v->withheld[0] == '\0';
    const struct fit_value n_exp = given ? r->frontier.n_exponent : unknown, d_exp = given ? r->frontier.d_exponent : unknown;
    const struct fit_value noise = {r->noise.sigma, (double)NAN, r->noise.lo, r->noise.hi};
    const struct number numbers[] = {
        {NAME_FLOOR, v->floor.at, true, "", "The loss that is left however much is spent: what cannot be predicted about the "
            "text at all. "
         "The interval is over laws, windows of the runs and resamples, since each law has a floor of its own."},
        {NAME_LOSS, v->returns.loss, true, "", "The loss at the largest budget, were its compute split between size and data as "
            "the law says is best."},
        {NAME_GAIN, v->returns.gain, true, "", "How much lower the loss would be with twice the compute of the largest budget, at "
            "the best split."},
        {NAME_HALVING, v->returns.halving, false, " doublings", "The excess is the loss less the floor. As a power law it halves "
            "after so many "
         "doublings of compute, again and again: that is no wall, and never free."},
        {NAME_NOISE, noise, true, "", "How much one run's loss moves when only its seed changes, at the largest budget. A "
            "gain smaller than "
         "this cannot be seen in one pair of runs."},
        {NAME_FLATTEN, v->returns.flatten, false, " FLOPs", "The compute at which the next doubling gains less than the noise of "
            "one run. Beyond it "
         "returns have flattened for anyone who trains a single run."},
        {NAME_N_EXPONENT, n_exp, false, "", "The best size grows as this power of compute."},
        {NAME_D_EXPONENT, d_exp, false, "", "The best amount of data grows as this power of compute; "
            "with the one above it adds to about 1."},
        {NAME_EXPONENT, given ? r->frontier.g : unknown, false, "",
         "The excess falls as this power of compute along the best split."},
    };
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Numbers of the verdict\"><table class=\"plain\">\n"
          "<thead><tr><th scope=\"col\"></th><th scope=\"col\">what it is</th><th scope=\"col\">value</th>"
          "<th scope=\"col\">95 % interval</th></tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_number(out, f, &numbers[i]);
    fputs("</tbody></table></div>\n", out);
}

/* What a row of the screen is about. */
static const char *meaning_of(const char *label)
{
    static const struct {
        const char *label, *meaning;
    } terms[] = {
        {"Floor", "Is there a loss that no compute gets below, and where? AICc weighs how well a law fits against how "
            "many parameters it has."},
        {"Returns", "What the next doubling of compute gains, and where such gains sink under the noise."},
        {"Flattening", "The compute from which on one more doubling gains less than a run's luck: a single run no longer "
            "shows it."},
        {"Noise", "How much the seed of a run, its random start and order of data, moves its loss."},
        {"Break", "A test for a wall in the excess itself: does it fall with another exponent beyond some point? p is the "
            "chance of so "
                  "strong a sign where there is none."},
        {"Extrapolation", "The largest runs are hidden from the law, which then predicts them: how far off is it?"},
        {"Off the law", "Runs that lie so far off every law that something else happened to them."},
        {"Protocol", "What in the way the runs were trained can move the law by itself: learning rates, warm-up, batch "
            "size and so on."},
        {"Theory", "What is known of this language by calculation, without any run."},
    };
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (strcmp(terms[i].label, label) == 0)
            return terms[i].meaning;
    return NULL;
}

static void put_row(FILE *out, const char *label, const char *text)
{
    const char *meaning = meaning_of(label);
    fputs("<dt>", out);
    if (meaning)
        html_term(out, label, meaning);
    else
        html_text(out, label);
    fputs("</dt><dd>", out);
    html_text(out, text);
    fputs("</dd>\n", out);
}

/* The rows that a sweep ends with, but for the answer, which stands above. */
static void put_rows(FILE *out, const struct page *p, const struct page_fit *f)
{
    struct screen s;
    screen_fill(&s, f->report, p->charts->loss_unit ? p->charts->loss_unit : "nats per token");
    fputs("<dl class=\"rows\">\n", out);
    for (size_t i = 0; i < s.n; i++)
        if (strcmp(s.rows[i].label, "Answer") != 0)
            put_row(out, s.rows[i].label, s.rows[i].text);
    for (size_t i = 0; i < p->n_rows; i++)
        put_row(out, p->rows[i].label, p->rows[i].text);
    fputs("</dl>\n", out);
}

static void put_lines(FILE *out, const struct fit_lines *lines)
{
    fputs("<ul>\n", out);
    for (size_t i = 0; i < lines->n; i++) {
        fputs("<li>", out);
        html_text(out, lines->text[i]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

enum status verdict_section(FILE *out, const struct page *p, struct err *err)
{
    (void)err;
    const struct page_fit f = html_fit(p);
    if (!f.law) {
        html_line(out, "missing", f.report ? "There is no law yet: %s." : "There is no law yet: no run has ended%s",
                  f.report ? f.report->nothing : ".");
        return OK;
    }
    put_numbers(out, &f);
    put_rows(out, p, &f);
    fputs("<details><summary>The verdict in full</summary>\n", out);
    put_lines(out, &f.report->verdict.lines);
    fputs("</details>\n", out);
    return OK;
}
