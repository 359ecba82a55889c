#include "fit/bowl_law.h"

#include <math.h>

/* No rate is known better than this, in ln x: it costs no loss that can be seen. */
#define KNOWN 0.1

struct bowl_site bowl_law_site(double n, double d, const struct bowl *b)
{
    double runs = 0;
    for (size_t i = 0; i < b->n; i++)
        runs += b->runs[i] / (double)b->n;
    double least = BOWL_SEED_SD / sqrt(runs);
    return (struct bowl_site){n, d, b->x.value, isfinite(b->x.se) ? fmax(b->x.se, least) : least};
}

static double variance(const struct bowl_site *s)
{
    return s->se * s->se + KNOWN * KNOWN;
}

/* Cholesky of the terms that are used; what depends on those before it is used no more. */
static void solve(double beta[3], double cov[3][3], bool used[3], double m[3][3], const double v[3])
{
    double l[3][3] = {{0}}, inverse[3][3] = {{0}};
    for (int i = 0; i < 3; i++) {
        double d = m[i][i];
        for (int k = 0; k < i; k++) {
            double sum = m[i][k];
            for (int j = 0; j < k; j++)
                sum -= l[i][j] * l[k][j];
            l[i][k] = used[k] && used[i] ? sum / l[k][k] : 0;
            d -= l[i][k] * l[i][k];
        }
        used[i] = used[i] && d > 1e-6 * m[i][i] && d > 0;
        l[i][i] = used[i] ? sqrt(d) : 1;
        for (int k = 0; k < i && !used[i]; k++)
            l[i][k] = 0;
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j <= i; j++) {
            double sum = i == j ? 1 : 0;
            for (int k = j; k < i; k++)
                sum -= l[i][k] * inverse[k][j];
            inverse[i][j] = used[i] && used[j] ? sum / l[i][i] : 0;
        }
    for (int i = 0; i < 3; i++) {
        beta[i] = 0;
        for (int j = 0; j < 3; j++) {
            cov[i][j] = 0;
            for (int k = 0; k < 3; k++)
                cov[i][j] += inverse[k][i] * inverse[k][j];
            beta[i] += cov[i][j] * v[j];
        }
    }
}

static void terms_of(double t[3], const struct bowl_law *law, double n, double d)
{
    t[0] = 1, t[1] = log(n) - law->centre[0], t[2] = log(d) - law->centre[1];
}

/* The law, and how far the sites lie off it, in units of what is known of them. */
static double fit_terms(double beta[3], struct bowl_law *law, bool used[3], const struct bowl_site *s, size_t n,
                        double exponent_sd)
{
    double m[3][3] = {{0}}, v[3] = {0}, t[3], chi2 = 0, rss = 0;
    for (size_t i = 0; i < n; i++) {
        double w = 1 / variance(&s[i]);
        terms_of(t, law, s[i].n, s[i].d);
        for (int j = 0; j < 3; j++) {
            v[j] += w * t[j] * log(s[i].x);
            for (int k = 0; k < 3; k++)
                m[j][k] += w * t[j] * t[k];
        }
    }
    solve(beta, law->cov, used, m, v); /* which terms the sites tell, before anything is added */
    for (int j = 1; j < 3; j++)
        m[j][j] += used[j] ? 1 / (exponent_sd * exponent_sd) : 0;
    solve(beta, law->cov, used, m, v);
    for (size_t i = 0; i < n; i++) {
        terms_of(t, law, s[i].n, s[i].d);
        double off = log(s[i].x) - beta[0] - beta[1] * t[1] - beta[2] * t[2];
        chi2 += off * off / variance(&s[i]);
        rss += off * off;
    }
    law->df = (double)n - used[0] - used[1] - used[2];
    law->scatter = law->df > 0 ? sqrt(rss / law->df) : (double)NAN;
    return law->df > 0 ? chi2 / law->df : 1;
}

void bowl_law_fit(struct bowl_law *law, const struct bowl_site *sites, size_t n, bool tokens, double exponent_sd)
{
    double beta[3];
    bool used[3] = {true, true, tokens};
    *law = (struct bowl_law){.n = n};
    for (size_t i = 0; i < n; i++) {
        law->centre[0] += log(sites[i].n) / (double)n;
        law->centre[1] += log(sites[i].d) / (double)n;
    }
    /* sites that lie farther off than what is known of them say that less is known */
    double excess = fmax(1, fit_terms(beta, law, used, sites, n, exponent_sd));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            law->cov[i][j] *= excess;
    law->has_n = used[1], law->has_d = used[2];
    law->n_exponent = beta[1], law->d_exponent = beta[2];
    law->a = exp(beta[0] - beta[1] * law->centre[0] - beta[2] * law->centre[1]);
}

struct fit_value bowl_law_at(const struct bowl_law *law, double n, double d)
{
    double t[3], var = 0, x = law->a * pow(n, law->n_exponent) * pow(d, law->d_exponent);
    terms_of(t, law, n, d);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            var += t[i] * law->cov[i][j] * t[j];
    double se = sqrt(fmax(0, var)), z = law->df > 0 ? stats_t95(law->df) : STATS_Z95;
    return (struct fit_value){x, se, x * exp(-z * se), x * exp(z * se)};
}
