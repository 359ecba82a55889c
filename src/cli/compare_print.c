#include "cli/compare_print.h"

#include <math.h>
#include <string.h>

#include "cli/text.h"
#include "report/number.h"

enum { WORDS = 160, LEAD_MAX = 40 };

/* What stands before a text: all as wide. */
static const char *lead(char buf[LEAD_MAX], const char *what)
{
    snprintf(buf, LEAD_MAX, "  %-14s ", what);
    return buf;
}

/* Two decimals of what is near 1, three digits of the rest. */
static const char *factor(char buf[32], double v)
{
    if (v >= 0.1 && v < 10)
        snprintf(buf, 32, "%.2f", v);
    else
        number_bare(buf, 32, NUMBER_PLAIN, v, 3, true);
    return buf;
}

/* Compute as other commands write it, 1.52e10. */
static const char *compute(char buf[32], double flops)
{
    return number_bare(buf, 32, NUMBER_COMPUTE, flops, 3, true);
}

/* "1.31 (1.22 to 1.41)", "above 3" where there is no end, "not known". */
static const char *gain_words(char out[WORDS], const struct fit_value *v)
{
    char a[32], b[32], c[32];
    if (isnan(v->lo) && isnan(v->hi))
        snprintf(out, WORDS, "not determined");
    else if (isnan(v->hi))
        snprintf(out, WORDS, "above %s", factor(b, v->lo));
    else if (isnan(v->lo))
        snprintf(out, WORDS, "below %s", factor(c, v->hi));
    else
        snprintf(out, WORDS, "%s (%s to %s)", factor(a, v->value), factor(b, v->lo), factor(c, v->hi));
    return out;
}

/* What it would take to settle what is open. */
static void print_more(const struct compare_variant *v)
{
    char at[LEAD_MAX], seeds[64] = "", budgets[96] = "", times[32];
    bool named = v->changed == COMPARE_OPEN;
    if (v->why_not[0] || !(named || v->changed == COMPARE_NOTHING) || v->pairs.how == PAIRS_NONE)
        return;
    if (v->seeds_factor > 1000)
        snprintf(seeds, sizeof seeds, "more than a thousand times the seeds");
    else if (isfinite(v->seeds_factor))
        snprintf(seeds, sizeof seeds, "about %s times the seeds",
                 number_bare(times, sizeof times, NUMBER_PLAIN, v->seeds_factor, 2, true));
    if (isfinite(v->budgets_more))
        snprintf(budgets, sizeof budgets, "%s%.0f more budget%s, each twice the one before", seeds[0] ? ", or " : "",
                 v->budgets_more, v->budgets_more > 1 ? "s" : "");
    if (seeds[0] || budgets[0])
        text_beside(stdout, lead(at, ""), named ? "To call it by its kind would take %s%s (in four of five such comparisons)."
                                                : "To tell the gain found here from none would take %s%s.", seeds, budgets);
    else if (named && v->name_kind.seeds_tried > 0)
        text_beside(stdout, lead(at, ""), "Neither %.0f times the seeds nor %.0f more budgets would call it by its kind in "
                    "four of five such comparisons: what its kinds differ in lies beyond this grid.", v->name_kind.seeds_tried,
                    v->name_kind.budgets_tried);
}

static void print_answer(const struct compare_variant *v)
{
    char at[LEAD_MAX];
    const char *text;
    switch (v->changed) {
    case COMPARE_LEVEL:
        text = "It moves the level: the curve as a whole, by what a factor on data or size would.";
        break;
    case COMPARE_EXPONENT:
        text = "It moves the exponent: losses fall at another rate.";
        break;
    case COMPARE_FLOOR:
        text = compare_moves_both(v) ? "It moves the floor: what losses fall towards is another. The level moves with it: what is "
                                       "left above the floor is multiplied."
                                     : "It moves the floor: what losses fall towards is another.";
        break;
    case COMPARE_NOTHING:
        text = "No difference is seen.";
        break;
    default:
        text = v->why_not[0] ? "They cannot be compared"
                             : "It moves the curve; whether level, exponent or floor, these runs leave open.";
    }
    text_beside(stdout, lead(at, "answer"), "%s%s%s", text, v->why_not[0] ? ": " : "", v->why_not);
    if (v->changed == COMPARE_NOTHING && isfinite(v->smallest_gain_seen))
        text_beside(stdout, lead(at, ""), "These runs would show a gain of %.2f (or 1/%.2f) with a chance of 80 %%.",
                    v->smallest_gain_seen, v->smallest_gain_seen);
    print_more(v);
}

