#include "report/charts/theory.h"

#include <math.h>
#include <string.h>

#include "fit/levels.h"
#include "plot/rich.h"

/* The line: a learner knows known (C / flops)^growth facts. */
struct line {
    double flops, known, growth;
    double exponent; /* excess ~ C^-exponent while facts are endless */
};

/* Facts known ~ params and ~ tokens^(1/a), a = 1 + size_exponent; compute ~ params^p tokens, split so that both are met. */
static double growth_of(const struct charts_theory *t, const struct parts *p)
{
    double a = 1 + t->size_exponent, power = p->r->cost.p;
    if (p->law && p->law->law->n_vars == 1 && p->law->x == FIT_TOKENS)
        return 1 / a;
    if (p->law && p->law->law->n_vars == 1 && p->law->x != FIT_FLOPS)
        return 1 / power;
    return 1 / (a + power);
}

/* Straight between the places given; 0 beyond the last, where all is known. */
static double excess_at(const struct charts_theory *t, double known)
{
    size_t i = 1;
    if (!(known >= t->known[0]))
        return (double)NAN;
    while (i < t->n && t->known[i] < known)
        i++;
    if (i == t->n)
        return 0;
    double share = (known - t->known[i - 1]) / (t->known[i] - t->known[i - 1]);
    return t->excess[i - 1] + share * (t->excess[i] - t->excess[i - 1]);
}

/* The other way round; NaN outside. */
static double known_at(const struct charts_theory *t, double excess)
{
    size_t i = 1;
    if (!(excess > 0 && excess <= t->excess[0]))
        return (double)NAN;
    while (i < t->n && t->excess[i] > excess)
        i++;
    if (i == t->n)
        return (double)NAN;
    double share = (t->excess[i - 1] - excess) / (t->excess[i - 1] - t->excess[i]);
    return t->known[i - 1] + share * (t->known[i] - t->known[i - 1]);
}

/* The best run of the largest budget, without runs that no law follows; the number of rows where there is none. */
static size_t best_of_largest(const struct parts *p)
{
    const bool *off = p->r->odd.off;
    size_t n = p->t->n, best = n;
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(p->flops[i]) && !(off && off[i]))
            largest = fmax(largest, p->flops[i]);
    for (size_t i = 0; i < n && largest > 0; i++)
        if (p->flops[i] * LEVELS_MET >= largest && !(off && off[i]) && (best == n || p->loss[i] < p->loss[best]))
            best = i;
    return best;
}

static bool find_line(struct line *l, const struct parts *p)
{
    const struct charts_theory *t = p->in->theory;
    size_t best = t && t->n > 1 && p->reach == p->flops ? best_of_largest(p) : p->t->n;
    if (best == p->t->n)
        return false;
    l->flops = p->flops[best];
    l->known = known_at(t, p->loss[best] - p->floor);
    l->growth = growth_of(t, p);
    l->exponent = t->size_exponent * l->growth;
    return isfinite(l->known) && isfinite(l->growth) && l->exponent > 0;
}

enum status theory_excess(struct chart *ch, const struct parts *p, struct err *err)
{
    struct chart_series *s;
    struct line l;
    double lo, hi;
    if (!find_line(&l, p) || !parts_range(p->flops, p->t->n, &lo, &hi))
        return OK;
    TRY(chart_add(&s, ch, PARTS_STEPS, false, err));
    s->width = 1.6;
    s->dash = 7, s->gap = 5;
    s->free_range = true;
    parts_say(s->label, sizeof s->label, "theory (%.*s)", (int)strcspn(p->in->theory->source, ",;"), p->in->theory->source);
    for (size_t i = 0; i < PARTS_STEPS; i++) {
        s->x[i] = parts_step(lo, hi * 2, i, PARTS_STEPS);
        s->y[i] = excess_at(p->in->theory, l.known * pow(s->x[i] / l.flops, l.growth));
    }
    return OK;
}

void theory_words(char *out, size_t size, const struct parts *p)
{
    struct line l;
    out[0] = '\0';
    if (find_line(&l, p))
        parts_say(out, size, "Theory, for learners of the most frequent facts: C" RICH_UP "−%.3g" RICH_END " while "
                  "most are left to learn, "
                  "through the best run of the largest budget (%s). ", l.exponent, p->in->theory->source);
}
