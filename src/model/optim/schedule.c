#include "model/optim/schedule.h"

#include <math.h>

static double cooldown_begin(const struct schedule *s)
{
    return fmax((1 - s->cooldown) * s->total, s->warmup);
}

double schedule_branch_tokens(const struct schedule *s)
{
    if (s->kind != SCHEDULE_WSD)
        return 0;
    return s->tail > 0 ? fmin(cooldown_begin(s), (1 - s->tail) * s->total) : cooldown_begin(s);
}

double schedule_lr(const struct schedule *s, double tokens)
{
    if (tokens < s->warmup)
        return s->peak * tokens / s->warmup;
    double from = s->kind == SCHEDULE_WSD ? cooldown_begin(s) : s->warmup;
    /* Also where nothing comes after `from`: a cooldown of 0, or a warm-up up to total. */
    if (tokens <= from)
        return s->peak;
    double share = s->total > from ? fmin(1, (tokens - from) / (s->total - from)) : 1;
    double f = 1;
    if (s->kind == SCHEDULE_WSD)
        f = 1 - sqrt(share);
    else if (s->kind == SCHEDULE_COSINE)
        f = 0.5 * (1 + cos(3.14159265358979323846 * share));
    else if (s->kind == SCHEDULE_LINEAR)
        f = 1 - share;
    return s->peak * (s->min_lr + (1 - s->min_lr) * f);
}
