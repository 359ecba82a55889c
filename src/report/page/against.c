/* A comparison: its answer in words, then variant by variant. */
#include <math.h>
#include <string.h>

#include "report/page/comparison.h"
#include "report/page/kinds.h"

/* --- the answer ------------------------------------------------------------------------------- */

static bool moves(const struct compare_variant *v)
{
    return v->why_not[0] == '\0' && v->changed != COMPARE_NOTHING;
}

static void say_gain(FILE *out, const struct compare_variant *v, const char *base)
{
    char gain[160], flops[NUMBER_MAX];
    const struct fit_value *g = &v->gains.largest.value;
    number_bare(flops, sizeof flops, NUMBER_COMPUTE, v->gains.largest.flops, 2, false);
    if (isfinite(g->value))
        html_say(out, "At the largest budget, %s FLOPs, %s needs %s times the compute for the loss of %s. ", flops, base,
                 html_value(gain, sizeof gain, NUMBER_PLAIN, g, ""), v->name);
    else
        html_say(out, "What that is worth in compute at the largest budget, %s FLOPs, is not determined. ", flops);
}

static void say_trend(FILE *out, const struct compare_variant *v)
{
    static const char *const words[2][4] = {
        {[COMPARE_GROWS] = "The gain grows with scale: what is seen here is the least of it.",
         [COMPARE_HOLDS] = "The gain holds with scale.",
         [COMPARE_FADES] = "The gain fades with scale: larger models would have less of it.",
         [COMPARE_TREND_OPEN] = "These runs leave open whether the gain grows or fades with scale."},
        {[COMPARE_GROWS] = "The handicap grows with scale: what is seen here is the least of it.",
         [COMPARE_HOLDS] = "The handicap holds with scale.",
         [COMPARE_FADES] = "The handicap fades with scale: larger models would have less of it.",
         [COMPARE_TREND_OPEN] = "These runs leave open whether the handicap grows or fades with scale."}};
    html_text(out, words[gains_are_handicap(&v->gains)][v->gains.trend]);
}

static void say_move(FILE *out, const struct compare_variant *v, const char *base)
{
    static const char *const words[] = {
        [COMPARE_LEVEL] = "moves the level of the curve, as a factor on data or size would: returns shrink as before",
        [COMPARE_EXPONENT] = "moves the exponent: the loss falls at another rate",
        [COMPARE_FLOOR] = "moves the floor: what the loss falls towards is another",
        [COMPARE_NOTHING] = "",
        [COMPARE_OPEN] = "moves the curve, but these runs leave open whether it is its level, its exponent or its floor",
    };
    html_say(out, "%s %s%s. ", v->name, words[v->changed], compare_moves_both(v) ? ", and the level moves with it" : "");
    say_gain(out, v, base);
    say_trend(out, v);
}

static void say_nothing(FILE *out, const struct comparison *c)
{
    double seen = (double)INFINITY;
    for (size_t i = 0; i < c->against.n; i++)
        seen = fmin(seen, c->against.variants[i].found->smallest_gain_seen);
    html_say(out, "No variant is seen to move the curve of %s. ", c->against.base);
    if (isfinite(seen))
        html_say(out, "A gain of %.2f, that much compute saved, would have been seen with a chance of 80 %%. ", seen);
    html_say(out, "That is no proof that there is none: more seeds would show smaller ones.");
}

/* Of those that move the curve the one that is surest. */
static void put_answer(FILE *out, const struct comparison *c)
{
    const struct compare_variant *best = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (moves(&c->variants[i]) && (!best || c->variants[i].p_any < best->p_any))
            best = &c->variants[i];
    fputs("<p class=\"lead\">", out);
    if (best)
        say_move(out, best, c->against.base);
    else if (c->against.n > 0)
        say_nothing(out, c);
    else
        html_say(out, "Nothing here can be compared with %s; the table says why.", c->against.base);
    fputs("</p>\n", out);
    html_term(out, "Level, exponent, floor, gain: what these words mean",
              "A scaling law is a floor plus something that falls as a power of compute. A change of the level saves the "
              "same share of "
              "compute at every scale; of the exponent, more and more of it; of the floor, it changes where everything "
              "ends. A gain of "
              "2 means that the base needs twice the compute for the same loss: 1 is no difference, and below 1 the "
              "variant is worse. "
              "After a number, (95 %: a to b) is the range in which the truth lies with a probability of about 95 %.");
}

/* --- the table -------------------------------------------------------------------------------- */