/* What the sides differ in, by their configs. */
static void print_differs(const struct differs *d)
{
    char at[LEAD_MAX], key[DIFFERS_WORDS], all[2000] = "";
    size_t used = 0, shown = 0;
    for (; shown < d->n && used + DIFFERS_WORDS + 2 < sizeof all; shown++) {
        differs_words(key, &d->items[shown]);
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", shown ? "; " : "", key);
    }
    if (d->known)
        text_beside(stdout, lead(at, "differs in"), "%s%s.", d->n ? all : "no key of their configs",
                    shown < d->n ? "; and more" : "");
}

static void print_gain(const struct compare_variant *v, const char *base)
{
    char at[LEAD_MAX], gain[WORDS], flops[32], smallest[WORDS], far[WORDS];
    static const char *const words[2][4] = {
        {[COMPARE_GROWS] = "it grows with scale", [COMPARE_HOLDS] = "it holds with scale",
         [COMPARE_FADES] = "it fades with scale", [COMPARE_TREND_OPEN] = "whether it grows or fades with scale is open"},
        {[COMPARE_GROWS] = "the handicap grows with scale", [COMPARE_HOLDS] = "it holds with scale",
         [COMPARE_FADES] = "the handicap fades with scale",
         [COMPARE_TREND_OPEN] = "whether the handicap grows or fades with scale is open"}};
    const char *trend = words[gains_are_handicap(&v->gains)][v->gains.trend];
    text_beside(stdout, lead(at, "gain"), "%s at the largest budget, %s FLOPs: so many times its compute does %s need for "
                "the same loss.", gain_words(gain, &v->gains.largest.value),
                compute(flops, v->gains.largest.flops), base);
    text_beside(stdout, lead(at, ""), "%s at the smallest, %s FLOPs: %s.", gain_words(smallest, &v->gains.smallest.value),
                compute(flops, v->gains.smallest.flops), trend);
    text_beside(stdout, lead(at, ""), "%s at ten times the largest, an extrapolation.", gain_words(far, &v->gains.at_10x.value));
    if (isfinite(v->gains.time_largest.value.value))
        text_beside(stdout, lead(at, "in time"), "%s at the largest budget, at the speeds that the tables tell.",
                    gain_words(gain, &v->gains.time_largest.value));
    if (isfinite(v->gains.tokens.value) && isfinite(v->gains.params.value))
        text_beside(stdout, lead(at, "equivalent"), "%s times the tokens at the same size, %s times the parameters at the same "
                    "data.", gain_words(gain, &v->gains.tokens), gain_words(far, &v->gains.params));
}

static void print_costs(const struct compare_variant *v)
{
    char at[LEAD_MAX], words[WORDS], more[WORDS], a[32], b[32];
    const struct compare_costs *base = &v->base_costs, *own = &v->costs;
    if (isfinite(v->gains.memory_largest.value.value))
        text_beside(stdout, lead(at, "in memory"), "%s at the largest budget: the bytes that a run of the base needs for that "
                    "loss over the variant's.", gain_words(words, &v->gains.memory_largest.value));
    if (isfinite(v->gains.search_largest.value.value) && base->search + own->search > 0)
        text_beside(stdout, lead(at, "with search"), "%s at the largest budget, if each run bears its share of the trials of "
                    "rates: the base's took %s FLOPs in %zu trials, %.0f %% of its runs', the variant's %s in %zu, "
                    "%.0f %%.",
                    gain_words(words, &v->gains.search_largest.value), compute(a, base->search), base->trials,
                    base->search > 0 ? 100 * base->search / base->sweep : 0, compute(b, own->search), own->trials,
                    own->search > 0 ? 100 * own->search / own->sweep : 0);
    if (isfinite(v->gains.teacher_share))
        text_beside(stdout, lead(at, "its teacher"), "not in the gains above. Its passes take %.2g times a run's own FLOPs at the "
                    "largest budget, its training took %s FLOPs: with the passes %s, with the training too, for one run, %s.",
                    v->gains.teacher_share, compute(a, own->teacher_train),
                    gain_words(words, &v->gains.passes_largest.value), gain_words(more, &v->gains.teacher_largest.value));
}

