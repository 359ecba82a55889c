#include "cli/theory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "fit/solve/profile.h"
#include "report/number.h"

/* "beta 0.97 (0.59 to 1.13)", "alpha 10 (at its bound)"; "" where the law has no such exponent. */
static const char *fitted_exponent(char *buf, size_t size, const struct fit_law *law, const char *name)
{
    int j = law ? law_param_find(law->law, name) : -1;
    char value[NUMBER_MAX], interval[64];
    buf[0] = '\0';
    if (j < 0)
        return buf;
    const struct fit_value v = profile_value(law, (size_t)j);
    const char *why = profile_no_error(law, (size_t)j);
    number_say(value, sizeof value, NUMBER_PLAIN, v.value, &v, true);
    if (why)
        snprintf(interval, sizeof interval, " (%s)", why);
    else
        number_interval(interval, sizeof interval, NUMBER_PLAIN, &v, true);
    snprintf(buf, size, "%s %s%s", name, value, interval);
    return buf;
}

/* Its language, to be closed, or NULL where the runs are of none. */
static enum status open_language(struct data **d, const struct fitted *f, struct err *err)
{
    *d = NULL;
    if (!f->about || data_kind_reads_files((enum data_kind)f->about->data.source))
        return OK;
    const struct data_spec spec = config_data_spec(f->about);
    return data_open(d, &spec, f->about->model.ctx, err);
}

enum status theory_print(const struct fitted *f, struct err *err)
{
    struct data_theory t;
    struct data *d;
    char beta[160], alpha[160];
    double unseen = (double)NAN;
    const struct fit_law *law = fit_report_selected(&f->report);
    TRY(open_language(&d, f, err));
    if (!d)
        return OK;
    data_theory(&t, d);
    enum status st = t.source ? data_unseen(&unseen, d, err) : OK;
    data_close(d);
    if (st != OK || !t.source)
        return st;
    fitted_exponent(beta, sizeof beta, law, "beta");
    fitted_exponent(alpha, sizeof alpha, law, "alpha");
    text_beside(stdout, "  ", "Theory: %s (%s).%s%s%s%s%s", t.says, t.source,
                beta[0] || alpha[0] ? " Fitted to these runs: " : "", beta, beta[0] && alpha[0] ? ", " : "", alpha,
                beta[0] || alpha[0] ? "." : "");
    if (isfinite(unseen))
        text_beside(stdout, "  ", "Tokens come again after data.unique_tokens=%zu of them: beyond, only the law repeat speaks of "
                    "these runs, and a model that knows all that is in them keeps an excess of about %.3g.",
                    f->about->data.unique_tokens, unseen);
    if (f->about->data.mix_source)
        text_beside(stdout, "  ", "That is said of data.source alone: of the tokens, data.mix_source has a share.");
    return OK;
}

enum status theory_add(struct screen *s, const struct fitted *f, struct err *err)
{
    struct data_theory t;
    struct data *d;
    char beta[160], alpha[160];
    const struct fit_law *law = fit_report_selected(&f->report);
    TRY(open_language(&d, f, err));
    if (!d)
        return OK;
    data_theory(&t, d);
    data_close(d);
    if (!t.source)
        return OK;
    fitted_exponent(beta, sizeof beta, law, "beta");
    fitted_exponent(alpha, sizeof alpha, law, "alpha");
    const char *end = strstr(t.says, " for a learner");
    screen_add(s, "Theory", "%.*s (%.*s)%s%s%s%s.", (int)(end ? (size_t)(end - t.says) : strlen(t.says)), t.says,
               (int)strcspn(t.source, ",;"), t.source, beta[0] || alpha[0] ? "; fitted: " : "", beta, beta[0] && alpha[0]
                ? ", " : "",
               alpha);
    return OK;
}

enum status theory_of(struct theory *t, bool *drawn, const struct fitted *f, struct err *err)
{
    struct data *d;
    enum status st = OK;
    *drawn = false;
    TRY(open_language(&d, f, err));
    if (!d)
        return OK;
    data_theory(&t->said, d);
    for (size_t i = 0; i < THEORY_POINTS; i++)
        t->known[i] = exp2((double)i / 8);
    if (t->said.source)
        st = data_excess(t->excess, d, t->known, THEORY_POINTS, err);
    *drawn = st == OK && t->said.source && isfinite(t->excess[0]);
    data_close(d);
    size_t n = 0;
    while (*drawn && n < THEORY_POINTS && (n == 0 || t->excess[n - 1] > 0))
        n++;
    t->chart = (struct charts_theory){.source = t->said.source,
                                      .size_exponent = t->said.size_exponent,
                                      .n = n,
                                      .known = t->known,
                                      .excess = t->excess};
    return st;
}