static void put_gain(FILE *out, const struct fit_value *v)
{
    char text[160];
    bool none = isnan(v->lo) && isnan(v->hi);
    fputs("<td class=\"n\">", out);
    if (none && !isfinite(v->value))
        html_text(out, "not determined");
    else if (!none && isnan(v->value))
        html_say(out, "%s %.3g", isnan(v->hi) ? "above" : "below", isnan(v->hi) ? v->lo : v->hi);
    else
        html_text(out, html_value(text, sizeof text, NUMBER_PLAIN, v, ""));
    fputs("</td>", out);
}

static void put_share(FILE *out, double p)
{
    fputs("<td class=\"n\">", out);
    html_say(out, isfinite(p) ? "%.0f %%" : "–", 100 * p);
    fputs("</td>", out);
}

static void put_variant(FILE *out, const struct compare_variant *v)
{
    char text[160];
    fputs("<tr><th scope=\"row\">", out);
    html_text(out, v->name);
    fputs("</th>", out);
    if (v->why_not[0]) {
        fputs("<td colspan=\"9\">cannot be compared: ", out);
        html_text(out, v->why_not);
        fputs("</td></tr>\n", out);
        return;
    }
    fprintf(out, "<td>%s</td>", compare_answer_word(v->changed));
    put_gain(out, &v->gains.smallest.value);
    put_gain(out, &v->gains.largest.value);
    put_gain(out, &v->gains.at_10x.value);
    fprintf(out, "<td>%s</td><td class=\"n\">", compare_trend_word(v->gains.trend));
    html_say(out, "%s", isfinite(v->gains.loss_difference.value)
                            ? html_value(text, sizeof text, NUMBER_LOSS, &v->gains.loss_difference, "") : "–");
    fprintf(out, "</td><td class=\"n\">");
    html_say(out, !isfinite(v->p_any) ? "–" : v->p_any < 0.001 ? "< 0.001" : "%.3f", v->p_any);
    fputs("</td>", out);
    for (int k = 0; k < CHANGE_N_KINDS; k++)
        put_share(out, v->probability[k]);
    fputs("</tr>\n", out);
}

static void put_differs(FILE *out, const struct comparison *c)
{
    char key[DIFFERS_WORDS];
    size_t shown = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct differs *d = &c->variants[i].differs;
        if (!d->known)
            continue;
        fputs(shown++ > 0 ? "<li>" : "<h3>What the configs differ in</h3>\n<ul>\n<li>", out);
        html_say(out, "%s: ", c->variants[i].name);
        for (size_t k = 0; k < d->n; k++) {
            differs_words(key, &d->items[k]);
            html_say(out, "%s%s", k ? "; " : "", key);
        }
        html_say(out, "%s.", d->n ? "" : "no key");
        fputs("</li>\n", out);
    }
    if (shown > 0)
        fputs("</ul>\n", out);
}

static void put_notes(FILE *out, const struct comparison *c)
{
    for (size_t i = 0; i < c->n_notes; i++) {
        fputs(i > 0 ? "<li>" : "<h3>To be careful with</h3>\n<ul>\n<li>", out);
        html_say(out, "%s: %s.", c->notes[i].variant, c->notes[i].text);
        fputs("</li>\n", out);
    }
    if (c->n_notes > 0)
        fputs("</ul>\n", out);
}

static void put_table(FILE *out, const struct comparison *c)
{
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Variants\"><table>\n<thead><tr>", out);
    static const char *const heads[] = {"variant", "moves", "gain at the smallest budget", "at the largest", "at ten times that",
                                        "with scale", "loss less the base's", "p of none", "if one: level", "exponent", "floor"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        fprintf(out, "<th scope=\"col\">%s</th>", heads[i]);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < c->n; i++)
        put_variant(out, &c->variants[i]);
    fputs("</tbody></table></div>\n", out);
    html_line(out, "note", "Gains are how many times its compute %s needs for the variant's loss. p of none: the chance "
        "of so much "
                           "difference without any change, corrected for the number of variants.", c->against.base);
    put_differs(out, c);
    put_notes(out, c);
}

enum status against_section(FILE *out, const struct page *p, struct err *err)
{
    struct comparison c;
    bool good;
    enum status st = comparison_open(&c, &good, p, err);
    if (st == OK && good) {
        put_answer(out, &c);
        put_table(out, &c);
    } else if (st == OK) {
        html_line(out, "missing", "compare.json is damaged: there is nothing to tell.");
    }
    comparison_close(&c);
    return st;
}