static void print_loss(const struct compare_variant *v, const char *unit)
{
    char at[LEAD_MAX];
    const struct fit_value *d = &v->gains.loss_difference;
    if (isfinite(d->lo))
        text_beside(stdout, lead(at, "loss"), "%+.4f%s%s (%+.4f to %+.4f) at the largest budget, along the two frontiers.",
                    d->value, *unit ? " " : "", unit, d->lo, d->hi);
}

static void print_probabilities(const struct compare_variant *v)
{
    char at[LEAD_MAX];
    char p[32], both[64] = "";
    if (v->floor_with_level >= 0.005 && v->probability[CHANGE_FLOOR] >= 0.005)
        snprintf(both, sizeof both, " (%.0f %% of it with the level too)", 100 * v->floor_with_level);
    snprintf(p, sizeof p, v->p_any < 0.001 ? "< 0.001" : v->p_any < 0.0095 ? "= %.3f" : "= %.2f", v->p_any);
    text_beside(stdout, lead(at, "evidence"), "p %s of so much difference without any change%s. Were there one: level %.0f %%, "
                "exponent %.0f %%, floor %.0f %%%s.",
                p, v->p_any != v->p_any_alone ? " (corrected for the number of variants)" : "",
                100 * v->probability[CHANGE_LEVEL], 100 * v->probability[CHANGE_EXPONENT],
                100 * v->probability[CHANGE_FLOOR], both);
}

static void print_law(const char *what, const struct fit_value *base, const struct fit_value *v, const struct fit_value *d)
{
    char at[LEAD_MAX], change[WORDS] = "not determined";
    if (isfinite(d->lo) && isfinite(d->hi))
        snprintf(change, sizeof change, "%+.3g (%+.3g to %+.3g)", d->value, d->lo, d->hi);
    if (isfinite(base->value) && isfinite(v->value))
        text_beside(stdout, lead(at, what), "%.4g, base %.4g; difference of the two fits as they are: %s.", v->value, base->value,
                    change);
}

static void print_pairs(const struct compare_variant *v)
{
    char at[LEAD_MAX];
    if (v->pairs.how != PAIRS_NONE)
        text_beside(stdout, lead(at, "runs"), "%zu pairs in %zu cells of the grid, %zu pairs of trajectories; one pair's "
                    "difference scatters by %.2g %%.", v->pairs.n, v->pairs.n_cells, v->pairs.n_clusters, 100 * v->sigma);
    for (size_t i = 0; i < v->notes.n; i++)
        text_beside(stdout, lead(at, i == 0 ? "careful" : ""), "%s.", v->notes.text[i]);
}

void compare_print(const struct compare_side *base, const struct compare_variant *v, size_t n, const char *unit)
{
    for (size_t i = 0; i < n; i++) {
        printf("%s%s against %s\n", i ? "\n" : "", v[i].name, base->name);
        print_answer(&v[i]);
        print_differs(&v[i].differs);
        if (v[i].why_not[0] != '\0')
            continue;
        print_gain(&v[i], base->name);
        print_costs(&v[i]);
        print_loss(&v[i], unit);
        print_probabilities(&v[i]);
        print_law("floor", &v[i].base_floor, &v[i].floor, &v[i].floor_difference);
        print_law("exponent", &v[i].base_exponent, &v[i].exponent, &v[i].exponent_difference);
        print_law("N* ~ C^", &v[i].base_n_exponent, &v[i].n_exponent, &v[i].n_exponent_difference);
        print_pairs(&v[i]);
    }
}
