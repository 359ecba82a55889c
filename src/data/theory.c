#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "base/sort.h"
#include "data/data_internal.h"

#define FACTS_MAX ((size_t)1 << 24)

void data_theory(struct data_theory *t, const struct data *d)
{
    *t = (struct data_theory){.data_exponent = (double)NAN, .size_exponent = (double)NAN};
    d->source->theory(t, d);
}

/* Knowing the n most frequent leaves sum over k > n of k^-a ~ n^-(a-1). Of T tokens those are seen whose p_k T is above
 * some number: n ~ T^(1/a). A model keeps n ~ params. */
void data_theory_zipf(struct data_theory *t, double a, const char *facts)
{
    if (!(a > 1)) {
        snprintf(t->says, sizeof t->says, "no power law: the rare %s weigh too much unless data.exponent is above 1",
                 facts);
        return;
    }
    t->source = "Hutter 2021, arXiv 2102.04074; Michaud et al. 2023, arXiv 2303.13506";
    t->data_exponent = 1 - 1 / a;
    t->size_exponent = a - 1;
    snprintf(t->says, sizeof t->says,
             "excess ~ tokens^-%.4g (1 - 1/a) and ~ params^-%.4g (a - 1) for a learner that keeps the most frequent %s",
             t->data_exponent, t->size_exponent, facts);
}

/* Of facts in the order of their gains, smallest first: left[i] is what is left to gain where i are unknown. */
static double excess_at(const double *left, size_t n, double learnt)
{
    double unknown = (double)n - learnt;
    if (unknown <= 0)
        return 0;
    if (unknown >= (double)n)
        return left[n];
    size_t i = (size_t)unknown;
    return left[i] + (unknown - (double)i) * (left[i + 1] - left[i]);
}

enum status data_excess(double *excess, const struct data *d, const double *learnt, size_t n, struct err *err)
{
    size_t n_facts = d->source->n_facts ? d->source->n_facts(d) : 0;
    for (size_t i = 0; i < n; i++)
        excess[i] = (double)NAN;
    if (n_facts == 0 || n_facts > FACTS_MAX)
        return OK;
    double *left; /* (1 + n_facts) */
    TRY(size_calloc(&left, 1 + n_facts, sizeof *left, "the facts of a language", err));
    enum status st = d->source->gains(left + 1, d, err);
    if (st == OK) {
        sort_doubles(left + 1, n_facts);
        for (size_t i = 1; i <= n_facts; i++)
            left[i] += left[i - 1];
        for (size_t i = 0; i < n; i++)
            excess[i] = excess_at(left, n_facts, learnt[i]);
    }
    free(left);
    return st;
}

/* Records are drawn one by one, so that how often a fact is among many of them is nearly Poisson's. */
enum status data_unseen(double *excess, const struct data *d, struct err *err)
{
    size_t n = d->source->n_facts ? d->source->n_facts(d) : 0;
    double *gain, records = (double)d->train_tokens / (double)data_unit(&d->spec), sum = 0;
    *excess = (double)NAN;
    if (n == 0 || n > FACTS_MAX || d->train_tokens == 0)
        return OK;
    TRY(size_calloc(&gain, n, sizeof *gain, "the facts of a language", err));
    enum status st = d->source->gains(gain, d, err);
    double one = d->source->gain_of_one(&d->spec);
    for (size_t i = 0; st == OK && i < n; i++)
        sum += one > 0 ? gain[i] * exp(-records * gain[i] / one) : 0;
    if (st == OK)
        *excess = sum;
    free(gain);
    return st;
}
